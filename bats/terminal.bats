# SPDX-License-Identifier: Apache-2.0
# process.terminal: the container's terminal behind `run`, and over a console socket.
load helpers

test_setup() { config '.process.terminal = true'; }

# pty_run ORDERS [OPTION...]: `run` on a new terminal, the orders typed (see hosttool.c). $output without carriage returns.
pty_run() {
    local orders=$1
    shift
    run pty_exec "$@" <<<"$orders"
}

pty_exec() {
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" pty -s "${PTY_SIZE:-24x80}" \
        "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$@" "$ID" 3>&- 4>&-
}

# console_c: create the container with a console socket, its terminal's output in $BATS_TEST_TMPDIR/tty, the messages in messages
console_c() {
    "$SUITE_DIR/hosttool" recvtty "$BATS_TEST_TMPDIR/sock" "$BATS_TEST_TMPDIR/messages" >"$BATS_TEST_TMPDIR/tty" 3>&- &
    RECEIVER=$!
    wait_until test -S "$BATS_TEST_TMPDIR/sock"
    create_c --console-socket "$BATS_TEST_TMPDIR/sock"
}

test_teardown() { [ -z "${RECEIVER:-}" ] || kill "$RECEIVER" 2>/dev/null || true; }

@test "the three standard descriptors are the container's terminal" {
    set_args payload tty
    pty_run '@sleep 1'
    assert_status 0
    assert_output 'isatty 1 1 1'
    assert_output '^name /dev/(pts/0|console)'
}

@test "the program leads a session with this controlling terminal, in the foreground" {
    set_args payload tty
    pty_run '@sleep 1'
    assert_output '^pid 1 sid 1 pgrp 1'
    assert_output '^foreground 1'
    assert_output '^ctty 1'
}

@test "without a terminal the descriptors are the caller's" {
    config '.process.terminal = false'
    set_args payload tty
    run_c
    assert_output '^isatty 0 0 0'
}

@test "a terminal sent to the console socket begins each line at its left edge (ONLCR)" {
    set_sh 'echo one; echo two; payload tty'
    console_c
    rt start "$ID"
    wait_until file_has '^onlcr 1' "$BATS_TEST_TMPDIR/tty"
    assert_equal "$(head -c 10 "$BATS_TEST_TMPDIR/tty" | od -An -c | tr -d ' ')" 'one\r\ntwo\r\n'
}

@test "run begins each line at the left edge of its own terminal" {
    set_sh 'echo one; echo two'
    pty_run '@sleep 1'
    assert_equal "$output" $'one\r\ntwo\r'
}

# A program that moves the cursor writes a newline to go down, not to the left edge.
@test "a newline of a program in raw mode reaches run's own terminal unchanged" {
    set_sh 'stty raw; printf "one\ntwo\n"'
    pty_run '@sleep 1'
    assert_equal "$output" $'one\ntwo'
}

@test "run into a pipe or file passes newlines unchanged" {
    set_sh 'echo one; echo two'
    run timeout "$PATIENCE" "$SUITE_DIR/hosttool" pty sh -c 'out=$1; shift; "$@" >"$out"' sh "$BATS_TEST_TMPDIR/out" \
        "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&- </dev/null
    assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" $'one\ntwo'
}

# As in `run | tee FILE`: the other program writes lines to the terminal.
@test "run into a pipe: the caller's terminal still begins lines at its left edge" {
    set_sh 'echo ready; read line'
    run timeout "$PATIENCE" "$SUITE_DIR/hosttool" pty sh -c '"$@" | cat; echo' sh \
        "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&- <<<$'@wait ready\nword'
    assert_equal "${output:0:7}" $'ready\r\n'
}

@test "consoleSize sets the size" {
    config '.process.consoleSize = {height: 33, width: 111}'
    set_args payload tty
    console_c
    rt start "$ID"
    wait_until file_has 'size 33 111' "$BATS_TEST_TMPDIR/tty"
}

@test "consoleSize is ignored without a terminal" {
    config '.process.terminal = false' '.process.consoleSize = {height: 33, width: 111}'
    set_args payload tty
    run_c
    assert_status 0
}

@test "run takes over the size of its own terminal" {
    set_args payload tty
    PTY_SIZE=31x99 pty_run '@sleep 1'
    assert_output '^size 31 99'
}

@test "a change of the window's size reaches the program with SIGWINCH" {
    set_args payload winch 40 120
    pty_run $'@wait ready\n@size 40 120'
    assert_status 0
    assert_output resized
}

@test "an interactive shell reads what is typed and answers" {
    set_args sh
    pty_run $'echo $((6 * 7))\n@wait 42\nexit 5'
    assert_status 5
    assert_output '^42'
}

@test "a typed interrupt goes to the program in the foreground" {
    set_args sh -c 'trap "echo interrupted; exit 9" INT; echo ready; while :; do sleep 0.02; done'
    pty_run $'@wait ready\n@byte 3'
    assert_status 9
    assert_output interrupted
}

