# SPDX-License-Identifier: Apache-2.0
# run: exit status, signals, descriptors, stdin, --detach and the other options; messages for programs that cannot be run.
load helpers

# Starts `run` in the background as $RUN_PID, with output in $BATS_TEST_TMPDIR/out, and waits for its first word.
run_bg() {
    rt_exec run --bundle "$BUNDLE" "$@" "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 &
    RUN_PID=$!
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
}

wait_run() {
    status=0
    wait "$RUN_PID" || status=$?
    output=$(out)
}

@test "run exits with the status of the program" {
    local code
    for code in 0 1 42 255; do
        set_args payload exit $code
        run_c
        assert_status $code
    done
}

@test "run exits with 128 + the signal that killed the program" {
    set_args payload die 11
    run_c
    assert_status 139
}

@test "run exits with 137 when the container is killed" {
    set_args payload pause
    run_bg
    run_ok kill "$ID" KILL
    wait_run
    assert_status 137
}

@test "run leaves nothing behind" {
    host_snapshot
    set_sh 'sleep 100 & echo hi'
    run_c
    assert_status 0
    assert_host_unchanged
}

@test "run leaves nothing behind when the program fails" {
    host_snapshot
    set_args false
    run_c
    assert_status 1
    assert_host_unchanged
}

@test "run passes stdout and stderr through unchanged" {
    set_sh 'printf "a\0b\r\n\377"; printf "err\n" >&2'
    rt run "$ID" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    assert_equal "$(od -An -c <"$BATS_TEST_TMPDIR/out" | xargs)" 'a 0 b r n 377'
    assert_equal "$(cat "$BATS_TEST_TMPDIR/err")" err
}

@test "run passes stdin through to its end" {
    set_args wc -c
    run rt run "$ID" < <(head -c 200000 /dev/zero)
    assert_status 0
    assert_equal "$output" 200000
}

@test "run forwards signals to the program" {
    set_args payload catch
    run_bg
    # Not URG: Go programs, runc among them, send it to themselves.
    local signal
    for signal in HUP INT QUIT USR1 USR2 ALRM CONT 40; do
        kill -"$signal" "$RUN_PID"
    done
    wait_until file_has 'caught ?' "$BATS_TEST_TMPDIR/out"
    kill -TERM "$RUN_PID"
    wait_run
    assert_status 0
    assert_equal "$(out | grep -v URG | sort | paste -sd' ')" \
        'caught ? caught ALRM caught CONT caught HUP caught INT caught QUIT caught TERM caught USR1 caught USR2 ready'
}

@test "the container of a killed run can be deleted" {
    set_args payload pause
    run_bg
    kill -KILL "$RUN_PID"
    wait "$RUN_PID" 2>/dev/null || true
    run_ok delete --force "$ID"
}

@test "run --detach returns while the container keeps running" {
    set_args payload pause
    rt run --detach --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
    assert_equal "$(state_of)" running
}

@test "run --detach leaves a stopped container to be deleted" {
    set_args true
    rt run -d --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
    wait_status stopped
    run_ok delete "$ID"
}

@test "run --keep keeps the stopped container" {
    set_args payload exit 3
    run_c --keep
    assert_status 3
    assert_equal "$(state_of)" stopped
    run_ok delete "$ID"
}

@test "--pid-file has the pid when create returns" {
    set_args payload pause
    create_c --pid-file "$BATS_TEST_TMPDIR/pid"
    assert_equal "$(cat "$BATS_TEST_TMPDIR/pid")" "$(init_pid)"
}

@test "--pid-file has just the number, without a newline" {
    set_args payload pause
    create_c --pid-file "$BATS_TEST_TMPDIR/pid"
    [[ $(od -An -c "$BATS_TEST_TMPDIR/pid" | tr -d ' ') =~ ^[0-9]+$ ]]
}

