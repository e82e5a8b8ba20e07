# SPDX-License-Identifier: Apache-2.0
# containerd, its runc-v2 shim and ctr, with the runtime as the shim's binary.

load helpers
load helpers-containerd

setup_file() {
    containerd_start
    ctr image import "$WORK/images/image.tar" >&2
}

teardown_file() { containerd_stop; }

setup() {
    containerd_env
    C=c$BATS_TEST_NUMBER
}

teardown() {
    ctr task kill -s KILL "$C" >/dev/null 2>&1 && wait_for task_is STOPPED
    ctr task delete -f "$C" >/dev/null 2>&1
    ctr container delete "$C" >/dev/null 2>&1 || true
}

BOX=docker.io/library/box:1

ctr_run() { # ctr_run STATUS OPTION... -- ARGUMENT...
    local want=$1 options=()
    shift
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    run_status "$want" ctr -a "$SOCKET" run --runc-binary "$ENGINE_RUNTIME" "${options[@]}" "$BOX" "$C" "$@"
}
# ctr of containerd 1.6 loses what it has not read yet when the program ends (containerd#8643): with this option of ctr the shim writes the
# output to a file, of which shim_output makes $output and $lines.
to_file() { echo "--log-uri=file://$BATS_TEST_TMPDIR/output"; }
shim_output() {
    output=$(cat "$BATS_TEST_TMPDIR/output")
    mapfile -t lines <<<"$output"
}
ctr_prints() { # as ctr_run
    local want=$1
    shift
    ctr_run "$want" "$(to_file)" "$@"
    shim_output
}
up() { ctr_run 0 -d "$@" -- sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'; }
task_is() { [[ "$(ctr task ls)" =~ $C\ +[0-9]+\ +$1 ]]; }

@test "ctr run prints the program's output" {
    ctr_prints 0 --rm -- echo hello
    [ "$output" = hello ]
}

@test "ctr run ends with the program's status" { ctr_run 7 --rm -- sh -c 'exit 7'; }

@test "ctr run of a missing program says so" {
    ctr_run 1 --rm -- no-such-program
    assert_output 'no-such-program'
    assert_output 'executable file not found|no such file or directory'
}

# The shell ends once its output has come: containerd may lose what a program writes right before its end, with every runtime.
@test "ctr run -t on a terminal" {
    on_terminal 33x97 'until stty size | grep -q 97; do sleep 0.1; done; stty size' 'exit 3' -- ctr -a "$SOCKET" run --runc-binary "$ENGINE_RUNTIME" --rm -t "$BOX" "$C" sh
    [ "$status" -eq 3 ]
    assert_output '33 97'
}

@test "ctr run -d, task ls, task ps" {
    up
    task_is RUNNING
    run_ok ctr -a "$SOCKET" task ps "$C"
    assert_output 'PID'
}

@test "ctr task exec: output and status" {
    up
    run_status 9 ctr -a "$SOCKET" task exec "$(to_file)" --exec-id e1 "$C" sh -c 'echo in; exit 9'
    shim_output
    assert_output '^in'
}

@test "ctr task exec -t through a pty" {
    up
    on_terminal 21x77 'until stty size | grep -q 77; do sleep 0.1; done; stty size; exit 6' -- ctr -a "$SOCKET" task exec --exec-id e1 -t "$C" sh
    [ "$status" -eq 6 ]
    assert_output '21 77'
}

@test "ctr task exec with user and directory" {
    up
    run_ok ctr -a "$SOCKET" task exec "$(to_file)" --exec-id e1 --user 1000 --cwd /home/user "$C" sh -c 'id -u; pwd'
    shim_output
    [ "${lines[*]}" = '1000 /home/user' ]
}

@test "ctr task exec of a missing program says so" {
    up
    run ctr task exec --exec-id e1 "$C" no-such-program
    [ "$status" -ne 0 ]
    assert_output 'no-such-program'
}

@test "ctr task pause and resume" {
    up
    run_ok ctr -a "$SOCKET" task pause "$C"
    task_is PAUSED
    run_ok ctr -a "$SOCKET" task resume "$C"
    task_is RUNNING
}

@test "ctr task kill TERM, wait for the end, delete" {
    up
    wait_for handles TERM
    run_ok ctr -a "$SOCKET" task kill -s TERM "$C"
    wait_for task_is STOPPED
    run_ok ctr -a "$SOCKET" task delete "$C"
    run_ok ctr -a "$SOCKET" container delete "$C"
}

@test "ctr task kill --all KILL" {
    up
    run_ok ctr -a "$SOCKET" task kill -a -s KILL "$C"
    wait_for task_is STOPPED
}

@test "ctr task kill of a container that has ended: not found" {
    ctr_run 0 -d -- true
    wait_for task_is STOPPED
    run ctr task kill "$C"
    assert_output 'not found|process already finished'
}

@test "ctr task delete --force of a running task" {
    up
    run_ok ctr -a "$SOCKET" task delete -f "$C"
}

@test "ctr task metrics" {
    hierarchies_stay
    up
    run_ok ctr -a "$SOCKET" task metrics --format json "$C"
    assert_output '"pids"'
    assert_output '"memory"'
}

@test "ctr run with limits of memory and CPU" {
    v1_only
    up --memory-limit 67108864 --cpus 0.5
    local group pid
    pid=$(ctr task ls | awk -v c="$C" '$1 == c {print $2}')
    group=$(sed -n 's/.*:memory://p' "/proc/$pid/cgroup")
    [ "$(cat "/sys/fs/cgroup/memory$group/memory.limit_in_bytes")" = 67108864 ]
    group=$(sed -n 's/.*:cpu://p' "/proc/$pid/cgroup")
    [ "$(cat "/sys/fs/cgroup/cpu$group/cpu.cfs_quota_us")" = 50000 ]
}

@test "ctr run with mounts, environment, directory, read-only root" {
    echo content >"$BATS_TEST_TMPDIR/file"
    ctr_prints 1 --rm --mount "type=bind,src=$BATS_TEST_TMPDIR,dst=/data,options=rbind:ro" --env WORD=x --cwd /home/user --read-only -- \
        sh -c 'exec 2>&1; cat /data/file; echo $WORD; pwd; touch /file'
    assert_output 'content.x./home/user'
    assert_output 'Read-only'
}

@test "ctr run --seccomp and --cap-drop" {
    ctr_prints 0 --rm --seccomp --cap-drop CAP_CHOWN -- grep -E 'Seccomp:|CapEff' /proc/self/status
    assert_output 'Seccomp:[[:space:]]2'
    assert_output 'a80425fa'
}

@test "ctr run --privileged and --net-host" {
    ctr_run 0 --rm --privileged --net-host -- sh -c 'mount -t tmpfs x /mnt && hostname'
}

@test "ctr run --uidmap: a user namespace" {
    ctr_prints 0 --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 --remap-labels -- cat /proc/self/uid_map
    assert_output '100000'
}

@test "ctr run --rootfs" {
    run_ok ctr -a "$SOCKET" run --runc-binary "$ENGINE_RUNTIME" --rm "$(to_file)" --rootfs "$WORK/images/rootfs" "$C" /bin/echo from-rootfs
    shim_output
    [ "$output" = from-rootfs ]
}

@test "ctr run --pid-file" {
    ctr_run 0 -d --pid-file "$BATS_TEST_TMPDIR/pid" -- sh -c 'sleep 0.5'
    [ "$(cat "$BATS_TEST_TMPDIR/pid")" = "$(ctr task ls | awk -v c="$C" '$1 == c {print $2}')" ]
}

@test "ctr: eight containers at once" {
    local i pids=()
    for i in 1 2 3 4 5 6 7 8; do
        ctr -a "$SOCKET" run --runc-binary "$ENGINE_RUNTIME" --rm "$BOX" "$C-$i" sh -c "exit $i" </dev/null >/dev/null 2>&1 &
        pids+=($!)
    done
    for i in 1 2 3 4 5 6 7 8; do
        local status=0
        wait "${pids[i - 1]}" || status=$?
        [ "$status" -eq "$i" ]
    done
}

@test "ctr: no shim is left" {
    [ -z "$(ctr task ls -q)" ]
    wait_for sh -c '! pgrep containerd-shim'
}

@test "containerd: every option of its calls is known" { assert_calls_known; }
