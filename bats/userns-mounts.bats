#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# File systems in a user namespace with mappings: the container's root is an ordinary user of the host.

load helpers
load helpers-fs

# The container's ids 0 to 65535 are the host's 100000 to 165535, and the directories of the root file system are theirs.
test_setup() {
    config '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'
    find rootfs -type d -exec chown 100000:200000 {} +
    cp config.json userns.json
}

reset_config() { cp "$BUNDLE/userns.json" "$BUNDLE/config.json"; }

@test "the container runs as its own root" {
    run_payload ids
    assert_status 0
    assert_output '^uid 0 0 0$'
    run_sh 'cat /proc/self/uid_map'
    assert_output '^ +0 +100000 +65536$'
}

@test "files that root makes belong to the mapped user on the host" {
    run_sh 'echo x >/new'
    assert_equal "$(stat -c %u:%g rootfs/new)" 100000:200000
}

@test "the default devices exist" {
    run_payload stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
    assert_status 0
    assert_output '^/dev/null: c 0666 .* 1:3 '
    assert_output '^/dev/zero: c 0666 .* 1:5 '
    assert_output '^/dev/full: c 0666 .* 1:7 '
    assert_output '^/dev/random: c 0666 .* 1:8 '
    assert_output '^/dev/urandom: c 0666 .* 1:9 '
    assert_output '^/dev/tty: c 0666 .* 5:0 '
    run_sh 'echo x >/dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c'
    assert_equal "$output" $'4\n4'
}

@test "links in /dev and /dev/ptmx" {
    run_sh 'readlink /dev/stdin; readlink /dev/fd; ls /dev/pts'
    assert_equal "${lines[0]} ${lines[1]} ${lines[2]}" "/proc/self/fd/0 /proc/self/fd ptmx"
    run_payload open /dev/ptmx
    assert_equal "$output" "/dev/ptmx: ok"
}

@test "linux.devices: a node that the host lacks, with fileMode, uid and gid" {
    config '.linux.devices = [{path: "/dev/one", type: "c", major: 1, minor: 5, fileMode: 416, uid: 3, gid: 4}]'
    run_payload stat /dev/one
    assert_status 0
    assert_output '^/dev/one: c 0640 3 4 1:5 '
    run_sh 'head -c 4 /dev/one | wc -c'
    assert_equal "$output" 4
    [ ! -e /dev/one ]
}

@test "linux.devices: a device whose owner is not mapped belongs to nobody in the container" {
    config '.linux.devices = [{path: "/dev/one", type: "c", major: 1, minor: 5, fileMode: 432, uid: 70000},
        {path: "/dev/two", type: "c", major: 1, minor: 5, fileMode: 432, uid: 5, gid: 70000}]'
    run_payload stat /dev/one /dev/two
    assert_status 0
    assert_output '^/dev/one: c 0660 65534 0 1:5 '
    assert_output '^/dev/two: c 0660 5 65534 1:5 '
    config '.process.user = {uid: 1000, gid: 1000}'
    run_sh 'head -c 4 /dev/two || echo denied'
    assert_output '^denied'
    berth_only "others say nothing"
    assert_output 'linux.devices\[0\].uid: 70000 is not mapped in the user namespace: the device belongs to no user of the container'
    assert_output 'linux.devices\[1\].gid: 70000 .* no group of the container'
}

@test "linux.devices: where devices cannot be created, a fileMode other than the host's is an error" {
    set_sh 'true'
    config '.linux.devices = [{path: "/dev/zero", type: "c", major: 1, minor: 5, fileMode: 438, uid: 0, gid: 0}]'
    run in_ns setpriv --bounding-set=-mknod "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
    assert_status 0
    config '.linux.devices[0].fileMode = 384'
    run in_ns setpriv --bounding-set=-mknod "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID"
    [ "$status" -ne 0 ]
    assert_output 'linux.devices.0..fileMode: .* 0666, not 0600'
}

@test "linux.devices: /dev/fuse as the host has it" {
    [ -c /dev/fuse ] || skip "no /dev/fuse here"
    config '.linux.devices = [{path: "/dev/fuse", type: "c", major: 10, minor: 229}]'
    run_payload stat /dev/fuse
    assert_output '^/dev/fuse: c .* 10:229 '
}

