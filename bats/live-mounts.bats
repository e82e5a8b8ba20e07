# SPDX-License-Identifier: Apache-2.0
# mounts add and mounts remove: the mounts of a container that is there.
load helpers
load helpers-live-mounts

# ---- add

@test "a directory is bound, read-only" {
    living
    added "/mnt/a bind $BUNDLE/src bind,ro,nosuid"
    inside 'cat /mnt/a/file; touch /mnt/a/new 2>/dev/null || echo refused'
    assert_equal "$output" $'text\nrefused'
    look
    assert_mnt /mnt/a +ro +nosuid
    [ -d rootfs/mnt/a ]
}

@test "a file is bound, and its mount point created" {
    living
    added "/etc/deep/file bind $BUNDLE/src/file bind"
    inside 'cat /etc/deep/file'
    assert_equal "$output" text
    [ -f rootfs/etc/deep/file ]
}

@test "a relative source is in the bundle, a relative destination in the root" {
    living
    cd /
    added "mnt/a bind src bind"
    cd "$BUNDLE"
    inside 'cat /mnt/a/file'
    assert_equal "$output" text
}

@test "the container's own process sees the mount" {
    living sh -c 'while [ ! -e /mnt/a/file ]; do sleep 0.05; done; cat /mnt/a/file; exec payload pause'
    added "/mnt/a bind $BUNDLE/src bind"
    wait_until file_has text "$BATS_TEST_TMPDIR/out"
}

@test "rbind includes submounts, bind does not" {
    in_ns mkdir "$BUNDLE/src/sub"
    host_mount -t tmpfs tmpfs "$BUNDLE/src/sub"
    living
    added "/a bind $BUNDLE/src rbind,rro
/b bind $BUNDLE/src bind"
    look
    assert_mnt /a/sub +ro
    ! mnt /b/sub || fail_with "bind took it along"
}

@test "tmpfs with options" {
    living
    added "/mnt/t tmpfs tmpfs size=64k,mode=750,nodev,noexec"
    look
    assert_super /mnt/t +size=64k +mode=750
    assert_mnt /mnt/t +nodev +noexec
}

@test "tmpcopyup" {
    mkdir rootfs/full
    echo old >rootfs/full/file
    living
    added "/full tmpfs tmpfs tmpcopyup"
    inside 'cat /full/file; echo new >/full/file'
    assert_equal "$output" old
    assert_equal "$(cat rootfs/full/file)" old
}

@test "proc, sysfs, mqueue and devpts are of the container's namespaces" {
    living
    added "/n/proc proc proc
/n/sys sysfs sysfs ro
/n/mqueue mqueue mqueue
/n/pts devpts devpts newinstance,ptmxmode=0666"
    inside 'ls -d /n/proc/[0-9]* | wc -l; ls /n/sys/class/net; ls /n/pts'
    assert_equal "${lines[1]} ${lines[2]}" "lo ptmx"
    [ "${lines[0]}" -lt 6 ] || fail_with "the host's processes are seen"
    inside 'touch /dev/mqueue/word; ls /n/mqueue'
    assert_equal "$output" word
}

@test "cgroup" {
    living
    added "/n/cgroup cgroup cgroup ro"
    look
    assert_mnt /n/cgroup +ro +nosuid +nodev +noexec
    if cg_is_v2; then inside 'cat /n/cgroup/cgroup.procs'; else inside 'cat /n/cgroup/*/cgroup.procs /n/cgroup/*/tasks'; fi
    assert_output '^1$'
}

@test "overlay of the host's directories" {
    mkdir lower upper work
    echo low >lower/file
    living
    added "/over overlay overlay lowerdir=$BUNDLE/lower,upperdir=$BUNDLE/upper,workdir=$BUNDLE/work"
    inside 'cat /over/file; echo up >/over/new'
    assert_equal "$output" low
    assert_equal "$(cat upper/new)" up
}

@test "an option of one word too long for fsconfig" {
    local long
    long=$(printf 'l%.0s' {1..100})
    mkdir "$long"
    living
    add_fails 'mounts\[0\].options: .*255' "/over overlay overlay lowerdir=$BUNDLE/$long:$BUNDLE/$long:$BUNDLE/$long"
    added "/mnt/t tmpfs tmpfs silent,size=64k"
    look
    assert_super /mnt/t +size=64k
}

@test "propagation options" {
    host_mount --bind "$BUNDLE/src" "$BUNDLE/src"
    in_ns mount --make-shared "$BUNDLE/src"
    living
    added "/p bind $BUNDLE/src bind
/shared bind $BUNDLE/src bind,shared
/private bind $BUNDLE/src bind,private
/unbindable bind $BUNDLE/src bind,unbindable"
    look
    mnt /p && [[ $mnt_prop == master:* ]] || fail_with "$mnt_prop"
    mnt /shared && [[ $mnt_prop == shared:* ]] || fail_with "$mnt_prop"
    mnt /private && [ "$mnt_prop" = "" ]
    mnt /unbindable && [ "$mnt_prop" = unbindable ]
}