@test "job control works" {
    set_args sh
    # The shell sends SIGCONT when the job has the terminal again.
    echo 'trap "echo going on" CONT; echo ready; while :; do sleep 0.02; done' >rootfs/job
    pty_run $'sh /job\n@wait ready\n@byte 26\n@wait Stopped\nfg\n@wait going on\n@byte 3\nexit 7'
    assert_status 7
    assert_output 'Stopped +sh /job'
    refute_output "can't access tty|job control turned off"
}

@test "a typed end of file ends the input" {
    set_args sh -c 'echo ready; exec cat'
    pty_run $'@wait ready\nword\n@byte 4'
    assert_status 0
    assert_output '^word'
}

# A shell that reads lines by itself takes the terminal out of that mode, which makes nothing of an end that has come before.
@test "the end of the caller's file also ends the input of a program in raw mode" {
    berth_only "others want a terminal"
    set_sh 'usleep 300000; stty -icanon min 1; echo by itself; od -An -tx1 -N2'
    run_c
    assert_status 0
    assert_output '^by itself'
    assert_output '04'
}

@test "the caller's terminal is restored afterwards" {
    set_args true
    run timeout "$PATIENCE" "$SUITE_DIR/hosttool" pty sh -c 'a=$(stty -g); "$@"; b=$(stty -g); [ "$a" = "$b" ] && echo same' sh \
        "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&- </dev/null
    assert_output '^same'
}

@test "long output arrives whole" {
    set_sh 'seq 1 20000; echo end'
    pty_run '@sleep 1'
    assert_status 0
    assert_equal "$(grep -c '^[0-9]*.$' <<<"$output")" 20000
    assert_output '^end'
}

@test "/dev/console is the container's terminal" {
    set_sh 'echo over-the-console >/dev/console; payload stat /dev/console; [ -t 0 ] && tty'
    pty_run '@sleep 1'
    assert_output '^over-the-console'
    assert_output '^/dev/console: c .* 136:'
}

@test "/dev/console is the container's terminal where readonlyPaths have / or /dev" {
    local path
    for path in / /dev; do
        config ".linux.readonlyPaths = [\"$path\"]"
        set_sh "echo over-the-console >/dev/console; payload stat /dev/console; echo x >${path%/}/made || echo kept-out"
        pty_run '@sleep 1'
        assert_output '^over-the-console'
        assert_output '^/dev/console: c .* 136:'
        assert_output '^kept-out'
    done
}

@test "without a terminal there is no /dev/console" {
    config '.process.terminal = false'
    set_args payload stat /dev/console
    run_c
    assert_output '^/dev/console: ENOENT'
}

@test "the terminal belongs to the program's user" {
    config '.process.user = {uid: 1000, gid: 1000}'
    set_sh 'tty=$(tty); payload stat "$tty"; echo x >"$tty" && echo writable'
    pty_run '@sleep 1'
    assert_output ': c 0620 1000 '
    assert_output '^writable'
}

@test "the console socket gets one message with one descriptor" {
    set_sh 'payload tty'
    console_c
    rt start "$ID"
    wait_until file_has 'isatty 1 1 1' "$BATS_TEST_TMPDIR/tty"
    wait_until file_has end "$BATS_TEST_TMPDIR/messages"
    assert_equal "$(grep -c message "$BATS_TEST_TMPDIR/messages")" 1
    grep -q '^message fds=1 ' "$BATS_TEST_TMPDIR/messages"
}

@test "the descriptor on the console socket is a pseudoterminal master that outlives create" {
    set_sh 'echo alive'
    console_c
    kill -0 "$RECEIVER"
    rt start "$ID"
    wait_until file_has alive "$BATS_TEST_TMPDIR/tty"
}

@test "run --detach works with a console socket" {
    set_args payload tty
    "$SUITE_DIR/hosttool" recvtty "$BATS_TEST_TMPDIR/sock" "$BATS_TEST_TMPDIR/messages" >"$BATS_TEST_TMPDIR/tty" 3>&- &
    RECEIVER=$!
    wait_until test -S "$BATS_TEST_TMPDIR/sock"
    run_ok run --detach --console-socket "$BATS_TEST_TMPDIR/sock" "$ID"
    wait_until file_has 'isatty 1 1 1' "$BATS_TEST_TMPDIR/tty"
}

@test "create with a terminal but no console socket fails without a trace" {
    host_snapshot
    run_fails create "$ID"
    assert_output 'console|terminal|tty'
    assert_host_unchanged
}

@test "run --detach with a terminal but no console socket fails without a trace" {
    host_snapshot
    run_fails run --detach "$ID"
    assert_host_unchanged
}

@test "a console socket that nobody listens on is an error without a trace" {
    host_snapshot
    run_fails create --console-socket "$BATS_TEST_TMPDIR/nosuch" "$ID"
    assert_host_unchanged
}

@test "a console socket without a terminal is an error" {
    config '.process.terminal = false'
    "$SUITE_DIR/hosttool" recvtty "$BATS_TEST_TMPDIR/sock" "$BATS_TEST_TMPDIR/messages" 3>&- &
    RECEIVER=$!
    wait_until test -S "$BATS_TEST_TMPDIR/sock"
    run_fails create --console-socket "$BATS_TEST_TMPDIR/sock" "$ID"
}
