#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every word of mounts[].options: what the mount table of the container says of it.

load helpers
load helpers-fs

# check_options FUNCTION TYPE: stdin has lines "OPTIONS EXPECTED...", each one mount of its own in a single container.
check_options() {
    local n=0 opts words wrong='' dests=() table='' expected=() i type=$2
    mkdir -p "$BUNDLE/src"
    while read -r opts words; do
        [ -n "$opts" ] || continue
        if [ "$type" = bind ]; then
            table+="/m/$n bind $BUNDLE/src bind,$opts"$'\n'
        else
            table+="/m/$n tmpfs tmpfs $opts"$'\n'
        fi
        dests+=("$opts") expected+=("$words") n=$((n + 1))
    done
    add_mounts <<<"$table"
    run_mountinfo
    for ((i = 0; i < n; i++)); do
        # shellcheck disable=SC2086
        "$1" "/m/$i" ${expected[i]} >"$BATS_TEST_TMPDIR/wrong" || wrong+="${dests[i]}: $(head -1 "$BATS_TEST_TMPDIR/wrong")"$'\n'
    done
    [ "$n" -gt 0 ] && [ -z "$wrong" ] || fail_with "$wrong"
}

mount_flag_words='
ro                      +ro -rw
rw                      +rw -ro
nosuid                  +nosuid
nodev                   +nodev
noexec                  +noexec
noatime                 +noatime -relatime
nodiratime              +nodiratime
relatime                +relatime -noatime
strictatime             -relatime -noatime
suid,dev,exec,atime,diratime +rw -nosuid -nodev -noexec -noatime -nodiratime
nostrictatime           -noatime
norelatime              -noatime
ro,nosuid,nodev,noexec,noatime +ro +nosuid +nodev +noexec +noatime'

mount_flag_pairs='
ro,rw                   +rw -ro
rw,ro                   +ro -rw
nosuid,suid             -nosuid
suid,nosuid             +nosuid
nodev,dev               -nodev
noexec,exec             -noexec
noatime,atime           -noatime
nodiratime,diratime     -nodiratime
strictatime,nostrictatime +relatime'

@test "flags of a tmpfs mount" { check_options assert_mnt tmpfs <<<"$mount_flag_words"; }

@test "flags of a bind mount" { check_options assert_mnt bind <<<"$mount_flag_words"; }

@test "of contrary flags of a tmpfs mount the last one wins" { check_options assert_mnt tmpfs <<<"$mount_flag_pairs"; }

@test "of contrary flags of a bind mount the last one wins" { check_options assert_mnt bind <<<"$mount_flag_pairs"; }

@test "nosymfollow and symfollow" {
    mkdir src && ln -s /bin src/link
    add_mounts <<END
/a tmpfs tmpfs nosymfollow
/b bind $BUNDLE/src bind,nosymfollow
/c bind $BUNDLE/src bind,symfollow
END
    run_mountinfo
    assert_mnt /a +nosymfollow
    assert_mnt /b +nosymfollow
    assert_mnt /c -nosymfollow
    run_sh 'ls /b/link/ && echo followed'
    refute_output followed
    run_sh 'ls /c/link/ >/dev/null && echo followed'
    assert_output followed
}

@test "options of the file system: sync, async, dirsync, lazytime, nolazytime, mand, nomand" {
    check_options assert_super tmpfs <<'END'
sync                    +sync
async                   -sync
dirsync                 +dirsync
lazytime                +lazytime
nolazytime              -lazytime
mand                    +mand
nomand                  -mand
sync,dirsync,lazytime   +sync +dirsync +lazytime
END
}

@test "of contrary options of the file system the last one wins" {
    check_options assert_super tmpfs <<'END'
sync,async              -sync
async,sync              +sync
lazytime,nolazytime     -lazytime
nolazytime,lazytime     +lazytime
mand,nomand             -mand
END
}

@test "defaults is accepted" {
    check_options assert_mnt tmpfs <<'END'
defaults                +rw -nosuid -nodev -noexec
defaults,ro             +ro
nosuid,defaults         +rw
END
}

@test "defaults is accepted on a bind mount" {
    check_options assert_mnt bind <<'END'
defaults                +rw
defaults,ro             +ro
END
}

@test "iversion, noiversion, silent and loud are accepted" {
    check_options assert_mnt tmpfs <<'END'
iversion                +rw
noiversion              +rw
iversion,noiversion     +rw
silent                  +rw
loud                    +rw
silent,loud,ro          +ro
END
}

