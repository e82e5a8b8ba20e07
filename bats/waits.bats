# SPDX-License-Identifier: Apache-2.0
# Nothing is waited for without an end: callers that listen, but accept nothing; hooks that do not end.
load helpers
load helpers-cgroups

# A socket at PATH whose listener accepts connections, and neither reads nor answers.
mute_socket() {
    command -v python3 >/dev/null || skip "needs python3"
    "$SUITE_DIR/hosttool" ns "$SUITE_NS" python3 -c '
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(8)
open(sys.argv[2], "w").close()
kept = []
while True:
    kept.append(server.accept())' "$1" "$BATS_TEST_TMPDIR/mute.ready" >/dev/null 2>&1 3>&- 4>&- &
    DEAF=$!
    wait_until test -e "$BATS_TEST_TMPDIR/mute.ready"
}

# A socket that is listened on, and whose queue is full.
deaf_socket() {
    command -v python3 >/dev/null || skip "needs python3"
    python3 -c '
import socket, sys, time
path = sys.argv[1]
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen(0)
clients = [socket.socket(socket.AF_UNIX) for _ in range(4)]
for client in clients:
    client.setblocking(False)
    client.connect_ex(path)
open(path + ".ready", "w").close()
time.sleep(60)' "$BATS_TEST_TMPDIR/deaf" 3>&- 4>&- &
    DEAF=$!
    wait_until test -e "$BATS_TEST_TMPDIR/deaf.ready"
}

test_teardown() {
    [ -z "${DEAF:-}" ] || kill "$DEAF"
    [ -z "${STOPPED:-}" ] || stopped_is_gone || kill -KILL "$STOPPED"
    # shellcheck disable=SC2086 # ids
    [ -z "${NAP:-}" ] || ! hook_runs || kill -KILL $HOOK
}

@test "a console socket on which nobody accepts: berth gives up" {
    berth_only "others wait for ever"
    deaf_socket
    host_snapshot
    config '.process.terminal = true'
    run_fails create --bundle "$BUNDLE" --console-socket "$BATS_TEST_TMPDIR/deaf" "$ID"
    assert_output 'console socket .*/deaf: connection timed out'
    assert_host_unchanged
}

@test "a pidfd socket on which nobody accepts: berth gives up" {
    berth_only "others wait for ever"
    deaf_socket
    run_fails create --bundle "$BUNDLE" --pidfd-socket "$BATS_TEST_TMPDIR/deaf" "$ID"
    assert_output 'deaf: connection timed out'
}

# hang_in HOOK COMMAND...: until the command has come to a hook that does not end
hang_in() {
    local kind=$1
    shift
    NAP=1$$$RANDOM
    config ".hooks.$kind = [{path: \"/bin/sleep\", args: [\"sleep\", \"$NAP\"]}]"
    "$@"
    wait_until hook_runs
}

hook_runs() { HOOK=$(pgrep -f "sleep $NAP\$"); }
hook_is_gone() { ! hook_runs; }
creation_has_ended() { ! kill -0 "$HUNG" 2>/dev/null; }

create_aside() {
    rt_exec create --bundle "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/hung.out" 2>&1 </dev/null 3>&- 4>&- &
    HUNG=$!
}

start_aside() {
    rt_exec start "$ID" >"$BATS_TEST_TMPDIR/hung.out" 2>&1 </dev/null 3>&- 4>&- &
    HUNG=$!
}

@test "no command waits for a create whose hook does not end" {
    hang_in createRuntime create_aside
    local words
    for words in "pause $ID" "resume $ID" "start $ID" "update --pids-limit 5 $ID" "kill $ID KILL" "exec $ID true" "delete $ID"; do
        # shellcheck disable=SC2086 # the words of a command
        run_fails $words
        refute_output 'is in use'
    done
    run_ok delete --force "$ID"
}

@test "no command waits forever for one that has locked the container" {
    berth_only "others have no locks"
    set_args sleep 100
    hang_in startContainer start_created
    run_fails pause "$ID"
    assert_output "container \"$ID\" is in use: another command of it has not ended for 10 s"
    run_ok delete --force "$ID"
    wait_until hook_is_gone
}

start_created() {
    create_c
    start_aside
}

@test "SIGTERM ends a create whose hook does not end, and the hook" {
    host_snapshot
    hang_in createRuntime create_aside
    kill -TERM "$HUNG"
    wait_until creation_has_ended
    status=0
    wait "$HUNG" || status=$?
    assert_failed
    wait_until hook_is_gone
    run_fails state "$ID"
    assert_host_unchanged
}

