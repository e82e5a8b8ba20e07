# SPDX-License-Identifier: Apache-2.0
# linux.namespaces and the id mappings: new, inherited, joined; containers of ordinary users.
load helpers

# ns EXPR of jq on the array
ns() { config ".linux.namespaces |= ($1)"; }
drop() { ns "map(select(.type != \"$1\"))"; }
add() { ns ". + [{type: \"$1\"}]"; }
# join TYPE PATH
join() { ns "map(select(.type != \"$1\")) + [{type: \"$1\", path: \"$2\"}]"; }
inside() { sed -n "s/^$1:\[\([0-9]*\)\]$/\1/p" <<<"$output"; }
outside() { in_ns readlink "/proc/self/ns/$1" | tr -dc 0-9; }
mapped() {
    add user
    config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'
}

show_ns() {
    set_args payload ns
    run_c
    assert_status 0
}

# A process in new namespaces for others to join; HOLDER is its pid.
hold() {
    unshare "$@" "$SUITE_DIR/payload" pause >"$BATS_TEST_TMPDIR/holder" 3>&- </dev/null &
    HOLDER=$!
    wait_until file_has ready "$BATS_TEST_TMPDIR/holder"
}

# Not TERM: unshare --fork blocks it, and process 1 of a namespace is spared.
test_teardown() { [ -z "${HOLDER:-}" ] || kill -KILL "$HOLDER" "${HELD:-$HOLDER}" 2>/dev/null || true; }

@test "pid, network, ipc, uts, mount and cgroup are new when listed" {
    show_ns
    local pair
    for pair in pid net ipc uts mnt cgroup; do
        [ -n "$(inside $pair)" ] && [ "$(inside $pair)" != "$(outside $pair)" ] || fail_with "$pair is not new"
    done
}

@test "user and time are inherited when not listed" {
    show_ns
    assert_equal "$(inside user)" "$(outside user)"
    assert_equal "$(inside time)" "$(outside time)"
}

@test "network, ipc, cgroup and uts are inherited when not listed" {
    ns 'map(select(.type == "mount" or .type == "pid"))'
    config 'del(.hostname)' '.mounts |= map(select(.type != "sysfs"))'
    show_ns
    local type
    for type in net ipc cgroup uts; do assert_equal "$type $(inside $type)" "$type $(outside $type)"; done
}

@test "without a pid namespace the program sees the host's processes" {
    drop pid
    set_sh 'echo $$; [ -d /proc/$PPID ] && echo parent'
    run_c
    assert_status 0
    [ "${lines[0]}" -gt 1 ]
}

@test "without a PID namespace delete --force kills all processes of the container" {
    host_snapshot
    drop pid
    set_sh 'sleep 1000 & sleep 1000 & payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    run_ok delete --force "$ID"
    wait_until host_is_unchanged || assert_host_unchanged
}

@test "the network namespace has only loopback, which is up" {
    set_sh 'ls /sys/class/net; ip addr show lo; ping -c 1 -W 1 127.0.0.1 >/dev/null 2>&1 && echo pong || nc -z 127.0.0.1 1; cat /proc/net/dev | wc -l'
    run_c
    assert_equal "${lines[0]}" lo
    assert_output 'LOOPBACK,UP'
    assert_output '127.0.0.1/8'
}

@test "hostname and domainname are set in the new uts namespace" {
    config '.hostname = "inside.example"' '.domainname = "the.domain"'
    set_sh 'hostname; cat /proc/sys/kernel/domainname'
    local before
    before=$(hostname)
    run_c
    assert_equal "$output" $'inside.example\nthe.domain'
    assert_equal "$(hostname)" "$before"
}

@test "a hostname without a uts namespace is an error" {
    host_snapshot
    drop uts
    run_fails run "$ID"
    assert_host_unchanged
}

