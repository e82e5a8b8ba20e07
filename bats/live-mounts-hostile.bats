# SPDX-License-Identifier: Apache-2.0
# mounts add and mounts remove in a container that means harm.
load helpers
load helpers-live-mounts

setup_file() {
    ${CC:-gcc} -static -O1 -Wall -Wextra -o "$BATS_FILE_TMPDIR/swapper" "$BATS_TEST_DIRNAME/swapper.c"
}

@test "hostile: symbolic links in a destination do not lead out" {
    canary "$BATS_TEST_TMPDIR/canary"
    ln -s "$CANARY/dir" rootfs/abs
    ln -s ../../../../../../../../../../../../../../../../../../.."$CANARY/dir" rootfs/up
    living
    host_snapshot
    added "/abs/sub tmpfs tmpfs size=64k
/up/file bind $BUNDLE/src/file bind"
    assert_canary
    look
    assert_super "$CANARY/dir/sub" +size=64k
    mnt "$CANARY/dir/file"
    rm -rf "rootfs${BATS_TEST_TMPDIR%%/bats*}"/bats*
    assert_canary
}

@test "hostile: magic links of /proc are not followed" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    ln -s /proc/1/root rootfs/host
    ln -s /proc/self/cwd rootfs/cwd
    living
    add_fails 'mounts\[0\]: open the mount point /host/tmp/' "/host/tmp/berth-canary tmpfs tmpfs"
    add_fails 'mounts\[0\]: open the mount point /cwd' "/cwd tmpfs tmpfs"
    add_fails 'mounts\[0\]: open the mount point /proc/1/root' "/proc/1/root/mnt tmpfs tmpfs"
    remove_fails 'mounts\[0\].destination: find the mount on /proc/1/root/proc' "/proc/1/root/proc - -"
    [ ! -e /tmp/berth-canary ]
}

@test "hostile: proc is not mounted over a symbolic link" {
    ln -s mnt rootfs/link
    living
    add_fails 'mounts\[0\]: open the mount point /link' "/link proc proc"
    add_fails 'mounts\[0\]: open the mount point /link/x' "/link/x sysfs sysfs"
}

@test "hostile: remove follows no symbolic link to a mount that protects the host" {
    ln -s /proc/sys rootfs/mnt/sys
    ln -s /proc rootfs/mnt/proc
    config '.linux.readonlyPaths = ["/proc/sys"]'
    living
    remove_fails 'mounts\[0\].destination: find the mount on /mnt/sys: .*symbolic link' "/mnt/sys - -"
    remove_fails 'mounts\[0\].destination: find the mount on /mnt/proc/sys: .*symbolic link' "/mnt/proc/sys - -"
    inside 'echo x 2>/dev/null >/proc/sys/kernel/hostname || echo protected'
    assert_equal "$output" protected
}

@test "hostile: the source is the host's, whatever the container has by that name" {
    mkdir -p "rootfs$BUNDLE/src"
    echo fake >"rootfs$BUNDLE/src/file"
    mkdir -p rootfs/lower
    echo fake >rootfs/lower/file
    living
    added "/mnt/a bind $BUNDLE/src bind"
    inside 'cat /mnt/a/file'
    assert_equal "$output" text
    add_fails 'mounts\[0\]: make a overlay' "/over overlay overlay lowerdir=/lower:/lower"
}

@test "hostile: fifos, sockets and devices as mount points" {
    mkfifo rootfs/fifo
    living
    added "/fifo bind $BUNDLE/src/file bind"
    inside 'cat /fifo'
    assert_equal "$output" text
    add_fails 'mounts\[0\]: open the mount point /fifo' "/fifo tmpfs tmpfs"
    removed "/fifo - -"
    [ -p rootfs/fifo ]
}

