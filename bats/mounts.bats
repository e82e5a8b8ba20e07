#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mounts[]: order, targets, bind mounts, and the file systems that containers mount.

load helpers
load helpers-fs

@test "mounts are done in the listed order" {
    add_mounts <<END
/a tmpfs tmpfs size=64k
/a/b tmpfs tmpfs size=128k
/c/d tmpfs tmpfs size=64k
/c tmpfs tmpfs size=128k
END
    run_mountinfo
    assert_super /a/b +size=128k
    run_sh '[ -e /c/d ]'
    assert_status 1
}

@test "a later mount on the same place covers the earlier one" {
    add_mounts <<END
/a tmpfs tmpfs size=64k
/a tmpfs tmpfs size=128k
END
    run_mountinfo
    assert_equal "$(grep -c ' /a ' <<<"$output")" 2
    assert_super /a +size=128k
}

@test "file systems in a new tmpfs are mounted there, a later one on top of an earlier one" {
    add_mounts <<END
/t tmpfs tmpfs size=64k
/t/x tmpfs tmpfs mode=700,size=128k
/t/x tmpfs tmpfs mode=700,size=256k
/t/x/y tmpfs tmpfs mode=750,size=512k
/t/./z tmpfs tmpfs mode=700,size=1m
/t/z/.. tmpfs tmpfs mode=711,size=2m
END
    run_mountinfo
    assert_equal "$(grep -c ' /t/x ' <<<"$output")" 2
    assert_equal "$(grep -c ' /t ' <<<"$output")" 2
    assert_super /t/x +size=256k
    assert_super /t/x/y +size=512k
    assert_super /t/z +size=1024k
    assert_super /t +size=2048k
}

@test "a bind mount covers a new tmpfs by a link of the image, and a later mount is below the bind mount" {
    mkdir -p rootfs/t bound
    ln -s /t rootfs/alias
    add_mounts <<END
/t tmpfs tmpfs size=64k
/alias bind $BUNDLE/bound bind
/t/x tmpfs tmpfs mode=700,size=128k
END
    run_sh 'mkdir /t/x/made && ls /t'
    assert_status 0
    assert_equal "$output" x
    [ -d bound/x ]
}

@test "sysfs covers a new tmpfs on a link of the image, and a later mount is on sysfs" {
    ln -s /sys rootfs/alias
    add_mounts <<END
/alias tmpfs tmpfs size=64k
/sys sysfs sysfs ro
/alias/kernel tmpfs tmpfs mode=700,size=128k
END
    run_sh 'mkdir /sys/kernel/made && ls /sys/kernel'
    assert_status 0
    assert_equal "$output" made
}

@test "a mount is in a new tmpfs although procfs was mounted elsewhere with another propagation between" {
    add_mounts <<END
/t tmpfs tmpfs size=64k
/y proc proc shared
/z proc proc private
/t/x tmpfs tmpfs mode=700,size=512k
END
    run_mountinfo
    assert_super /t/x +size=512k
}

@test "a relative destination is taken below /" {
    config '.process.cwd = "/tmp"'
    add_mount data/x tmpfs tmpfs
    run_mountinfo
    assert_mnt /data/x +rw
}

@test "a destination with .., // and a trailing / stays in the root" {
    add_mounts <<END
/../../one tmpfs tmpfs
//two///sub/ tmpfs tmpfs
/three/../four tmpfs tmpfs
END
    run_mountinfo
    assert_mnt /one +rw
    assert_mnt /two/sub +rw
    assert_mnt /four +rw
}

@test "a destination may be a symbolic link inside the root" {
    mkdir rootfs/real
    ln -s /real rootfs/abs
    ln -s ../../../real rootfs/tmp/rel
    add_mounts <<END
/abs/x tmpfs tmpfs
/tmp/rel/y tmpfs tmpfs
END
    run_mountinfo
    assert_mnt /real/x +rw
    assert_mnt /real/y +rw
}

@test "missing target directories are created" {
    add_mount /deep/er/still tmpfs tmpfs
    run_mountinfo
    assert_mnt /deep/er/still +rw
    [ -d rootfs/deep/er/still ]
    assert_equal "$(stat -c '%a %u' rootfs/deep/er)" "755 0"
}

@test "a missing target of a file is created as a file" {
    echo content >afile
    add_mount /deep/er/file bind "$BUNDLE/afile" bind
    run_sh 'cat /deep/er/file'
    assert_equal "$output" content
    [ -f rootfs/deep/er/file ] && [ ! -s rootfs/deep/er/file ]
}