@test "a domainname without a uts namespace is an error" {
    host_snapshot
    drop uts
    config 'del(.hostname)' '.domainname = "the.domain"'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "network, ipc and uts are joined by path" {
    hold --net --ipc --uts
    local type
    join network "/proc/$HOLDER/ns/net"
    join ipc "/proc/$HOLDER/ns/ipc"
    join uts "/proc/$HOLDER/ns/uts"
    config 'del(.hostname)'
    show_ns
    for type in net ipc uts; do
        assert_equal "$type $(inside $type)" "$type $(readlink "/proc/$HOLDER/ns/$type" | tr -dc 0-9)"
    done
}

@test "the mount namespace is joined by path, and exec has the container's root" {
    hold --mount --propagation private
    join mount "/proc/$HOLDER/ns/mnt"
    set_args payload pause
    touch rootfs/of-the-container
    create_c
    rt start "$ID"
    assert_equal "$(readlink "/proc/$(init_pid)/ns/mnt")" "$(readlink "/proc/$HOLDER/ns/mnt")"
    run_ok exec "$ID" ls /
    assert_output '^of-the-container$'
    run_ok exec "$ID" cat /proc/self/mountinfo
    assert_output '/rootfs / rw'
}

@test "a network namespace that is bound to a file is joined" {
    # In the suite's mount namespace, as ip netns does it.
    : >"$BATS_TEST_TMPDIR/netns"
    in_ns unshare --net="$BATS_TEST_TMPDIR/netns" true
    join network "$BATS_TEST_TMPDIR/netns"
    show_ns
    [ "$(inside net)" != "$(outside net)" ]
    assert_equal "$(inside net)" "$(in_ns stat -L -c %i "$BATS_TEST_TMPDIR/netns")"
    in_ns umount "$BATS_TEST_TMPDIR/netns"
}

@test "a pid namespace is joined by path" {
    hold --pid --fork --mount-proc
    HELD=$(pgrep -P "$HOLDER")
    join pid "/proc/$HELD/ns/pid"
    set_sh 'payload ns; echo $$; ls /proc | grep -x 1'
    run_c
    assert_status 0
    assert_equal "$(inside pid)" "$(readlink "/proc/$HELD/ns/pid" | tr -dc 0-9)"
    [ "${lines[-2]}" -gt 1 ]
}

@test "the cgroup namespace is joined by path" {
    hold --cgroup
    join cgroup "/proc/$HOLDER/ns/cgroup"
    show_ns
    assert_equal "$(inside cgroup)" "$(readlink "/proc/$HOLDER/ns/cgroup" | tr -dc 0-9)"
}

@test "a user namespace is joined by path" {
    hold --user --map-root-user --net
    join user "/proc/$HOLDER/ns/user"
    join network "/proc/$HOLDER/ns/net"
    config '.mounts |= map(select(.destination | startswith("/sys") | not) | .options |= map(select(. != "gid=5")))'
    show_ns
    assert_equal "$(inside user)" "$(readlink "/proc/$HOLDER/ns/user" | tr -dc 0-9)"
}

@test "a joined user namespace without root is an error that names it" {
    hold --user
    join user "/proc/$HOLDER/ns/user"
    run_fails run "$ID"
    [ "$RT_KIND" != berth ] || assert_output "linux\.namespaces\[[0-9]+\]\.path: become root of the user namespace"
}

@test "a path of the wrong type is an error" {
    host_snapshot
    hold --net --ipc
    join network "/proc/$HOLDER/ns/ipc"
    run_fails run "$ID"
    join network /etc/passwd
    run_fails run "$ID"
    join network /no/such/namespace
    run_fails run "$ID"
    kill "$HOLDER"
    wait "$HOLDER" 2>/dev/null || true
    assert_host_unchanged
}

@test "the message for a path of the wrong type names it" {
    berth_only "the words of others are left to them"
    join network "/proc/self/ns/uts"
    run_fails run "$ID"
    assert_output 'linux\.namespaces\[[0-9]+\]'
    assert_output '/proc/self/ns/uts'
}

@test "a namespace listed twice is an error" {
    host_snapshot
    local type
    for type in pid network mount ipc uts cgroup; do
        config '.linux.namespaces = ("pid network mount ipc uts cgroup" | split(" ") | map({type: .}))'
        add $type
        run_fails run "$ID"
    done
    assert_host_unchanged
}

@test "an unknown namespace is an error" {
    host_snapshot
    add nosuch
    run_fails run "$ID"
    assert_host_unchanged
}

@test "a relative path of a namespace is an error" {
    host_snapshot
    join network proc/self/ns/net
    run_fails run "$ID"
    assert_host_unchanged
}

@test "root in a user namespace is an unprivileged user outside" {
    mapped
    set_sh 'id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map; payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    local pid
    pid=$(init_pid)
    assert_equal "$(awk '/^[UG]id:/ {print $2}' "/proc/$pid/status" | xargs)" "100000 200000"
    assert_equal "$(out | head -2 | xargs)" "0 0"
    assert_equal "$(out | sed -n 3,4p | xargs)" "0 100000 65536 0 200000 65536"
}

@test "several mappings are all written" {
    add user
    config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10}, {containerID: 1000, hostID: 300000, size: 5}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 1000}]' '.process.user = {uid: 1000, gid: 7}'
    set_sh 'cat /proc/self/uid_map; payload ids'
    run_c
    assert_status 0
    assert_equal "$(head -2 <<<"$output" | xargs)" "0 100000 10 1000 300000 5"
    assert_output '^uid 1000 1000'
    assert_output '^gid 7 7'
}

