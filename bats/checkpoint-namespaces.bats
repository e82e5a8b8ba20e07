# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore: namespaces that the container has not made itself, user namespaces; connections of its network.
load helpers
load helpers-criu

@test "a network namespace with a path" {
    needs_criu
    in_ns ip netns add "$ID"
    config ".linux.namespaces += [{type: \"network\", path: \"/run/netns/$ID\"}]"
    counting
    checkpoint_c
    restore_c
    local at
    at=$(stat -Lc %i "/proc/$(init_pid)/ns/net")
    assert_equal "$at" "$(in_ns stat -Lc %i "/run/netns/$ID")"
    rt delete --force "$ID"
    in_ns ip netns del "$ID"
    in_ns sh -c "umount /run/netns; rmdir /run/netns"
}

# pod TYPE...: the container is to be in these namespaces of a process, as engines do it with a pod's
pod() {
    local type flags=() file
    for type in "$@"; do flags+=("--${type/network/net}"); done
    unshare "${flags[@]}" ${as_root:-} --fork --kill-child=KILL sleep 1000 3>&- 8>&- 9>&- </dev/null >/dev/null 2>&1 &
    UNSHARE=$!
    wait_until pgrep -P "$UNSHARE" sleep
    POD=$(pgrep -P "$UNSHARE" sleep)
    for type in "$@"; do
        file=${type/network/net} file=${file/mount/mnt}
        config ".linux.namespaces |= map(select(.type != \"$type\")) + [{type: \"$type\", path: \"/proc/$POD/ns/$file\"}]"
    done
}

pod_is_gone() { [ ! -e "/proc/$POD" ]; }

# The kernel ends the pod's process when unshare has ended, so a little later; until then its namespaces are there.
end_pod() {
    kill -KILL "$UNSHARE"
    wait "$UNSHARE" 2>/dev/null || true
    UNSHARE=
    wait_until pod_is_gone
}

# A test that fails or is skipped has not ended it.
test_after() { [ -z "${UNSHARE:-}" ] || end_pod; }

# in_pod FILE...: the container's namespace is the pod's
in_pod() {
    local file pid
    pid=$(init_pid)
    for file in "$@"; do assert_equal "$(readlink "/proc/$pid/ns/$file")" "$(readlink "/proc/$POD/ns/$file")"; done
}

@test "the network, IPC and UTS namespaces of a pod" {
    needs_criu
    pod network ipc uts
    config 'del(.hostname)'
    counting
    in_pod net ipc uts
    checkpoint_c
    restore_c
    in_pod net ipc uts
    goes_on_from 3
    rt delete --force "$ID"
    end_pod
}

@test "the PID namespace of a pod, and of another pod" {
    needs_criu
    pod pid ipc
    counting
    in_pod pid ipc
    checkpoint_c
    end_pod
    pod pid ipc
    restore_c
    in_pod pid ipc
    goes_on_from 3
    rt delete --force "$ID"
    end_pod
}

@test "the error names a namespace that is gone" {
    berth_only
    needs_criu
    pod ipc
    counting
    checkpoint_c
    end_pod
    host_snapshot
    run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$ID"
    assert_output 'linux\.namespaces\[[0-9]\]\.path: .*/proc/[0-9]+/ns/ipc: no such file'
    assert_host_unchanged
}

user_namespace() {
    own_network
    chmod 755 rootfs "$BATS_TEST_TMPDIR"
    config '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    own_rootfs 100000
}

@test "a user namespace" {
    user_namespace
    counting
    checkpoint_c
    restore_c
    goes_on_from 3
    # berth undoes what criu needed to read the image.
    assert_equal "$(stat -c '%a %U %G' "$IMAGE")" '700 root root'
    run_ok exec "$ID" cat /proc/self/uid_map
    assert_output '0 +100000 +65536'
    assert_equal "$(stat -c %u "/proc/$(init_pid)")" 100000
}

# --- connections ------------------------------------------------------------------------------

# One of the container with itself, over which numbers go to the file got; its end is noted, and the script goes on.
connected() {
    own_network
    before_start() { in_network "$(init_pid)" ip link set lo up; }
    counting "sleep 1000 | nc -l -p 7000 >/got & until grep -qs ':1B58 ' /proc/net/tcp /proc/net/tcp6; do usleep 10000; done; { i=0; while :; do i=\$((i + 1)); echo \$i; usleep 20000; done | nc 127.0.0.1 7000; echo >/closed; } & $COUNT"
    wait_until file_has 3 rootfs/got
    checkpoint_fails 'TCP'
}

