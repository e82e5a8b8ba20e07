#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What becomes read-only does so when all is made in it; and what a tmpfs has of the directory that it covers.

load helpers
load helpers-fs

read_only_dev() { config '(.mounts[] | select(.destination == "/dev")).options += ["ro"]'; }

@test "a read-only /dev has its devices, links and mounts, and nothing can be made there" {
    read_only_dev
    run_sh 'echo x >/dev/null; ls -d /dev/pts/ptmx /dev/shm /dev/fd/0; touch /dev/new; touch /dev/shm/new && echo made'
    assert_output '^/dev/pts/ptmx$'
    assert_output '/dev/new: Read-only file system'
    assert_output '^made$'
}

@test "a read-only /dev has linux.devices and the console" {
    read_only_dev
    config '.linux.devices = [{path: "/dev/own/fuse", type: "c", major: 10, minor: 229}]' '.process.terminal = true'
    set_sh 'stat -c %F /dev/own/fuse /dev/console; touch /dev/new'
    timeout "$PATIENCE" script -qefc "$SUITE_DIR/hosttool ns $SUITE_NS $RUNTIME --root $ROOT run --bundle $BUNDLE $ID" "$BATS_TEST_TMPDIR/typescript" \
        </dev/null >/dev/null 2>&1 3>&- || true
    output=$(tr -d '\r\0' <"$BATS_TEST_TMPDIR/typescript")
    assert_equal "$(grep -c 'character special file$' <<<"$output")" 2
    assert_output '/dev/new: Read-only file system'
}

@test "a read-only tmpfs has the mount points of later mounts" {
    mkdir src && echo content >src/file
    add_mounts <<END
/a tmpfs tmpfs ro,nosuid
/a/b tmpfs tmpfs
/a/c/d bind $BUNDLE/src/file bind,ro
END
    run_sh 'cat /a/c/d; touch /a/new /a/c/new; touch /a/b/new && echo made'
    assert_output '^content$'
    assert_output '^made$'
    assert_equal "$(grep -c 'Read-only file system' <<<"$output")" 2
    run_mountinfo
    assert_mnt /a +ro +nosuid
    assert_mnt /a/b +rw
}

@test "a read-only ramfs has the mount points of later mounts" {
    add_mounts <<END
/r ramfs ramfs ro
/r/e tmpfs tmpfs
END
    run_sh 'touch /r/new; touch /r/e/new && echo made'
    assert_output '^made$'
    assert_output '/r/new: Read-only file system'
}

@test "a read-only tmpfs covered by another mount does not make that one read-only" {
    add_mounts <<END
/a tmpfs tmpfs ro
/a tmpfs tmpfs mode=700
END
    run_sh 'touch /a/new && echo made'
    assert_equal "$output" made
}

@test "a read-only tmpfs with tmpcopyup has its content and later mount points" {
    mkdir rootfs/full && echo content >rootfs/full/file
    add_mounts <<END
/full tmpfs tmpfs ro,tmpcopyup
/full/b tmpfs tmpfs
END
    run_sh 'cat /full/file; touch /full/b/new && echo made; touch /full/new'
    assert_output '^content$'
    assert_output '^made$'
    assert_output '/full/new: Read-only file system'
}

@test "a missing process.cwd is created in a read-only root file system" {
    config '.root.readonly = true' '.process.cwd = "/new/work"'
    run_sh 'pwd; stat -c %a:%u .; touch file'
    assert_output '^/new/work$'
    assert_output '^755:0$'
    assert_output 'file: Read-only file system'
}

@test "a missing process.cwd is created in a read-only tmpfs" {
    add_mount /a tmpfs tmpfs ro
    config '.root.readonly = true' '.process.cwd = "/a/work"'
    run_sh 'pwd; touch file'
    assert_output '^/a/work$'
    assert_output 'file: Read-only file system'
}

@test "a missing process.cwd in a read-only bind mount is an error" {
    mkdir src
    add_mount /a bind "$BUNDLE/src" bind,ro
    config '.process.cwd = "/a/work"'
    host_snapshot
    UNCHECKED=1 run_c
    assert_failed
    assert_host_unchanged
    assert_equal "$(ls src)" ""
}

# ---- the mode of a tmpfs

modes() { run_sh "stat -c '%n %a' $*"; }

@test "a tmpfs keeps the mode of the directory that it covers" {
    mkdir rootfs/a rootfs/b rootfs/c
    chmod 700 rootfs/a && chmod 2775 rootfs/b && chmod 1777 rootfs/c
    add_mounts <<END
/a tmpfs tmpfs
/b tmpfs tmpfs nosuid,size=64k
/c tmpfs tmpfs ro
END
    modes /a /b /c
    assert_equal "$output" $'/a 700\n/b 2775\n/c 1777'
}

@test "a tmpfs whose mount point is created has mode 1777" {
    add_mounts <<END
/new tmpfs tmpfs
/copied tmpfs tmpfs tmpcopyup
END
    modes /new /copied
    assert_equal "$output" $'/new 1777\n/copied 1777'
}

@test "an unprivileged user can write to a tmpfs with tmpcopyup whose mount point is created" {
    add_mount /new tmpfs tmpfs rw,rprivate,nosuid,nodev,tmpcopyup
    config '.process.user = {uid: 1000, gid: 1000}'
    run_sh 'touch /new/file && echo made'
    assert_equal "$output" made
}

@test "mode= of a tmpfs is its mode" {
    mkdir -m 711 rootfs/a rootfs/b
    add_mounts <<END
/a tmpfs tmpfs mode=1770
/b tmpfs tmpfs tmpcopyup,mode=750
END
    modes /a /b
    assert_equal "$output" $'/a 1770\n/b 750'
}

@test "a tmpfs keeps the mode of what is mounted below it, and of a link's target" {
    mkdir -m 750 rootfs/real
    ln -s real rootfs/link
    add_mounts <<END
/a tmpfs tmpfs mode=711
/a tmpfs tmpfs
/link tmpfs tmpfs
END
    modes /a /real
    assert_equal "$output" $'/a 711\n/real 750'
}

@test "a tmpfs with an option that fsopen(2) lacks is no exception" {
    mkdir -m 750 rootfs/a
    add_mounts <<END
/a tmpfs tmpfs silent,ro
/a/b tmpfs tmpfs
END
    modes /a
    assert_equal "$output" '/a 750'
    run_mountinfo
    assert_mnt /a +ro
}

@test "proc, sysfs and mqueue have modes of their own" {
    chmod 700 rootfs/proc rootfs/sys
    modes /proc /sys /dev/mqueue
    assert_equal "$output" $'/proc 555\n/sys 555\n/dev/mqueue 1777'
}

@test "a tmpfs in a user namespace keeps the mode of the directory that it covers" {
    mkdir -m 2750 rootfs/a
    add_mount /a tmpfs tmpfs ro
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = .linux.uidMappings'
    own_rootfs 100000
    modes /a
    assert_equal "$output" '/a 2750'
}

@test "a bind mount keeps the flags of its source that its options do not change" {
    mkdir src
    host_mount -t tmpfs -o size=64k tmpfs "$BUNDLE/src"
    in_ns mount -o remount,bind,ro,noexec "$BUNDLE/src"
    add_mounts <<END
/m bind $BUNDLE/src bind,nosuid
/rw bind $BUNDLE/src bind,rw
END
    run_mountinfo
    in_ns umount "$BUNDLE/src"
    mnt /m
    assert_equal "$mnt_opts" ro,nosuid,noexec,relatime
    mnt /rw
    assert_equal "$mnt_opts" rw,noexec,relatime
}