@test "the ids of the config's user are those inside" {
    mapped
    config '.process.user = {uid: 12, gid: 34, additionalGids: [56]}'
    set_args payload ids
    run_c
    assert_output '^uid 12 12 12'
    assert_output '^gid 34 34 34'
    assert_output '^groups 56'
}

@test "a user that is not mapped is an error" {
    host_snapshot
    mapped
    config '.process.user = {uid: 70000, gid: 0}'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "mappings without a user namespace change nothing" {
    config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1}]' '.linux.gidMappings = .linux.uidMappings'
    set_args cat /proc/self/uid_map
    run_c
    assert_output '^ *0 +0 +4294967295$'
}

@test "files of the root file system keep their owners" {
    mapped
    rm rootfs/etc/group
    echo x >rootfs/etc/group
    chown 100005:200006 rootfs/etc/group
    set_sh 'stat -c %u:%g /etc/group /etc/passwd'
    run_c
    assert_equal "$output" $'5:6\n65534:65534'
    assert_equal "$(stat -c %u:%g rootfs/etc/group)" 100005:200006
}

@test "capabilities in a user namespace are those of the config" {
    mapped
    set_args payload caps
    run_c
    assert_output 'CapEff:.00000000a80425fb'
    assert_output 'CapInh:.0000000000000000'
}

@test "a container in a user namespace has its own root's terminal, devices and mounts" {
    mapped
    set_sh 'echo x >/dev/null && mount | grep -c " /proc " && : >/dev/shm/f && stat -c %u /dev/shm/f && hostname'
    run_c
    assert_status 0
    assert_equal "$output" $'1\n0\nberth-test'
}

@test "a time namespace is new, with its offsets" {
    add time
    config '.linux.timeOffsets = {monotonic: {secs: 100000}, boottime: {secs: 200000, nanosecs: 5}}'
    set_sh 'payload clocks; payload ns'
    local before
    before=$("$SUITE_DIR/payload" clocks | sed -n 's/boottime //p')
    run_c
    assert_status 0
    [ "$(inside time)" != "$(outside time)" ]
    [ "$(sed -n 's/^boottime //p' <<<"$output")" -ge $((before + 200000)) ]
    [ "$(sed -n 's/^monotonic //p' <<<"$output")" -ge 100000 ]
}

@test "a time namespace without offsets" {
    add time
    show_ns
    [ "$(inside time)" != "$(outside time)" ]
}

