# SPDX-License-Identifier: Apache-2.0
# process.scheduler and process.ioPriority: how the container's process is run.
load helpers
load helpers-cgroups

# Whoever runs the tests may be nicer, or less.
test_setup() { renice -n 0 -p "$BASHPID" >/dev/null; }

# "NICE PRIORITY POLICY", by number (proc_pid_stat(5)).
schedule() {
    config ".process.scheduler = $1"
    set_sh 'cut -d" " -f19,40,41 /proc/self/stat'
}

# Where the kernel shares real-time by cgroups of v1 the container needs a part of it.
allow_real_time() {
    [ ! -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] ||
        config '.linux.resources.cpu = {realtimePeriod: 1000000, realtimeRuntime: 1000}'
}

runs_as() {
    run_c
    assert_status 0
    assert_equal "$output" "$1"
}

refuses() {
    schedule "$1"
    host_snapshot
    run_fails run "$ID"
    assert_output "$2"
    assert_host_unchanged
}

@test "SCHED_OTHER with a nice value" {
    schedule '{policy: "SCHED_OTHER", nice: 7}'
    runs_as '7 0 0'
}

@test "SCHED_OTHER with a privileged nice value, for an unprivileged user" {
    config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
    schedule '{policy: "SCHED_OTHER", nice: -12}'
    runs_as '-12 0 0'
}

@test "SCHED_BATCH" {
    schedule '{policy: "SCHED_BATCH", nice: 19}'
    runs_as '19 0 3'
}

@test "SCHED_IDLE" {
    schedule '{policy: "SCHED_IDLE"}'
    runs_as '0 0 5'
}

@test "an unset nice value is 0, not the caller's" {
    schedule '{policy: "SCHED_OTHER"}'
    run in_ns nice -n 5 "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&-
    assert_status 0
    assert_equal "$output" '0 0 0'
}

@test "without a scheduler the caller's is inherited" {
    schedule null
    run in_ns nice -n 5 "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&-
    assert_status 0
    assert_equal "$output" '5 0 0'
}

@test "SCHED_FIFO" {
    allow_real_time
    schedule '{policy: "SCHED_FIFO", priority: 50}'
    runs_as '0 50 1'
}

@test "SCHED_RR" {
    allow_real_time
    schedule '{policy: "SCHED_RR", priority: 1}'
    runs_as '0 1 2'
}

@test "SCHED_FLAG_RESET_ON_FORK: children are ordinary" {
    allow_real_time
    config '.process.scheduler = {policy: "SCHED_FIFO", priority: 50, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
    set_sh 'cut -d" " -f19,40,41 /proc/1/stat; cut -d" " -f19,40,41 /proc/self/stat; true'
    runs_as $'0 50 1\n0 0 0'
}

@test "SCHED_DEADLINE with its three times" {
    config '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 10000000, deadline: 20000000, period: 30000000,
        flags: ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN"]}'
    set_args sleep 100
    create_c
    run_ok start "$ID"
    run chrt -p "$(init_pid)"
    assert_output 'SCHED_DEADLINE\|SCHED_RESET_ON_FORK'
    assert_output ' 10000000/20000000/30000000$'
}

@test "SCHED_DEADLINE on only some processors is an error that says so" {
    [ "$(nproc)" -gt 1 ] || skip "needs two processors"
    cgroupfs_only
    needs cpuset
    config '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 10000000, deadline: 20000000, period: 30000000}' \
        '.linux.resources.cpu.cpus = "0"'
    host_snapshot
    run_fails run "$ID"
    [ "$RT_KIND" != berth ] ||
        assert_output 'process\.scheduler: .*operation not permitted.*all processors: linux.resources.cpu.cpus must not leave any out'
    assert_host_unchanged
}

@test "a created container has its scheduler" {
    schedule '{policy: "SCHED_BATCH"}'
    create_c
    run chrt -p "$(init_pid)"
    assert_output 'SCHED_BATCH'
}

@test "a nice value that the caller may not give is an error that names the property" {
    schedule '{policy: "SCHED_OTHER", nice: -5}'
    run in_ns setpriv --inh-caps -sys_nice --bounding-set -sys_nice "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&-
    [ "$status" -ne 0 ] || fail_with "should have failed"
    assert_output 'process\.scheduler: .*operation not permitted.*CAP_SYS_NICE'
}

@test "a scheduler that the kernel refuses is an error that names the property" {
    refuses '{policy: "SCHED_DEADLINE", runtime: 1, deadline: 1000000, period: 1000000}' 'process\.scheduler: .*invalid argument'
}