@test "a later mount of the host appears in the container, but not the reverse" {
    host_mount --bind "$BUNDLE/src" "$BUNDLE/src"
    in_ns mount --make-shared "$BUNDLE/src"
    in_ns mkdir "$BUNDLE/src/late" "$BUNDLE/src/inner"
    config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
    living
    added "/p bind $BUNDLE/src rbind"
    host_mount -t tmpfs tmpfs "$BUNDLE/src/late"
    look
    mnt /p/late
    inside 'mount -t tmpfs tmpfs /p/inner && grep -c /p/inner /proc/self/mountinfo'
    assert_equal "$output" 1
    run ! in_ns grep "$BUNDLE/src/inner" /proc/self/mountinfo
}

@test "an id-mapped bind" {
    chown 1000:1000 src/file
    living
    jq -n --arg source "$BUNDLE/src" '[{destination: "/m", source: $source, options: ["bind"],
        uidMappings: [{containerID: 1000, hostID: 2000, size: 1}], gidMappings: [{containerID: 1000, hostID: 3000, size: 1}]}]' >"$FILE"
    run_rt mounts add "$ID" "$FILE"
    [[ $output != *"cannot be mapped"* ]] || skip "this file system cannot be mapped"
    assert_status 0
    inside 'stat -c %u:%g /m/file'
    assert_equal "$output" 2000:3000
}

@test "one mount on top of another, and one below another" {
    living
    added "/a tmpfs tmpfs size=64k
/a/b bind $BUNDLE/src bind
/a tmpfs tmpfs size=128k"
    look
    assert_super /a +size=128k
}

@test "a hundred at once" {
    living
    jq -n --arg source "$BUNDLE/src" '[range(100) | {destination: "/m/d\(.)", source: $source, options: ["bind"]}, {destination: "/m/f\(.)", source: "\($source)/file", options: ["bind"]}]' >"$FILE"
    added
    assert_equal "$(grep -c ' /m/[df]' "/proc/$(init_pid)/mountinfo")" 200
    removed
    run ! grep ' /m/[df]' "/proc/$(init_pid)/mountinfo"
}

@test "an object with mounts, and stdin" {
    living
    jq -n '{ociVersion: "1.0.2", mounts: [{destination: "/t", type: "tmpfs"}], other: [1]}' >"$FILE"
    added
    look
    mnt /t
    echo ' [{"destination": "/u", "type": "tmpfs"}]' | rt mounts add "$ID" -
    look
    mnt /u
    echo '[{"destination": "/u"}]' | rt mounts remove "$ID" -
    look
    run ! mnt /u
    echo '[]' | rt mounts add "$ID" -
}

# ---- what cannot be added

@test "if a later mount fails, the earlier ones are removed" {
    living
    host_snapshot
    add_fails 'mounts\[3\]: open /nosuch' "/mnt/a bind $BUNDLE/src bind
/mnt/f bind $BUNDLE/src/file bind
/mnt/t tmpfs tmpfs
/mnt/x bind /nosuch bind"
    add_fails 'mounts\[1\]: make a tmpfs' "/mnt/a bind $BUNDLE/src bind
/mnt/t tmpfs tmpfs nosuchword"
    ln -s file "rootfs/mnt/link"
    add_fails 'mounts\[2\]: open the mount point' "/mnt/link bind $BUNDLE/src/file bind
/mnt/t tmpfs tmpfs silent
/mnt/f tmpfs tmpfs"
    assert_host_unchanged
}

