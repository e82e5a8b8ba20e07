# SPDX-License-Identifier: Apache-2.0
# explain, and the member exit of state: why a container has stopped, and that berth says so where nobody knows it.
load helpers
load helpers-cgroups

test_setup() { berth_only "no other runtime tells why a container has stopped"; }

test_teardown() { [ -z "${HOLDER:-}" ] || kill "$HOLDER" 2>/dev/null || true; }

# The end of the container as `state` shows it, by a jq expression.
exit_of() {
    run_ok state "$ID"
    jq -e "$1" <<<"$output" >/dev/null || fail_with "not so: $1"
}

# run --keep of the bundle: the status is that of the container's process.
kept() {
    run_rt run --keep --bundle "$BUNDLE" "$ID"
    [ "$status" -eq "$1" ] || fail_with "run should have ended with status $1, not $status"
}

# unreaped COMMAND: a container whose process has ended by it, but is not reaped: its parent is a program that does not wait for it.
unreaped() {
    set_sh "while [ ! -e /go ]; do sleep 0.02; done; $1"
    local manager=()
    ! by_systemd || manager=(--systemd-cgroup)
    "$SUITE_DIR/hosttool" caller subreaper=1 -- "$SUITE_DIR/hosttool" ns "$SUITE_NS" sh -c '"$@"; exec sleep 1000' sh \
        "$RUNTIME" --root "$ROOT" "${manager[@]}" run -d --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/held" 2>&1 3>&- 4>&- &
    HOLDER=$!
    wait_until holder_sleeps
    touch rootfs/go
    wait_status stopped
}

holder_sleeps() { [ "$(cat "/proc/$HOLDER/comm" 2>/dev/null)" = sleep ]; }

# remove_cgroup: as systemd removes a scope, or an engine the cgroup that it gave.
remove_cgroup() {
    local dir
    jq -r '.madeCgroups[]' "$ROOT/$ID/state.json" | tac | while read -r dir; do in_ns rmdir "$dir" 2>/dev/null || true; done
}

# As the log says it with and without the cgroup's counters.
sure='process [0-9]+ itself,'
unsure='process [0-9]+, or another one with that PID,'

keeps_cgroup() { ! by_systemd || skip "systemd removes the cgroup with the last process"; }

recorded_pid() { readlink "$ROOT/$ID/process" | cut -d' ' -f1; }

# The host's PID namespace and a log that berth can read.
needs_log() {
    [ "$(stat -Lc %i /proc/self/ns/pid)" = 4026531836 ] || skip "not the host's PID namespace"
    in_ns dd if=/dev/kmsg of=/dev/null bs=8192 count=1 iflag=nonblock 2>/dev/null || skip "/dev/kmsg cannot be read"
}

# Parents that a cgroupsPath names go after the containers.
test_after() { in_ns find $(hierarchies) -depth -type d -name "$ID-parent" -exec rmdir {} \; 2>/dev/null || true; }

# parent_limit BYTES: a limit on memory of the cgroup ID-parent.
parent_limit() {
    if is_v1 memory; then
        in_ns sh -c 'mkdir "$1" && echo 1 >"$1/memory.use_hierarchy"; echo "$2" >"$1/memory.limit_in_bytes"' sh \
            "/sys/fs/cgroup/memory/$ID-parent" "$1"
    else
        in_ns sh -c 'mkdir "$1" && echo +memory >"${1%/*}/cgroup.subtree_control"; echo "$2" >"$1/memory.max"' sh "/sys/fs/cgroup/$ID-parent" "$1"
    fi
}

@test "run --keep: the exit status" {
    set_sh 'exit 3'
    kept 3
    exit_of '.exit.status == 3 and (.exit | has("signal") | not) and (.exit.time | fromdate > 1700000000)'
    run_ok explain "$ID"
    assert_output 'Its process exited with status 3 at 20..-'
}

@test "run --keep: exit status 0 is not the same as unknown" {
    set_args true
    kept 0
    exit_of '.exit.status == 0'
    run_ok explain "$ID"
    assert_output 'Its process exited with status 0 at'
}