@test "a hook in the container ends with the runtime" {
    hang_in createContainer create_aside
    kill -KILL "$HUNG"
    wait_until hook_is_gone
}

# A pipe that nobody reads, and that is full, as descriptor 7.
full_pipe() {
    command -v python3 >/dev/null || skip "needs python3"
    mkfifo "$BATS_TEST_TMPDIR/full"
    exec 7<>"$BATS_TEST_TMPDIR/full"
    python3 -c '
import os
os.set_blocking(7, False)
try:
    while True:
        os.write(7, bytes(4096))
except BlockingIOError:
    os.set_blocking(7, True)'
}

@test "standard error that nobody reads blocks no container" {
    berth_only "others wait for ever"
    full_pipe
    set_sh 'echo inside'
    rt --debug run --bundle "$BUNDLE" "$ID" </dev/null >out 2>&7
    grep -qx inside out
    status=0
    rt run --bundle "$BUNDLE/none" "$ID" </dev/null 2>&7 || status=$?
    exec 7>&-
    assert_equal "$status" 1
}

# A program in PATH that stops itself, as a debugger or `kill -STOP` stops one.
stopping() {
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\necho $$ >"%s"\nkill -STOP $$\n' "$BATS_TEST_TMPDIR/stopped" >"$BATS_TEST_TMPDIR/bin/$1"
    chmod 755 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/bin" "$BATS_TEST_TMPDIR/bin/$1"
    : >"$BATS_TEST_TMPDIR/stopped"
    chmod 666 "$BATS_TEST_TMPDIR/stopped"
}

# The program's process is there and stands still.
has_stopped() { read -r STOPPED <"$BATS_TEST_TMPDIR/stopped" && grep -q '^State:.T' "/proc/$STOPPED/status"; }
stopped_is_gone() { [ ! -e "/proc/$STOPPED" ]; }

# ends_by_term: the runtime that waits for the stopped program ends, and that program
ends_by_term() {
    wait_until has_stopped
    kill -TERM "$(awk '/^PPid/ {print $2}' "/proc/$STOPPED/status")"
    status=0
    wait "$HUNG" || status=$?
    assert_status 143
    wait_until stopped_is_gone
    read_output "$BATS_TEST_TMPDIR/hung.out"
    assert_output 'interrupted by signal 15'
}

@test "SIGTERM ends a command whose newuidmap does not end" {
    berth_only "others wait for ever"
    stopping newuidmap
    rootless 54321
    config '.linux.uidMappings += [{containerID: 1, hostID: 700000, size: 65536}]' \
        '.linux.gidMappings += [{containerID: 1, hostID: 700000, size: 65536}]'
    PATH=$BATS_TEST_TMPDIR/bin:$PATH "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid 54321 --regid 54321 --clear-groups \
        "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/hung.out" 2>&1 </dev/null 3>&- 4>&- &
    HUNG=$!
    ends_by_term
    [ ! -e "$ROOT/$ID" ]
}

# --- a seccomp agent --------------------------------------------------------------------------

notified() {
    config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$2\", syscalls: [{names: [\"$1\"], action: \"SCMP_ACT_NOTIFY\"}]}"
}

@test "a seccomp agent that accepts nothing: berth gives up" {
    berth_only "others wait for ever"
    deaf_socket
    notified mkdir "$BATS_TEST_TMPDIR/deaf"
    host_snapshot
    run_fails run --bundle "$BUNDLE" "$ID"
    assert_output 'linux.seccomp.listenerPath: .*connection timed out'
    assert_host_unchanged
}

@test "a seccomp agent that does not read a state larger than its queue: berth gives up" {
    berth_only "others wait for ever"
    mute_socket "$BATS_TEST_TMPDIR/mute"
    notified mkdir "$BATS_TEST_TMPDIR/mute"
    config '.annotations = ([range(0; 3000) | {key: "org.example.number.\(.)", value: ("x" * 100)}] | from_entries)'
    host_snapshot
    run_fails run --bundle "$BUNDLE" "$ID"
    assert_output 'linux.seccomp.listenerPath: .*connection timed out'
    assert_host_unchanged
}

@test "a seccomp agent that reads nothing blocks a program only in its calls" {
    mute_socket "$BATS_TEST_TMPDIR/mute"
    notified mkdir "$BATS_TEST_TMPDIR/mute"
    set_sh 'echo inside; mkdir /tmp/x'
    rt_exec run --bundle "$BUNDLE" "$ID" >out 2>&1 </dev/null 3>&- 4>&- &
    HUNG=$!
    wait_until file_has inside out
    run_ok kill "$ID" KILL
    status=0
    wait "$HUNG" || status=$?
    assert_status 137
}

