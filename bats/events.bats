# SPDX-License-Identifier: Apache-2.0
# events: the numbers of a container as JSON, once or again and again, and word of a process that was killed for its memory.
load helpers
load helpers-cgroups

M=1048576

# crun has no such command.
test_setup() { [ "$RT_KIND" != crun ] || skip "crun has no events"; }

# The stats of the container, checked by a jq expression.
stats() {
    run_ok events --stats "$ID"
    assert_equal "${#lines[@]}" 1
    [ $# -eq 0 ] || jq -e "$1" <<<"$output" >/dev/null || fail_with "not so: $1"
}

events_in_background() {
    rt_exec events "$@" "$ID" </dev/null >"$BATS_TEST_TMPDIR/events" 2>&1 &
    EVENTS=$!
}

test_teardown() { [ -z "${EVENTS:-}" ] || kill "$EVENTS" 2>/dev/null || true; }

lines_of() { grep -c "\"type\":\"$1\"" "$BATS_TEST_TMPDIR/events"; }
has_lines() { [ "$(lines_of "$1")" -ge "$2" ]; }
events_ended() { has_ended "$EVENTS"; }

@test "--stats prints one object with type, id and data" {
    started
    stats ".type == \"stats\" and .id == \"$ID\" and (.data | type == \"object\")"
}

@test "--stats has the keys that callers read" {
    # As with runc a total of 0 is left out: some kernels count no time for a program that only waits.
    set_sh 'payload burn 0.2 cpu; exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    stats '.data | has("cpu") and has("memory") and has("pids") and has("blkio") and has("hugetlb") and has("intel_rdt")
        and has("network_interfaces")'
    stats '.data.cpu.usage | has("total") and has("kernel") and has("user")'
    stats '.data.memory | has("usage") and has("swap") and has("kernel") and has("kernelTCP") and has("raw")'
    stats '.data.memory.usage | has("limit") and has("usage") and has("failcnt")'
    stats '.data.cpu | has("throttling")'
}

@test "--stats: pids" {
    needs pids
    resources 'pids: {limit: 50}'
    set_sh 'sleep 1000 & sleep 1000 & exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    stats '.data.pids == {current: 3, limit: 50}'
}

@test "--stats: pids without a limit, except systemd's default" {
    local limit=0
    needs pids
    ! by_systemd || limit=$(systemctl show --property DefaultTasksMax --value)
    started
    stats ".data.pids.current == 1 and (.data.pids.limit // 0) == $limit"
}

@test "--stats: memory" {
    needs memory
    resources 'memory: {limit: 67108864}'
    set_args payload alloc 20 stay
    create_c
    rt start "$ID"
    wait_until file_has got "$BATS_TEST_TMPDIR/out"
    stats '.data.memory.usage.limit == 67108864'
    stats '.data.memory.usage.usage | . > 20000000 and . < 67108864'
    stats '.data.memory.raw | length > 10 and all(.[]; type == "number")'
}

@test "--stats: cpu" {
    set_sh 'payload burn 0.2 cpu; exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    # Half of what the program itself has seen: user time is sampled.
    local ms
    ms=$(sed -n 's/^cpu \([0-9]*\) ms/\1/p' "$BATS_TEST_TMPDIR/out")
    stats ".data.cpu.usage.total | . > $((ms * 500000)) and . < 60000000000"
    stats '.data.cpu.usage | .user + .kernel > 0'
}

@test "--stats: cpu of every processor on version 1" {
    needs_v1 cpuacct
    started
    stats ".data.cpu.usage.percpu | length == $(grep -c ^processor /proc/cpuinfo)"
}

@test "--stats: throttling" {
    needs cpu
    resources 'cpu: {quota: 10000, period: 100000}'
    # On a busy machine it takes a while until the process is given more than its quota.
    set_sh 'exec payload burn 120'
    create_c
    rt start "$ID"
    was_throttled() { stats; jq -e '.data.cpu.throttling | (.throttledTime // 0) > 1000000 and .periods > 0 and .throttledPeriods > 0' <<<"$output" >/dev/null; }
    wait_until was_throttled
}

@test "--stats: cpuset" {
    needs_v1 cpuset
    resources 'cpu: {cpus: "0", mems: "0"}'
    started
    stats '.data.cpuset.cpus == [0] and .data.cpuset.mems == [0]'
}

@test "--stats: blkio has lists of entries with major, minor, op and value" {
    has_controller blkio || needs io
    started
    # What is 0 is left out, as runc leaves it out: also the minor number of a disk.
    stats '.data.blkio | type == "object" and all(.[]; . == null or type == "object" or
        all(.[]; (keys - ["major", "minor", "op", "value"]) == [] and ([.major, .minor, .value] | all(. == null or type == "number"))))'
}