@test "iversion, noiversion, silent and loud are accepted on a bind mount" {
    check_options assert_mnt bind <<'END'
iversion                +rw
noiversion              +rw
silent                  +rw
loud                    +rw
END
}

@test "async, sync, dirsync, lazytime, mand are accepted on a bind mount" {
    check_options assert_mnt bind <<'END'
async                   +rw
sync                    +rw
dirsync                 +rw
lazytime                +rw
nolazytime              +rw
nomand                  +rw
END
}

# A tree of two mounts on the host, both with noatime,nosuid,nodev,noexec,ro or with nothing of it.
host_tree() {
    mkdir -p src
    host_mount -t tmpfs -o "$1" tmpfs "$BUNDLE/src"
    in_ns mkdir "$BUNDLE/src/sub"
    host_mount -t tmpfs -o "$1" tmpfs "$BUNDLE/src/sub"
    in_ns mount -o "remount,bind,$2" "$BUNDLE/src/sub"
    in_ns mount -o "remount,bind,$2" "$BUNDLE/src"
}

# check_recursive: stdin has lines "OPTION EXPECTED-ON-THE-MOUNT / EXPECTED-BELOW".
check_recursive() {
    local n=0 opts words wrong='' table='' i names=() top=() below=()
    while read -r opts words; do
        [ -n "$opts" ] || continue
        table+="/m/$n bind $BUNDLE/src rbind,$opts"$'\n'
        names+=("$opts") top+=("${words%%/*}") below+=("${words##*/}") n=$((n + 1))
    done
    add_mounts <<<"$table"
    run_mountinfo
    for ((i = 0; i < n; i++)); do
        # shellcheck disable=SC2086
        { assert_mnt "/m/$i" ${top[i]} && assert_mnt "/m/$i/sub" ${below[i]}; } >"$BATS_TEST_TMPDIR/wrong" ||
            wrong+="${names[i]}: $(head -1 "$BATS_TEST_TMPDIR/wrong")"$'\n'
    done
    [ "$n" -gt 0 ] && [ -z "$wrong" ] || fail_with "$wrong"
}

@test "recursive options that set a flag: rro rnosuid rnodev rnoexec" {
    host_tree rw rw
    check_recursive <<'END'
rro             +ro / +ro
rnosuid         +nosuid / +nosuid
rnodev          +nodev / +nodev
rnoexec         +noexec / +noexec
rro,rnosuid,rnodev,rnoexec      +ro +nosuid +nodev +noexec / +ro +nosuid +nodev +noexec
END
}

@test "recursive options that clear a flag: rrw rsuid rdev rexec" {
    host_tree rw ro,nosuid,nodev,noexec
    check_recursive <<'END'
rrw             +rw +nosuid / +rw +nosuid
rsuid           -nosuid +nodev / -nosuid +nodev
rdev            -nodev +noexec / -nodev +noexec
rexec           -noexec +nodev / -noexec +nodev
END
}

@test "recursive options about access times: rnoatime rnodiratime rrelatime rstrictatime" {
    host_tree rw rw
    check_recursive <<'END'
rnoatime        +noatime / +noatime
rnodiratime     +nodiratime / +nodiratime
rrelatime       +relatime / +relatime
rstrictatime    -relatime -noatime / -relatime -noatime
END
}

@test "recursive options about access times: ratime rdiratime rnorelatime rnostrictatime" {
    host_tree rw noatime,nodiratime
    check_recursive <<'END'
ratime          -noatime / -noatime
rdiratime       -nodiratime / -nodiratime
rrelatime       +relatime -noatime / +relatime -noatime
END
    in_ns mount -o remount,bind,strictatime "$BUNDLE/src"
    in_ns mount -o remount,bind,strictatime "$BUNDLE/src/sub"
    reset_config
    check_recursive <<'END'
rnorelatime     -noatime / -noatime
rnostrictatime  -noatime / -noatime
END
}

@test "recursive options rnosymfollow and rsymfollow" {
    host_tree rw rw
    check_recursive <<<'rnosymfollow +nosymfollow / +nosymfollow'
    in_ns mount -o remount,bind,nosymfollow "$BUNDLE/src/sub"
    in_ns mount -o remount,bind,nosymfollow "$BUNDLE/src"
    reset_config
    check_recursive <<<'rsymfollow -nosymfollow / -nosymfollow'
}

@test "of contrary recursive options the last one wins" {
    host_tree rw rw
    check_recursive <<'END'
rro,rrw         +rw / +rw
rrw,rro         +ro / +ro
rnosuid,rsuid   -nosuid / -nosuid
END
}

