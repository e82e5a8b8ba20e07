# SPDX-License-Identifier: Apache-2.0
# Limits and groups that cannot be: a status that is not 0, one line that names the field, and a host that is as it was.
load helpers
load helpers-cgroups

test_after() {
    in_ns find $(hierarchies) -depth -type d \( -path "*/$ID-parent*" -o -name "$ID-made" \) -exec rmdir {} \; 2>/dev/null || true
}

freeze_group() {
    if cg_is_v2; then
        in_ns sh -c 'mkdir "$1" && echo 1 >"$1/cgroup.freeze"' sh "/sys/fs/cgroup/$ID-made"
    else
        in_ns sh -c "mkdir /sys/fs/cgroup/freezer/$ID-made && echo FROZEN >/sys/fs/cgroup/freezer/$ID-made/freezer.state"
    fi
}

thaw_group() {
    if cg_is_v2; then in_ns sh -c "echo 0 >/sys/fs/cgroup/$ID-made/cgroup.freeze"; else
        in_ns sh -c "echo THAWED >/sys/fs/cgroup/freezer/$ID-made/freezer.state"
    fi
}

# ---- values

@test "memory.limit below what the container needs to start" {
    needs memory
    resources 'memory: {limit: 4096, swap: 4096}'
    host_snapshot
    run_c
    sweep_after_crun
    [ "$status" -ne 0 ]
    assert_host_unchanged
}

@test "memory.limit, memory.swap, reservation below -1" {
    needs memory
    refused_resources memory.limit 'memory: {limit: -5}'
    refused_resources memory.reservation 'memory: {reservation: -5}'
    refused_resources memory.swap 'memory: {limit: 67108864, swap: -5}'
}

@test "memory.swap below the limit" {
    needs memory
    refused_resources memory.swap 'memory: {limit: 67108864, swap: 33554432}'
}

@test "pids.limit below -1" {
    needs pids
    refused_resources pids.limit 'pids: {limit: -5}'
}

@test "cpu.quota below -1" {
    needs cpu
    refused_resources cpu.quota 'cpu: {quota: -5}'
}

@test "a block device that does not exist" {
    has_controller blkio || needs io
    refused_resources 'blockIO.throttleWriteBpsDevice[0]' 'blockIO: {throttleWriteBpsDevice: [{major: 9, minor: 200, rate: 5000}]}'
}

@test "missing controllers" {
    has_controller rdma || refused_resources rdma 'rdma: {"mlx5_1": {hcaHandles: 3}}'
    in_ns test -d /sys/fs/cgroup/net_cls || refused_resources network.classID 'network: {classID: 7}'
    has_controller hugetlb || refused_resources 'hugepageLimits[0]' 'hugepageLimits: [{pageSize: "2MB", limit: 2097152}]'
    has_controller cpuset || refused_resources cpu.cpus 'cpu: {cpus: "0"}'
}

@test "the last of many limits is bad" {
    needs memory pids cpu
    refused_resources cpu.period 'memory: {limit: 67108864, reservation: 33554432}, pids: {limit: 50}, cpu: {shares: 512, period: 5}'
}

@test "a failing create removes the parent cgroups that it has created" {
    needs pids cpu
    cgroupfs_only
    config ".linux.cgroupsPath = \"/$ID-parent/one/two/$ID\""
    refused_resources cpu.period 'pids: {limit: 50}, cpu: {period: 5}'
}

# ---- groups

@test "a cgroupsPath with .. is an error" {
    cgroupfs_only
    local path
    for path in "/../$ID" "/$ID/../../../tmp" "/$ID-parent/../$ID" "/.." "/$ID/.."; do
        refused 'linux.cgroupsPath' ".linux.cgroupsPath = \"$path\""
        assert_one_line
    done
}

@test "a cgroupsPath that is too long is an error" {
    cgroupfs_only
    local long
    long=$(printf '/x%.0s' {1..3000})
    refused 'linux.cgroupsPath' ".linux.cgroupsPath = \"/$ID-parent$long\""
}