@test "targets below mounts are created, too" {
    touch afile
    add_mounts <<END
/a tmpfs tmpfs
/a/b/c tmpfs tmpfs
/a/d/file bind $BUNDLE/afile bind
END
    run_mountinfo
    assert_mnt /a/b/c +rw
    assert_mnt /a/d/file +rw
    [ ! -e rootfs/a/b ]
}

@test "bind of a directory" {
    mkdir src && echo hello >src/file
    add_mount /m bind "$BUNDLE/src" bind
    run_sh 'cat /m/file; echo new >/m/new'
    assert_equal "$output" hello
    assert_equal "$(cat src/new)" new
}

@test "bind of a file" {
    echo hello >afile
    echo below >rootfs/target
    add_mount /target bind "$BUNDLE/afile" bind
    run_sh 'cat /target; echo new >/target'
    assert_equal "$output" hello
    assert_equal "$(cat afile) $(cat rootfs/target)" "new below"
}

@test "bind of a device, a socket and a FIFO" {
    mkfifo fifo
    mknod dev c 1 3
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")' 2>/dev/null || mknod sock p
    add_mounts <<END
/fifo bind $BUNDLE/fifo bind
/d bind $BUNDLE/dev bind
/sock bind $BUNDLE/sock bind
END
    run_payload stat /fifo /d
    assert_output '^/fifo: p'
    assert_output '^/d: c .* 1:3 '
}

@test "bind does not include submounts of the source, rbind does" {
    mkdir src
    host_mount -t tmpfs tmpfs "$BUNDLE/src"
    in_ns mkdir "$BUNDLE/src/sub"
    host_mount -t tmpfs -o size=64k tmpfs "$BUNDLE/src/sub"
    add_mounts <<END
/one bind $BUNDLE/src bind
/all bind $BUNDLE/src rbind
END
    run_mountinfo
    ! mnt /one/sub || fail_with "bind took the submount"
    assert_super /all/sub +size=64k
}

@test "the option makes a bind mount, not the type" {
    mkdir src && echo hello >src/file
    add_mounts <<END
/a none $BUNDLE/src bind
/b whatever $BUNDLE/src rbind
END
    run_sh 'cat /a/file /b/file'
    assert_equal "$output" $'hello\nhello'
}

@test "a bind mount needs no type" {
    mkdir src && echo hello >src/file
    config ".mounts += [{destination: \"/a\", source: \"$BUNDLE/src\", options: [\"bind\"]}]"
    run_sh 'cat /a/file'
    assert_equal "$output" hello
}

@test "a mount without options and source" {
    config '.mounts += [{destination: "/a", type: "tmpfs"}]'
    run_mountinfo
    assert_equal "$(mnt /a && echo "$mnt_type")" tmpfs
}

@test "the source name of a file system is kept" {
    add_mount /a tmpfs my-name
    run_mountinfo
    mnt /a
    assert_equal "$mnt_source" my-name
}

@test "a relative source of a bind mount is taken below the bundle" {
    mkdir -p data/sub && echo hello >data/sub/file
    add_mount /a bind data/sub bind
    cd /
    run_sh 'cat /a/file'
    assert_equal "$output" hello
}

@test "a source may be a symbolic link of the host" {
    mkdir src && echo hello >src/file && ln -s src link && ln -s src/file filelink
    add_mounts <<END
/a bind $BUNDLE/link bind
/b bind $BUNDLE/filelink bind
END
    run_sh 'cat /a/file /b'
    assert_equal "$output" $'hello\nhello'
}

@test "a source below the rootfs is the host's file" {
    mkdir rootfs/inside && echo hello >rootfs/inside/file
    add_mount /a bind "$BUNDLE/rootfs/inside" bind
    run_sh 'cat /a/file'
    assert_equal "$output" hello
}

@test "a bind mount of a path with blanks and letters beyond ASCII" {
    mkdir $'a b\tü' && echo hello >$'a b\tü/file'
    config ".mounts += [{destination: \"/x y\\tü\", type: \"bind\", source: \"$BUNDLE/a b\\tü\", options: [\"bind\"]}]"
    run_sh 'cat /x*/file'
    assert_equal "$output" hello
}

@test "a bind mount onto / of the container's own tree is refused or harmless" {
    mkdir src
    host_snapshot
    add_mount / bind "$BUNDLE/src" bind
    run_c
    assert_host_unchanged
}

@test "a missing source is an error that names it" {
    host_snapshot
    add_mount /a bind "$BUNDLE/nowhere" bind
    run_c
    [ "$status" -ne 0 ]
    assert_output nowhere
    assert_host_unchanged
}

@test "a directory on a file, and a file on a directory, are errors" {
    mkdir src && touch afile rootfs/file && mkdir rootfs/dir
    add_mount /file bind "$BUNDLE/src" bind
    run_c
    [ "$status" -ne 0 ]
    reset_config
    add_mount /dir bind "$BUNDLE/afile" bind
    run_c
    [ "$status" -ne 0 ]
}

