# SPDX-License-Identifier: Apache-2.0
# The annotation run.oci.delegate-cgroup of crun's: a cgroup below the container's, whose processes manage it.
load helpers
load helpers-cgroups

test_setup() { [ "$RT_KIND" != runc ] || skip "it is crun's"; }

annotate() { config ".annotations[\"$1\"] = \"$2\""; }

cgroup_of() { in_ns sed -n 's/^0:://p' "/proc/$1/cgroup"; }

# delegate [NAME]: the container's process in a cgroup of that name below the container's
delegate() {
    needs_v2
    cgroupfs_only
    annotate run.oci.delegate-cgroup "${1:-payload}"
}

@test "run.oci.delegate-cgroup: the process is in a cgroup below the one with the limits, and that is its namespace's root" {
    delegate /payload/one
    resources 'pids: {limit: 20}'
    config '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]'
    set_sh 'cat /proc/self/cgroup; cat /sys/fs/cgroup/payload/one/pids.max; grep -c . /sys/fs/cgroup/payload/one/cgroup.procs;
        payload forks 30; exec payload pause'
    create_c
    local path
    path=$(cgroup_of "$(init_pid)")
    [[ $path == *$ID/payload/one ]] || fail_with "$path"
    assert_equal "$(in_ns cat "/sys/fs/cgroup${path%/payload/one}/pids.max")" 20
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    assert_equal "$(out | head -n 2 | xargs)" "0::/payload/one max"
    out | grep -q '^forks 1[0-9] EAGAIN' || fail_with "$(out)"
    in_ns grep -qw pids "/sys/fs/cgroup$path/cgroup.controllers"
}

@test "run.oci.delegate-cgroup: ps, exec, pause, resume, update, kill and delete" {
    delegate
    resources 'pids: {limit: 20}'
    started
    local path
    path=$(cgroup_of "$(init_pid)")
    run_ok exec "$ID" cat /proc/self/cgroup
    assert_output '^0::/payload$'
    run_ok ps -f json "$ID"
    assert_equal "$(jq -c . <<<"$output")" "[$(init_pid)]"
    run_ok pause "$ID"
    wait_status paused
    run_ok resume "$ID"
    run_ok update --pids-limit 44 "$ID"
    assert_equal "$(in_ns cat "/sys/fs/cgroup${path%/payload}/pids.max")" 44
    assert_equal "$(in_ns cat "/sys/fs/cgroup$path/pids.max")" max
    run_ok kill "$ID" KILL
    wait_status stopped
    run_ok delete "$ID"
    in_ns test ! -e "/sys/fs/cgroup${path%/payload}"
}

@test "run.oci.delegate-cgroup: cgroups that the payload creates there are removed, and exec finds the process" {
    delegate
    config '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]'
    set_sh 'cd /sys/fs/cgroup/payload && mkdir init && echo $$ >init/cgroup.procs && echo +pids >cgroup.subtree_control && exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    local path
    path=$(cgroup_of "$(init_pid)")
    [[ $path == *$ID/payload/init ]] || fail_with "$path"
    run_ok exec "$ID" cat /proc/self/cgroup
    assert_output '^0::/payload/init$'
    run_ok delete --force "$ID"
    in_ns test ! -e "/sys/fs/cgroup${path%/payload/init}"
}

@test "run.oci.delegate-cgroup in a user namespace: the cgroup belongs to the container's root" {
    delegate
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = .linux.uidMappings' '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]'
    own_rootfs 100000
    set_sh 'cd /sys/fs/cgroup/payload && mkdir a b && echo $$ >a/cgroup.procs && echo +pids >cgroup.subtree_control && cat b/pids.max; cat /proc/self/cgroup'
    run_c
    assert_status 0
    assert_output '^max$'
    assert_output '^0::/payload/a$'
}

@test "run.oci.delegate-cgroup without a cgroup namespace" {
    delegate
    config '.linux.namespaces |= map(select(.type != "cgroup"))'
    set_args cat /proc/self/cgroup
    run_c
    assert_status 0
    assert_output "^0::/.*$ID/payload$"
}

@test "run.oci.delegate-cgroup must not lead out of the container's cgroup; empty means unset" {
    local path
    for path in .. a/../..; do
        annotate run.oci.delegate-cgroup "$path"
        set_args true
        UNCHECKED=1 run_c
        assert_failed
        assert_output 'delegate-cgroup'
        [ "$RT_KIND" != berth ] || assert_output 'annotations\["run.oci.delegate-cgroup"\]: must name a cgroup below the container.s'
    done
    annotate run.oci.delegate-cgroup ""
    run_c
    assert_status 0
}

@test "run.oci.delegate-cgroup needs cgroup v2" {
    ! cg_is_v2 || skip "not on cgroup version 2"
    set_args true
    annotate run.oci.delegate-cgroup payload
    host_snapshot
    UNCHECKED=1 run_c
    assert_failed
    assert_output 'delegate-cgroup'
    [ "$RT_KIND" = crun ] || assert_host_unchanged
}

@test "run.oci.delegate-cgroup: checkpoint and restore are refused, and the container keeps running" {
    berth_only "restore would not move the process"
    delegate
    started
    run_fails checkpoint --image-path "$BATS_TEST_TMPDIR/image" "$ID"
    assert_output 'annotations\["run.oci.delegate-cgroup"\]: checkpoint'
    wait_status running
    rt delete --force "$ID"
    mkdir -p "$BATS_TEST_TMPDIR/image"
    run_fails restore --bundle "$BUNDLE" --image-path "$BATS_TEST_TMPDIR/image" "$ID"
    assert_output 'annotations\["run.oci.delegate-cgroup"\]: restore'
}