@test "a relative --pid-file is in the caller's directory" {
    set_args payload pause
    mkdir "$BATS_TEST_TMPDIR/cwd"
    cd "$BATS_TEST_TMPDIR/cwd"
    rt run -d --pid-file p --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
    assert_equal "$(cat p)" "$(init_pid)"
}

@test "a --pid-file that cannot be written is an error without a trace" {
    host_snapshot
    run_fails create --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/no/such/dir" "$ID"
    assert_host_unchanged
}

@test "a --pid-file that is a device or a link to one is written to, and stays" {
    mknod "$BATS_TEST_TMPDIR/null" c 1 3
    mkfifo "$BATS_TEST_TMPDIR/fifo"
    ln -s /dev/null "$BATS_TEST_TMPDIR/link"
    ln -s /dev/full "$BATS_TEST_TMPDIR/full"
    run_ok run --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/link" "$ID"
    run_fails run --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/full" "$ID"
    assert_output '[Nn]o space left'
    run_fails run --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/fifo" "$ID"
    set_args nosuch
    run_fails run --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/link" "$ID"
    run_fails run --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/null" "$ID"
    [ -c "$BATS_TEST_TMPDIR/null" ] && [ -p "$BATS_TEST_TMPDIR/fifo" ]
    [ -L "$BATS_TEST_TMPDIR/link" ] && [ -L "$BATS_TEST_TMPDIR/full" ]
}

@test "--trace /dev/stdout prints the trace" {
    berth_only
    ln -s /proc/self/fd/1 "$BATS_TEST_TMPDIR/stdout"
    rt run --trace "$BATS_TEST_TMPDIR/stdout" "$ID" | jq -e '.traceEvents | length > 20'
    [ -L "$BATS_TEST_TMPDIR/stdout" ]
}

@test "a --pid-file that is somebody else's link is replaced, not followed" {
    berth_only
    echo old >"$BATS_TEST_TMPDIR/precious"
    ln -s precious "$BATS_TEST_TMPDIR/link"
    chown -h 1000:1000 "$BATS_TEST_TMPDIR/link"
    run_ok run --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/link" "$ID"
    assert_equal "$(cat "$BATS_TEST_TMPDIR/precious")" old
}

@test "the program has only descriptors 0, 1 and 2" {
    set_args payload fds
    local leak
    exec {leak}</etc/passwd
    run rt run "$ID" 7</etc/group 9<. 200</dev/zero
    exec {leak}<&-
    assert_status 0
    assert_equal "$(cut -d' ' -f1 <<<"$output" | xargs)" "0 1 2"
}

@test "a created container's program has only descriptors 0, 1 and 2" {
    set_args payload fds
    rt create "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 7</etc/group 9<.
    rt start "$ID" 8</etc/group
    wait_status stopped
    assert_equal "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/out" | xargs)" "0 1 2"
}

# rt's own 3 is closed, so these tests call the runtime by the tool.
run_with_fds() {
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" run "$@" "$ID"
}

@test "--preserve-fds passes that many descriptors from 3 on, and no more" {
    set_sh 'payload fds; cat <&3; cat <&4'
    echo three >"$BATS_TEST_TMPDIR/3"
    echo four >"$BATS_TEST_TMPDIR/4"
    run run_with_fds --preserve-fds 2 3<"$BATS_TEST_TMPDIR/3" 4<"$BATS_TEST_TMPDIR/4" 5</dev/zero 11</dev/zero
    assert_status 0
    assert_output '^3 .*/3$'
    assert_output '^4 .*/4$'
    assert_output '^three$'
    assert_output '^four$'
    refute_output '^(5|6|7|8|9|[1-9][0-9]) '
}

