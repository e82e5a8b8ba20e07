# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore: what comes back. Its other files: -cgroups, -namespaces, -options, -labels, -bad.
load helpers
load helpers-criu

@test "a restored container continues where it was, and can be used as before" {
    own_network
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

@test "after a checkpoint the container is gone without a trace" {
    host_snapshot
    counting
    checkpoint_c
    run_fails state "$ID"
    assert_output 'does not exist'
    assert_host_unchanged
}

@test "--leave-running: the container keeps running, and the image is valid" {
    counting
    local at
    checkpoint_c --leave-running
    at=$(counted)
    assert_equal "$(state_of)" running
    wait_until counted_beyond $((at + 3))
    rt delete --force "$ID"
    echo 0 >rootfs/count
    # It may have been open.
    : >rootfs/count.new
    restore_c
    wait_until counted_beyond $((at - 3))
    # Without paths image and log are in the directory checkpoint.
    run_ok checkpoint --leave-running "$ID"
    [ -e checkpoint/inventory.img ]
    [ -e checkpoint/dump.log ]
}

@test "a checkpoint of a restored container" {
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

@test "processes keep their ids, and the container's tmpfs its content" {
    counting 'echo kept >/dev/shm/note; sh -c '\''echo $$ >/child; while :; do usleep 20000; done'\'' & echo $! >/known; '"$COUNT"
    wait_until file_has '[0-9]' rootfs/child
    checkpoint_c
    restore_c
    local child
    child=$(cat rootfs/known)
    run_ok exec "$ID" cat "/proc/$child/stat" /dev/shm/note
    assert_output "^$child .* [0-9]+ 1 "
    assert_output '^kept$'
}

@test "a pipe as stdout is replaced by the stdout of restore" {
    counting
    checkpoint_c
    restore_c
    wait_until file_has '[0-9]' "$BATS_TEST_TMPDIR/said2"
    # The container may have said more than the reader of its pipe has written.
    wait_until has_ended "$SAYER"
    local last first
    last=$(tail -n 1 "$BATS_TEST_TMPDIR/said")
    first=$(head -n 1 "$BATS_TEST_TMPDIR/said2")
    [ "$first" -ge "$last" ] && [ "$first" -le $((last + 3)) ] || fail_with "$last, then $first"
}

@test "a file as stdout is appended to" {
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

@test "bind mounts are those of config.json with the same destination; missing mount points are created" {
    mkdir one two three
    echo first >one/file
    echo second >two/file
    echo single >single
    config ".mounts += [{destination: \"/mnt/dir\", type: \"bind\", source: \"$PWD/one\", options: [\"rbind\", \"ro\"]},
        {destination: \"/data/deep\", type: \"bind\", source: \"$PWD/three\", options: [\"bind\"]},
        {destination: \"/mnt/file\", type: \"bind\", source: \"$PWD/single\", options: [\"bind\"]}]"
    counting
    checkpoint_c
    rmdir rootfs/data/deep rootfs/data
    config ".mounts[-3].source = \"$PWD/two\""
    restore_c
    run_ok exec "$ID" cat /mnt/dir/file /mnt/file
    assert_equal "$output" $'second\nsingle'
}

@test "a missing mount point inside a bind mount is created again" {
    mkdir -p src/below inner
    echo single >single
    touch src/file
    config ".mounts += [{destination: \"/data\", type: \"bind\", source: \"$PWD/src\", options: [\"bind\"]},
        {destination: \"/data/below/deep\", type: \"bind\", source: \"$PWD/inner\", options: [\"bind\"]},
        {destination: \"/data/file\", type: \"bind\", source: \"$PWD/single\", options: [\"bind\"]}]"
    counting
    checkpoint_c
    rmdir src/below/deep src/below
    rm src/file
    restore_c
    run_ok exec "$ID" cat /data/file
    assert_equal "$output" single
}

@test "mounts that the container has made itself, from a bind mount and below one" {
    mkdir -p src/part src/below
    echo text >src/part/file
    config ".mounts += [{destination: \"/data\", type: \"bind\", source: \"$PWD/src\", options: [\"rbind\"]}]" \
        '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
    counting "mkdir /part /whole; mount -o bind /data/part /part; mount -o bind /data /whole
        mount -t tmpfs tmpfs /data/below; echo kept >/data/below/note; $COUNT"
    checkpoint_c
    restore_c
    run_ok exec "$ID" cat /part/file /whole/part/file /data/below/note
    assert_equal "$output" $'text\ntext\nkept'
}

@test "a cgroup file system that the container has mounted itself" {
    config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
    counting "mkdir /own; mount -t cgroup2 cgroup2 /own; $COUNT"
    checkpoint_c
    restore_c
    run_ok exec "$ID" grep ' /own ' /proc/self/mountinfo
    assert_output '- cgroup2 '
}

@test "the host's root file system, bound recursively" {
    config '.mounts += [{destination: "/host", type: "bind", source: "/", options: ["rbind"]}]'
    counting
    local before
    before=$(grep -c ' /host' "/proc/$(init_pid)/mountinfo")
    checkpoint_c
    restore_c
    assert_equal "$(grep -c ' /host' "/proc/$(init_pid)/mountinfo")" "$before"
    run_ok exec "$ID" test -e "/host$BUNDLE/config.json"
}

@test "copy-symlink: the link and its target are restored with the root file system" {
    berth_only "crun 1.8 does not know it yet"
    mkdir src
    echo text >src/file
    ln -s /lib/copied link
    config ".mounts += [{destination: \"/place\", type: \"bind\", source: \"$BUNDLE/link\", options: [\"bind\", \"copy-symlink\"]},
        {destination: \"/lib/copied\", type: \"tmpfs\", source: \"tmpfs\"}]"
    counting "echo kept >/place/note; $COUNT"
    checkpoint_c
    restore_c
    run_ok exec "$ID" sh -c 'readlink /place; cat /place/note'
    assert_equal "$output" $'/lib/copied\nkept'
}

@test "src-nofollow, dest-nofollow: mounts of symbolic links are refused, and the container keeps running" {
    berth_only "crun 1.8 does not know them yet"
    ln -s "$BUNDLE/single" link
    echo single >single
    ln -s count rootfs/link
    config ".mounts += [{destination: \"/place\", type: \"bind\", source: \"$BUNDLE/link\", options: [\"bind\", \"src-nofollow\"]}]"
    counting
    run_fails checkpoint --image-path "$IMAGE" "$ID"
    assert_output '^mounts\[[0-9]+\].options: src-nofollow: criu cannot'
    assert_equal "$(state_of)" running
    rt delete --force "$ID"
    config ".mounts[-1] = {destination: \"/link\", type: \"bind\", source: \"$BUNDLE/single\", options: [\"bind\", \"dest-nofollow\"]}"
    rm -f rootfs/count
    counting
    run_fails checkpoint --image-path "$IMAGE" "$ID"
    assert_output '^mounts\[[0-9]+\].options: dest-nofollow: criu cannot'
    assert_equal "$(state_of)" running
    # Where there are no links they are like all others.
    rt delete --force "$ID"
    config ".mounts[-1] = {destination: \"/other\", type: \"bind\", source: \"$BUNDLE/single\", options: [\"bind\", \"src-nofollow\", \"dest-nofollow\"]}"
    rm -f rootfs/count
    counting
    checkpoint_c
    restore_c
    run_ok exec "$ID" cat /other
    assert_output '^single$'
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

@test "the terminal is sent to the console socket" {
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

@test "in the foreground restore exits with the container's status" {
    counting 'i=0; until [ -e /go ]; do i=$((i + 1)); echo $i >/count; usleep 20000; done; exit 7'
    checkpoint_c
    local at
    at=$(counted)
    (wait_until counted_beyond "$at"; touch rootfs/go) 3>&- &
    status=0
    rt restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" "$ID" </dev/null 2>"$BATS_TEST_TMPDIR/err2" | cat ||
        true
    status=${PIPESTATUS[0]}
    assert_status 7
    run_fails state "$ID"
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

@test "the annotation org.criu.config names criu's configuration file" {
    echo 'log-file other.log' >criu.conf
    config ".annotations = {\"org.criu.config\": \"$PWD/criu.conf\"}"
    counting
    checkpoint_c
    [ -s "$WORK/other.log" ]
}

@test "without the annotation the file of berth, crun or runc is used" {
    berth_only "each has its own file, crun 1.8 none"
    local name
    for name in runc crun; do
        [ ! -e "/etc/criu/$name.conf" ] || skip "there is one on this host"
    done
    needs_criu
    in_ns sh -c 'mkdir -p /etc/criu && mount -t tmpfs tmpfs /etc/criu && echo "log-file runc.log" >/etc/criu/runc.conf'
    counting
    rt checkpoint --image-path "$IMAGE" --work-path "$WORK" --leave-running "$ID" || status=1
    in_ns sh -c 'echo "log-file crun.log" >/etc/criu/crun.conf'
    rt checkpoint --image-path "$IMAGE-2" --work-path "$WORK" --leave-running "$ID" || status=1
    in_ns umount /etc/criu
    [ -s "$WORK/runc.log" ] && [ -s "$WORK/crun.log" ]
}

# --- images after images ----------------------------------------------------------------------
