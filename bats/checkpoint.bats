# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore. Most tests need a kernel that criu works on, as that of the guest `tests/vm/bats -k qemu` with criu 3.17.
load helpers
load helpers-cgroups

needs_criu() {
    command -v criu >/dev/null || skip "no criu"
    criu check >"$BATS_TEST_TMPDIR/check" 2>&1 || skip "criu check: $(grep -im 1 'error\|fail' "$BATS_TEST_TMPDIR/check" | cut -c1-100)"
}

test_setup() {
    export RT_TIMEOUT=60
    IMAGE=$BATS_TEST_TMPDIR/image
    WORK=$BATS_TEST_TMPDIR/work
    mkdir "$WORK"
}

test_teardown() { [ -z "${RECEIVER:-}" ] || kill "$RECEIVER" 2>/dev/null || true; }

# A loop that counts in the file /count, and says the number to its stdout.
COUNT='i=0; while :; do i=$((i + 1)); echo $i >/count.new; mv /count.new /count; echo $i; usleep 20000; done'

# started_c [SCRIPT]: a container whose output is a pipe, which ends in the file said
started_c() {
    needs_criu
    set_sh "${1:-$COUNT}"
    rt create --bundle "$BUNDLE" "$ID" </dev/null > >(exec cat >"$BATS_TEST_TMPDIR/said" 3>&-) 2>"$BATS_TEST_TMPDIR/err" ||
        fail_with "create failed: $(cat "$BATS_TEST_TMPDIR/err")"
    rt start "$ID"
}

counting() {
    started_c "$@"
    wait_until counted_beyond 3
}

counted() { cat "${1:-rootfs/count}" 2>/dev/null || echo 0; }
counted_beyond() { [ "$(counted)" -gt "$1" ]; }

# With crun and runc the image goes where the log goes, too.
checkpoint_c() {
    run_rt checkpoint --image-path "$IMAGE" --work-path "$WORK" "$@" "$ID"
    [ "$status" -eq 0 ] || fail_with "checkpoint failed: $(grep -a Error "$WORK/dump.log" | tail -n 5)"
}

# restore_c [ID [OPTION...]]: its output goes to the file said2
restore_c() {
    local id=${1:-$ID}
    shift || true
    rt restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$@" "$id" \
        </dev/null > >(exec cat >"$BATS_TEST_TMPDIR/said2" 3>&-) 2>"$BATS_TEST_TMPDIR/err2" ||
        fail_with "restore failed: $(cat "$BATS_TEST_TMPDIR/err2") $(grep -a Error "$WORK/restore.log" | tail -n 5)"
}

goes_on_from() {
    wait_until counted_beyond "$1"
    [ "$(counted)" -lt $(($1 + 500)) ] || fail_with "it has begun anew"
}

stands_still() {
    local at
    at=$(counted)
    sleep 0.3
    assert_equal "$(counted)" "$at"
}

# --- what is restored -------------------------------------------------------------------------

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

@test "a file as stdout goes on into the one that restore has" {
    berth_only "a file from outside is an error for others"
    needs_criu
    set_sh "$COUNT"
    create_c
    rt start "$ID"
    wait_until counted_beyond 3
    checkpoint_c
    rt restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID" </dev/null >"$BATS_TEST_TMPDIR/out2" 2>&1
    wait_until file_has '^[0-9]' "$BATS_TEST_TMPDIR/out2"
    [ "$(head -n 1 "$BATS_TEST_TMPDIR/out2")" -ge "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" ]
}

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
    ip netns add "$ID"
    config "(.linux.namespaces[] | select(.type == \"network\")).path = \"/run/netns/$ID\""
    in_ns sh -c "mkdir -p /run/netns && touch /run/netns/$ID && mount --bind /proc/1/root/run/netns/$ID /run/netns/$ID"
    counting
    checkpoint_c
    restore_c
    local at
    at=$(stat -Lc %i "/proc/$(init_pid)/ns/net")
    assert_equal "$at" "$(stat -Lc %i "/run/netns/$ID")"
    rt delete --force "$ID"
    in_ns sh -c "umount /run/netns/$ID; rm /run/netns/$ID"
    ip netns del "$ID"
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

# --- what goes wrong --------------------------------------------------------------------------

@test "restore without an image fails and leaves nothing" {
    needs_criu
    host_snapshot
    run_fails restore --bundle "$BUNDLE" --image-path "$BATS_TEST_TMPDIR/none" --work-path "$WORK" --detach "$ID"
    [ "$RT_KIND" != berth ] || assert_output 'image-path.*none: no such file'
    mkdir "$IMAGE"
    run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID"
    [ "$RT_KIND" != berth ] || assert_output 'criu failed: Error .*restore\.log'
    assert_host_unchanged
}

