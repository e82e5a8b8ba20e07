#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The root file system: root.path, root.readonly, linux.rootfsPropagation, and that nothing of it reaches the host.

load helpers
load helpers-fs

@test "the old root is gone from the mount table" {
    config '.mounts |= map(select(.type == "proc"))' '.linux.maskedPaths = []' '.linux.readonlyPaths = []'
    run_mountinfo
    assert_equal "$(cut -d' ' -f5 <<<"$output" | tr '\n' ' ')" "/ /proc "
}

@test "the parent of / is / itself" {
    echo here >rootfs/marker
    run_sh 'cd /; cd ../../..; pwd; cat marker; cat /../../marker'
    assert_status 0
    assert_equal "$output" $'/\nhere\nhere'
}

@test "no mount of the container is visible on the host" {
    host_mount --bind "$BUNDLE" "$BUNDLE"
    in_ns mount --make-shared "$BUNDLE"
    set_args sleep 1000
    add_mount /data tmpfs tmpfs
    host_snapshot
    create_c
    rt start "$ID"
    diff <(grep '^mount' "$BATS_TEST_TMPDIR/host-before") <(host_lines | grep '^mount') || fail_with "mounts leaked"
}

@test "root.path may be relative to the bundle" {
    mkdir other && mv rootfs other/root
    config '.root.path = "other/../other/root/"'
    cd /
    run_c
    assert_status 0
}

@test "root.path may be absolute" {
    mkdir "$BATS_TEST_TMPDIR/elsewhere" && mv rootfs "$BATS_TEST_TMPDIR/elsewhere/root"
    config ".root.path = \"$BATS_TEST_TMPDIR/elsewhere/root\""
    run_c
    assert_status 0
}

@test "root.path may have spaces and non-ASCII letters" {
    mv rootfs $'ro ot\t– ü'
    config '.root.path = "ro ot\t– ü"'
    run_mountinfo
}

@test "root.path may be a symbolic link" {
    mv rootfs real && ln -s real rootfs
    run_c
    assert_status 0
}

@test "root.path may lead through a symbolic link" {
    mkdir real && mv rootfs real/rootfs && ln -s real link
    config '.root.path = "link/rootfs"'
    run_c
    assert_status 0
}

@test "the bundle may be given relative to the current directory" {
    cd ..
    run rt run --bundle ./b "$ID" </dev/null
    assert_status 0
}

@test "without --bundle the current directory is the bundle" {
    run rt run "$ID" </dev/null
    assert_status 0
}

@test "the bundle may be a symbolic link" {
    ln -s b "$BATS_TEST_TMPDIR/link"
    run rt run --bundle "$BATS_TEST_TMPDIR/link" "$ID" </dev/null
    assert_status 0
}

@test "root.path may be a mount point of the host" {
    host_mount -t tmpfs tmpfs rootfs
    cp -a "$SUITE_DIR/rootfs/." "/proc/$SUITE_NS/root$BUNDLE/rootfs/"
    run_c
    assert_status 0
}

@test "mounts of the host below root.path are in the container" {
    host_mount -t tmpfs -o size=64k tmpfs "$BUNDLE/rootfs/mnt"
    run_mountinfo
    assert_super /mnt +size=64k
}

@test "a root without readonly is writable" {
    run_sh 'echo x >/new && cat /new'
    assert_status 0
    [ -e rootfs/new ]
}

@test "root.readonly: the root cannot be written" {
    config '.root.readonly = true'
    run_sh 'echo x >/new'
    assert_output 'Read-only file system'
    [ ! -e rootfs/new ]
    run_mountinfo
    assert_mnt / +ro
}

@test "root.readonly: mounts below stay writable" {
    mkdir src
    config '.root.readonly = true'
    add_mounts <<END
/data tmpfs tmpfs
/bound bind $BUNDLE/src bind
END
    run_sh 'echo x >/data/new && echo x >/bound/new && echo x >/dev/new && echo x >/dev/shm/new'
    assert_status 0
    [ -e src/new ]
}

@test "root.readonly: missing mount targets are still created" {
    touch afile
    config '.root.readonly = true'
    add_mounts <<END
/made/dir tmpfs tmpfs
/made/file bind $BUNDLE/afile bind
END
    run_mountinfo
    assert_mnt /made/dir +rw
    assert_mnt /made/file +rw
}

@test "root.readonly: the host's own mount stays writable" {
    config '.root.readonly = true'
    set_args sleep 1000
    create_c
    touch rootfs/still-writable
}

@test "rootfsPropagation is private when unset" {
    run_mountinfo
    mnt /
    assert_equal "$mnt_prop" ""
}

@test "rootfsPropagation private and rprivate" {
    local word
    for word in private rprivate; do
        config ".linux.rootfsPropagation = \"$word\""
        run_mountinfo
        mnt /
        assert_equal "$mnt_prop" ""
    done
}

@test "rootfsPropagation shared and rshared" {
    local word
    for word in shared rshared; do
        config ".linux.rootfsPropagation = \"$word\""
        run_mountinfo
        mnt /
        [[ $mnt_prop == shared:* ]] || fail_with "$word: propagation is '$mnt_prop'"
    done
}