@test "a large --preserve-fds passes none of the runtime's own descriptors" {
    set_args payload fds
    # bats has descriptors of its own in here: what the caller really has is what may arrive.
    run "$SUITE_DIR/payload" fds 3</dev/null 4</dev/zero 5<&- 6<&- 7<&- 8<&- 9<&-
    local mine
    mine=$(cut -d' ' -f1 <<<"$output" | xargs)
    run run_with_fds --preserve-fds 500 3</dev/null 4</dev/zero 5<&- 6<&- 7<&- 8<&- 9<&-
    [ "$status" -ne 124 ]
    [ "$status" -ne 0 ] || assert_equal "$(cut -d' ' -f1 <<<"$output" | xargs)" "$mine"
}

# As systemd calls: the process that LISTEN_PID names is the runtime.
run_activated() {
    LISTEN_FDS=1 sh -c 'export LISTEN_PID=${LISTEN_PID:-$$}; exec "$@"' sh \
        "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" run "$@" "$ID"
}

@test "LISTEN_FDS passes sockets with LISTEN_PID of the program" {
    set_sh 'echo "fds=$LISTEN_FDS pid=$LISTEN_PID me=$$"; payload fds'
    run run_activated 3</dev/null 4</dev/zero
    assert_status 0
    assert_output '^fds=1 pid=1 me=1$'
    assert_output '^3 /dev/null$'
    refute_output '^4 '
}

@test "LISTEN_FDS and --preserve-fds add up" {
    set_args payload fds
    run run_activated --preserve-fds 1 3</dev/null 4</dev/zero 5</dev/full
    assert_status 0
    assert_output '^3 /dev/null$'
    assert_output '^4 /dev/zero$'
    refute_output '^5 '
}

@test "LISTEN_FDS meant for another process are not passed" {
    set_sh 'echo "fds=$LISTEN_FDS"; payload fds'
    LISTEN_PID=1 run run_activated 3</dev/null
    assert_status 0
    assert_output '^fds=$'
    refute_output '^3 '
}

@test "LISTEN_FDS without LISTEN_PID are not passed" {
    set_sh 'echo "fds=$LISTEN_FDS"; payload fds'
    LISTEN_FDS=1 run rt run "$ID" 3</dev/zero
    assert_status 0
    assert_output '^fds=$'
    refute_output '/dev/zero'
}

@test "without LISTEN_FDS the program has no LISTEN variables" {
    set_args payload env
    run_c
    refute_output LISTEN
}

@test "NOTIFY_SOCKET: the program's READY=1 reaches the host's socket" {
    set_sh 'echo "socket: $NOTIFY_SOCKET"; payload notify READY=1; echo status $?'
    "$SUITE_DIR/hosttool" notify "$BATS_TEST_TMPDIR/n" "$BATS_TEST_TMPDIR/n.log" 3>&- &
    local notifier=$!
    wait_until test -S "$BATS_TEST_TMPDIR/n"
    NOTIFY_SOCKET=$BATS_TEST_TMPDIR/n run_c
    wait_until file_has READY=1 "$BATS_TEST_TMPDIR/n.log" || true
    kill $notifier
    assert_status 0
    assert_output '^status 0$'
    assert_output '^socket: /'
    file_has READY=1 "$BATS_TEST_TMPDIR/n.log"
}

@test "the directory of NOTIFY_SOCKET, the host's own, cannot be written to" {
    berth_only "the place of the socket is the runtime's own"
    set_sh 'mkdir /run/notify/x 2>&1; rm /run/notify/notify.sock 2>&1; true'
    NOTIFY_SOCKET=$BATS_TEST_TMPDIR/n run_c
    assert_equal "$(grep -c 'Read-only file system' <<<"$output")" 2
}

@test "without NOTIFY_SOCKET the program has no such variable" {
    set_args payload env
    run_c
    refute_output NOTIFY
}

@test "nothing of the caller's environment reaches the program" {
    set_args payload env
    SECRET=1 XDG_RUNTIME_DIR=/nowhere run_c
    assert_equal "$(sort <<<"$output" | xargs)" "HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=xterm"
}

@test "options may follow the id" {
    set_args echo hi
    run rt run "$ID" --bundle "$BUNDLE" </dev/null
    assert_status 0
    assert_equal "$output" hi
}