@test "proc shows the container's processes" {
    run_sh 'cat /proc/1/comm; ls -d /proc/[0-9]*'
    assert_equal "${lines[0]}" sh
    refute_output '/proc/[0-9]{4}'
    run_mountinfo
    mnt /proc
    assert_equal "$mnt_type" proc
    assert_mnt /proc +nosuid +nodev +noexec
}

@test "proc takes its own options" {
    config '.mounts[0].options += ["hidepid=2", "subset=pid"]' '.linux.maskedPaths = []' '.linux.readonlyPaths = []'
    run_mountinfo
    assert_super /proc +hidepid=invisible +subset=pid
}

@test "sysfs shows the container's network devices" {
    run_sh 'ls /sys/class/net'
    assert_equal "$output" lo
    run_mountinfo
    mnt /sys
    assert_equal "$mnt_type" sysfs
    assert_mnt /sys +ro
}

@test "sysfs in the host's network namespace shows the host's devices" {
    config '.linux.namespaces |= map(select(.type != "network"))'
    run_sh 'ls /sys/class/net'
    assert_status 0
    assert_equal "$(sort <<<"$output")" "$(ls /sys/class/net | sort)"
}

@test "devpts is the container's own, with the options asked for" {
    run_sh 'ls /dev/pts'
    assert_equal "$output" ptmx
    run_mountinfo
    mnt /dev/pts
    assert_equal "$mnt_type" devpts
    assert_super /dev/pts +gid=5 +mode=620 +ptmxmode=666
}

@test "mqueue is the container's own" {
    run_sh 'echo x >/dev/mqueue/q 2>/dev/null; ls /dev/mqueue'
    run_mountinfo
    mnt /dev/mqueue
    assert_equal "$mnt_type" mqueue
    assert_mnt /dev/mqueue +nosuid +nodev +noexec
}

@test "tmpfs on /dev/shm is writable for everyone" {
    config '.process.user = {uid: 1000, gid: 1000}'
    run_sh 'echo x >/dev/shm/file && stat -c %a /dev/shm'
    assert_equal "$output" 1777
}

# overlay_mount DEST LOWER...
overlay_mount() {
    local dest=$1 lower
    shift
    lower=$(IFS=:; echo "$*")
    mkdir -p upper work
    add_mount "$dest" overlay overlay "lowerdir=$lower,upperdir=$BUNDLE/upper,workdir=$BUNDLE/work"
}

@test "overlay: lower layers are seen, changes go to the upper one" {
    mkdir l1 l2 && echo one >l1/a && echo two >l2/a && echo deep >l2/b
    overlay_mount /m "$BUNDLE/l1" "$BUNDLE/l2"
    run_sh 'cat /m/a /m/b; echo new >/m/b'
    assert_equal "$output" $'one\ndeep'
    assert_equal "$(cat l2/b) $(cat upper/b)" "deep new"
}

# layers COUNT: that many lower directories with long names, in $layers
layers() {
    local i dir
    layers=()
    for ((i = 0; i < $1; i++)); do
        dir=$BUNDLE/a-layer-with-a-rather-long-name-as-engines-make-them-from-sha256-digests-$i
        mkdir "$dir" && echo "$i" >"$dir/f$i"
        layers+=("$dir")
    done
}

@test "overlay: a lowerdir of more than 300 characters" {
    layers 6
    overlay_mount /m "${layers[@]}"
    run_sh 'cat /m/f0 /m/f5'
    assert_equal "$output" $'0\n5'
}

@test "overlay: a lowerdir of some 3500 characters" {
    layers 30
    overlay_mount /m "${layers[@]}"
    run_sh 'cat /m/f0 /m/f29'
    assert_equal "$output" $'0\n29'
}

@test "a cgroup mount shows the container's own group (cgroup namespace)" {
    [ -d /sys/fs/cgroup/pids ] || skip "no hierarchy of version 1"
    run_sh 'cat /sys/fs/cgroup/pids/cgroup.procs; cat /sys/fs/cgroup/memory/cgroup.procs | head -1; ls /sys/fs/cgroup'
    assert_status 0
    assert_equal "${lines[0]}" 1
    assert_output '^devices$'
    assert_output '^freezer$'
    run_mountinfo
    mnt /sys/fs/cgroup/pids
    assert_equal "$mnt_root $mnt_type" "/ cgroup"
}

