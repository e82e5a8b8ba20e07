# SPDX-License-Identifier: Apache-2.0
# exec --tty: a terminal of its own behind exec, and over a console socket.
load helpers
load helpers-exec

test_teardown() { end_receiver; }

# pty_in ORDERS [OPTION...] -- WORD...: `exec --tty` on a new terminal, the orders typed (see hosttool.c)
pty_in() {
    local orders=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    run pty_exec "${options[@]}" "$ID" "$@" <<<"$orders"
}

pty_exec() {
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" pty -s "${PTY_SIZE:-24x80}" \
        "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" exec --tty "$@" 3>&- 4>&-
}

# The terminal's output goes to $BATS_TEST_TMPDIR/tty.
console_socket() {
    SOCKET=$BATS_TEST_TMPDIR/sock
    "$SUITE_DIR/hosttool" recvtty "$SOCKET" "$BATS_TEST_TMPDIR/messages" >"$BATS_TEST_TMPDIR/tty" 3>&- 4>&- &
    RECEIVER=$!
    wait_until test -S "$SOCKET"
}

@test "the three standard descriptors are a terminal, the foreground session's" {
    living
    pty_in '@sleep 1' -- payload tty
    assert_status 0
    assert_output 'isatty 1 1 1'
    assert_output '^name /dev/pts/[0-9]+'
    assert_output '^ctty 1'
    local pid
    pid=$(sed -n 's/^pid \([0-9]*\) sid.*/\1/p' <<<"$output")
    assert_output "^pid $pid sid $pid pgrp $pid"
    assert_output "^foreground $pid"
}

@test "each line begins at the left edge of exec's own terminal" {
    living
    pty_in '@sleep 1' -- sh -c 'echo one; echo two'
    assert_equal "$output" $'one\r\ntwo\r'
}

@test "exec --tty into a pipe or file passes newlines unchanged" {
    living
    run timeout "$PATIENCE" "$SUITE_DIR/hosttool" pty sh -c 'out=$1; shift; "$@" >"$out"' sh "$BATS_TEST_TMPDIR/out" \
        "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" exec -t "$ID" sh -c 'echo one; echo two' \
        3>&- 4>&- </dev/null
    assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" $'one\ntwo'
}

@test "without --tty the descriptors are the caller's" {
    living
    in_c -- payload tty
    assert_output '^isatty 0 0 0'
}

@test "a container with a terminal: exec without --tty has none" {
    config '.process.terminal = true | .process.consoleSize = {height: 20, width: 60}'
    set_args payload pause
    console_socket
    create_c --console-socket "$SOCKET"
    in_c -- payload tty
    assert_status 0
    assert_output '^isatty 0 0 0'
}

@test "it has the size of the caller's terminal" {
    living
    PTY_SIZE=31x99 pty_in '@sleep 1' -- payload tty
    assert_output '^size 31 99'
}

@test "a change of the window's size reaches the program with SIGWINCH" {
    living
    pty_in $'@wait ready\n@size 40 120' -- payload winch 40 120
    assert_status 0
    assert_output resized
}

@test "an interactive shell reads what is typed and answers" {
    living
    pty_in $'echo $((6 * 7))\n@wait 42\nexit 5' -- sh
    assert_status 5
    assert_output '^42'
}

@test "a typed interrupt goes to the program in the foreground" {
    living
    pty_in $'@wait ready\n@byte 3' -- sh -c 'trap "echo interrupted; exit 9" INT; echo ready; while :; do sleep 0.02; done'
    assert_status 9
    assert_output interrupted
}

@test "the caller's terminal is restored afterwards" {
    living
    run timeout "$PATIENCE" "$SUITE_DIR/hosttool" pty sh -c 'a=$(stty -g); "$@"; b=$(stty -g); [ "$a" = "$b" ] && echo same' sh \
        "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" exec -t "$ID" true 3>&- 4>&- </dev/null
    assert_output '^same'
}

@test "long output arrives whole" {
    living
    pty_in '@sleep 1' -- sh -c 'seq 1 20000; echo end'
    assert_status 0
    assert_equal "$(grep -c '^[0-9]*.$' <<<"$output")" 20000
    assert_output '^end'
}

@test "the terminal belongs to the program's user" {
    living
    pty_in '@sleep 1' -u 1000:1000 -- sh -c 'tty=$(tty); payload stat "$tty"; echo x >"$tty" && echo writable'
    assert_output ': c 0620 1000 '
    assert_output '^writable'
}

@test "/dev/console of the container is left alone" {
    config '.process.terminal = true'
    set_args payload pause
    console_socket
    create_c --console-socket "$SOCKET"
    rt start "$ID"
    local before
    in_c -- payload stat /dev/console
    before=$output
    assert_output '^/dev/console: c .* 136:0'
    pty_in '@sleep 1' -- sh -c 'payload stat /dev/console; echo to-the-console >/dev/console; tty'
    assert_output "^${before% *}"
    refute_output '^to-the-console'
    assert_output '^/dev/pts/1'
    wait_until file_has to-the-console "$BATS_TEST_TMPDIR/tty"
}

@test "in a container without a terminal exec creates no /dev/console" {
    living
    pty_in '@sleep 1' -- payload stat /dev/console
    assert_output '^/dev/console: ENOENT'
}

@test "the console socket gets one message with one descriptor, the terminal's master side" {
    living
    console_socket
    in_c --tty --detach --console-socket "$SOCKET" -- payload tty
    assert_status 0
    wait_until file_has 'isatty 1 1 1' "$BATS_TEST_TMPDIR/tty"
    wait_until file_has '^onlcr 1' "$BATS_TEST_TMPDIR/tty"
    wait_until file_has end "$BATS_TEST_TMPDIR/messages"
    assert_equal "$(grep -c message "$BATS_TEST_TMPDIR/messages")" 1
    grep -q '^message fds=1 ' "$BATS_TEST_TMPDIR/messages"
}

@test "consoleSize of --process sets the size" {
    living
    console_socket
    process_json '{terminal: true, consoleSize: {height: 33, width: 111}, args: ["payload", "tty"]}'
    in_c --detach --process "$PROCESS" --console-socket "$SOCKET" --
    assert_status 0
    wait_until file_has 'size 33 111' "$BATS_TEST_TMPDIR/tty"
}

@test "--process with terminal: true gives a terminal without --tty" {
    living
    console_socket
    process_json '{terminal: true, args: ["payload", "tty"]}'
    in_c --detach --process "$PROCESS" --console-socket "$SOCKET" --
    wait_until file_has 'isatty 1 1 1' "$BATS_TEST_TMPDIR/tty"
}

@test "--tty --detach without a console socket is an error" {
    living
    in_c_fails 'console|terminal|tty' --tty --detach -- true
}

@test "a console socket without a terminal is an error" {
    living
    console_socket
    in_c_fails 'console|terminal|tty' --console-socket "$SOCKET" -- true
}

@test "a console socket that nobody listens on is an error, and the program does not run" {
    living
    in_c_fails 'nosuch' --tty --detach --console-socket "$BATS_TEST_TMPDIR/nosuch" -- sh -c 'echo ran >/ran'
    [ ! -e rootfs/ran ]
}

@test "a console socket that is a plain file is an error" {
    living
    touch "$BATS_TEST_TMPDIR/plain"
    in_c_fails 'plain' --tty --detach --console-socket "$BATS_TEST_TMPDIR/plain" -- true
}

@test "a terminal in a user namespace" {
    user_namespace
    living
    pty_in '@sleep 1' -u 1000:1000 -- payload tty
    assert_status 0
    assert_output 'isatty 1 1 1'
    assert_output '^ctty 1'
}
