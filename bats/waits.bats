# SPDX-License-Identifier: Apache-2.0
# Nothing is waited for without an end: callers that listen, but accept nothing; hooks that do not end.
load helpers

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
    # shellcheck disable=SC2086 # ids
    [ -z "${NAP:-}" ] || ! hook_runs || kill -KILL $HOOK
}

@test "a console socket that nobody accepts from is given up" {
    berth_only "others wait for ever"
    deaf_socket
    host_snapshot
    config '.process.terminal = true'
    run_fails create --bundle "$BUNDLE" --console-socket "$BATS_TEST_TMPDIR/deaf" "$ID"
    assert_output 'console socket .*/deaf: connection timed out'
    assert_host_unchanged
}

@test "a socket for the pidfd that nobody accepts from is given up" {
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

@test "no command waits for a creation whose hook does not end" {
    hang_in createRuntime create_aside
    local words
    for words in "pause $ID" "resume $ID" "start $ID" "update --pids-limit 5 $ID" "kill $ID KILL" "exec $ID true" "delete $ID"; do
        # shellcheck disable=SC2086 # the words of a command
        RT_TIMEOUT=8 run_fails $words
    done
    RT_TIMEOUT=8 run_ok delete --force "$ID"
}

@test "a command that has a container to itself for ever is not waited for as long" {
    berth_only "others have no locks"
    set_args sleep 100
    hang_in startContainer start_created
    run_fails pause "$ID"
    assert_output "container \"$ID\" is in use: another command of it has not ended for 10 s"
    RT_TIMEOUT=8 run_ok delete --force "$ID"
    wait_until hook_is_gone
}

start_created() {
    create_c
    start_aside
}

@test "SIGTERM ends a creation whose hook does not end, and the hook" {
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

@test "a hook inside ends with the runtime" {
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

@test "standard error that nobody reads holds up no container" {
    berth_only "others wait for ever"
    full_pipe
    set_sh 'echo inside'
    RT_TIMEOUT=20 rt --debug run --bundle "$BUNDLE" "$ID" </dev/null >out 2>&7
    grep -qx inside out
    status=0
    RT_TIMEOUT=20 rt run --bundle "$BUNDLE/none" "$ID" </dev/null 2>&7 || status=$?
    exec 7>&-
    assert_equal "$status" 1
}