@test "options may be written --option=value" {
    set_args echo hi
    run rt run --bundle="$BUNDLE" "$ID" </dev/null
    assert_status 0
    assert_equal "$output" hi
}

@test "-- ends the options" {
    set_args echo hi
    run rt run --bundle "$BUNDLE" -- "$ID" </dev/null
    assert_status 0
    assert_equal "$output" hi
}

@test "a relative --root is in the caller's directory" {
    set_args payload pause
    cd "$BATS_TEST_TMPDIR"
    in_ns "$RUNTIME" --root root run -d --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&-
    [ -e "$ROOT/$ID" ]
    assert_equal "$(state_of)" running
}

@test "--no-pivot runs the container" {
    set_sh 'ls / | head -1; ls -d /proc/1'
    run_c --no-pivot
    assert_status 0
    assert_equal "$output" $'bin\n/proc/1'
}

@test "--no-new-keyring keeps the caller's session keyring" {
    set_args payload keyring
    local mine
    mine=$("$SUITE_DIR/payload" keyring)
    run_c --no-new-keyring
    assert_equal "$output" "$mine"
}

@test "the program has a session keyring of its own" {
    set_args payload keyring
    local mine
    mine=$("$SUITE_DIR/payload" keyring)
    run_c
    assert_status 0
    [ "$output" != "$mine" ]
}

@test "a program that is not found: 127 or 1, and the words that callers look for" {
    host_snapshot
    set_args nosuchprogram
    run_c
    [ "$status" -ne 0 ]
    assert_output 'executable file not found in'
    assert_output nosuchprogram
    assert_host_unchanged
}

@test "run of a program that is not found exits with 127" {
    local program
    for program in nosuchprogram /bin/nosuch ./nosuch bin/nosuch; do
        set_args $program
        run_c
        assert_status 127
        assert_output 'executable file not found in|no such file or directory'
    done
}

@test "run of a program without execute permission exits with 126" {
    host_snapshot
    echo 'exit 0' >rootfs/bin/noexec
    chmod 644 rootfs/bin/noexec
    set_args /bin/noexec
    run_c
    assert_status 126
    assert_output 'permission denied'
    assert_output /bin/noexec
    assert_host_unchanged
}

@test "run of a directory exits with 126" {
    set_args /etc
    run_c
    assert_status 126
    assert_output 'permission denied|is a directory'
    assert_output /etc
}

@test "create of a program that is not found fails at create or at start, without a trace after delete" {
    host_snapshot
    set_args nosuchprogram
    if create_c; then run_fails start "$ID"; fi
    rt delete --force "$ID"
    assert_host_unchanged
}

@test "create of a program that is not found fails" {
    host_snapshot
    set_args nosuchprogram
    run_fails create "$ID"
    assert_output 'executable file not found in'
    assert_host_unchanged
}

@test "run --dry-run prints the plan and does nothing" {
    berth_only
    host_snapshot
    set_sh 'touch /ran'
    run_ok run --dry-run "$ID"
    assert_output mount
    [ ! -e rootfs/ran ]
    run_fails state "$ID"
    assert_host_unchanged
}

@test "create --dry-run prints the plan and does nothing" {
    berth_only
    host_snapshot
    run_ok create --dry-run "$ID"
    assert_output pivot
    run_fails state "$ID"
    assert_host_unchanged
}

@test "--dry-run of a bad config is an error" {
    berth_only
    config '.process.cwd = "relative"'
    run_fails run --dry-run "$ID"
    assert_output 'process\.cwd'
}

@test "--trace writes the time of the steps as a Chrome trace" {
    berth_only
    set_args true
    run_c --trace "$BATS_TEST_TMPDIR/trace"
    assert_status 0
    jq -e '(.traceEvents? // .) | length > 10 and all(.[]; has("name") and has("ph") and has("pid"))' "$BATS_TEST_TMPDIR/trace"
}
