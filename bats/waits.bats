# SPDX-License-Identifier: Apache-2.0
# Nothing is waited for without an end: callers that listen, but accept nothing.
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