@test "SIGTERM ends a command whose program waits in execve for a seccomp agent that reads nothing" {
    mute_socket "$BATS_TEST_TMPDIR/mute"
    notified execve "$BATS_TEST_TMPDIR/mute"
    rt_exec run --bundle "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/hung.out" 2>&1 </dev/null 3>&- 4>&- &
    HUNG=$!
    wait_until waits_for_agent
    kill -TERM "$HUNG"
    status=0
    wait "$HUNG" || status=$?
    assert_failed
    [ "$RT_KIND" = berth ] || rt delete --force "$ID" >/dev/null 2>&1 || true
    run_fails state "$ID"
}

# Its process is in the system call that is notified.
waits_for_agent() { pgrep -P "$HUNG" | xargs -I{} cat /proc/{}/wchan 2>/dev/null | grep -q seccomp; }

# --- systemd's manager, and the program that speaks with it -----------------------------------

@test "a stopped D-Bus helper while the manager does not answer: berth gives up" {
    berth_only "others speak with it themselves"
    [ ! -d /run/systemd/system ] || skip "systemd runs here"
    in_ns mkdir -p /run/systemd
    mute_socket /run/systemd/private
    config ".linux.cgroupsPath = \":pre:$ID\""
    "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" --systemd-cgroup run --bundle "$BUNDLE" "$ID" \
        >"$BATS_TEST_TMPDIR/hung.out" 2>&1 </dev/null 3>&- 4>&- &
    HUNG=$!
    wait_until pgrep -P "$HUNG" -x berth-bus
    STOPPED=$(pgrep -P "$HUNG" -x berth-bus)
    kill -STOP "$STOPPED"
    status=0
    wait "$HUNG" || status=$?
    in_ns rm -r /run/systemd
    assert_status 1
    read_output "$BATS_TEST_TMPDIR/hung.out"
    assert_output 'systemd does not answer within 30 s'
    stopped_is_gone
}

# --- criu ---------------------------------------------------------------------------------------

# A program criu with a version, which answers "success" to what it is asked for, and stops itself if it is asked for TYPE (of its rpc.proto).
stopping_criu() {
    command -v python3 >/dev/null || skip "needs python3"
    mkdir "$BATS_TEST_TMPDIR/bin"
    cat >"$BATS_TEST_TMPDIR/bin/criu" <<'END'
#!/usr/bin/env python3
import os, pathlib, signal, socket, sys
here = pathlib.Path(sys.argv[0]).parent.parent
peer = socket.socket(fileno=int(sys.argv[2]))
while request := peer.recv(65536):
    if str(request[1]) == (here / "stops-at").read_text():
        (here / "stopped").write_text(f"{os.getpid()}\n")
        os.kill(os.getpid(), signal.SIGSTOP)
    peer.send(b"\x08" + request[1:2] + b"\x10\x01" + (b"\x52\x04\x08\x04\x10\x01" if request[1] == 10 else b""))
END
    chmod +x "$BATS_TEST_TMPDIR/bin/criu"
    stops_at 0
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

stops_at() {
    printf %s "$1" >"$BATS_TEST_TMPDIR/stops-at"
    : >"$BATS_TEST_TMPDIR/stopped"
}

criu_command() {
    rt_exec "$@" >"$BATS_TEST_TMPDIR/hung.out" 2>&1 </dev/null 3>&- 4>&- &
    HUNG=$!
    ends_by_term
}

@test "SIGTERM ends a checkpoint whose criu does not answer, and the container keeps running" {
    berth_only "others do not end criu"
    stopping_criu
    set_args sleep 100
    create_c
    rt start "$ID"
    local type
    # CRIU_VERSION, CRIU_DUMP
    for type in 10 1; do
        stops_at "$type"
        criu_command checkpoint --image-path "$BATS_TEST_TMPDIR/image" "$ID"
        assert_equal "$(state_of)" running
    done
}

@test "SIGTERM ends a restore whose criu does not answer, and nothing is left" {
    berth_only "others do not end criu"
    stopping_criu
    set_args sleep 100
    create_c
    rt start "$ID"
    run_ok checkpoint --leave-running --image-path "$BATS_TEST_TMPDIR/image" "$ID"
    rt delete --force "$ID"
    host_snapshot
    local type
    # CRIU_VERSION, CRIU_RESTORE
    for type in 10 2; do
        stops_at "$type"
        criu_command restore --bundle "$BUNDLE" --image-path "$BATS_TEST_TMPDIR/image" "$ID"
        run_fails state "$ID"
    done
    assert_host_unchanged
}