@test "--stats: hugetlb has an object for every page size" {
    needs hugetlb
    # runc looks for version 1 alone here.
    [ "$RT_KIND" != runc ] || cg_is_v2 || skip "runc 1.1 does not look at the v2 hierarchy"
    started
    # As with runc usage and max are left out while they are 0.
    stats '.data.hugetlb | length > 0 and all(.[]; .failcnt == 0 and (keys - ["usage", "max", "failcnt"] == []))'
    stats ".data.hugetlb | keys == [$(cd /sys/kernel/mm/hugepages && printf '%s\n' hugepages-* | sed 's/hugepages-//; s/kB//' |
        while read -r size; do name_of_pages "$size"; done | sed 's/.*/"&"/' | sort | paste -sd,)]"
}

@test "--stats: pressure where the kernel measures it" {
    needs_v2
    started
    [ -e "$(cgroup_dir cpu)/cpu.pressure" ] || skip "the kernel measures no pressure"
    local of
    for of in cpu memory blkio; do
        stats ".data.$of.psi.some | has(\"avg10\") and has(\"avg60\") and has(\"avg300\") and has(\"total\")"
        stats ".data.$of.psi.full | has(\"avg10\") and has(\"avg60\") and has(\"avg300\") and has(\"total\")"
    done
}

@test "--stats of a created and of a paused container" {
    set_args payload pause
    create_c
    stats '.type == "stats"'
    rt start "$ID"
    has_freezer || return 0
    rt pause "$ID"
    stats '.type == "stats"'
}

@test "events prints repeatedly, and ends with the container" {
    started
    events_in_background --interval 100ms
    wait_until has_lines stats 3
    rt kill "$ID" KILL
    wait_until events_ended
    wait "$EVENTS" || fail_with "$(cat "$BATS_TEST_TMPDIR/events")"
    jq -e --slurp "all(.[]; .id == \"$ID\")" "$BATS_TEST_TMPDIR/events"
}

@test "the interval is respected" {
    local begin
    started
    begin=$(date +%s%3N)
    events_in_background --interval 1s
    wait_until has_lines stats 2
    [ $(($(date +%s%3N) - begin)) -ge 1900 ] || fail_with "two intervals of a second took less"
}

@test "every line is flushed and is one object" {
    started
    events_in_background --interval 50ms
    wait_until has_lines stats 2
    head -2 "$BATS_TEST_TMPDIR/events" | while read -r line; do jq -e .data <<<"$line" >/dev/null; done
}

@test "an oom event reports an OOM kill" {
    needs memory
    resources 'memory: {limit: 33554432, swap: 33554432}'
    set_sh 'while [ ! -e /go ]; do sleep 0.02; done; payload alloc 100; exec payload pause'
    create_c
    rt start "$ID"
    events_in_background --interval 100ms
    wait_until has_lines stats 1
    touch rootfs/go
    wait_until has_lines oom 1
    grep '"type":"oom"' "$BATS_TEST_TMPDIR/events" | head -1 | jq -e ".id == \"$ID\""
    # No word comes for what is no out-of-memory.
    assert_equal "$(state_of)" running
}

@test "a process killed by a signal causes no oom event" {
    needs memory
    started
    events_in_background --interval 50ms
    wait_until has_lines stats 1
    rt kill "$ID" KILL
    wait_until events_ended
    assert_equal "$(lines_of oom)" 0
}

@test "events does not block the container: delete works meanwhile" {
    host_snapshot
    started
    events_in_background --interval 50ms
    wait_until has_lines stats 1
    run_ok delete --force "$ID"
    wait_until events_ended
    EVENTS=
    assert_host_unchanged
}

@test "a stopped container is an error" {
    set_args true
    create_c
    rt start "$ID"
    wait_status stopped
    run_fails events --stats "$ID"
    run_fails events "$ID"
}

@test "an unknown container fails with \"does not exist\"" {
    run_fails events --stats "$ID"
    assert_output 'does not exist'
}

@test "an invalid interval is an error" {
    started
    local interval
    for interval in 0 0s -1s soon ""; do run_fails events "--interval=$interval" "$ID"; done
}

@test "intervals as Go writes durations: 1m, 1h2m3s, 1.5s" {
    started
    local interval
    for interval in 1m 1h2m3s 1.5s 100ms; do run_ok events --stats "--interval=$interval" "$ID"; done
}

@test "a missing id is an error" { run_fails events --stats; }