@test "an unknown policy is an error" { refuses '{policy: "SCHED_NOSUCH"}' SCHED_NOSUCH; }
@test "SCHED_ISO is an error: Linux has none" { refuses '{policy: "SCHED_ISO"}' SCHED_ISO; }
@test "a scheduler without a policy is an error" { refuses '{nice: 5}' policy; }
@test "an unknown flag is an error" { refuses '{policy: "SCHED_OTHER", flags: ["SCHED_FLAG_NOSUCH"]}' SCHED_FLAG_NOSUCH; }
@test "a nice value out of range is an error" { refuses '{policy: "SCHED_OTHER", nice: 20}' nice; }
@test "a nice value for SCHED_IDLE has no effect" {
    schedule '{policy: "SCHED_IDLE", nice: 5}'
    run_c
    assert_status 0
}
@test "a priority for SCHED_OTHER is an error" { refuses '{policy: "SCHED_OTHER", priority: 5}' priority; }
@test "SCHED_FIFO without a priority is an error" { refuses '{policy: "SCHED_FIFO"}' 'priority|nvalid argument'; }
@test "a priority above 99 is an error" { refuses '{policy: "SCHED_RR", priority: 100}' 'priority|nvalid argument'; }
@test "times for SCHED_BATCH are an error" { refuses '{policy: "SCHED_BATCH", runtime: 5}' runtime; }
@test "a deadline shorter than the runtime is an error" {
    refuses '{policy: "SCHED_DEADLINE", runtime: 3000000, deadline: 2000000}' 'deadline|nvalid argument'
}
@test "SCHED_FLAG_RECLAIM for SCHED_OTHER is an error" {
    refuses '{policy: "SCHED_OTHER", flags: ["SCHED_FLAG_RECLAIM"]}' SCHED_FLAG_RECLAIM
}

# --- process.ioPriority

priority() {
    config ".process.ioPriority = $1"
    set_args payload syscall ioprio_get 1 0 # of this process
}

@test "ioPriority: each class, each end of its priorities" {
    priority '{class: "IOPRIO_CLASS_BE", priority: 7}'
    runs_as $((2 << 13 | 7))
    priority '{class: "IOPRIO_CLASS_BE", priority: 0}'
    runs_as $((2 << 13))
    priority '{class: "IOPRIO_CLASS_RT", priority: 4}'
    runs_as $((1 << 13 | 4))
    priority '{class: "IOPRIO_CLASS_IDLE", priority: 0}'
    runs_as $((3 << 13))
}

@test "ioPriority is inherited by children" {
    priority '{class: "IOPRIO_CLASS_BE", priority: 6}'
    set_sh 'payload syscall ioprio_get 1 0; true'
    runs_as $((2 << 13 | 6))
}

@test "a privileged ioPriority for an unprivileged user" {
    config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
    priority '{class: "IOPRIO_CLASS_RT", priority: 1}'
    runs_as $((1 << 13 | 1))
}

@test "an invalid ioPriority is an error" {
    local bad
    host_snapshot
    for bad in '{class: "IOPRIO_CLASS_NOSUCH", priority: 1}' '{class: "IOPRIO_CLASS_BE", priority: 8}' \
        '{class: "IOPRIO_CLASS_BE", priority: -1}' '{priority: 1}'; do
        priority "$bad"
        run_fails run "$ID"
        assert_output 'ioPriority'
    done
    assert_host_unchanged
}

# ---- in a user namespace, which has no rights over the scheduler

in_user_namespace() {
    config '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
}

@test "in a user namespace: a privileged scheduler" {
    in_user_namespace
    schedule '{policy: "SCHED_OTHER", nice: -12}'
    runs_as '-12 0 0'
    allow_real_time
    schedule '{policy: "SCHED_FIFO", priority: 50}'
    runs_as '0 50 1'
}

@test "in a user namespace: a privileged ioPriority" {
    in_user_namespace
    priority '{class: "IOPRIO_CLASS_RT", priority: 1}'
    runs_as $((1 << 13 | 1))
}

@test "in a user namespace: exec has the scheduler" {
    [ "$RT_KIND" = berth ] || skip "runc and crun give it to the first process alone"
    in_user_namespace
    config '.process.scheduler = {policy: "SCHED_OTHER", nice: -12}'
    set_args payload pause
    create_c
    run_ok start "$ID"
    run_ok exec "$ID" sh -c 'cut -d" " -f19,40,41 /proc/self/stat'
    assert_equal "$output" '-12 0 0'
}

@test "in a user namespace: a nice value that the caller may not give is an error that names the property" {
    in_user_namespace
    schedule '{policy: "SCHED_OTHER", nice: -5}'
    run in_ns setpriv --inh-caps -sys_nice --bounding-set -sys_nice "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&-
    [ "$status" -ne 0 ] || fail_with "should have failed"
    [ "$RT_KIND" != berth ] || assert_output 'process\.scheduler: .*operation not permitted.*CAP_SYS_NICE'
}
