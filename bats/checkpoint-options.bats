# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore: what criu takes along only when it is asked to; terminals; images after images, and memory that goes elsewhere.
load helpers
load helpers-criu

@test "--file-locks: a lock is held after restore" {
    counting "payload hold lock /lock & $COUNT"
    wait_until file_has ready "$BATS_TEST_TMPDIR/said"
    checkpoint_fails 'locks'
    checkpoint_c --file-locks
    restore_c "$ID" --file-locks
    run_rt exec "$ID" payload hold try /lock
    assert_status 1
}

@test "--link-remap: an open file that was unlinked" {
    counting "echo kept >/one; ln /one /two; exec 9</one; rm /one; $COUNT"
    checkpoint_fails 'link-remap'
    checkpoint_c --link-remap
    restore_c
    run_ok exec "$ID" cat /proc/1/fd/9
    assert_output '^kept$'
    # The files that criu made for it are gone again.
    assert_equal "$(find rootfs -maxdepth 1 -name '*link_remap*')" ''
}

@test "--ext-unix-sk: a socket that is connected to one outside" {
    needs_criu
    mkdir host
    "$SUITE_DIR/hosttool" notify "$PWD/host/s" "$PWD/heard" 3>&- &
    RECEIVER=$!
    wait_until test -S host/s
    config ".mounts += [{destination: \"$PWD/host\", type: \"bind\", source: \"$PWD/host\", options: [\"bind\"]}]"
    counting "payload hold unix $PWD/host/s & $COUNT"
    wait_until test -s heard
    checkpoint_fails 'xternal'
    checkpoint_c --ext-unix-sk
    : >heard
    restore_c "$ID" --ext-unix-sk
    wait_until test -s heard
}

# --- terminals --------------------------------------------------------------------------------

# on_pty OUTPUT ARGUMENT...: the runtime on a new terminal, in the background
on_pty() {
    local output=$1
    shift
    "$SUITE_DIR/hosttool" pty "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" "$@" <<<'@sleep 1' >"$output" 2>&1 3>&- &
    RECEIVER=$!
}

@test "--shell-job: stdin, stdout and stderr on the caller's terminal" {
    needs_criu
    set_sh "$COUNT"
    on_pty tty run --bundle "$BUNDLE" "$ID"
    wait_until counted_beyond 3
    checkpoint_c --shell-job
    wait "$RECEIVER" || true
    on_pty tty2 restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --shell-job "$ID"
    wait_until file_has '[0-9]' tty2
    goes_on_from 3
}

@test "the container's own terminal, in the foreground" {
    needs_criu
    config '.process.terminal = true'
    set_sh "$COUNT"
    on_pty tty run --bundle "$BUNDLE" "$ID"
    wait_until counted_beyond 3
    checkpoint_c
    wait "$RECEIVER" || true
    on_pty tty2 restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" "$ID"
    wait_until file_has '[0-9]' tty2
}

@test "a terminal without a console socket is an error that leaves nothing" {
    berth_only
    config '.process.terminal = true'
    host_snapshot
    run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID"
    assert_output 'console-socket'
    assert_host_unchanged
}

# --- images after images ----------------------------------------------------------------------

@test "--pre-dump, then a checkpoint with --parent-path and --auto-dedup" {
    counting
    local at
    run_rt checkpoint --pre-dump --image-path "$BATS_TEST_TMPDIR/pre" --work-path "$WORK" "$ID"
    [[ $output != *"memory tracking"* && $output != *MEM_SOFT_DIRTY* && $output != *"missing features"* ]] || skip "$output"
    assert_status 0
    assert_equal "$(state_of)" running
    at=$(counted)
    wait_until counted_beyond "$at"
    local blocks
    blocks=$(blocks_of "$BATS_TEST_TMPDIR/pre")
    checkpoint_c --parent-path ../pre --auto-dedup
    [ -e "$IMAGE/parent" ]
    # Memory that has changed since is not needed there any more.
    [ "$(blocks_of "$BATS_TEST_TMPDIR/pre")" -lt "$blocks" ]
    at=$(counted)
    restore_c
    goes_on_from "$at"
    blocks=$(blocks_of "$IMAGE")
    rt delete --force "$ID"
    restore_c "$ID" --auto-dedup
    [ "$(blocks_of "$IMAGE")" -lt "$blocks" ]
}