@test "timeOffsets without a time namespace are an error" {
    host_snapshot
    config '.linux.timeOffsets = {monotonic: {secs: 10}}'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "offsets may be negative, and for only one clock" {
    add time
    config '.linux.timeOffsets = {boottime: {secs: -1, nanosecs: 500000000}}'
    set_sh 'payload clocks; cat /proc/self/timens_offsets'
    run_c
    assert_status 0
    assert_output '^boottime +-1 +500000000$'
    assert_output '^monotonic +0 +0$'
}

@test "offsets in a user namespace" {
    add time
    mapped
    config '.linux.timeOffsets = {monotonic: {secs: 1000}, boottime: {secs: 2000, nanosecs: 5}}'
    set_sh 'cat /proc/self/timens_offsets; id -u'
    run_c
    assert_status 0
    assert_output '^monotonic +1000 +0$'
    assert_output '^boottime +2000 +5$'
}

@test "offsets beyond the range of a clock are errors" {
    host_snapshot
    add time
    local offset
    for offset in '{monotonic: {secs: -9999999999}}' '{boottime: {secs: 9223372036854775807}}' '{boottime: {secs: 0, nanosecs: 1000000000}}' \
        '{monotonic: {secs: 0, nanosecs: 4294967295}}'; do
        config ".linux.timeOffsets = $offset"
        run_fails run "$ID"
        [ "$RT_KIND" != berth ] || assert_output '(^| )linux\.timeOffsets.*(monotonic|boottime)'
        [ "$RT_KIND" != berth ] || assert_equal "${#lines[@]}" 1
    done
    assert_host_unchanged
}

@test "an unknown clock is an error" {
    host_snapshot
    add time
    config '.linux.timeOffsets = {realtime: {secs: 1}}'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "offsets of a joined time namespace are an error" {
    host_snapshot
    join time /proc/self/ns/time
    config '.linux.timeOffsets = {monotonic: {secs: 10}}'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "a time namespace is joined by path" {
    unshare --time sh -c '"$1" pause & wait' sh "$SUITE_DIR/payload" >"$BATS_TEST_TMPDIR/holder" 3>&- </dev/null &
    HOLDER=$!
    wait_until file_has ready "$BATS_TEST_TMPDIR/holder"
    HELD=$(pgrep -P "$HOLDER" | head -1)
    join time "/proc/$HELD/ns/time"
    show_ns
    assert_equal "$(inside time)" "$(readlink "/proc/$HELD/ns/time" | tr -dc 0-9)"
}

# The ordinary user of these tests: an id that nobody has, a bundle of its own.
rootless() {
    USER_ID=54321
    add user
    drop cgroup
    drop network
    config '.linux.uidMappings = [{containerID: 0, hostID: 54321, size: 1}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 54321, size: 1}]' \
        '.mounts |= map(select(.type != "cgroup") | .options |= map(select(. != "gid=5"))
            | if .type == "sysfs" then .type = "none" | .source = "/sys" | .options = ["rbind", "nosuid", "noexec", "nodev", "ro"] else . end)'
    own_bundle "$USER_ID"
}

# as_user [SETPRIV OPTION...] -- RUNTIME ARGS
as_user() {
    local options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid $USER_ID --regid $USER_ID --clear-groups "${options[@]}" \
        env -u XDG_RUNTIME_DIR "$RUNTIME" --root "$ROOT" "$@" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&-
}

# The program's four lines of $output, without what the runtime has to say about an ordinary user's cgroups.
program_output() { grep -v '^warning: ' <<<"$output" | tail -n 4; }

@test "an unprivileged user runs a container without newuidmap" {
    rootless
    set_sh 'id -u; cat /proc/self/uid_map; echo $$; hostname'
    status=0
    as_user --no-new-privs -- run --bundle "$BUNDLE" "$ID" || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 0
    assert_equal "$(program_output | xargs)" "0 0 54321 1 1 berth-test"
}

@test "an unprivileged user's container goes through create, start, kill and delete" {
    rootless
    set_args payload pause
    as_user -- create --bundle "$BUNDLE" "$ID"
    as_user -- start "$ID"
    as_user -- state "$ID"
    assert_equal "$(jq -r .status "$BATS_TEST_TMPDIR/run-out")" running
    as_user -- kill "$ID" KILL
    wait_status stopped
    as_user -- delete "$ID"
}

@test "an unprivileged user with subordinate ids gets them from newuidmap" {
    command -v newuidmap >/dev/null || skip "no newuidmap"
    rootless
    # A user of the system is needed for /etc/subuid: put one in private copies of the files.
    cp /etc/passwd /etc/subuid /etc/subgid "$BATS_TEST_TMPDIR"
    echo "berthtest:x:$USER_ID:$USER_ID::/:/bin/sh" >>"$BATS_TEST_TMPDIR/passwd"
    echo "berthtest:700000:65536" | tee -a "$BATS_TEST_TMPDIR/subuid" >>"$BATS_TEST_TMPDIR/subgid"
    local file
    for file in passwd subuid subgid; do in_ns mount --bind "$BATS_TEST_TMPDIR/$file" "/etc/$file"; done
    config '.linux.uidMappings += [{containerID: 1, hostID: 700000, size: 65536}]' \
        '.linux.gidMappings += [{containerID: 1, hostID: 700000, size: 65536}]' '.process.user = {uid: 5, gid: 6}'
    set_sh 'id -u; id -g; cat /proc/self/uid_map'
    status=0
    as_user -- run --bundle "$BUNDLE" "$ID" || status=$?
    for file in passwd subuid subgid; do in_ns umount "/etc/$file"; done
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 0
    assert_equal "$(program_output | xargs)" "5 6 0 54321 1 1 700000 65536"
}

@test "an unprivileged user without access to a cgroup shares the caller's, or is told why a limit cannot be set" {
    berth_only
    rootless
    set_args true
    as_user -- run --bundle "$BUNDLE" "$ID"
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_equal "$output" ""
    config '.linux.resources = {pids: {limit: 20}}'
    ! as_user -- run --bundle "$BUNDLE" "$ID" || fail_with "it should have failed"
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_output 'linux.resources.pids.limit: no right to make a cgroup.*delegated'
}

@test "an unprivileged user cannot map other users' ids" {
    rootless
    config '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}]'
    status=0
    as_user -- run --bundle "$BUNDLE" "$ID" || status=$?
    [ "$status" -ne 0 ]
    [ "$status" -ne 124 ]
    [ "$status" -ne 126 ] # the runtime could not even be executed
}

@test "an unprivileged user's state is in XDG_RUNTIME_DIR" {
    rootless
    mkdir -m 700 "$BATS_TEST_TMPDIR/xdg"
    chown $USER_ID:$USER_ID "$BATS_TEST_TMPDIR/xdg"
    set_args payload pause
    timeout --foreground "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid $USER_ID --regid $USER_ID --clear-groups \
        env XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/xdg" "$RUNTIME" run -d --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&-
    ls "$BATS_TEST_TMPDIR/xdg"/*/"$ID" >/dev/null
    timeout --foreground "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid $USER_ID --regid $USER_ID --clear-groups \
        env XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/xdg" "$RUNTIME" delete --force "$ID" 3>&- 4>&-
}
