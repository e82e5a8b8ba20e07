#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Id-mapped mounts: uidMappings and gidMappings of mounts[], the option words idmap and ridmap.

load helpers
load helpers-errors
load helpers-fs

# src has files of the users 0, 5 and 70000, the last of which no mapping of these tests has.
test_setup() {
    mkdir src
    for owner in 0 5 70000; do touch "src/of$owner" && chown "$owner:$owner" "src/of$owner"; done
}

# The container's ids from 0 on are the host's from 100000 and 200000 on.
in_user_namespace() {
    config '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'
    find rootfs -type d -exec chown 100000:200000 {} +
}

# map UIDS [GIDS]: mappings of the last mount, as FIRST-TO-SIZE words
map() {
    config "def list: split(\" \") | map(split(\"-\") | map(tonumber) | {containerID: .[0], hostID: .[1], size: .[2]});
        .mounts[-1].uidMappings = (\"$1\" | list) | .mounts[-1].gidMappings = (\"${2:-$1}\" | list)"
}

owners() { run_sh "stat -c %u:%g ${1:-/m}/of0 ${1:-/m}/of5 ${1:-/m}/of70000"; }

# Refused, by the place in the configuration, and without a trace.
refused_mapping() { refused_run "$([ "$RT_KIND" != berth ] || echo "$1")"; }

@test "a bind mount with mappings of its own, without a user namespace" {
    add_mount /m bind "$BUNDLE/src" bind,idmap
    map 0-1000-100 0-2000-100
    owners
    assert_equal "$output" $'1000:2000\n1005:2005\n65534:65534'
}

@test "files created there belong to the mapped owner" {
    chmod 777 src
    add_mount /m bind "$BUNDLE/src" bind,idmap
    map 0-1000-100
    config '.process.user = {uid: 1007, gid: 1008}'
    run_sh 'echo x >/m/new && stat -c %u:%g /m/new'
    assert_equal "$output" 1007:1008
    assert_equal "$(stat -c %u:%g src/new)" 7:8
}

@test "a user outside the mapping cannot create files there" {
    chmod 777 src
    add_mount /m bind "$BUNDLE/src" bind,idmap
    map 0-1000-100
    run_sh 'echo x >/m/new'
    [ ! -e src/new ]
}

@test "several ranges, not in order" {
    add_mount /m bind "$BUNDLE/src" bind,idmap
    map "70000-3-2 0-500-3 4-10-2"
    owners
    assert_equal "$output" $'500:500\n11:11\n3:3'
}

@test "mappings without the option idmap map the mount, too" {
    add_mount /m bind "$BUNDLE/src" bind
    map 0-1000-100
    owners
    assert_equal "$output" $'1000:1000\n1005:1005\n65534:65534'
}

@test "other options work together with idmap" {
    add_mount /m bind "$BUNDLE/src" bind,idmap,ro,nosuid,nodev,noexec
    map 0-1000-100
    owners
    assert_equal "${lines[0]}" 1000:1000
    run_mountinfo
    assert_mnt /m +ro +nosuid +nodev +noexec +idmapped
}

@test "a file is mapped" {
    add_mount /m bind "$BUNDLE/src/of5" bind,idmap
    map 0-1000-100
    run_sh 'stat -c %u:%g /m'
    assert_equal "$output" 1005:1005
}

@test "in a user namespace: without mappings those of the container's" {
    in_user_namespace
    add_mount /m bind "$BUNDLE/src" bind,idmap
    owners
    assert_equal "$output" $'0:0\n5:5\n65534:65534'
    run_sh 'echo x >/m/new && stat -c %u:%g /m/new'
    assert_equal "$output" 0:0
    assert_equal "$(stat -c %u:%g src/new)" 0:0
}

@test "in a user namespace: mappings of the mount, which name the host's ids" {
    in_user_namespace
    add_mount /m bind "$BUNDLE/src" bind,idmap
    map 0-100007-100 0-200008-100
    owners
    assert_equal "$output" $'7:8\n12:13\n65534:65534'
}

@test "in a user namespace: a source that the container's root cannot reach" {
    in_user_namespace
    mkdir -m 700 secret && mv src secret
    add_mount /m bind "$BUNDLE/secret/src" bind,idmap
    owners
    assert_equal "$output" $'0:0\n5:5\n65534:65534'
}

@test "in a user namespace: a mount next to the mapped one is not mapped" {
    in_user_namespace
    add_mounts <<END
/plain bind $BUNDLE/src bind
/m bind $BUNDLE/src bind,idmap
END
    owners
    assert_equal "${lines[0]}" 0:0
    owners /plain
    assert_equal "${lines[0]}" 65534:65534
}

# A mount below src: another file system, with a file of the user 5.
submount() {
    mkdir src/sub
    host_mount -t tmpfs tmpfs "$BUNDLE/src/sub"
    in_ns sh -c "touch '$BUNDLE/src/sub/file' && chown 5:5 '$BUNDLE/src/sub/file'"
}

@test "idmap maps only the mount, ridmap also its submounts" {
    submount
    add_mount /one bind "$BUNDLE/src" rbind,idmap
    map 0-1000-100
    add_mount /all bind "$BUNDLE/src" rbind,ridmap
    map 0-1000-100
    run_sh 'stat -c %u:%g /one/of5 /one/sub/file /all/of5 /all/sub/file'
    assert_equal "$output" $'1005:1005\n5:5\n1005:1005\n1005:1005'
}

@test "in a user namespace: ridmap maps the submounts, too" {
    in_user_namespace
    submount
    add_mounts <<END
/one bind $BUNDLE/src rbind,idmap
/all bind $BUNDLE/src rbind,ridmap
END
    run_sh 'stat -c %u:%g /one/of5 /one/sub/file /all/of5 /all/sub/file'
    assert_equal "$output" $'5:5\n65534:65534\n5:5\n5:5'
}

@test "seven mappings in one container, each used twice" {
    local i
    for i in 1 2 3 4 5 6 7 1 2 3 4 5 6 7; do
        add_mount "/m$i" bind "$BUNDLE/src" bind,idmap
        map "0-${i}000-100"
    done
    run_sh 'stat -c %u /m[1-7]/of5'
    assert_equal "$(xargs <<<"$output")" "1005 2005 3005 4005 5005 6005 7005"
}

@test "mounts with equal mappings share a user namespace" {
    berth_only "only berth shows its plan"
    in_user_namespace
    local i
    for i in 1 2 3; do
        add_mount "/own$i" bind "$BUNDLE/src" bind,idmap
        map 0-1000-100
        add_mount "/m$i" bind "$BUNDLE/src" bind,idmap
    done
    run_ok run --dry-run --bundle "$BUNDLE" "$ID"
    assert_equal "$(grep -c ' make-id-map' <<<"$output")" 2
    assert_equal "$(grep -c ' map-mount' <<<"$output")" 6
}

@test "100 mapped mounts need at most 64 open files" {
    in_user_namespace
    config ".mounts += [range(100) | {destination: \"/m/\(.)\", type: \"bind\", source: \"$BUNDLE/src\", options: [\"bind\", \"idmap\"]}]" \
        '.process.rlimits = []'
    set_sh 'grep -c " /m/" /proc/self/mountinfo'
    ulimit -Sn 64
    run_c
    assert_equal "$output" 100
}

@test "a new file system is mapped" {
    add_mount /m tmpfs tmpfs idmap,mode=777,size=64k
    map 0-1000-100 0-2000-100
    config '.process.user = {uid: 1007, gid: 2008}'
    run_sh 'stat -c %u:%g:%a /m; echo x >/m/new && stat -c %u:%g /m/new'
    assert_equal "$output" $'1000:2000:777\n1007:2008'
}

@test "in a user namespace: a new file system is mapped" {
    in_user_namespace
    add_mount /own tmpfs tmpfs idmap,mode=755
    add_mount /m tmpfs tmpfs idmap,mode=777
    map 0-100007-100 0-200008-100
    run_sh 'stat -c %u:%g /own /m; echo x >/own/new && stat -c %u:%g /own/new'
    assert_equal "$output" $'0:0\n7:8\n0:0'
    run_mountinfo
    assert_mnt /m +idmapped
}

@test "tmpcopyup into a mapped tmpfs: the copied owners are mapped" {
    cp -a src rootfs/data
    add_mount /data tmpfs tmpfs tmpcopyup,idmap
    map 0-1000-100
    owners /data
    assert_equal "$output" $'1000:1000\n1005:1005\n65534:65534'
}

@test "in a user namespace: tmpcopyup into a mapped tmpfs" {
    in_user_namespace
    mkdir rootfs/data && touch rootfs/data/of{0,5,70000}
    chown -R 100005:200005 rootfs/data
    add_mount /data tmpfs tmpfs tmpcopyup,idmap
    map 0-100010-100 0-200010-100
    owners /data
    assert_equal "$output" $'15:15\n15:15\n15:15'
}

# A process in a user namespace with mappings of its own; HOLDER is its pid.
hold_user_namespace() {
    unshare --user "$SUITE_DIR/payload" pause >"$BATS_TEST_TMPDIR/holder" 3>&- </dev/null &
    HOLDER=$!
    wait_until file_has ready "$BATS_TEST_TMPDIR/holder"
    echo "0 100000 65536" >"/proc/$HOLDER/uid_map"
    echo "0 200000 65536" >"/proc/$HOLDER/gid_map"
    find rootfs -type d -exec chown 100000:200000 {} +
    config ".linux.namespaces += [{type: \"user\", path: \"/proc/$HOLDER/ns/user\"}]"
}

test_teardown() {
    [ -z "${HOLDER:-}" ] || kill -KILL "$HOLDER" 2>/dev/null || true
    host_unmount_all
}

@test "in a joined user namespace: its mappings" {
    hold_user_namespace
    add_mount /m bind "$BUNDLE/src" bind,idmap
    owners
    assert_equal "$output" $'0:0\n5:5\n65534:65534'
}

@test "in a joined user namespace: mappings of the mount, and a new file system" {
    hold_user_namespace
    add_mount /m bind "$BUNDLE/src" bind,idmap
    map 0-100007-100 0-200008-100
    add_mount /t tmpfs tmpfs idmap,mode=700
    run_sh 'stat -c %u:%g /m/of5 /t'
    assert_equal "$output" $'12:13\n0:0'
}

@test "idmap with neither mappings nor a user namespace is an error" {
    add_mount /m bind "$BUNDLE/src" bind,idmap
    refused_mapping 'mounts\[7\].options: idmap needs'
    reset_config
    add_mount /m bind "$BUNDLE/src" bind,ridmap
    refused_mapping 'mounts\[7\].options: idmap needs'
}

@test "uidMappings without gidMappings, and the reverse, are errors" {
    add_mount /m bind "$BUNDLE/src" bind,idmap
    map 0-1000-100
    config 'del(.mounts[-1].gidMappings)'
    refused_mapping 'mounts\[7\]: uidMappings and gidMappings go together'
    map 0-1000-100
    config 'del(.mounts[-1].uidMappings)'
    refused_mapping 'mounts\[7\]: uidMappings and gidMappings go together'
}

@test "mappings that overlap, are empty or lie out of range are errors" {
    add_mount /m bind "$BUNDLE/src" bind,idmap
    map "0-1000-100 50-5000-100"
    refused_mapping 'mounts\[7\].uidMappings\[1\]: overlaps'
    map "0-1000-100 500-1050-100"
    refused_mapping 'mounts\[7\].uidMappings\[1\]: overlaps'
    map 0-1000-0
    refused_mapping 'mounts\[7\].uidMappings\[0\].size: must be at least 1'
    map 4294967200-0-100
    refused_mapping 'mounts\[7\].uidMappings\[0\]: the range goes beyond'
}

@test "a file system that cannot be mapped is an error that says so" {
    add_mount /m proc proc idmap
    map 0-1000-100
    refused_mapping 'mounts\[7\]: map the ids of proc: .*file system cannot be mapped.*Linux 5\.12'
}

@test "ridmap over a mount that cannot be mapped is an error" {
    mkdir src/sub
    host_mount -t mqueue mqueue "$BUNDLE/src/sub"
    add_mount /m bind "$BUNDLE/src" rbind,ridmap
    map 0-1000-100
    refused_mapping 'mounts\[7\]: map the ids of .*/src: .*cannot be mapped'
}

@test "in a user namespace: a file system that cannot be mapped is an error" {
    in_user_namespace
    add_mount /m mqueue mqueue idmap
    map 0-100007-100
    refused_mapping 'mounts\[7\]: map the ids of mqueue: .*cannot be mapped'
}

@test "a remount, a cgroup mount and what only mount(2) can do cannot be mapped" {
    berth_only
    add_mount /proc none none remount,idmap
    map 0-1000-100
    refused_mapping 'mounts\[7\].options: idmap'
    reset_config
    config '.mounts[6].options += ["idmap"]' '.mounts[6].uidMappings = [{containerID: 0, hostID: 1000, size: 100}]' \
        '.mounts[6].gidMappings = .mounts[6].uidMappings'
    refused_mapping 'mounts\[6\].options: idmap'
    reset_config
    add_mount /m tmpfs tmpfs iversion,idmap
    map 0-1000-100
    refused_mapping 'mounts\[7\].options: idmap'
}

@test "a mount that fails after a mapped one leaves nothing behind" {
    in_user_namespace
    add_mounts <<END
/m bind $BUNDLE/src bind,idmap
/n bind $BUNDLE/nowhere bind
END
    refused_mapping 'mounts\[8\].*nowhere'
}

@test "crun's syntax: mappings in the option" {
    add_mount /m bind "$BUNDLE/src" "bind,idmap=uids=0-1000-3#5-2000-1;gids=0-3000-100"
    owners
    assert_equal "$output" $'1000:3000\n2000:3005\n65534:65534'
}

@test "crun's syntax: ids of the container with @" {
    in_user_namespace
    add_mount /m bind "$BUNDLE/src" "bind,idmap=uids=@0-7-100;gids=@0-8-100"
    owners
    assert_equal "$output" $'7:8\n12:13\n65534:65534'
}

@test "crun's syntax: an invalid mapping is an error" {
    local word
    for word in uids=0-1000-1 "uids=0-1000-1;gids=" "uids=0-1000;gids=0-1-1" "uids=a-1-1;gids=0-1-1" \
        "uids=0-1-1;gids=0-1-1;x=0-1-1" "uids=0-1-4294967296;gids=0-1-1" "uids=@0-1-1;gids=@0-1-1" ""; do
        reset_config
        add_mount /m bind "$BUNDLE/src" "bind,idmap=$word"
        refused_mapping 'mounts\[7\]'
    done
}

@test "a mount of an unprivileged user cannot be mapped: an error that says so" {
    config '.linux.namespaces |= map(select(.type != "cgroup" and .type != "network")) + [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 54321, size: 1}] | .linux.gidMappings = .linux.uidMappings' \
        '.mounts |= map(select(.type != "cgroup" and .type != "sysfs") | .options |= map(select(. != "gid=5")))'
    add_mount /m bind "$BUNDLE/src" bind,idmap
    chown -R 54321:54321 "$BUNDLE"
    mkdir -p "$BATS_TEST_TMPDIR/user" && chown 54321:54321 "$BATS_TEST_TMPDIR/user"
    status=0
    timeout --foreground "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid 54321 --regid 54321 --clear-groups \
        "$RUNTIME" --root "$BATS_TEST_TMPDIR/user" run --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- ||
        status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_failed
    [ "$status" -ne 126 ]
    [ "$RT_KIND" != berth ] || assert_output 'mounts\[5\]: .*operation not permitted \(.*root'
}