@test "proc, sysfs, mqueue, devpts and tmpfs" {
    run_mountinfo
    mnt /proc && assert_equal "$mnt_type" proc
    mnt /sys && assert_equal "$mnt_type" sysfs
    mnt /dev/mqueue && assert_equal "$mnt_type" mqueue
    mnt /dev/pts && assert_equal "$mnt_type" devpts
    mnt /dev/shm && assert_equal "$mnt_type" tmpfs
    assert_mnt /sys +ro +nosuid +nodev +noexec
    assert_super /dev/pts +mode=620
}

@test "missing targets are created" {
    touch afile
    add_mounts <<END
/deep/er/dir tmpfs tmpfs
/deep/er/file bind $BUNDLE/afile bind
END
    run_mountinfo
    assert_mnt /deep/er/dir +rw
    assert_mnt /deep/er/file +rw
}

@test "bind of a source that the container's root cannot reach" {
    mkdir -m 700 secret && mkdir secret/src && echo hello >secret/src/file && echo single >secret/one
    add_mounts <<END
/dir bind $BUNDLE/secret/src bind
/all bind $BUNDLE/secret/src rbind
/one bind $BUNDLE/secret/one bind
END
    run_sh 'cat /dir/file /all/file /one'
    assert_equal "$output" $'hello\nhello\nsingle'
}

@test "bind of a source below two directories without search permission, read-only" {
    mkdir -m 700 secret && mkdir -m 700 secret/more && mkdir secret/more/src && echo hello >secret/more/src/file
    chmod 777 secret/more/src
    add_mount /dir bind "$BUNDLE/secret/more/src" bind,ro,nosuid
    run_sh 'cat /dir/file; touch /dir/new'
    assert_output '^hello$'
    assert_output 'Read-only file system'
}

@test "bind mounts: read-only and other flags" {
    mkdir src
    add_mounts <<END
/a bind $BUNDLE/src bind,ro,nosuid,nodev,noexec
/b bind $BUNDLE/src rbind,rro
END
    run_mountinfo
    assert_mnt /a +ro +nosuid +nodev +noexec
    assert_mnt /b +ro
}

@test "bind of a mount with locked flags keeps them" {
    mkdir src
    host_mount -t tmpfs -o nosuid,nodev,noexec tmpfs "$BUNDLE/src"
    in_ns chmod 777 "$BUNDLE/src"
    add_mounts <<END
/a bind $BUNDLE/src bind
/b bind $BUNDLE/src bind,ro
END
    run_mountinfo
    assert_mnt /a +nosuid +nodev +noexec
    assert_mnt /b +ro +nosuid +nodev +noexec
}

@test "tmpfs with options, and tmpcopyup" {
    mkdir rootfs/data && echo hello >rootfs/data/file && chown -R 100000:200000 rootfs/data
    add_mounts <<END
/a tmpfs tmpfs size=1m,mode=0711,nosuid
/data tmpfs tmpfs tmpcopyup
END
    run_mountinfo
    assert_super /a +size=1024k +mode=711
    run_sh 'cat /data/file'
    assert_equal "$output" hello
}

@test "masked and read-only paths" {
    echo secret >rootfs/etc/secret
    mkdir rootfs/hidden && touch rootfs/hidden/file
    config '.linux.maskedPaths += ["/etc/secret", "/hidden"]' '.linux.readonlyPaths += ["/etc"]'
    run_sh 'cat /etc/secret; ls -A /hidden; touch /etc/new; echo 1 >/proc/sys/net/ipv4/ip_forward'
    refute_output '^(secret|file)'
    assert_equal "$(grep -c 'Read-only file system' <<<"$output")" 2
}

@test "root.readonly" {
    config '.root.readonly = true'
    add_mount /data tmpfs tmpfs
    run_sh 'touch /new; touch /data/new && echo made'
    assert_output 'Read-only file system'
    assert_output '^made$'
}

@test "a cgroup mount" {
    [ -d /sys/fs/cgroup/pids ] || skip "no hierarchy of version 1"
    run_sh 'cat /sys/fs/cgroup/pids/cgroup.procs; mkdir /sys/fs/cgroup/pids/sub'
    assert_equal "${lines[0]}" 1
    assert_output 'Read-only file system|Permission denied'
}

