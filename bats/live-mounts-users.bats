# SPDX-License-Identifier: Apache-2.0
# mounts add and mounts remove in user namespaces, and of users without root's rights.
load helpers
load helpers-live-mounts

users() {
    user_namespace
    find rootfs -type d -exec chown 100000:100000 {} +
}

@test "user namespace: new file systems, and binds of paths that its root may and may not reach" {
    chmod 700 src
    users
    living
    added "/mnt/a bind $BUNDLE/src bind,ro
/mnt/t tmpfs tmpfs size=64k
/mnt/p proc proc
/mnt/m mqueue mqueue
/mnt/c cgroup cgroup"
    look
    assert_mnt /mnt/a +ro
    inside 'echo x >/mnt/t/file; stat -c %u /mnt/t/file; ls /mnt/p/1/status'
    assert_equal "$output" $'0\n/mnt/p/1/status'
    assert_equal "$(stat -c %u rootfs/mnt/t)" 100000
    removed
    look
    ! mnt /mnt/a || fail_with "it is still there"
}

@test "user namespace: a bind of a path that its root may not reach is undone, too" {
    chmod 700 src
    users
    living
    add_fails 'mounts\[2\]: make a tmpfs' "/mnt/a bind $BUNDLE/src bind
/mnt/f bind $BUNDLE/src/file bind
/mnt/t tmpfs tmpfs nosuchword"
}

@test "user namespace: the host's mounts do not get those of the container" {
    host_mount --bind "$BUNDLE/src" "$BUNDLE/src"
    in_ns mount --make-shared "$BUNDLE/src"
    in_ns mkdir "$BUNDLE/src/inner"
    users
    config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
    living
    added "/p bind $BUNDLE/src bind"
    inside 'mount -t tmpfs tmpfs /p/inner && grep -c /p/inner /proc/self/mountinfo'
    assert_equal "$output" 1
    run ! in_ns grep "$BUNDLE/src/inner" /proc/self/mountinfo
}

@test "user namespace: overlay, and an id-mapped mount" {
    mkdir lower
    echo low >lower/file
    chown 1000:1000 src/file
    users
    living
    jq -n --arg b "$BUNDLE" '[{destination: "/over", type: "overlay", source: "overlay", options: ["lowerdir=\($b)/lower:\($b)/src"]},
        {destination: "/m", source: "\($b)/src", options: ["bind", "idmap"],
        uidMappings: [{containerID: 1000, hostID: 100005, size: 1}], gidMappings: [{containerID: 1000, hostID: 100006, size: 1}]}]' >"$FILE"
    run_rt mounts add "$ID" "$FILE"
    [[ $output != *"cannot be mapped"* ]] || skip "this file system cannot be mapped"
    assert_status 0
    inside 'cat /over/file; stat -c %u:%g /m/file'
    assert_equal "$output" $'low\n5:6'
}

@test "unprivileged: binds and new file systems, added and removed" {
    living_rootless
    a_file "/mnt/a bind $BUNDLE/src rbind,ro
/mnt/f bind $BUNDLE/src/file bind
/mnt/t tmpfs tmpfs size=64k
/mnt/p proc proc"
    as_user mounts add "$ID" "$FILE"
    assert_status 0
    look
    assert_mnt /mnt/a +ro
    mnt /mnt/f && mnt /mnt/p
    as_user exec "$ID" cat /mnt/a/file
    assert_equal "$output" text
    as_user mounts remove "$ID" "$FILE"
    assert_status 0
    look
    ! mnt /mnt/a || fail_with "it is still there"
}

@test "unprivileged, without a user namespace in the config" {
    berth_only "runc needs one"
    cgroupfs_only
    rootless 54321
    config '.linux.namespaces |= map(select(.type != "user"))' 'del(.linux.uidMappings, .linux.gidMappings)'
    set_args payload pause
    as_user run -d --bundle "$BUNDLE" "$ID"
    assert_status 0
    a_file "/mnt/a bind $BUNDLE/src rbind,ro
/mnt/t tmpfs tmpfs size=64k
/mnt/pts devpts devpts gid=5"
    as_user mounts add "$ID" "$FILE"
    assert_status 0
    look
    mnt /mnt/t && mnt /mnt/pts
    as_user exec "$ID" cat /mnt/a/file
    assert_equal "$output" text
    as_user mounts remove "$ID" "$FILE"
    assert_status 0
}

@test "unprivileged: a path that the user may not reach is refused without a trace" {
    living_rootless
    mkdir -m 700 "$BATS_TEST_TMPDIR/closed"
    mkdir "$BATS_TEST_TMPDIR/closed/src"
    local before
    before=$(table)
    a_file "/mnt/a bind $BUNDLE/src bind
/mnt/b bind $BATS_TEST_TMPDIR/closed/src bind"
    as_user mounts add "$ID" "$FILE"
    assert_failed
    assert_output 'mounts\[1\]: open .*/closed/src.*[Pp]ermission denied'
    assert_equal "$(table)" "$before"
    a_file "/mnt/a bind $BUNDLE/src bind,idmap=uids=0-1-1;gids=0-1-1"
    as_user mounts add "$ID" "$FILE"
    assert_failed
    assert_output 'mounts\[0\]: map its ids'
}

@test "unprivileged: overlay, if the kernel lets a user namespace mount it" {
    living_rootless
    mkdir lower
    echo low >lower/file
    chown "$USER_ID:$USER_ID" lower
    a_file "/over overlay overlay lowerdir=$BUNDLE/lower:$BUNDLE/src"
    as_user mounts add "$ID" "$FILE"
    [[ $output != *"not permitted"* ]] || skip "this kernel does not"
    assert_status 0
    as_user exec "$ID" cat /over/file
    assert_equal "$output" low
}

@test "root may add mounts to an unprivileged user's container" {
    living_rootless
    added "/mnt/a bind $BUNDLE/src bind"
    as_user exec "$ID" cat /mnt/a/file
    assert_equal "$output" text
    removed
}