@test "a cgroupsPath that is the host's root cgroup is an error" {
    cgroupfs_only
    refused 'linux.cgroupsPath' '.linux.cgroupsPath = "/"'
}

@test "a cgroupsPath that is a file of a cgroup is an error that says so" {
    cgroupfs_only
    in_ns test -e /sys/fs/cgroup/pids/tasks || skip "cgroup version 1 has such a file"
    config ".linux.cgroupsPath = \"/$ID-made/tasks\""
    host_snapshot
    run_fails run --bundle "$BUNDLE" "$ID"
    [ "$RT_KIND" != berth ] || assert_output "linux.cgroupsPath: .*/$ID-made/tasks: .*file"
    refute_output 'another container'
    in_ns sh -c "ls -d /sys/fs/cgroup/*/$ID-made | xargs -r rmdir" 2>/dev/null || [ "$RT_KIND" = berth ]
    in_ns mkdir "/sys/fs/cgroup/pids/$ID-made"
    run_fails run --bundle "$BUNDLE" "$ID"
    [ "$RT_KIND" != berth ] || assert_output "linux.cgroupsPath: .*/$ID-made/tasks: .*file"
}

@test "a failing create restores the limits of an existing cgroup" {
    berth_only "others leave theirs"
    cgroupfs_only
    needs pids
    local dir=/sys/fs/cgroup file
    cg_is_v2 || dir+=/pids
    in_ns sh -c "mkdir $dir/$ID-made && echo 50 >$dir/$ID-made/pids.max"
    config ".linux.cgroupsPath = \"/$ID-made\"" '.linux.resources = {pids: {limit: 20}, devices: [{allow: false, access: "rwm"}]}'
    set_args /no/such/program
    run_fails create --bundle "$BUNDLE" "$ID"
    assert_output 'no such file'
    assert_equal "$(in_ns cat "$dir/$ID-made/pids.max")" 50
    cg_is_v2 || in_ns test ! -e "/sys/fs/cgroup/devices/$ID-made"
    # Processes that enter the group now may open devices as before.
    in_ns sh -c "echo 0 >$dir/$ID-made/cgroup.procs && head -c 1 /dev/zero >/dev/null"
    # The values of a container that comes to be stay.
    set_args true
    run_ok run --bundle "$BUNDLE" "$ID"
    assert_equal "$(in_ns cat "$dir/$ID-made/pids.max")" 20
}

@test "create refuses a frozen cgroup" {
    cgroupfs_only
    has_freezer || skip "no freezer here"
    freeze_group
    config ".linux.cgroupsPath = \"/$ID-made\""
    host_snapshot
    run_rt create "$ID"
    local refused=$status
    thaw_group
    [ "$refused" -ne 0 ] || rt delete --force "$ID"
    status=$refused
    assert_refused 'linux.cgroupsPath'
    assert_one_line
}

@test "create refuses a cgroup that has processes, and leaves them alone" {
    cgroupfs_only
    local h busy refused
    sleep 1000 3>&- &
    busy=$!
    for h in $(hierarchies); do
        in_ns mkdir "$h/$ID-made"
        case $h in */cpuset) in_ns sh -c "cat $h/cpuset.cpus >$h/$ID-made/cpuset.cpus; cat $h/cpuset.mems >$h/$ID-made/cpuset.mems" ;; esac
        in_ns sh -c "echo $busy >$h/$ID-made/cgroup.procs"
    done
    config ".linux.cgroupsPath = \"/$ID-made\""
    host_snapshot
    run_rt create "$ID"
    refused=$status
    kill -0 $busy || fail_with "it was killed"
    [ "$status" -eq 0 ] || assert_refused 'linux.cgroupsPath'
    [ "$status" -ne 0 ] || rt delete --force "$ID"
    kill $busy 2>/dev/null
    wait $busy 2>/dev/null || true
    [ "$refused" -ne 0 ] || fail_with "it was accepted"
}