blocks_of() { stat -c %b "$1"/pages-*.img | awk '{sum += $1} END {print sum}'; }

@test "--parent-path has to be relative and to exist" {
    counting
    mkdir -p "$BATS_TEST_TMPDIR/pre"
    run_fails checkpoint --image-path "$IMAGE" --work-path "$WORK" --parent-path "$BATS_TEST_TMPDIR/pre" "$ID"
    assert_output 'parent-path'
    run_fails checkpoint --image-path "$IMAGE" --work-path "$WORK" --parent-path ../none "$ID"
    assert_equal "$(state_of)" running
}

@test "--page-server: the memory is sent there, and restore uses both directories" {
    counting
    local pages there=$BATS_TEST_TMPDIR/there
    mkdir "$there"
    criu page-server --images-dir "$there" --address 127.0.0.1 --port 27278 </dev/null >"$there/said" 2>&1 3>&- &
    pages=$!
    wait_until listens 27278
    checkpoint_c --page-server 127.0.0.1:27278
    wait "$pages"
    assert_equal "$(find "$IMAGE" -maxdepth 1 -name 'pages*')" ''
    cp -n "$IMAGE"/* "$there"
    IMAGE=$there
    restore_c
    goes_on_from 3
}

@test "--status-fd whose reader has gone does not end the command" {
    berth_only "others die of SIGPIPE"
    counting
    local job status=0
    exec 5> >(exec true)
    wait $!
    rt_exec checkpoint --image-path "$IMAGE" --work-path "$WORK" --lazy-pages --page-server 127.0.0.1:27279 --status-fd 5 "$ID" \
        </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 &
    job=$!
    exec 5>&-
    wait_until listens_or_ends 27279 "$job"
    # This ends criu's wait for somebody who fetches the pages.
    { exec 6<>/dev/tcp/127.0.0.1/27279 && exec 6>&-; } || true
    wait "$job" || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    ! grep -q userfaultfd <<<"$output" || skip "no userfaultfd"
    [ "$status" -lt 128 ] || fail_with "it ended with status $status"
    assert_output '--status-fd: broken pipe'
}

listens_or_ends() { listens "$1" || ! kill -0 "$2" 2>/dev/null; }

@test "--lazy-pages: memory is fetched when it is needed" {
    needs_criu
    # Its end is "page-pipe: splice: Bad file descriptor" on Linux 6.18.
    ! criu_since 4.1 || skip "criu 4.1 has its own trouble with this"
    counting
    local at job pages ready=$BATS_TEST_TMPDIR/ready
    mkfifo "$ready"
    exec 5<>"$ready"
    rt_exec checkpoint --image-path "$IMAGE" --work-path "$WORK" --lazy-pages --page-server 127.0.0.1:27277 --status-fd 5 "$ID" \
        </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 &
    job=$!
    read -r -t "$PATIENCE" -d '' -u 5 || { grep -q userfaultfd "$BATS_TEST_TMPDIR/run-out" && skip "no userfaultfd"; fail_with "$(cat "$BATS_TEST_TMPDIR/run-out")"; }
    exec 5>&-
    at=$(counted)
    criu lazy-pages --page-server --address 127.0.0.1 --port 27277 -D "$IMAGE" -W "$WORK" </dev/null >"$WORK/pages.log" 2>&1 3>&- &
    pages=$!
    wait_until test -S "$WORK/lazy-pages.socket"
    restore_c "$ID-2" --lazy-pages
    wait "$job" "$pages"
    goes_on_from "$at"
}