@test "ro of a recursive bind applies only to the top mount" {
    host_tree rw rw
    check_recursive <<<'ro +ro / +rw'
}

@test "rro makes files of submounts read-only" {
    host_tree rw rw
    add_mount /m bind "$BUNDLE/src" rbind,rro
    run_sh 'touch /m/x; touch /m/sub/x; true'
    assert_equal "$(grep -c 'Read-only file system' <<<"$output")" 2
}

@test "a recursive option works on a file system that is not bound" {
    add_mount /m tmpfs tmpfs rro
    run_mountinfo
    assert_mnt /m +ro
}

# prop OPTIONS: propagation of a bind mount of a shared tree and of the mount below it.
prop() {
    reset_config
    add_mount /m bind "$BUNDLE/src" "$1"
    run_mountinfo
    mnt /m
    top=$mnt_prop
    if mnt /m/sub; then below=$mnt_prop; else below=unmounted; fi
}

shared_tree() {
    host_tree rw rw
    in_ns mount --make-rshared "$BUNDLE/src"
}

@test "propagation private and rprivate" {
    shared_tree
    prop rbind,rprivate
    assert_equal "$top/$below" "/"
    prop rbind,private
    assert_equal "$top" ""
}

@test "propagation slave and rslave" {
    shared_tree
    prop rbind,rslave
    [[ $top == master:* && $below == master:* ]] || fail_with "$top/$below"
    prop rbind,slave
    [[ $top == master:* ]] || fail_with "$top"
}

@test "propagation shared and rshared" {
    mkdir src
    host_mount -t tmpfs tmpfs "$BUNDLE/src"
    in_ns mkdir "$BUNDLE/src/sub"
    host_mount -t tmpfs tmpfs "$BUNDLE/src/sub"
    prop rbind,rshared
    [[ $top == shared:* && $below == shared:* ]] || fail_with "$top/$below"
    prop rbind,shared
    [[ $top == shared:* && $below != shared:* ]] || fail_with "$top/$below"
}

@test "propagation unbindable and runbindable" {
    shared_tree
    prop bind,unbindable
    assert_equal "$top" unbindable
    prop rbind,runbindable
    assert_equal "$top/$below" unbindable/unbindable
}

@test "propagation options work on a file system that is not bound" {
    add_mounts <<END
/a tmpfs tmpfs shared
/b tmpfs tmpfs private
/c tmpfs tmpfs unbindable
/d tmpfs tmpfs rslave
END
    run_mountinfo
    mnt /a && [[ $mnt_prop == shared:* ]]
    mnt /b && [ "$mnt_prop" = "" ]
    mnt /c && [ "$mnt_prop" = unbindable ]
    mnt /d && [ "$mnt_prop" = "" ]
}

@test "rslave: a later mount of the host appears in the container" {
    shared_tree
    add_mount /m bind "$BUNDLE/src" rbind,rslave
    config '.linux.rootfsPropagation = "rslave"'
    set_args sleep 1000
    create_c
    in_ns mkdir "$BUNDLE/src/late"
    host_mount -t tmpfs -o size=64k tmpfs "$BUNDLE/src/late"
    output=$(cat "/proc/$(init_pid)/mountinfo")
    assert_super /m/late +size=64k
}

@test "rshared: a mount of the container appears on the host" {
    shared_tree
    add_mount /m bind "$BUNDLE/src" rbind,rshared
    config '.linux.rootfsPropagation = "rshared"' '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
    set_sh 'mkdir /m/new && mount -t tmpfs -o size=64k tmpfs /m/new && echo mounted && sleep 1000'
    create_c
    rt start "$ID"
    wait_until file_has mounted "$BATS_TEST_TMPDIR/out"
    output=$(cat "/proc/$SUITE_NS/mountinfo")
    assert_super "$BUNDLE/src/new" +size=64k
    HOST_MOUNTS+=("$BUNDLE/src/new")
}

@test "rprivate: a later mount of the host does not appear in the container" {
    shared_tree
    add_mount /m bind "$BUNDLE/src" rbind,rprivate
    set_args sleep 1000
    create_c
    in_ns mkdir "$BUNDLE/src/late"
    host_mount -t tmpfs tmpfs "$BUNDLE/src/late"
    output=$(cat "/proc/$(init_pid)/mountinfo")
    ! mnt /m/late || fail_with "the mount came through"
}

