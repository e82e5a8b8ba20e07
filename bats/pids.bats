# SPDX-License-Identifier: Apache-2.0
# linux.resources.pids.limit: the values that mean something else than a number, and what it does.
load helpers
load helpers-cgroups

test_setup() { needs pids; }

user_namespace() {
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
    find rootfs -type d -exec chown 100000:100000 {} +
}

@test "pids.limit" {
    limit 'pids: {limit: 20}' pids pids.max pids.max 20
}

@test "pids.limit of -1 is unlimited" {
    limit 'pids: {limit: -1}' pids pids.max pids.max max
}

@test "pids.limit of 0 is valid: no more processes than there are" {
    resources 'pids: {limit: 0}'
    set_args payload forks 1
    run_c
    assert_status 0
    assert_equal "$output" "forks 0 EAGAIN"
}

@test "the pids limit holds" {
    resources 'pids: {limit: 20}'
    set_args payload forks 30
    run_c
    assert_equal "$output" "forks 19 EAGAIN"
}

@test "without pids there is no limit, except systemd's default" {
    local limit=max
    ! by_systemd || limit=$(systemctl show --property DefaultTasksMax --value)
    resources ''
    started
    value_is pids pids.max pids.max "$limit"
}

@test "pids.limit of 1: the program runs alone" {
    resources 'pids: {limit: 1}'
    set_args payload forks 1
    run_c
    assert_status 0
    assert_equal "$output" "forks 0 EAGAIN"
}

@test "pids.limit of 1 with a user namespace" {
    user_namespace
    resources 'pids: {limit: 1}'
    set_args payload forks 1
    run_c
    assert_status 0
    assert_equal "$output" "forks 0 EAGAIN"
}

@test "pids.limit of 1 with a createContainer hook" {
    resources 'pids: {limit: 1}'
    config '.hooks.createContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat >/dev/null"]}]'
    set_args payload forks 1
    run_c
    [ "$status" -ne 124 ]
    [ "$status" -eq 0 ] || assert_output 'hook|createContainer|fork|resource'
}

@test "pids.limit as a string is an error" {
    refused 'linux.resources.pids.limit: ' '.linux.resources = {pids: {limit: "many"}}'
}

@test "update: a limit above, at and below the current number of processes" {
    resources 'pids: {limit: 50}'
    set_sh 'sleep 1000 & sleep 1000 & exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    local n
    for n in 60 3 2; do
        update --pids-limit "$n"
        value_is pids pids.max pids.max "$n"
    done
    assert_equal "$(cg_read pids cgroup.procs cgroup.procs | wc -l)" 3
}

@test "update: to -1 takes effect" {
    resources 'pids: {limit: 1}'
    set_sh 'while [ ! -e /go ]; do :; done; exec payload forks 30'
    create_c
    rt start "$ID"
    update --pids-limit -1
    value_is pids pids.max pids.max max
    touch rootfs/go
    wait_status stopped
    assert_equal "$(out)" "forks 30"
}