@test "run --keep: the signal, and that its sender is not known" {
    set_sh 'kill -USR1 $$'
    config '.linux.namespaces |= map(select(.type != "pid"))'
    kept 138
    exit_of '.exit.status == 138 and .exit.signal == 10'
    run_ok explain "$ID"
    assert_output 'Its process was killed by signal 10 \(SIGUSR1\) at'
    assert_output 'does not record who sent a signal'
}

@test "run without --keep leaves no record, and nothing to explain" {
    set_sh 'exit 3'
    run_rt run --bundle "$BUNDLE" "$ID"
    assert_status 3
    run_fails explain "$ID"
    assert_output 'does not exist'
    [ ! -e "$ROOT/$ID" ]
}

@test "the record of run --keep is removed by delete" {
    set_sh 'exit 3'
    kept 3
    [ -L "$ROOT/$ID/exit" ]
    run_ok delete "$ID"
    [ ! -e "$ROOT/$ID" ]
}

@test "run --keep records nothing in another container that has got the ID meanwhile" {
    cgroupfs_only
    config ".linux.cgroupsPath = \"/$ID-parent/a\""
    set_sh 'while [ ! -e /go ]; do sleep 0.02; done; exit 7'
    rt_exec run --keep --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/run" 2>&1 &
    HOLDER=$!
    wait_status running
    mv "$ROOT/$ID" "$ROOT/$ID-old"
    config ".linux.cgroupsPath = \"/$ID-parent/b\"" '.process.args = ["sleep", "1000"]'
    create_c
    touch rootfs/go
    wait "$HOLDER" || true
    HOLDER=
    [ -L "$ROOT/$ID-old/exit" ]
    [ ! -e "$ROOT/$ID/exit" ] && [ ! -L "$ROOT/$ID/exit" ]
    rt delete --force "$ID"
    mv "$ROOT/$ID-old" "$ROOT/$ID"
}

@test "a detached container whose parent has not reaped it: the status, and who the parent is" {
    unreaped 'exit 5'
    exit_of '.exit.status == 5'
    run_ok explain "$ID"
    assert_output 'Its process exited with status 5\.'
    assert_output 'Its parent, process [0-9]+ \(sleep\), has not reaped the process yet'
}

@test "the status of a program whose main thread ended first is that of the whole process" {
    unreaped 'exec payload thread 6'
    exit_of '.exit.status == 6'
}

@test "a detached container that was reaped: berth says that it does not know the status" {
    set_sh 'exit 5'
    rt run -d --bundle "$BUNDLE" "$ID" </dev/null
    wait_status stopped
    wait_until process_is_gone
    exit_of '.exit | has("status") | not'
    run_ok explain "$ID"
    assert_output 'Its exit status is not known: its parent has reaped process [0-9]+'
    refute_output 'exited with'
}
process_is_gone() { [ ! -e "/proc/$(recorded_pid)" ]; }

@test "another process with the PID of one that was reaped is not taken for it" {
    set_sh 'exit 5'
    rt run -d --bundle "$BUNDLE" "$ID" </dev/null
    wait_status stopped
    local link
    link=$(readlink "$ROOT/$ID/process")
    sh -c 'exit 9' &
    ln -sfn "$! ${link#* }" "$ROOT/$ID/process"
    exit_of '.exit | has("status") | not'
    wait "$!" || true
}

@test "a created container that was killed before start" {
    create_c
    rt kill "$ID" KILL
    wait_status stopped
    run_ok explain "$ID"
    assert_output 'was created, but its program never started'
    start_and_stop_another
}
# One that was started has no such line.
start_and_stop_another() {
    rt delete "$ID"
    set_args true
    create_c
    rt start "$ID"
    wait_status stopped
    run_ok explain "$ID"
    refute_output 'never started'
}

@test "a running container: its status, and no exit" {
    started
    exit_of 'has("exit") | not'
    run_ok explain "$ID"
    assert_output 'is running'
    refute_output 'exit status'
}

@test "list has no exit" {
    set_sh 'exit 3'
    kept 3
    run_ok list --format json
    jq -e "all(.[]; has(\"exit\") | not)" <<<"$output"
}