@test "whatever step fails, nothing stays mounted" {
    berth_only
    living
    a_file "/mnt/a bind $BUNDLE/src bind
/mnt/f bind $BUNDLE/src/file bind
/mnt/t tmpfs tmpfs"
    local before steps i
    before=$(table)
    host_snapshot
    run_ok mounts add --dry-run "$ID" "$FILE"
    steps=${#lines[@]}
    assert_equal "$(table)" "$before"
    for ((i = 0; i < steps; i++)); do
        run_fails mounts add --fault "$i:28" "$ID" "$FILE"
        assert_output 'no space left|No space left'
        assert_equal "$(table)" "$before"
    done
    assert_host_unchanged
    added
    jq -e '.addedMounts | length > 0' "$ROOT/$ID/state.json"
}

@test "a command that is killed leaves nothing mounted" {
    berth_only
    living
    a_file "/mnt/a bind $BUNDLE/src bind
/mnt/t tmpfs tmpfs
/mnt/b bind $BUNDLE/src bind"
    local before i pid
    before=$(table)
    for i in 1 2 3 4 5 6 7 8; do
        setsid "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" mounts add "$ID" "$FILE" </dev/null 3>&- 4>&- &
        pid=$!
        time_for_faults "0.00$i"
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        wait_until session_is_over "$pid"
        [ "$(table)" = "$before" ] || { assert_equal "$(table | grep -c /mnt/)" 3 && removed; }
    done
}

@test "the container's root cannot be covered" {
    living
    ln -s / rootfs/top
    add_fails 'mounts\[0\]: mount tmpfs on /.*root file system' "/ tmpfs tmpfs"
    add_fails 'mounts\[0\]: mount tmpfs on /top.*root file system' "/top tmpfs tmpfs"
    add_fails 'root file system' "/mnt/.. tmpfs tmpfs silent"
    add_fails 'root file system' "/top bind $BUNDLE/src bind"
}

@test "remount is refused" {
    living
    add_fails 'mounts\[0\].options: remount' "/dev tmpfs tmpfs remount,ro"
}

@test "options are those of config.json" {
    living
    add_fails 'mounts\[0\].source: a bind mount needs one' "/a bind - bind"
    add_fails 'mounts\[0\].type: needed' "/a - -"
    add_fails 'mounts\[0\].destination: must not be empty' " tmpfs tmpfs"
    add_fails 'mounts\[1\].options: idmap' "/a tmpfs tmpfs
/b bind $BUNDLE/src bind,idmap=uids=0"
}

@test "broken JSON is an error with its position" {
    living
    echo '[{"destination": 1}]' >"$FILE"
    add_fails "^($FILE|.*$FILE):1:18: mounts\[0\].destination: expected a string, got a number"
    remove_fails 'mounts\[0\].destination: expected a string'
    echo '[{"type": "tmpfs"}]' >"$FILE"
    add_fails 'mounts\[0\].destination: is required but missing'
    echo '{"destination": "/a", "type": "tmpfs"}' >"$FILE"
    add_fails ':1:1: mounts: is required but missing'
    echo '{"mounts": {}}' >"$FILE"
    add_fails 'mounts: expected an array, got an object'
    echo '"word"' >"$FILE"
    add_fails 'mounts: expected an array, got a string'
    echo 'null' >"$FILE"
    add_fails 'mounts: expected an array, got null'
    echo '[{"destination": "/a"' >"$FILE"
    add_fails 'broken JSON'
    : >"$FILE"
    add_fails 'broken JSON'
    rm "$FILE"
    add_fails "$FILE.*[Nn]o such file"
}

@test "a file that is too large is named" {
    berth_only
    living
    truncate -s 1T "$FILE"
    add_fails "^read the mounts $FILE: file too large\$"
}

@test "an unknown container, a stopped one" {
    a_file "/t tmpfs tmpfs"
    run_fails mounts add "$ID" "$FILE"
    assert_output "\"$ID\" does not exist"
    run_fails mounts remove "$ID" "$FILE"
    assert_output "\"$ID\" does not exist"
    living true
    wait_status stopped
    run_fails mounts add "$ID" "$FILE"
    assert_output 'container not running'
    run_fails mounts remove "$ID" "$FILE"
    assert_output 'container not running'
}

@test "neither add nor remove, and the number of operands" {
    living
    a_file "/t tmpfs tmpfs"
    run_fails mounts put "$ID" "$FILE"
    run_fails mounts add "$ID"
    run_fails mounts add "$ID" "$FILE" more
    run_fails mounts
}

@test "a container without a mount namespace of its own" {
    config '.linux.namespaces |= map(select(.type != "mount")) | .mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths)'
    living
    a_file "/t tmpfs tmpfs"
    host_snapshot
    run_fails mounts add "$ID" "$FILE"
    assert_output 'mount namespace'
    assert_host_unchanged
}

@test "a created container, which sees it when it starts" {
    set_args cat /mnt/a/file
    create_c
    added "/mnt/a bind $BUNDLE/src bind"
    assert_equal "$(state_of)" created
    rt start "$ID"
    wait_until file_has text "$BATS_TEST_TMPDIR/out"
}

@test "a paused container" {
    has_freezer || skip "no freezer here"
    living
    rt pause "$ID"
    added "/mnt/a bind $BUNDLE/src bind
/mnt/c cgroup cgroup"
    look
    mnt /mnt/a
    removed
    look
    run ! mnt /mnt/a
    assert_equal "$(state_of)" paused
    rt resume "$ID"
}

@test "a container with a read-only root: only where a mount point is there" {
    mkdir -p rootfs/there
    config '.root.readonly = true'
    living
    added "/there tmpfs tmpfs"
    add_fails 'mounts\[0\]: open the mount point /new' "/new tmpfs tmpfs"
}

@test "a host pid namespace" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    living
    added "/mnt/a bind $BUNDLE/src bind"
    look
    mnt /mnt/a
    removed
}