# ---- groups that vanish

# The kernel removes no group with processes: what can vanish is that of a container that has ended.
vanished() {
    cgroupfs_only
    set_args true
    create_c
    local dir groups
    groups=$(own_groups)
    rt start "$ID"
    wait_status stopped
    for dir in $groups; do [[ $dir != *"$ID"* ]] || in_ns rmdir "$dir" 2>/dev/null || true; done
}

@test "a stopped container whose cgroup is gone: state, list and delete work, update, pause, ps and kill fail" {
    vanished
    assert_equal "$(state_of)" stopped
    run_ok list
    run_fails update --pids-limit 5 "$ID"
    run_fails pause "$ID"
    run_fails resume "$ID"
    run_fails kill "$ID" KILL
    run_rt ps --format json "$ID"
    run_ok delete "$ID"
    run_fails state "$ID"
}

@test "a container whose processes were moved to another cgroup can be killed and deleted" {
    cgroupfs_only
    started
    local pid dir groups
    pid=$(init_pid)
    groups=$(own_groups)
    for dir in $(hierarchies); do in_ns sh -c "echo $pid >$dir/cgroup.procs" 2>/dev/null || true; done
    for dir in $groups; do [[ $dir != *"$ID"* ]] || in_ns rmdir "$dir" 2>/dev/null || true; done
    assert_equal "$(state_of)" running
    run_rt update --pids-limit 5 "$ID"
    [ "$status" -ne 124 ]
    # No limit of the host's own groups was touched.
    cg_is_v2 || [ ! -e /sys/fs/cgroup/pids/pids.max ]
    run_ok delete --force "$ID"
    wait_until test ! -e "/proc/$pid/exe"
}

@test "pause is refused if it would freeze the host" {
    berth_only "runc and crun would freeze the caller"
    cgroupfs_only
    started
    local pid dir
    pid=$(init_pid)
    for dir in $(hierarchies); do in_ns sh -c "echo $pid >$dir/cgroup.procs" 2>/dev/null || true; done
    run_rt pause "$ID"
    [ "$status" -ne 124 ]
    kill -0 $$
}

# ---- update

@test "update: limits below the usage, swap below the limit, unknown devices: each error names its property" {
    needs memory pids
    resources 'memory: {limit: 67108864, swap: 67108864}, pids: {limit: 50}'
    started
    update_refused memory.swap --memory-swap 33554432
    update_refused memory.limit --memory -5
    update_refused pids.limit --pids-limit -5
    update_json_refused 'memory.limit' '{"memory": {"limit": "many"}}'
}

@test "update: the error for a limit that the host does not support names its property" {
    started
    has_controller rdma || update_json_refused rdma '{"rdma": {"mlx5_1": {"hcaHandles": 3}}}'
    in_ns test -d /sys/fs/cgroup/net_cls || update_json_refused network.classID '{"network": {"classID": 7}}'
}

@test "a frozen root of the hierarchy, as in a container, is an error" {
    berth_only "runc and crun wait for the thaw"
    cgroupfs_only
    ! cg_is_v2 && has_freezer || skip "no hierarchy for the freezer alone"
    cat >"$BATS_TEST_TMPDIR/below-frozen" <<'END'
group=/sys/fs/cgroup/freezer/$1
shift
mkdir "$group"
mount --bind "$group" /sys/fs/cgroup/freezer
echo FROZEN >/sys/fs/cgroup/freezer/freezer.state
"$@" </dev/null
status=$?
echo THAWED >/sys/fs/cgroup/freezer/freezer.state
umount /sys/fs/cgroup/freezer
rmdir "$group"
exit $status
END
    run in_ns unshare -m sh "$BATS_TEST_TMPDIR/below-frozen" "$ID.above" \
        timeout -k 1 "$PATIENCE" "$RUNTIME" --root "$ROOT" create --bundle "$BUNDLE" "$ID"
    assert_failed
    assert_output 'frozen'
}