@test "a cgroup mount shows the container's own group (host's cgroup namespace)" {
    [ -d /sys/fs/cgroup/pids ] || skip "no hierarchy of version 1"
    config '.linux.namespaces |= map(select(.type != "cgroup"))'
    run_sh 'cat /sys/fs/cgroup/pids/cgroup.procs; cat /sys/fs/cgroup/memory/cgroup.procs | head -1'
    assert_status 0
    assert_equal "${lines[0]}" 1
    run_mountinfo
    mnt /sys/fs/cgroup/pids
    assert_equal "$mnt_type" cgroup
    [[ $mnt_root == */*$ID* ]] || fail_with "root of the mount is $mnt_root"
}

@test "a cgroup mount with ro cannot be written" {
    [ -d /sys/fs/cgroup/pids ] || skip "no hierarchy of version 1"
    run_sh 'mkdir /sys/fs/cgroup/pids/sub; echo 5 >/sys/fs/cgroup/pids/pids.max'
    assert_equal "$(grep -c 'Read-only file system' <<<"$output")" 2
    run_mountinfo
    assert_mnt /sys/fs/cgroup/pids +ro +nosuid +nodev +noexec
}

@test "a cgroup mount with ro has no writable directory at its top" {
    [ -d /sys/fs/cgroup/pids ] || skip "no hierarchy of version 1"
    run_sh 'mkdir /sys/fs/cgroup/sub'
    assert_output 'Read-only file system'
}

@test "a cgroup mount without ro can be written" {
    [ -d /sys/fs/cgroup/pids ] || skip "no hierarchy of version 1"
    config '(.mounts[] | select(.type == "cgroup") | .options) -= ["ro"]'
    run_sh 'mkdir /sys/fs/cgroup/pids/sub && echo made && rmdir /sys/fs/cgroup/pids/sub'
    assert_output '^made$'
}

@test "names of joined controllers lead to their hierarchy" {
    [ -L /sys/fs/cgroup/cpuacct ] || skip "no joined hierarchies here"
    run_sh 'ls -d /sys/fs/cgroup/cpuacct/cgroup.procs'
    assert_status 0
}

@test "tmpcopyup copies the content of an earlier mount below the directory, and does not change that" {
    mkdir -p src/sub rootfs/data/dir rootfs/data/covered
    echo bound >src/sub/file
    chmod 750 src/sub
    echo outside >secret
    ln -s ../../../../../../../../../../../..$PWD/secret src/link
    echo hidden >rootfs/data/covered/file
    add_mounts <<END
/data/dir bind $BUNDLE/src rbind
/data/covered tmpfs tmpfs mode=700
/data tmpfs tmpfs tmpcopyup
END
    run_sh 'cat /data/dir/sub/file && echo new >/data/dir/sub/file && cat /data/dir/sub/file && ls -A /data/covered'
    assert_equal "$output" $'bound\nnew'
    run_sh 'cat /data/dir/link'
    refute_output outside
    assert_equal "$(cat src/sub/file)" bound
    run_payload stat /data/dir/sub /data/covered
    assert_output '^/data/dir/sub: d 0750 0 0 '
    assert_output '^/data/covered: d 0700 0 0 '
}

@test "a mount on a shared mount has the propagation that it asks for" {
    mkdir src
    local kind
    for kind in private slave; do
        config '.mounts |= map(select(.destination | startswith("/m") | not))'
        add_mounts <<END
/m bind $BUNDLE/src bind,shared
/m tmpfs tmpfs $kind
/m/sub tmpfs tmpfs shared
/m/sub bind $BUNDLE/src bind,$kind
END
        run_mountinfo
        mnt /m
        assert_equal "$mnt_type $mnt_prop" "tmpfs "
        mnt /m/sub
        # The bundle may be in a file system of its own, and the tests' root may be a directory of one.
        [[ $mnt_root == *"${BUNDLE#"$(in_ns findmnt --noheadings --output TARGET --target "$BUNDLE")"}/src" ]] ||
            fail_with "root of the mount is $mnt_root"
        assert_equal "$mnt_prop" ""
    done
}

@test "1000 mounts" {
    config '.mounts += [range(1000) | {destination: "/m/\(.)", type: "tmpfs", source: "tmpfs", options: ["size=4k"]}]'
    run_sh 'grep -c " /m/" /proc/self/mountinfo'
    assert_equal "$output" 1000
}

@test "1000 bind mounts need at most 64 open files" {
    mkdir src
    config ".mounts += [range(1000) | {destination: \"/m/\(.)\", type: \"bind\", source: \"$BUNDLE/src\", options: [\"bind\"]}]" \
        '.process.rlimits = []'
    set_sh 'grep -c " /m/" /proc/self/mountinfo'
    ulimit -Sn 64
    run_c
    assert_equal "$output" 1000
}