# race PATH COMMAND...: while PATH of the root file system and a link to the canary change places
race() {
    local until=$((SECONDS + 2)) path=$1
    shift
    canary "$BATS_TEST_TMPDIR/canary"
    mkdir -p "rootfs/$path"
    ln -s "../../../../../../../../../../../../../$CANARY/dir" "rootfs/$path.evil"
    living
    BEFORE=$(table | wc -l)
    "$BATS_FILE_TMPDIR/swapper" "rootfs/$path" "rootfs/$path.evil" 3>&- &
    SWAPPER=$!
    host_snapshot
    while ((SECONDS < until)); do
        "$@"
        [ "$status" -ne 124 ] || fail_with "it hangs"
        assert_canary
    done
    kill -0 "$SWAPPER" || fail_with "the swapper is gone"
    kill "$SWAPPER"
    wait "$SWAPPER" 2>/dev/null || true
    assert_host_unchanged
}

# They may be anywhere in the container: all or nothing of them has to be there.
add_in_race() {
    run_rt mounts add "$ID" "$FILE"
    [ "$status" -ne 0 ] || BEFORE=$((BEFORE + 3))
    assert_equal "$(table | wc -l)" "$BEFORE"
}

@test "race: the parent of mount points is swapped with a link" {
    a_file "/data/deep/dir bind $BUNDLE/src bind
/data/deep/file bind $BUNDLE/src/file bind
/data/t tmpfs tmpfs"
    race data add_in_race
}

@test "race: mounts that fail late are unmounted wherever they are" {
    berth_only
    a_file "/data/deep/dir bind $BUNDLE/src bind
/data/deep/file bind $BUNDLE/src/file bind
/data/t tmpfs tmpfs
/x bind /nosuch bind"
    fail_in_race() {
        run_fails mounts add "$ID" "$FILE"
        assert_equal "$(table | wc -l)" "$BEFORE"
    }
    race data fail_in_race
}

@test "hostile: a container that stops the process of mounts blocks no other command" {
    berth_only
    local pid
    mkdir rootfs/full
    for pid in {1..3000}; do : >"rootfs/full/$pid"; done
    living sh -c 'while :; do for p in /proc/[0-9]*; do p=${p#/proc/}; [ "$p" = 1 ] || kill -STOP "$p" 2>/dev/null; done; done'
    a_file "/full tmpfs tmpfs tmpcopyup"
    wait_until stops_in_time
    ! has_controller pids || run_ok update --pids-limit 100 "$ID"
    run_ok delete --force "$ID"
    status=0
    wait "$ADDER" || status=$?
    assert_equal "$status" 1
}

# stops_in_time: the container stops the process of `mounts add`, which is $ADDER, before that has attached the mount
stops_in_time() {
    local before
    before=$(table | grep -c ' /full ' || true)
    rt mounts add "$ID" "$FILE" </dev/null >/dev/null 2>&1 &
    ADDER=$!
    wait_until eval 'has_stopped_one || ! kill -0 "$ADDER" 2>/dev/null'
    [ -z "$STOPPED" ] || [ "$(table | grep -c ' /full ')" -ne "$before" ] || return 0
    [ -z "$STOPPED" ] || kill -KILL "$STOPPED"
    wait "$ADDER" || true
    return 1
}

# As $STOPPED: a stopped process in the container's PID namespace
has_stopped_one() {
    STOPPED=$(ps -eo pid=,stat=,pidns= | awk -v ns="$(readlink "/proc/$(init_pid)/ns/pid" | tr -dc 0-9)" '$3 == ns && $2 ~ /^T/ {print $1}')
    [ -n "$STOPPED" ]
}

@test "a container that exits meanwhile is named as the reason" {
    berth_only "the calls are berth's"
    command -v strace >/dev/null || skip "no strace here"
    living sh -c 'while [ ! -e /mnt/a/file ]; do sleep 0.05; done'
    a_file "/mnt/a bind $BUNDLE/src bind"
    status=0
    output=$(timeout -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" strace -f -qq -o "$BATS_TEST_TMPDIR/calls" \
        -e trace=move_mount -e inject=move_mount:signal=STOP "$RUNTIME" --root "$ROOT" mounts add "$ID" "$FILE" 2>&1) || status=$?
    assert_status 1
    assert_output "container not running: \"$ID\" is stopped"
    refute_output 'memory.limit'
}
