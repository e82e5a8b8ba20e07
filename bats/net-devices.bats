#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.netDevices: network devices of the host that move into the container. Here "the host" is a network namespace of the test's own.

load helpers
load helpers-errors
load helpers-fs

# hold_network [OPTION...]: a process that holds a new network namespace; its pid is the last of HELD.
hold_network() {
    local ready=$BATS_TEST_TMPDIR/holder${#HELD[@]}
    unshare --net "$@" "$SUITE_DIR/payload" pause >"$ready" 3>&- </dev/null &
    HELD+=($!)
    disown
    wait_until file_has ready "$ready"
}

in_net() { nsenter --net="/proc/${HELD[0]}/ns/net" "$@"; }
rt() {
    timeout --foreground -k 2 "$PATIENCE" nsenter --net="/proc/${HELD[0]}/ns/net" "$SUITE_DIR/hosttool" ns "$SUITE_NS" \
        "$RUNTIME" --root "$ROOT" "$@" 3>&- 4>&-
}

# h0 is a device with a peer, p0, that stays; addresses need not be checked for duplicates.
test_setup() {
    HELD=()
    hold_network
    in_net sh -c 'sysctl -qw net.ipv6.conf.default.accept_dad=0 && ip link set lo up &&
        ip link add h0 type veth peer name p0 && ip link set h0 up && ip link set p0 up'
    set_args true
}

test_after() { [ "${#HELD[@]}" -eq 0 ] || kill -KILL "${HELD[@]}" 2>/dev/null || true; }

devices() { config ".linux.netDevices = $1"; }
create_it() { set_args payload pause && create_c; IN_CONTAINER=$(init_pid); }
inside() { nsenter --net="/proc/$IN_CONTAINER/ns/net" "$@"; }
names() { ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort | xargs; }
export -f names

# Everything of the host's network, without what a clock changes, or what a bridge hears.
network() {
    in_net sh -c 'ip -o -d link; ip -o addr; ip route show table all; ip -6 route show table all' |
        sed -E 's/[0-9]+sec/SEC/g; s/qdisc [a-z_]* //; s/([a-z]*_?timer|fdb_n_learned) +[0-9.]*/\1/g' | sort
}
network_snapshot() {
    network >"$BATS_TEST_TMPDIR/network-before"
    until sleep 0.2 && network_is_back && ! grep -q 'UNKNOWN.*bridge' "$BATS_TEST_TMPDIR/network-before"; do
        network >"$BATS_TEST_TMPDIR/network-before"
    done
}
network_is_back() { network >"$BATS_TEST_TMPDIR/network-after" && cmp -s "$BATS_TEST_TMPDIR"/network-{before,after}; }
assert_network_unchanged() {
    local end=$((SECONDS + PATIENCE / 4))
    until network_is_back; do
        [ "$SECONDS" -lt "$end" ] || break
    done
    diff "$BATS_TEST_TMPDIR"/network-{before,after} || fail_with "the host's network is not as it was"
}

refused_device() {
    network_snapshot
    refused_run "$1"
    assert_network_unchanged
}

@test "a device moves into the container and is up there" {
    devices '{h0: {}}'
    create_it
    assert_equal "$(inside bash -c names)" "h0 lo"
    assert_equal "$(in_net bash -c names)" "lo p0"
    inside ip link show dev h0 | grep -q '[<,]UP[,>]'
}

@test "the program sees it" {
    in_net ip addr add 192.0.2.1/24 dev h0
    devices '{h0: {name: "eth0"}}'
    set_sh 'ls /sys/class/net | xargs; ip addr show dev eth0'
    run_c
    assert_status 0
    assert_equal "${lines[0]}" "eth0 lo"
    assert_output '192.0.2.1/24'
    assert_output 'UP'
}

@test "a device gets the name that is asked for" {
    devices '{h0: {name: "ctr0"}, p0: {name: ""}}'
    create_it
    assert_equal "$(inside bash -c names)" "ctr0 lo p0"
}

@test "two devices swap their names" {
    devices '{h0: {name: "x0"}, p0: {name: "h0"}}'
    create_it
    assert_equal "$(inside bash -c names)" "h0 lo x0"
}

@test "the device keeps its address, MTU, alias and group" {
    in_net ip link set h0 address 02:00:00:00:00:55 mtu 1400 alias "of the host" txqueuelen 77
    devices '{h0: {name: "eth0"}}'
    create_it
    output=$(inside ip -o link show dev eth0)
    assert_output 'mtu 1400 '
    # shellcheck disable=SC1003 # The backslashes are those of a regular expression.
    assert_output 'qlen 77\\'
    assert_output 'link/ether 02:00:00:00:00:55 '
    assert_output 'alias of the host'
}

give_addresses() {
    in_net sh -c 'ip addr add 192.0.2.1/24 brd + dev h0
        ip addr add 192.0.2.7/24 dev h0
        ip addr add 198.51.100.1 peer 198.51.100.2 dev h0
        ip addr add 192.0.2.99/24 dev h0 valid_lft 1000 preferred_lft 500
        ip addr add 169.254.1.1/16 scope link dev h0
        ip addr add 2001:db8::1/64 dev h0 nodad
        ip addr add 2001:db8:0:1::2/48 dev h0 nodad noprefixroute preferred_lft 0
        ip addr add 2001:db8::99/64 dev h0 valid_lft 1000 preferred_lft 500
        ip addr add 2001:db8::7/64 dev h0 nodad home'
}

@test "permanent global addresses stay, with their prefixes and flags" {
    give_addresses
    devices '{h0: {name: "eth0"}}'
    create_it
    output=$(inside ip -o addr show dev eth0 | sed 's/  */ /g; s/^[0-9]*: //')
    assert_output '^eth0 inet 192\.0\.2\.1/24 brd 192\.0\.2\.255 scope global eth0\\ valid_lft forever'
    assert_output '^eth0 inet 192\.0\.2\.7/24 scope global secondary eth0\\ valid_lft forever'
    assert_output '^eth0 inet 198\.51\.100\.1 peer 198\.51\.100\.2/32 scope global eth0\\ valid_lft forever'
    assert_output '^eth0 inet6 2001:db8::1/64 scope global nodad \\ valid_lft forever preferred_lft forever'
    assert_output '^eth0 inet6 2001:db8:0:1::2/48 scope global nodad deprecated noprefixroute \\ valid_lft forever preferred_lft 0sec'
    assert_output '^eth0 inet6 2001:db8::7/64 scope global nodad home \\ valid_lft forever'
    refute_output '169\.254'
    refute_output '192\.0\.2\.99|db8::99'
    refute_output 'dynamic'
    assert_equal "$(inside ip route | xargs)" "192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1 198.51.100.2 dev eth0 proto kernel scope link src 198.51.100.1"
}

@test "labels of addresses keep the device's name, and change with it" {
    in_net ip addr add 192.0.2.1/24 dev h0 label h0:web
    devices '{h0: {}}'
    create_it
    inside ip -o addr show dev h0 | grep -q 'h0:web'
    rt delete --force "$ID"
    in_net sh -c 'ip link add h0 type veth peer name q0 && ip addr add 192.0.2.1/24 dev h0 label h0:web'
    devices '{h0: {name: "eth0"}}'
    create_it
    inside ip -o addr show dev eth0 | grep -q ' global eth0'
}

@test "a device without addresses, and one that was down" {
    in_net ip link set h0 down
    devices '{h0: {}}'
    create_it
    inside ip link show dev h0 | grep -q '[<,]UP[,>]'
}

@test "the kernel creates the link-local address" {
    devices '{h0: {}}'
    create_it
    wait_until sh -c "nsenter --net=/proc/$IN_CONTAINER/ns/net ip -o -6 addr show dev h0 | grep -q 'fe80:'"
    assert_equal "$(inside ip -o -6 addr show dev h0 | wc -l)" 1
}

@test "a template gets the lowest free number" {
    in_net ip link add q0 type veth peer name q1
    devices '{h0: {name: "eth%d"}, p0: {name: "eth%d"}, q0: {name: "net%d"}, q1: {name: "a%db"}}'
    create_it
    assert_equal "$(inside bash -c names)" "a0b eth0 eth1 lo net0"
}

# A network namespace to join, with some names taken.
joined() {
    hold_network
    nsenter --net="/proc/${HELD[1]}/ns/net" sh -c 'ip link add eth0 type veth peer name eth2'
    config ".linux.namespaces |= map(select(.type != \"network\")) + [{type: \"network\", path: \"/proc/${HELD[1]}/ns/net\"}]"
}
in_joined() { nsenter --net="/proc/${HELD[1]}/ns/net" "$@"; }

@test "a joined network namespace, whose names count" {
    joined
    devices '{h0: {name: "eth%d"}, p0: {name: "eth%d"}}'
    in_net ip addr add 192.0.2.1/24 dev h0
    create_it
    assert_equal "$(in_joined bash -c names)" "eth0 eth1 eth2 eth3 lo"
    in_joined ip -o addr show dev eth1 | grep -q 192.0.2.1/24
}

@test "delete does not move a device back" {
    joined
    devices '{h0: {name: "moved0"}}'
    create_it
    rt delete --force "$ID"
    assert_equal "$(in_net bash -c names)" "lo p0"
    assert_equal "$(in_joined bash -c names)" "eth0 eth2 lo moved0"
}

@test "a device goes with the network namespace of the container" {
    devices '{h0: {}}'
    set_args true
    run_c
    assert_status 0
    only_lo() { [ "$(in_net bash -c names)" = lo ]; }
    wait_until only_lo
}

@test "a name that is taken in the container is an error" {
    joined
    devices '{h0: {name: "eth0"}}'
    refused_device 'linux\.netDevices\["h0"\]: .*: file exists'
    assert_equal "$(in_joined bash -c names)" "eth0 eth2 lo"
}

@test "the host's name may be taken in the container when another is asked for" {
    joined
    in_joined ip link set eth0 name h0
    devices '{h0: {name: "fine"}}'
    create_it
    assert_equal "$(in_joined bash -c names)" "eth2 fine h0 lo"
}

@test "a number that is taken in the container is skipped" {
    joined
    local number
    number=$(in_net ip -o link show dev h0 | cut -d: -f1)
    in_joined ip -o link | grep -q "^$number: eth"
    in_net ip addr add 192.0.2.1/24 dev h0
    devices '{h0: {}}'
    create_it
    in_joined ip -o addr show dev h0 | grep -q 192.0.2.1/24
}

@test "two devices with one name are an error, and both come back" {
    give_addresses
    devices '{h0: {name: "eth0"}, p0: {name: "eth0"}}'
    refused_device 'linux\.netDevices\["p0"\]: .*: file exists'
}

@test "a device that does not exist is an error" {
    devices '{h0: {}, nosuch0: {}}'
    refused_device 'linux\.netDevices\["nosuch0"\]: .*: no such device'
}

@test "the loopback device is an error" {
    devices '{lo: {name: "lo1"}}'
    refused_device 'linux\.netDevices\["lo"\]: .*loopback'
}

@test "a container without its own network namespace is an error" {
    config '.linux.namespaces |= map(select(.type != "network"))' '.mounts |= map(select(.type != "sysfs"))'
    devices '{h0: {}}'
    refused_device 'linux\.netDevices: needs a network namespace'
}

@test "the caller's own network namespace is an error" {
    config ".linux.namespaces |= map(select(.type != \"network\")) + [{type: \"network\", path: \"/proc/${HELD[0]}/ns/net\"}]"
    devices '{h0: {name: "other"}}'
    refused_device 'linux\.netDevices\["h0"\]: .*own network namespace'
}

@test "invalid names are errors" {
    local name
    host_snapshot
    network_snapshot
    for name in 'a/b' 0123456789abcdef 'a b' . .. 'x%' '%s' '%d%d' '%%d'; do
        devices "{h0: {name: \"$name\"}}"
        run_fails run --bundle "$BUNDLE" "$ID"
        assert_output 'linux\.netDevices'
    done
    assert_network_unchanged
    assert_host_unchanged
}

@test "in a user namespace" {
    config '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    give_addresses
    devices '{h0: {name: "eth%d"}}'
    create_it
    assert_equal "$(inside bash -c names)" "eth0 lo"
    inside ip -o addr show dev eth0 | grep -q 192.0.2.1/24
    inside ip -o addr show dev eth0 | grep -q 2001:db8::1/64
}

@test "a joined network namespace of another user namespace" {
    hold_network --user --map-root-user
    config ".linux.namespaces |= map(select(.type != \"network\")) + [{type: \"network\", path: \"/proc/${HELD[1]}/ns/net\"}]"
    devices '{h0: {}}'
    create_it
    assert_equal "$(inside bash -c names)" "h0 lo"
}

@test "joined user and network namespaces" {
    hold_network --user --map-root-user
    chown -R 0:0 rootfs
    config ".linux.namespaces |= map(select(.type != \"network\")) + [{type: \"network\", path: \"/proc/${HELD[1]}/ns/net\"},
        {type: \"user\", path: \"/proc/${HELD[1]}/ns/user\"}]" \
        '.mounts |= map(select(.destination | startswith("/sys") | not) | .options |= map(select(. != "gid=5")))'
    in_net ip addr add 192.0.2.1/24 dev h0
    devices '{h0: {name: "eth%d"}}'
    create_it
    inside ip -o addr show dev eth0 | grep -q 192.0.2.1/24
}

@test "a device may be given by its alternative name" {
    in_net ip link property add dev h0 altname a-rather-long
    devices '{"a-rather-long": {}}'
    create_it
    assert_equal "$(inside bash -c names)" "h0 lo"
}

@test "an address that the container cannot have is an error" {
    joined
    in_joined sysctl -qw net.ipv6.conf.default.disable_ipv6=1
    give_addresses
    devices '{h0: {name: "x0"}}'
    refused_device 'linux\.netDevices\["h0"\]: .*: permission denied \(IPv6'
    assert_equal "$(in_joined bash -c names)" "eth0 eth2 lo"
}

@test "sysctl of the device is set after it has been moved" {
    config '.linux.sysctl = {"net.ipv4.conf.eth0.forwarding": "1", "net.ipv6.conf.eth0.hop_limit": "33"}'
    devices '{h0: {name: "eth0"}}'
    set_sh 'cat /proc/sys/net/ipv4/conf/eth0/forwarding /proc/sys/net/ipv6/conf/eth0/hop_limit'
    run_c
    assert_equal "$output" $'1\n33'
}

@test "hooks find the device in the container" {
    local hook='[{path: "/bin/sh", args: ["sh", "-c", "grep eth0: /proc/net/dev >&2; exit 3"]}]'
    devices '{h0: {name: "eth0"}}'
    config ".hooks = {createContainer: $hook}"
    run_fails create --bundle "$BUNDLE" "$ID"
    assert_output 'eth0:'
}

# Addresses of all kinds, routes of the host's own, and a bridge.
furnish() {
    give_addresses
    in_net sh -c 'ip route add 203.0.113.0/24 via 192.0.2.254
        ip route add default via 192.0.2.253 metric 50
        ip route add 203.0.113.9 dev h0 scope link table 77
        ip -6 route add 2001:db8:1::/48 via 2001:db8::fe
        ip -6 route add default via fe80::1 dev h0 metric 5
        ip link add br0 type bridge && ip link set br0 up && ip link set p0 master br0'
}

@test "a failing create moves the devices back as they were" {
    furnish
    devices '{h0: {name: "eth0"}, p0: {}}'
    add_mount /m bind "$BUNDLE/nowhere" bind
    refused_device 'nowhere'
}

@test "if the program is not found, they come back, too" {
    furnish
    devices '{h0: {name: "eth%d"}, p0: {}}'
    set_args nosuchprogram
    refused_device 'nosuchprogram'
}

@test "one that was down is down again" {
    in_net sh -c 'ip link set h0 down && ip addr add 192.0.2.1/24 dev h0'
    devices '{h0: {name: "eth0"}}'
    set_args nosuchprogram
    refused_device 'nosuchprogram'
}

@test "a device comes back from a joined namespace, from a name that the host has" {
    joined
    furnish
    devices '{h0: {name: "p0"}}'
    set_args nosuchprogram
    refused_device 'nosuchprogram'
    assert_equal "$(in_joined bash -c names)" "eth0 eth2 lo"
}

@test "from a user namespace, too" {
    config '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    furnish
    devices '{h0: {name: "eth0"}}'
    set_args nosuchprogram
    refused_device 'nosuchprogram'
}

@test "whichever step fails, the network is as before" {
    berth_only "only berth can let a step of its plan fail"
    furnish
    devices '{h0: {name: "eth0"}, p0: {name: "eth%d"}}'
    config '.linux.sysctl = {"net.ipv4.conf.eth0.forwarding": "1"}'
    set_args true
    local step names first
    mapfile -t names < <(rt run --dry-run --bundle "$BUNDLE" "$ID" | awk '{print $3}')
    [ "${#names[@]}" -gt 50 ] || fail_with "only ${#names[@]} steps"
    for step in "${!names[@]}"; do [ "${names[step]}" != launch: ] || first=$step; done
    network_snapshot
    host_snapshot
    for ((step = first; step < ${#names[@]}; step++)); do
        run_rt run --bundle "$BUNDLE" --fault "$step" "$ID"
        [ "$status" -ne 0 ] && [ "$status" -ne 124 ] || fail_with "step $step: status $status"
        assert_output 'input/output error'
        assert_network_unchanged
    done
    assert_host_unchanged
}

@test "an unprivileged user cannot move devices: an error that says so" {
    config '.linux.namespaces |= map(select(.type != "cgroup")) + [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 54321, size: 1}] | .linux.gidMappings = .linux.uidMappings' \
        '.mounts |= map(select(.type != "cgroup") | .options |= map(select(. != "gid=5")))'
    devices '{h0: {}}'
    chown -R 54321:54321 "$BUNDLE"
    mkdir -p "$BATS_TEST_TMPDIR/user" && chown 54321:54321 "$BATS_TEST_TMPDIR/user"
    network_snapshot
    status=0
    in_net timeout --foreground "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid 54321 --regid 54321 --clear-groups \
        "$RUNTIME" --root "$BATS_TEST_TMPDIR/user" run --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- ||
        status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_failed
    [ "$status" -ne 126 ]
    assert_output 'linux\.netDevices.*operation not permitted \(.*root'
    assert_network_unchanged
}

@test "a runtime with few capabilities: an error that says so" {
    devices '{h0: {}}'
    network_snapshot
    status=0
    in_net timeout --foreground "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --bounding-set=-net_admin \
        "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_failed
    assert_output 'operation not permitted'
    assert_network_unchanged
}
