# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore: what comes back.
load helpers
load helpers-criu

@test "a restored container goes on where it was, and can be used as before" {
    counting
    local at pid
    checkpoint_c
    at=$(counted)
    stands_still
    restore_c "$ID" --pid-file "$BATS_TEST_TMPDIR/pid"
    assert_equal "$(state_of)" running
    pid=$(init_pid)
    assert_equal "$(cat "$BATS_TEST_TMPDIR/pid")" "$pid"
    assert_equal "$(awk '/^NSpid/ {print $NF}' "/proc/$pid/status")" 1
    goes_on_from "$at"
    run_ok exec "$ID" cat /proc/1/cmdline
    assert_output '^sh-c'
    run_ok kill "$ID" KILL
    wait_status stopped
    run_ok delete "$ID"
}

@test "after a checkpoint the container is gone, and leaves nothing" {
    host_snapshot
    counting
    checkpoint_c
    run_fails state "$ID"
    assert_output 'does not exist'
    assert_host_unchanged
}

@test "--leave-running: it goes on, and the image is good" {
    counting
    local at
    checkpoint_c --leave-running
    at=$(counted)
    assert_equal "$(state_of)" running
    wait_until counted_beyond $((at + 3))
    rt delete --force "$ID"
    echo 0 >rootfs/count
    restore_c
    wait_until counted_beyond $((at - 3))
}

@test "another id" {
    counting
    local at
    checkpoint_c
    at=$(counted)
    restore_c "$ID-2"
    run_fails state "$ID"
    assert_equal "$(state_of "$ID-2")" running
    goes_on_from "$at"
}

@test "a checkpoint of what was restored" {
    counting
    local at
    checkpoint_c
    restore_c
    IMAGE+=2
    checkpoint_c
    at=$(counted)
    restore_c
    goes_on_from "$at"
}

@test "processes keep their ids in the container" {
    counting 'sh -c '\''echo $$ >/child; while :; do usleep 20000; done'\'' & echo $! >/known; '"$COUNT"
    wait_until file_has '[0-9]' rootfs/child
    checkpoint_c
    restore_c
    local child
    child=$(cat rootfs/known)
    run_ok exec "$ID" cat "/proc/$child/stat"
    assert_output "^$child .* [0-9]+ 1 "
}

@test "what is in a tmpfs of the container's own" {
    counting "echo kept >/dev/shm/note; $COUNT"
    checkpoint_c
    restore_c
    run_ok exec "$ID" cat /dev/shm/note
    assert_output '^kept$'
}

@test "a pipe as stdout goes on into the one that restore has" {
    counting
    checkpoint_c
    restore_c
    wait_until file_has '[0-9]' "$BATS_TEST_TMPDIR/said2"
    local last first
    last=$(tail -n 1 "$BATS_TEST_TMPDIR/said")
    first=$(head -n 1 "$BATS_TEST_TMPDIR/said2")
    [ "$first" -ge "$last" ] && [ "$first" -le $((last + 3)) ] || fail_with "$last, then $first"
}

@test "a file as stdout is gone on with" {
    berth_only "a file from outside is an error for others"
    needs_criu
    set_sh "$COUNT"
    create_c
    rt start "$ID"
    wait_until counted_beyond 3
    checkpoint_c
    rt restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID" </dev/null >>"$BATS_TEST_TMPDIR/out" 2>>"$BATS_TEST_TMPDIR/err" ||
        fail_with "restore failed: $(cat "$BATS_TEST_TMPDIR/err")"
    local lines
    lines=$(wc -l <"$BATS_TEST_TMPDIR/out")
    wait_until has_lines $((lines + 3))
    head -n $((lines + 3)) "$BATS_TEST_TMPDIR/out" | diff - <(seq $((lines + 3)))
}

has_lines() { [ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -ge "$1" ]; }

@test "the cgroup and its limits are back" {
    needs memory pids
    resources 'memory: {limit: 104857600}, pids: {limit: 50}'
    counting
    value_is pids pids.max pids.max 50
    checkpoint_c
    restore_c
    value_is pids pids.max pids.max 50
    value_is memory memory.limit_in_bytes memory.max 104857600
}