got() { wc -l <rootfs/got; }
got_beyond() { [ "$(got)" -gt "$1" ]; }

@test "--tcp-established: a connection survives, with each way to lock the network meanwhile" {
    connected
    local lock at
    for lock in iptables nftables skip; do
        [ "$RT_KIND" = berth ] || lock=
        if [ "$RT_KIND" = berth ] && [ "$lock" != iptables ] && ! criu_since 4.1; then
            run_fails checkpoint --image-path "$IMAGE" --work-path "$WORK" --tcp-established --network-lock "$lock" "$ID"
            assert_output 'network-lock .*needs criu [34]\.[0-9]+, this one is'
            continue
        fi
        IMAGE=$BATS_TEST_TMPDIR/by-$lock
        checkpoint_c --tcp-established ${lock:+--network-lock $lock}
        at=$(got)
        restore_c "$ID" --tcp-established ${lock:+--network-lock $lock}
        wait_until got_beyond $((at + 3)) || fail_with "$lock"
        cp rootfs/got got
        # The last line may not be whole.
        diff <(head -n "$(wc -l <got)" got) <(seq "$(wc -l <got)") || fail_with "$lock: not all of it"
        [ -n "$lock" ] || break
    done
    [ ! -e rootfs/closed ]
}

@test "--tcp-close: the connection is closed after restore" {
    berth_only "runc has no such option"
    connected
    checkpoint_c --tcp-established
    restore_c "$ID" --tcp-close
    wait_until test -e rootfs/closed
    goes_on_from 3
}

@test "--tcp-skip-in-flight: a connection that has not been accepted is left out" {
    local port=$((20000 + RANDOM % 10000))
    counting "payload hold port $port >/got & echo \$! >/late; $COUNT"
    wait_until listens "$port"
    exec 8<>"/dev/tcp/127.0.0.1/$port"
    checkpoint_fails 'In-flight connection' --tcp-established
    checkpoint_c --tcp-established --tcp-skip-in-flight
    exec 8>&-
    restore_c "$ID" --tcp-established
    goes_on_from 3
    exec 8<>"/dev/tcp/127.0.0.1/$port"
    echo later >&8
    exec 8>&-
    run_ok exec "$ID" kill -USR1 "$(cat rootfs/late)"
    wait_until file_has later rootfs/got
}

@test "a joined user, mount or cgroup namespace is an error that names it, and the container keeps running" {
    berth_only "others try it"
    local type as_root
    config '.mounts |= map(select(.destination | startswith("/sys") | not) | .options |= map(select(. != "gid=5")))'
    cp "$BUNDLE/config.json" "$BATS_TEST_TMPDIR"
    for type in cgroup mount user; do
        cp "$BATS_TEST_TMPDIR/config.json" "$BUNDLE/config.json"
        [ "$type" != user ] || as_root=--map-root-user
        pod "$type"
        started_c
        run_fails checkpoint --image-path "$IMAGE" --work-path "$WORK" "$ID"
        assert_output "linux\.namespaces\[[0-9]+\]\.path: .*$type"
        assert_equal "$(state_of)" running
        rt delete --force "$ID"
        end_pod
    done
}

# --- what is in the network namespace is left out ----------------------------------------------

# The hook of that kind gives the network namespace an address.
address_hook() {
    config ".hooks = {$1: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"nsenter -t \$(jq .pid) -n ip addr add $2/32 dev lo\"],
        env: [\"PATH=$PATH\"]}]}"
}

addresses_are() {
    run_ok exec "$ID" ip addr
    assert_output "$1"
    refute_output "$2"
    refute_output 'eth|veth'
    assert_output '1: lo: <LOOPBACK,UP'
}

@test "--empty-ns network: a hook has to set up the network namespace" {
    own_network
    before_start() { in_network "$(init_pid)" ip addr add 10.9.8.7/32 dev lo; }
    counting
    checkpoint_c --empty-ns network
    address_hook prestart 10.9.8.6
    restore_c "$ID" --empty-ns network
    addresses_are '10\.9\.8\.6' '10\.9\.8\.7'
}

hooks_make_the_network() {
    own_network
    address_hook "$1" 10.9.8.7
    counting
    checkpoint_c
    address_hook "$1" 10.9.8.6
    restore_c
    addresses_are '10\.9\.8\.6' '10\.9\.8\.7'
}

@test "a prestart hook sets up its network again" { hooks_make_the_network prestart; }
@test "a createRuntime hook sets up its network again" { hooks_make_the_network createRuntime; }