@test "no process and no descriptor is left, and the memory of the command is not the container's" {
    living
    local before
    before=$(processes)
    host_snapshot
    added "/mnt/a bind $BUNDLE/src bind"
    assert_equal "$(processes)" "$before"
    removed
    rm -rf rootfs/mnt/a
    assert_host_unchanged
}

# ---- remove

@test "remove unmounts any mount, also of the config, with its submounts" {
    add_mount /conf tmpfs tmpfs
    living
    added "/conf/below tmpfs tmpfs
/mnt/f bind $BUNDLE/src/file bind"
    removed "/mnt/f - -
/conf - -"
    look
    ! mnt /conf || fail_with "/conf"
    ! mnt /conf/below || fail_with "/conf/below"
    ! mnt /mnt/f || fail_with "/mnt/f"
    assert_equal "$(cat src/file)" text
}

@test "remove uses only the normalised destination" {
    living
    added "/mnt/a bind $BUNDLE/src bind"
    removed "mnt/./b/../a/ tmpfs nosuch nosuch,bind"
    look
    run ! mnt /mnt/a
}

@test "remove unmounts the topmost mount, once for each time it is named" {
    living
    added "/t tmpfs tmpfs size=64k
/t tmpfs tmpfs size=128k"
    removed "/t - -"
    look
    assert_super /t +size=64k
    added "/t tmpfs tmpfs"
    removed "/t - -
/t - -"
    look
    run ! mnt /t
}

@test "a mount in use is unmounted, too" {
    add_mount /t tmpfs tmpfs
    set_sh 'cd /t; echo ready; exec sleep 1000'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    removed "/t - -"
    look
    run ! mnt /t
}

@test "if one destination is not a mount point, nothing is unmounted" {
    mkdir -p rootfs/dir
    living
    added "/t tmpfs tmpfs"
    remove_fails 'mounts\[1\].destination: find the mount on /dir: .*nothing is mounted there' "/t - -
/dir - -"
    remove_fails 'mounts\[1\].destination: find the mount on /nosuch: .*[Nn]o such file' "/t - -
/nosuch - -"
    remove_fails 'mounts\[0\].destination: .*root file system' "/ - -"
    remove_fails 'mounts\[0\].destination: must not be empty' " - -"
}

@test "a failing step of remove keeps what is not unmounted yet" {
    berth_only
    living
    added "/t tmpfs tmpfs
/u tmpfs tmpfs"
    local unmount
    run_ok mounts remove --dry-run "$ID" "$FILE"
    unmount=$(grep -m1 'unmount /t' <<<"$output" | awk '{print $1}')
    run_fails mounts remove --fault "$unmount:16" "$ID" "$FILE"
    assert_output 'mounts\[0\].destination: unmount /t'
    look
    mnt /t && mnt /u
}

# ---- checkpoint

@test "checkpoint refuses added mounts of the host's files while they exist" {
    berth_only
    living
    added "/mnt/a bind $BUNDLE/src bind
/mnt/c cgroup cgroup
/mnt/t tmpfs tmpfs"
    assert_equal "$(jq -c .addedMounts "$ROOT/$ID/state.json")" '["/mnt/a","/mnt/c"]'
    run_fails checkpoint --image-path "$BATS_TEST_TMPDIR/image" "$ID"
    assert_output 'cannot checkpoint .*/mnt/a was mounted by `mounts add`'
    assert_equal "$(state_of)" running
    removed
    assert_equal "$(jq -c ".addedMounts // []" "$ROOT/$ID/state.json")" "[]"
}

@test "checkpoint refuses mounts added below a link in the container, whatever became of the link" {
    berth_only
    command -v criu >/dev/null || skip "no criu here"
    living
    inside 'ln -s /mnt /link'
    added "/link/a bind $BUNDLE/src bind"
    inside 'rm /link; mkdir /link'
    run_fails checkpoint --image-path "$BATS_TEST_TMPDIR/image" "$ID"
    assert_output 'cannot checkpoint: .* /mnt/a '
    assert_equal "$(state_of)" running
}

@test "checkpoint refuses what is left of two mounts added at one place" {
    berth_only
    living
    added "/mnt/a bind $BUNDLE/src bind"
    added
    removed
    run_fails checkpoint --image-path "$BATS_TEST_TMPDIR/image" "$ID"
    assert_output 'cannot checkpoint .*/mnt/a was mounted by `mounts add`'
    removed
    assert_equal "$(jq -c ".addedMounts // []" "$ROOT/$ID/state.json")" "[]"
}
