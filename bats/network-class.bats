# SPDX-License-Identifier: Apache-2.0
# linux.resources.network: net_cls and net_prio are of version 1 alone. Where the kernel has them and nobody mounted them, the tests do, in
# a mount namespace of their own.
load helpers
load helpers-cgroups

network_view='
    if (
        mkdir -p "$1/view" && mount -t tmpfs tmpfs "$1/view" &&
        for h in /sys/fs/cgroup/*/; do
            mountpoint -q "$h" || continue
            n=$(basename "$h"); mkdir "$1/view/$n" && mount --bind "$h" "$1/view/$n" || exit 1
        done &&
        for n in net_cls net_prio; do
            mountpoint -q "$1/view/$n" || { mkdir -p "$1/view/$n" && mount -t cgroup -o $n cgroup "$1/view/$n"; } || exit 1
        done &&
        mount --rbind "$1/view" /sys/fs/cgroup && umount -l "$1/view"
    ); then echo ok; else echo failed; fi >"$1/ready"
    exec sleep 100000'

setup_file() {
    export WITHOUT_NETWORK=$SUITE_NS
    [ -e /sys/fs/cgroup/cgroup.controllers ] || ! grep -q '^net_cls' /proc/cgroups && return 0
    local ok
    NETWORK_MADE=$(awk '$1 ~ /^net_/ && $2 == 0 {print $1}' /proc/cgroups)
    export NETWORK_MADE
    hierarchies_change
    mkfifo "$BATS_FILE_TMPDIR/ready"
    "$SUITE_DIR/hosttool" ns "$SUITE_NS" unshare -m --propagation slave sh -c "$network_view" sh "$BATS_FILE_TMPDIR" 3>&- 4>&- \
        </dev/null >/dev/null 2>&1 &
    NETWORK_NS=$!
    read -r -t "$PATIENCE" ok <>"$BATS_FILE_TMPDIR/ready" || return 1
    [ "$ok" != ok ] || export SUITE_NS=$NETWORK_NS
    export NETWORK_NS
}

teardown_file() {
    [ -n "${NETWORK_NS:-}" ] || return 0
    kill "$NETWORK_NS"
    wait "$NETWORK_NS" || true
    local name
    for name in $NETWORK_MADE; do wait_until hierarchy_is_gone "$name" "$BATS_FILE_TMPDIR"; done
}

# On version 2, and where the hierarchy is missing, the property is an error that names it.
have() { in_ns mountpoint -q "/sys/fs/cgroup/$1" || skip "no $1 hierarchy here"; }

@test "network.classID" {
    have net_cls
    limit 'network: {classID: 1048577}' net_cls net_cls.classid "" 1048577
}

@test "network.priorities" {
    have net_prio
    resources 'network: {priorities: [{name: "lo", priority: 7}]}'
    set_args true
    create_c
    cg_read net_prio net_prio.ifpriomap "" | grep -qx 'lo 7'
}

@test "network.classID and priorities together, several interfaces" {
    have net_cls
    have net_prio
    local other
    other=$(ls /sys/class/net | grep -vx lo | head -1)
    [ -n "$other" ] || skip "one interface alone"
    resources "network: {classID: 5, priorities: [{name: \"lo\", priority: 7}, {name: \"$other\", priority: 8}]}"
    started
    value_is net_cls net_cls.classid "" 5
    cg_read net_prio net_prio.ifpriomap "" | grep -qx 'lo 7'
    cg_read net_prio net_prio.ifpriomap "" | grep -qx "$other 8"
}

@test "network.priorities: an interface that does not exist is an error that names the entry" {
    have net_prio
    refused_resources 'network.priorities[1]' 'network: {priorities: [{name: "lo", priority: 7}, {name: "nosuch0", priority: 7}]}'
}

@test "network.classID and priorities are errors on version 2" {
    needs_v2
    refused_resources network.classID 'network: {classID: 1048577}'
    refused_resources network.priorities 'network: {priorities: [{name: "lo", priority: 7}]}'
}

@test "network.classID and priorities are errors where the hierarchies are not mounted" {
    ! cg_is_v2 || skip "not on cgroup version 2"
    [ ! -d /sys/fs/cgroup/net_cls ] || skip "the host has them"
    SUITE_NS=$WITHOUT_NETWORK
    refused_resources network.classID 'network: {classID: 1048577}'
    refused_resources network.priorities 'network: {priorities: [{name: "lo", priority: 7}]}'
}

@test "an empty network is fine everywhere" {
    resources 'network: {}'
    run_c
    assert_status 0
    resources 'network: {priorities: []}'
    run_c
    assert_status 0
}