# share_rootfs WORD: the host's mount of the rootfs is shared; the container asks for WORD.
share_rootfs() {
    host_mount --bind "$BUNDLE/rootfs" "$BUNDLE/rootfs"
    in_ns mount --make-shared "$BUNDLE/rootfs"
    config ".linux.rootfsPropagation = \"$1\""
}

# receives_mounts: what the host mounts below the rootfs of the waiting container arrives there.
receives_mounts() {
    set_args sleep 1000
    create_c
    host_mount -t tmpfs -o size=64k tmpfs "$BUNDLE/rootfs/mnt"
    output=$(cat "/proc/$(init_pid)/mountinfo")
    mnt /mnt
}

@test "rootfsPropagation slave: a later mount of the host appears in the container" {
    share_rootfs slave
    receives_mounts
    mnt /
    [[ $mnt_prop == master:* ]] || fail_with "propagation is '$mnt_prop'"
}

@test "rootfsPropagation rslave: a later mount of the host appears in the container" {
    share_rootfs rslave
    receives_mounts
    mnt /
    [[ $mnt_prop == master:* ]] || fail_with "propagation is '$mnt_prop'"
}

@test "rootfsPropagation private: a later mount of the host does not appear in the container" {
    share_rootfs private
    ! receives_mounts || fail_with "the mount came through"
}

@test "rootfsPropagation unset: a later mount of the host does not appear in the container" {
    share_rootfs private
    config 'del(.linux.rootfsPropagation)'
    ! receives_mounts || fail_with "the mount came through"
    mnt /
    assert_equal "$mnt_prop" ""
}

@test "rootfsPropagation shared is a new peer group: a mount of the container does not appear on the host" {
    share_rootfs shared
    config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
    set_sh 'mount -t tmpfs -o size=64k tmpfs /mnt && echo mounted && sleep 1000'
    create_c
    rt start "$ID"
    wait_until file_has mounted "$BATS_TEST_TMPDIR/out"
    output=$(cat "/proc/$SUITE_NS/mountinfo")
    ! mnt "$BUNDLE/rootfs/mnt" || fail_with "the mount is on the host"
}

@test "rootfsPropagation unbindable and runbindable" {
    local word
    for word in unbindable runbindable; do
        config ".linux.rootfsPropagation = \"$word\""
        run_mountinfo
        mnt /
        assert_equal "$mnt_prop" "unbindable"
    done
}

@test "an unknown rootfsPropagation is an error" {
    config '.linux.rootfsPropagation = "bogus"'
    run_c
    [ "$status" -ne 0 ]
}

@test "a missing rootfs is an error that names it" {
    config '.root.path = "nowhere"'
    host_snapshot
    run_c
    [ "$status" -ne 0 ]
    assert_output nowhere
    assert_host_unchanged
}

@test "a rootfs that is a file is an error" {
    touch afile
    config '.root.path = "afile"'
    host_snapshot
    run_c
    [ "$status" -ne 0 ]
    assert_host_unchanged
}

@test "--no-pivot works without pivot_root and hides the old root, too" {
    echo here >rootfs/marker
    set_sh 'cat /marker; cd /; cd ../..; cat marker; cat /proc/self/mountinfo'
    run_c --no-pivot
    assert_status 0
    assert_equal "${lines[0]} ${lines[1]}" "here here"
    refute_output "^[0-9]+ [0-9]+ [^ ]+ [^ ]+ $BUNDLE"
}

# What a user namespace in the container may mount: no procfs or sysfs without what hides parts of the container's.
nested() { set_sh "unshare $1 sh -c 'mount -t $2 none /mnt && ls /mnt' && echo mounted; true"; }

@test "no user namespace in a container can mount a procfs or sysfs of its own" {
    local option
    for option in "" --no-pivot; do
        nested -mrpf proc
        run_c $option
        assert_status 0
        refute_output mounted
        nested -mrn sysfs
        run_c $option
        refute_output mounted
    done
}

@test "--no-pivot: a nested user namespace cannot use a procfs that the host has elsewhere or under another mount" {
    local dir="$BATS_TEST_TMPDIR/a b"
    mkdir -p "$dir/proc" "$dir/sys"
    host_mount -t proc proc "$dir/proc"
    host_mount -t sysfs sysfs "$dir/sys"
    host_mount -t proc proc "$dir/proc"
    nested -mrpf proc
    run_c --no-pivot
    refute_output mounted
    nested -mrn sysfs
    run_c --no-pivot
    refute_output mounted
    in_ns test -e "$dir/proc/self/status"
    in_ns test -e "$dir/sys/kernel"
}

@test "--no-pivot in a user namespace: a nested one cannot use a procfs of the host" {
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}]' \
        '.linux.gidMappings = .linux.uidMappings'
    nested -mrpf proc
    run_c --no-pivot
    assert_status 0
    refute_output mounted
}

@test "a nested user namespace can mount a procfs if the container masks nothing" {
    config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
    nested -mrpf proc
    run_c --no-pivot
    assert_output mounted
}

@test "a container without its own mount namespace leaves nothing on the host" {
    config '.linux.namespaces |= map(select(.type != "mount"))'
    host_snapshot
    run_c
    assert_host_unchanged
}