@test "restore of an id in use fails, and that container goes on" {
    counting
    checkpoint_c --leave-running
    local pid
    pid=$(init_pid)
    run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID"
    assert_output 'exist'
    assert_equal "$(init_pid)" "$pid"
    assert_equal "$(state_of)" running
}

@test "a container that criu cannot dump goes on, and the error has the end of criu's log" {
    needs_criu
    mkdir one
    counting "{ payload stat / >/dev/null; }; mkfifo /f; $COUNT"
    # A mount that the runtime knows nothing of.
    nsenter -t "$(init_pid)" -m mount -t tmpfs -o size=1m tmpfs "$PWD/one" 2>/dev/null || true
    nsenter -t "$(init_pid)" -n ip link add type vcan 2>/dev/null || nsenter -t "$(init_pid)" -n ip link add d0 type dummy
    run_fails checkpoint --image-path "$IMAGE" --work-path "$WORK" "$ID"
    [ "$RT_KIND" != berth ] || assert_output 'criu failed: Error .*dump\.log'
    assert_equal "$(state_of)" running
    local at
    at=$(counted)
    wait_until counted_beyond "$at"
}

@test "a hook that fails ends the restore, and leaves nothing" {
    counting
    checkpoint_c
    host_snapshot
    config '.hooks = {createRuntime: [{path: "/bin/false"}]}'
    run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID"
    [ "$RT_KIND" != berth ] || assert_output 'hooks.createRuntime\[0\]'
    assert_host_unchanged
}

@test "a limit that cannot be set ends the restore, and leaves nothing" {
    berth_only
    needs_v2
    counting
    checkpoint_c
    host_snapshot
    resources 'unified: {"memory.high": "nonsense"}'
    run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID"
    assert_output 'linux.resources'
    assert_host_unchanged
}

@test "what is killed in the middle can be deleted" {
    counting
    local i job
    for i in 0.05 0.4 1; do
        rt_exec checkpoint --leave-running --image-path "$IMAGE" --work-path "$WORK" "$ID" </dev/null >/dev/null 2>&1 &
        job=$!
        sleep "$i"
        kill -KILL "$job" 2>/dev/null || true
        wait "$job" || true
        wait_until no_criu
    done
    RT_TIMEOUT=20 run_ok delete --force "$ID"
    assert_nothing_left
}

no_criu() { ! pgrep -x criu >/dev/null; }

@test "a restore that is killed in the middle can be deleted" {
    berth_only
    counting
    local i job
    checkpoint_c
    for i in 0.1 0.3 0.6 1; do
        rt_exec restore --detach --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" "$ID" </dev/null 2>&1 >/dev/null &
        job=$!
        sleep "$i"
        kill -KILL "$job" 2>/dev/null || true
        wait "$job" || true
        wait_until no_criu
        run_ok delete --force "$ID"
        assert_nothing_left
    done
}

@test "containers that do not run cannot be checkpointed" {
    run_fails checkpoint --image-path "$IMAGE" "$ID"
    assert_output 'does not exist'
    set_args true
    create_c
    [ "$RT_KIND" != berth ] || {
        run_fails checkpoint --image-path "$IMAGE" "$ID"
        assert_output 'is created'
    }
    rt start "$ID"
    wait_status stopped
    run_fails checkpoint --image-path "$IMAGE" "$ID"
    [ "$RT_KIND" != berth ] || assert_output 'container not running'
    [ ! -e "$IMAGE" ] || [ "$RT_KIND" != berth ]
}

@test "a missing criu is named, with what helps" {
    berth_only
    set_args payload pause
    create_c
    rt start "$ID"
    status=0
    in_ns /usr/bin/env PATH=/nowhere "$RUNTIME" --root "$ROOT" checkpoint --image-path "$IMAGE" "$ID" >"$BATS_TEST_TMPDIR/run-out" 2>&1 ||
        status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 1
    assert_output 'no program criu in /nowhere: install it'
    assert_equal "$(state_of)" running
    [ ! -e "$IMAGE" ]
}

# --- the command line -------------------------------------------------------------------------

@test "the help, and an option without its value, are as engines look for them" {
    run_ok checkpoint --help
    assert_output 'leave-running'
    run_fails restore --lsm-mount-context
    assert_output 'flag needs an argument'
}

@test "wrong values of options are named" {
    berth_only
    needs_criu
    counting
    local option
    for option in --manage-cgroups-mode=x --network-lock=x --empty-ns=ipc --page-server=x --page-server=x:0 --status-fd=77 --network-lock=skip; do
        run_fails checkpoint --image-path "$IMAGE" --work-path "$WORK" "$option" "$ID"
        assert_output "${option%%=*}"
    done
    assert_equal "$(state_of)" running
}

@test "features says that there is checkpoint" {
    berth_only
    run_ok features
    assert_equal "$(jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]' <<<"$output")" true
    jq -e '.potentiallyUnsafeConfigAnnotations | index("org.criu.config")' <<<"$output"
}
