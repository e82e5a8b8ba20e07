# SPDX-License-Identifier: Apache-2.0
# linux.resources.cpu.cpus and mems: read back, what the program sees, the groups above, update.
load helpers
load helpers-cgroups

test_setup() { needs cpuset; }

cpus() { awk '/^Cpus_allowed_list/{print $2}' "/proc/$(init_pid)/status"; }
cpus_are() { [ "$(cpus)" = "$1" ]; }
needs_two() { [ "$(nproc)" -ge 2 ] || skip "one processor alone"; }

test_after() {
    in_ns find $(hierarchies) -depth -type d -path "*/$ID-parent*" -exec rmdir {} \; 2>/dev/null || true
}

@test "cpu.cpus and cpu.mems" {
    limit 'cpu: {cpus: "0", mems: "0"}' cpuset cpuset.cpus cpuset.cpus 0
    limit 'cpu: {cpus: "0", mems: "0"}' cpuset cpuset.mems cpuset.mems 0
}

@test "cpu.cpus as a range and as a list" {
    needs_two
    limit 'cpu: {cpus: "0-1"}' cpuset cpuset.cpus cpuset.cpus 0-1
    limit 'cpu: {cpus: "0,1"}' cpuset cpuset.cpus cpuset.cpus 0-1
    limit 'cpu: {cpus: "1"}' cpuset cpuset.cpus cpuset.cpus 1
}

@test "the program runs only on these processors" {
    resources 'cpu: {cpus: "0"}'
    set_sh 'grep Cpus_allowed_list /proc/self/status; nproc'
    run_c
    assert_status 0
    assert_equal "$(xargs <<<"$output")" "Cpus_allowed_list: 0 1"
}

@test "the program has memory only from these nodes" {
    resources 'cpu: {mems: "0"}'
    set_sh 'grep Mems_allowed_list /proc/self/status'
    run_c
    assert_equal "$(xargs <<<"$output")" "Mems_allowed_list: 0"
}

@test "new parent cgroups inherit the processors of their parents" {
    needs_v1 cpuset
    config ".linux.cgroupsPath = \"/$ID-parent/middle/$ID\""
    resources 'cpu: {cpus: "0"}'
    started
    local dir
    dir=$(cgroup_dir cpuset)
    assert_equal "$(in_ns cat "$dir/cpuset.cpus")" 0
    [ -n "$(in_ns cat "${dir%/*}/cpuset.cpus")" ]
    [ -n "$(in_ns cat "${dir%/*}/cpuset.mems")" ]
}

@test "existing parent cgroups keep their processors" {
    needs_v1 cpuset
    in_ns mkdir "/sys/fs/cgroup/cpuset/$ID-parent"
    in_ns sh -c "cd /sys/fs/cgroup/cpuset/$ID-parent && echo 0 >cpuset.cpus && cat ../cpuset.mems >cpuset.mems"
    config ".linux.cgroupsPath = \"/$ID-parent/$ID\""
    started
    assert_equal "$(in_ns cat "/sys/fs/cgroup/cpuset/$ID-parent/cpuset.cpus")" 0
    assert_equal "$(cpus)" 0
}

@test "without cpus and mems the container has those of the parent cgroup" {
    started
    assert_equal "$(cpus)" "$(awk '/^Cpus_allowed_list/{print $2}' /proc/self/status)"
}

@test "processors that do not exist, and malformed lists, are errors" {
    refused_resources cpu.cpus 'cpu: {cpus: "0-100000"}'
    refused_resources cpu.cpus 'cpu: {cpus: "none"}'
    refused_resources cpu.cpus 'cpu: {cpus: "5000"}'
}

@test "memory nodes that do not exist, and malformed lists, are errors" {
    refused_resources cpu.mems 'cpu: {mems: "63"}'
    refused_resources cpu.mems 'cpu: {mems: "none"}'
}

@test "update: a running program moves to the new processors" {
    needs_two
    resources 'cpu: {cpus: "0"}'
    started
    update --cpuset-cpus 1
    value_is cpuset cpuset.cpus cpuset.cpus 1
    wait_until cpus_are 1
    update --cpuset-cpus 0-1
    wait_until cpus_are 0-1
}