@test "an OOM kill at the container's own limit: the count and the limit" {
    needs memory
    keeps_cgroup
    resources 'memory: {limit: 33554432, swap: 33554432}'
    set_args payload alloc 100
    kept 137
    exit_of '.exit.signal == 9 and .exit.oomKills == 1'
    run_ok explain "$ID"
    assert_output 'killed by signal 9 \(SIGKILL\)'
    assert_output 'The kernel killed 1 process in .*/.* for lack of memory'
    assert_output 'memory.max is 33554432, and was reached (once|[1-9][0-9]* times)\.|memory.limit_in_bytes is 33554432, and the most that was used is [0-9]+'
}

@test "an OOM kill at a parent's limit: the container's own was not reached" {
    needs memory
    keeps_cgroup
    config ".linux.cgroupsPath = \"/$ID-parent/$ID\"" '.linux.resources.memory = {limit: 1073741824}'
    parent_limit 33554432
    set_args payload alloc 100
    kept 137
    run_ok explain "$ID"
    assert_output 'for lack of memory'
    # Version 1 does not count that: the reader has to compare.
    assert_output 'memory.max is 1073741824, and was not reached: the limit of a parent cgroup was|memory.limit_in_bytes is 1073741824, and the most that was used is [1-4][0-9]{7}\.'
}

@test "a SIGKILL without an OOM kill is not taken for one" {
    needs memory
    set_sh 'kill -KILL $$'
    config '.linux.namespaces |= map(select(.type != "pid"))' '.linux.resources.memory = {limit: 33554432}'
    kept 137
    by_systemd || exit_of '.exit.oomKills == 0'
    exit_of '.exit.signal == 9'
    run_ok explain "$ID"
    refute_output 'for lack of memory|used up'
}

@test "the kernel's log tells that the OOM kill hit the container's own process" {
    needs memory
    needs_log
    resources 'memory: {limit: 33554432, swap: 33554432}'
    set_args payload alloc 100
    kept 137
    run_ok explain "$ID"
    by_systemd || assert_output "it killed $sure because"
    assert_output "it killed ($sure|$unsure) because the memory of the cgroup /.*$ID.* was used up"
    refute_output 'who sent'
}

@test "the kernel's log tells of the OOM kill after the cgroup is gone, which alone knows whose it was" {
    needs memory
    needs_log
    cgroupfs_only
    resources 'memory: {limit: 33554432, swap: 33554432}'
    set_args payload alloc 100
    kept 137
    remove_cgroup
    exit_of '.exit | has("oomKills") | not'
    run_ok explain "$ID"
    assert_output "it killed $unsure because the memory of the cgroup /.*$ID.* was used up"
    refute_output 'does not mention'
}

@test "a SIGKILL that the kernel's log does not mention, after the cgroup is gone" {
    needs memory
    needs_log
    cgroupfs_only
    set_sh 'kill -KILL $$'
    config '.linux.namespaces |= map(select(.type != "pid"))' '.linux.resources.memory = {limit: 33554432}'
    kept 137
    remove_cgroup
    run_ok explain "$ID"
    assert_output 'does not record who sent a signal'
    assert_output 'Its log does not mention it'
}

@test "memory.oom.group: an OOM kill of another process is one of the container's own, too" {
    needs memory
    needs_v2
    needs_log
    resources 'memory: {limit: 33554432, swap: 33554432}, unified: {"memory.oom.group": "1"}'
    set_sh 'payload alloc 100 & wait; sleep 1000'
    kept 137
    run_ok explain "$ID"
    assert_output "it killed ($sure|$unsure) because the memory of the cgroup /.*$ID.* was used up"
    refute_output 'who sent'
}

@test "an OOM kill of another process is not taken for the end of the container's" {
    needs memory
    needs_log
    resources 'memory: {limit: 33554432, swap: 33554432}'
    set_sh 'payload alloc 100; kill -KILL $$'
    config '.linux.namespaces |= map(select(.type != "pid"))'
    kept 137
    by_systemd || exit_of '.exit.oomKills == 1'
    run_ok explain "$ID"
    by_systemd || assert_output 'killed 1 process in'
    refute_output 'used up'
    assert_output 'who sent'
    # The line may be lost: whether the process was one of those that were killed is not known.
    by_systemd || refute_output 'does not mention'
}