@test "remount changes the file system that is mounted there" {
    add_mounts <<END
/data tmpfs tmpfs size=64k
/data tmpfs tmpfs remount,ro,size=128k
END
    run_mountinfo
    assert_super /data +size=128k
    assert_mnt /data +ro
    assert_equal "$(grep -c ' /data ' <<<"$output")" 1
}

@test "remount with bind changes only the mount" {
    mkdir src
    add_mounts <<END
/data tmpfs tmpfs size=64k
/data bind $BUNDLE/src bind,remount,ro,nosuid
END
    run_mountinfo
    assert_mnt /data +ro +nosuid
    assert_super /data +rw
}

@test "other options go to the file system as data" {
    add_mounts <<END
/a tmpfs tmpfs size=1m,mode=0700,uid=5,gid=6,nr_inodes=77
/b tmpfs tmpfs nosuid,size=2m,ro,mode=0711
END
    run_mountinfo
    assert_super /a +size=1024k +mode=700 +uid=5 +gid=6 +nr_inodes=77
    assert_super /b +size=2048k +mode=711
    assert_mnt /b +ro +nosuid
}

@test "an option that the file system does not know is an error" {
    host_snapshot
    add_mount /a tmpfs tmpfs bogusoption
    run_c
    [ "$status" -ne 0 ]
    assert_host_unchanged
}

@test "a value that the file system does not accept is an error" {
    host_snapshot
    add_mount /a tmpfs tmpfs size=lots
    run_c
    [ "$status" -ne 0 ]
    assert_host_unchanged
}

@test "an option of a bind mount that applies only to a new file system is ignored, with a warning" {
    mkdir src
    add_mount /a bind "$BUNDLE/src" bind,size=1m
    run_c
    assert_status 0
    [ "$RT_KIND" != berth ] || assert_output 'mounts\[[0-9]+\]\.options: .*size=1m.* has no effect on a bind mount'
}

@test "tmpcopyup copies what was there into the tmpfs" {
    mkdir -p rootfs/data/sub
    echo hello >rootfs/data/sub/file
    chmod 640 rootfs/data/sub/file
    chown 3:4 rootfs/data/sub/file
    ln -s sub/file rootfs/data/link
    add_mount /data tmpfs tmpfs tmpcopyup,size=1m
    run_payload stat /data/sub /data/sub/file /data/link
    assert_status 0
    assert_output '^/data/sub/file: - 0640 3 4 .* 6$'
    assert_output '^/data/link: l '
    run_sh 'cat /data/link; echo new >/data/sub/file; cat /data/sub/file'
    assert_equal "$output" $'hello\nnew'
    assert_equal "$(cat rootfs/data/sub/file)" hello
    run_mountinfo
    assert_super /data +size=1024k
}

@test "tmpcopyup keeps the modes of directories" {
    mkdir -p rootfs/data/sub
    chmod 1770 rootfs/data/sub
    add_mount /data tmpfs tmpfs tmpcopyup
    run_payload stat /data/sub
    assert_output '^/data/sub: d 1770 0 0 '
}

@test "tmpcopyup with ro is filled before it becomes read-only" {
    mkdir rootfs/data
    echo hello >rootfs/data/file
    add_mount /data tmpfs tmpfs tmpcopyup,ro
    run_sh 'cat /data/file; echo x >/data/new'
    assert_output '^hello$'
    assert_output 'Read-only'
}

@test "tmpcopyup of an empty and of a missing directory gives an empty tmpfs" {
    mkdir rootfs/empty
    add_mounts <<END
/empty tmpfs tmpfs tmpcopyup
/missing tmpfs tmpfs tmpcopyup
END
    run_sh 'ls -A /empty /missing'
    assert_status 0
    refute_output 'No such'
}

@test "idmap without mappings and without a user namespace is an error" {
    mkdir src
    add_mount /a bind "$BUNDLE/src" bind,idmap
    host_snapshot
    run_c
    [ "$status" -ne 0 ]
    assert_host_unchanged
}

@test "options of file systems with a leading r are those without" {
    berth_only "crun 1.8 refuses them for a file system"
    config '.mounts += [{destination: "/m", type: "tmpfs", source: "tmpfs", options: ["rsync", "rnomand", "rdirsync"]}]'
    set_sh 'grep " /m " /proc/self/mounts'
    run_c
    assert_output ' /m tmpfs .*sync.*dirsync'
    mkdir "$BUNDLE/src"
    config '.mounts[-1] = {destination: "/m", type: "bind", source: "'"$BUNDLE/src"'", options: ["rbind", "rsync"]}'
    set_args true
    run_c
    assert_status 0
    assert_output '"rsync" has no effect on a bind mount'
}