@test "sysctl of the container's namespaces" {
    config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shmmni": "55"}'
    run_sh 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni'
    assert_equal "$output" $'1\n55'
}

@test "hostname" {
    config '.hostname = "mapped"'
    run_sh hostname
    assert_equal "$output" mapped
}

@test "sysfs without a new network namespace is the host's, and read-only" {
    config '.linux.namespaces |= map(select(.type != "network"))'
    host_snapshot
    run_mountinfo
    assert_mnt /sys +ro +nosuid +noexec +nodev
    mnt /sys && assert_equal "$mnt_type" sysfs
    [ -z "$(awk '$5 ~ "^/sys(/|$)" && $5 !~ "^/sys/(fs/cgroup|firmware)" && $6 !~ /^ro/' <<<"$output")" ]
    assert_host_unchanged
}

@test "sysfs that is the host's does not show the host's cgroups" {
    [ "$RT_KIND" != runc ] || skip "runc does not mount it"
    config '.linux.namespaces |= map(select(.type != "network"))' '.mounts |= map(select(.type != "cgroup"))'
    run_sh 'ls -A /sys/fs/cgroup; echo the end'
    assert_equal "$output" 'the end'
}

@test "an unprivileged user inside" {
    config '.process.user = {uid: 1000, gid: 1000, additionalGids: [7]}'
    run_payload ids
    assert_output '^uid 1000 1000 1000$'
    assert_output '^groups( 1000)? 7$'
}

@test "several mappings" {
    config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}, {containerID: 1000, hostID: 0, size: 1}]' \
        '.process.user = {uid: 1000, gid: 0}'
    touch afile && chmod 600 afile
    add_mount /file bind "$BUNDLE/afile" bind
    run_sh 'id -u; stat -c %u /file'
    assert_equal "$output" $'1000\n1000'
}

@test "200 bind mounts of directories without search permission" {
    mkdir -m 700 secret && mkdir secret/src
    config ".mounts += [range(200) | {destination: \"/m/\(.)\", type: \"bind\", source: \"$BUNDLE/secret/src\", options: [\"bind\"]}]"
    run_sh 'grep -c " /m/" /proc/self/mountinfo'
    assert_equal "$output" 200
}

@test "a mount of the container on a bind of a shared tree stays in the container" {
    mkdir src
    chown 100000:200000 src
    host_mount --bind "$BUNDLE/src" "$BUNDLE/src"
    in_ns mount --make-shared "$BUNDLE/src"
    add_mount /data bind "$BUNDLE/src" bind
    config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
    run_sh 'mkdir /data/x && mount -t tmpfs tmpfs /data/x && grep " /data" /proc/self/mountinfo'
    assert_status 0
    assert_output ' /data/x '
    refute_output ' /data rw[^-]* shared:'
    ! in_ns grep "$BUNDLE/src/x" /proc/self/mountinfo || fail_with "it has come to the host"
}

# In the runtime's own mount namespace the source would be the empty directory below.
@test "a bind mount of an earlier mount in the root file system" {
    local options
    mkdir -p src/sub rootfs/m rootfs/copy
    echo deep >src/sub/file
    chown -R 100000:200000 src rootfs/m rootfs/copy
    for options in rbind bind,ro rbind,idmap; do
        reset_config
        config '.mounts += [{destination: "/m", type: "bind", source: "'"$BUNDLE"'/src", options: ["bind"]},
            {destination: "/copy", type: "bind", source: "'"$BUNDLE"'/rootfs/m/./sub", options: ("'$options'" | split(","))}]'
        run_sh 'cat /copy/file'
        assert_status 0
        assert_equal "$output" deep
    done
}

@test "a bind mount of a relative source in the root file system" {
    mkdir -p rootfs/m rootfs/copy
    config '.mounts += [{destination: "/m", type: "tmpfs", source: "tmpfs", options: ["size=64k"]},
        {destination: "/copy", type: "bind", source: "rootfs/m", options: ["bind"]}]'
    run_sh 'echo one >/m/file; cat /copy/file'
    assert_status 0
    assert_equal "$output" one
}