@test "a hierarchy that is gone does not hide the counters of the others" {
    needs memory
    keeps_cgroup
    resources 'memory: {limit: 33554432, swap: 33554432}'
    set_args payload alloc 100
    kept 137
    jq '.cgroups |= ["/sys/fs/cgroup/gone/c"] + .' "$ROOT/$ID/state.json" >"$BATS_TEST_TMPDIR/record"
    cat "$BATS_TEST_TMPDIR/record" >"$ROOT/$ID/state.json"
    exit_of '.exit.oomKills == 1'
    run_ok explain "$ID"
    assert_output 'The kernel killed 1 process in'
}

@test "a seccomp kill: the system call's name from the kernel's log" {
    needs_log
    config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", architectures: $(architectures), syscalls: [{names: [\"sethostname\"], action: \"SCMP_ACT_KILL_PROCESS\"}]}"
    set_args hostname x
    kept 159
    in_ns dmesg 2>/dev/null | grep -q "type=1326.* pid=$(recorded_pid) .* sig=31" || skip "the kernel has not logged it"
    run_ok explain "$ID"
    assert_output 'killed by signal 31 \(SIGSYS\)'
    assert_output 'a seccomp filter killed process [0-9]+ at 20.*, for the system call sethostname'
}

@test "pids.max: how often the kernel has refused a process" {
    needs pids
    keeps_cgroup
    resources 'pids: {limit: 2}'
    set_args payload forks 3
    run_rt run --keep --bundle "$BUNDLE" "$ID"
    run_ok explain "$ID"
    assert_output 'The kernel refused to create a process (once|[1-9][0-9]* times),.*pids.max is 2'
}

@test "a cgroup that is gone: berth says that nothing is known from it" {
    set_sh 'exit 3'
    kept 3
    remove_cgroup
    run_ok explain "$ID"
    assert_output 'exited with status 3'
    [ "$(jq '.madeCgroups | length' "$ROOT/$ID/state.json")" -eq 0 ] || assert_output 'Its resource counters cannot be read: the container.s cgroup /.*: no such file or directory'
    exit_of '.exit.status == 3'
}

@test "a container without a cgroup of its own: berth says so" {
    ! by_systemd || skip "needs another manager of cgroups"
    set_sh 'exit 3'
    config 'del(.linux.resources, .linux.cgroupsPath)'
    run_rt --cgroup-manager disabled run --keep --bundle "$BUNDLE" "$ID"
    assert_status 3
    run_ok explain "$ID"
    assert_output 'Its process exited with status 3'
    assert_output 'has no cgroup of its own'
    exit_of '.exit | has("oomKills") | not'
}

@test "a log that cannot be read: berth says so" {
    # A FIFO in its place would hold up everybody who opens it, and a file is no log.
    set_sh 'kill -KILL $$'
    config '.linux.namespaces |= map(select(.type != "pid"))'
    kept 137
    local fake dev=$BATS_TEST_TMPDIR/dev
    mkdir "$dev"
    cp -a /dev/null "$dev"
    for fake in "mkfifo kmsg" "touch kmsg" "mknod kmsg c 1 3"; do
        rm -f "$dev/kmsg"
        (cd "$dev" && $fake)
        output=$(in_ns unshare -m sh -c 'mount --bind "$1" /dev && shift && exec timeout "$@"' sh "$dev" \
            "$PATIENCE" "$RUNTIME" --root "$ROOT" explain "$ID")
        assert_output 'Its log cannot be read: /dev/kmsg: no such device|does not see in this PID namespace'
    done
}

@test "a record that is damaged counts as none" {
    set_sh 'exit 3'
    kept 3
    local text
    for text in x "3" "-1 5" "99999999999 5" "768 99999999999999"; do
        ln -sfn -- "$text" "$ROOT/$ID/exit"
        exit_of '.exit | has("status") | not'
        run_ok explain "$ID"
        assert_output 'not known'
    done
}

@test "an unprivileged user is told that the kernel hides the status of another user's process" {
    unreaped 'exit 5'
    chmod -R a+rX "$ROOT" "$BATS_TEST_TMPDIR"
    output=$(in_ns setpriv --reuid 65534 --regid 65534 --clear-groups "$RUNTIME" --root "$ROOT" explain "$ID" 2>&1) || true
    assert_output 'the kernel shows it only to root'
    refute_output 'exited with'
}

@test "an unknown container does not exist" {
    run_fails explain "$ID"
    assert_output 'does not exist'
}