@test "limits are those of config.json, in the cgroup that it names" {
    needs pids
    cgroupfs_only
    resources 'pids: {limit: 50}'
    counting
    checkpoint_c
    resources 'pids: {limit: 60}'
    config ".linux.cgroupsPath = \"/$ID-other\""
    restore_c
    value_is pids pids.max pids.max 60
    assert_equal "$(basename "$(cgroup_dir pids)")" "$ID-other"
}

@test "a limit of one process" {
    needs pids
    resources 'pids: {limit: 1}'
    counting 'i=0; while :; do i=$((i + 1)); echo $i >/count; done'
    checkpoint_c
    local at
    at=$(counted)
    restore_c
    wait_until counted_beyond "$at"
    value_is pids pids.max pids.max 1
}

@test "bind mounts are those of config.json, known by their destination" {
    mkdir one two
    echo first >one/file
    echo second >two/file
    echo single >single
    config ".mounts += [{destination: \"/mnt/dir\", type: \"bind\", source: \"$PWD/one\", options: [\"rbind\", \"ro\"]},
        {destination: \"/mnt/file\", type: \"bind\", source: \"$PWD/single\", options: [\"bind\"]}]"
    counting
    checkpoint_c
    config ".mounts[-2].source = \"$PWD/two\""
    restore_c
    run_ok exec "$ID" cat /mnt/dir/file /mnt/file
    assert_equal "$output" $'second\nsingle'
}

@test "mounts below a recursive bind mount" {
    berth_only "others know the mounts of config.json alone"
    needs_criu
    mkdir one one/below
    in_ns mount -t tmpfs tmpfs "$PWD/one/below"
    in_ns sh -c "echo deep >$PWD/one/below/file"
    config ".mounts += [{destination: \"/mnt\", type: \"bind\", source: \"$PWD/one\", options: [\"rbind\"]}]"
    counting
    checkpoint_c
    restore_c
    run_ok exec "$ID" cat /mnt/below/file
    assert_equal "$output" deep
    rt delete --force "$ID"
    in_ns umount "$PWD/one/below"
}

@test "mount points that a new copy of the root file system lacks are made" {
    config ".mounts += [{destination: \"/data/deep\", type: \"bind\", source: \"$PWD/one\", options: [\"bind\"]}]"
    mkdir one
    counting
    checkpoint_c
    rmdir rootfs/data/deep rootfs/data
    restore_c
    assert_equal "$(state_of)" running
}

@test "a network namespace that has a path" {
    needs_criu
    in_ns ip netns add "$ID"
    config "(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/$ID\""
    counting
    checkpoint_c
    restore_c
    local at
    at=$(stat -Lc %i "/proc/$(init_pid)/ns/net")
    assert_equal "$at" "$(in_ns stat -Lc %i "/run/netns/$ID")"
    rt delete --force "$ID"
    in_ns ip netns del "$ID"
    in_ns sh -c "umount /run/netns; rmdir /run/netns"
}

@test "the terminal comes over the console socket" {
    config '.process.terminal = true'
    needs_criu
    set_sh "$COUNT"
    "$SUITE_DIR/hosttool" recvtty "$BATS_TEST_TMPDIR/sock" "$BATS_TEST_TMPDIR/messages" >"$BATS_TEST_TMPDIR/tty" 3>&- &
    RECEIVER=$!
    wait_until test -S "$BATS_TEST_TMPDIR/sock"
    create_c --console-socket "$BATS_TEST_TMPDIR/sock"
    rt start "$ID"
    wait_until counted_beyond 3
    checkpoint_c
    kill "$RECEIVER" || true
    "$SUITE_DIR/hosttool" recvtty "$BATS_TEST_TMPDIR/sock2" "$BATS_TEST_TMPDIR/messages2" >"$BATS_TEST_TMPDIR/tty2" 3>&- &
    RECEIVER=$!
    wait_until test -S "$BATS_TEST_TMPDIR/sock2"
    restore_c "$ID" --console-socket "$BATS_TEST_TMPDIR/sock2"
    wait_until file_has '[0-9]' "$BATS_TEST_TMPDIR/tty2"
}

@test "in the foreground restore ends with the container's status" {
    counting 'i=0; until [ -e /go ]; do i=$((i + 1)); echo $i >/count; usleep 20000; done; exit 7'
    checkpoint_c
    (sleep 2; touch rootfs/go) 3>&- &
    status=0
    rt restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" "$ID" </dev/null 2>"$BATS_TEST_TMPDIR/err2" | cat ||
        true
    status=${PIPESTATUS[0]}
    assert_status 7
    run_fails state "$ID"
}

@test "a paused container" {
    counting
    local at
    rt pause "$ID"
    at=$(counted)
    checkpoint_c
    restore_c
    wait_until counted_beyond "$at"
}

@test "hooks: prestart, createRuntime and poststart run at restore" {
    berth_only "runc has no poststart then"
    counting
    checkpoint_c
    config ".hooks = {prestart: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >$PWD/h1\"]}],
        createRuntime: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >$PWD/h2\"]}],
        createContainer: [{path: \"/bin/false\"}], startContainer: [{path: \"/bin/false\"}],
        poststart: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >$PWD/h3\"]}]}"
    restore_c
    assert_equal "$(jq -r .pid h1)" "$(init_pid)"
    assert_equal "$(jq -r .id h2)" "$ID"
    assert_equal "$(jq -r .status h3)" running
}

@test "the annotation org.criu.config names criu's configuration" {
    echo 'log-file other.log' >criu.conf
    config ".annotations = {\"org.criu.config\": \"$PWD/criu.conf\"}"
    counting
    checkpoint_c
    [ -s "$WORK/other.log" ]
}

# --- images after images ----------------------------------------------------------------------

@test "--pre-dump, then a checkpoint with --parent-path" {
    counting
    local at
    run_rt checkpoint --pre-dump --image-path "$BATS_TEST_TMPDIR/pre" --work-path "$WORK" "$ID"
    [[ $output != *"memory tracking"* && $output != *MEM_SOFT_DIRTY* ]] || skip "$output"
    assert_status 0
    assert_equal "$(state_of)" running
    at=$(counted)
    wait_until counted_beyond "$at"
    checkpoint_c --parent-path ../pre
    [ -e "$IMAGE/parent" ]
    at=$(counted)
    restore_c
    goes_on_from "$at"
}

@test "--parent-path has to be relative, and there" {
    counting
    mkdir -p "$BATS_TEST_TMPDIR/pre"
    run_fails checkpoint --image-path "$IMAGE" --work-path "$WORK" --parent-path "$BATS_TEST_TMPDIR/pre" "$ID"
    assert_output 'parent-path'
    run_fails checkpoint --image-path "$IMAGE" --work-path "$WORK" --parent-path ../none "$ID"
    assert_equal "$(state_of)" running
}

@test "--lazy-pages: memory is fetched when it is needed" {
    counting
    local at job pages ready=$BATS_TEST_TMPDIR/ready
    mkfifo "$ready"
    exec 5<>"$ready"
    rt_exec checkpoint --image-path "$IMAGE" --work-path "$WORK" --lazy-pages --page-server 127.0.0.1:27277 --status-fd 5 "$ID" \
        </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 &
    job=$!
    read -r -t 30 -d '' -u 5 || { grep -q userfaultfd "$BATS_TEST_TMPDIR/run-out" && skip "no userfaultfd"; fail_with "$(cat "$BATS_TEST_TMPDIR/run-out")"; }
    exec 5>&-
    at=$(counted)
    criu lazy-pages --page-server --address 127.0.0.1 --port 27277 -D "$IMAGE" -W "$WORK" </dev/null >/dev/null 2>&1 3>&- &
    pages=$!
    wait_until test -S "$WORK/lazy-pages.socket"
    restore_c "$ID-2" --lazy-pages
    wait "$job" "$pages"
    goes_on_from "$at"
}
