# SPDX-License-Identifier: Apache-2.0
# events as runc has it: each key path of runc's statistics is in the runtime's own, with the same type, and the numbers are the kernel's.
load helpers

# A program that causes some of everything that is counted, with less processor time than it wants.
workload='exec 2>/dev/null
    dd if=/dev/zero of=/tmp/file bs=64k count=64 conv=fsync
    while [ ! -e /tmp/go ]; do :; done
    : >/tmp/ready; exec payload pause'

test_setup() {
    [ "$RT_KIND" != crun ] || skip "crun has no events"
    config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 50}, cpu: {quota: 2000, period: 100000}}'
    set_sh "$workload"
}

# Every path of the object on stdin with its type; an index of an array is "[]".
types() {
    jq -r 'def dotted: map(if type == "number" then "[]" else . end) | join(".");
        [paths as $p | "\($p | dotted) \(getpath($p) | type)"] | unique | .[]'
}

stats_of() {
    rt events --stats "$ID" >"$BATS_TEST_TMPDIR/stats"
    assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/stats")" 1
    jq "$1" "$BATS_TEST_TMPDIR/stats"
}

is_throttled() { awk '$1 == "nr_throttled" && $2 > 0 {found = 1} END {exit !found}' "$1/cpu.stat"; }

# wait_worked PID: on a loaded machine it takes its time until a program gets as much as its quota, and more.
wait_worked() {
    wait_until is_throttled "$(cgroup_dir_of_pid cpu "$1")"
    touch "$BUNDLE/rootfs/tmp/go"
    wait_until [ -e "$BUNDLE/rootfs/tmp/ready" ]
    rm "$BUNDLE/rootfs/tmp/ready" "$BUNDLE/rootfs/tmp/go"
}

# The program does nothing more that is counted.
at_rest() { [ "$(cat "/proc/$1/comm")" = payload ] && grep -q '^State:.S' "/proc/$1/status"; }

start_c() {
    create_c
    rt start "$ID"
    local pid
    pid=$(init_pid)
    wait_worked "$pid"
    wait_until at_rest "$pid"
}

# The same bundle by the runc of this host: its statistics in $BATS_TEST_TMPDIR/runc.
by_runc() {
    local runc pid
    runc=$(command -v runc) || skip "no runc to compare with"
    in_ns "$runc" --root "$BATS_TEST_TMPDIR/runc-root" run -d -b "$BUNDLE" "$ID-runc" </dev/null >/dev/null 2>&1
    pid=$(in_ns "$runc" --root "$BATS_TEST_TMPDIR/runc-root" state "$ID-runc" | jq .pid)
    wait_worked "$pid" && in_ns "$runc" --root "$BATS_TEST_TMPDIR/runc-root" events --stats "$ID-runc" >"$BATS_TEST_TMPDIR/runc" || true
    in_ns "$runc" --root "$BATS_TEST_TMPDIR/runc-root" delete -f "$ID-runc"
}

@test "every key of runc's statistics is there, of the same type" {
    by_runc
    start_c
    stats_of . >/dev/null
    local missing
    missing=$(comm -23 <(types <"$BATS_TEST_TMPDIR/runc") <(types <"$BATS_TEST_TMPDIR/stats"))
    [ -z "$missing" ] || fail_with "runc has, and this lacks: $missing"
}

@test "limits, processors and nodes are those that runc reports" {
    by_runc
    start_c
    local same='.data | [.memory.usage.limit, .memory.swap.limit, .memory.kernelTCP.limit, .pids.limit, .cpuset]'
    assert_equal "$(stats_of "$same")" "$(jq "$same" "$BATS_TEST_TMPDIR/runc")"
}

kernel_counts() {
    cg_read cpu cpu.stat cpu.stat | awk '$1 == "nr_throttled" {print $2}'
    cg_read memory memory.stat memory.stat | awk '$1 == "pgfault" {print $2}'
}

# When the program is at rest, its counts may still change: the kernel counts a throttled period at its end, and adds up the page faults of
# all processors every two seconds.
stats_between_equal_counts() {
    COUNTS=$(kernel_counts)
    stats_of . >/dev/null
    [ "$(kernel_counts)" = "$COUNTS" ]
}

@test "the statistics are the kernel's numbers" {
    start_c
    stats_of . >/dev/null
    assert_equal "$(stats_of .data.pids)" "$(jq -n '{current: 1, limit: 50}')"
    assert_equal "$(stats_of .data.memory.usage.limit)" "$(cg_read memory memory.limit_in_bytes memory.max)"
    wait_until stats_between_equal_counts
    assert_equal "$(jq '.data.cpu.throttling.throttledPeriods, .data.memory.raw.pgfault' "$BATS_TEST_TMPDIR/stats")" "$COUNTS"
    assert_equal "$(stats_of '.data.cpu.usage | .total >= .user + .kernel - 20000000 and .total > 0')" true
    assert_equal "$(stats_of '[.type, .id] | join(" ")' | tr -d '"')" "stats $ID"
}
