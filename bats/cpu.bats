# SPDX-License-Identifier: Apache-2.0
# linux.resources.cpu but for cpus and mems: shares, quota, period, burst, idle and realtime.
load helpers
load helpers-cgroups

test_setup() { needs cpu; }

max_is() { value_is cpu cpu.cfs_quota_us cpu.max "$1" "$1 $2" && { cg_is_v2 || value_is cpu cpu.cfs_period_us "" "$2"; }; }
burst_is() { value_is cpu cpu.cfs_burst_us cpu.max.burst "$1"; }
needs_burst() { has_file cpu cpu.cfs_burst_us || has_file cpu cpu.max.burst || skip "the kernel knows no burst"; }
needs_idle() { has_file cpu cpu.idle || skip "the kernel knows no cpu.idle"; }

@test "cpu.shares" {
    limit 'cpu: {shares: 512}' cpu cpu.shares cpu.weight 512 59
}

@test "cpu.shares: every value of v1 is converted to a weight of v2" {
    needs_v2
    local pair
    for pair in 2:1 100:17 256:35 1024:100 2048:174 10000:627 262144:10000; do
        limit "cpu: {shares: ${pair%:*}}" cpu "" cpu.weight "${pair#*:}"
    done
}

@test "cpu.shares: the minimum and the maximum" {
    limit 'cpu: {shares: 2}' cpu cpu.shares cpu.weight 2 1
    limit 'cpu: {shares: 262144}' cpu cpu.shares cpu.weight 262144 10000
}

@test "cpu.shares of 0 is as if unset" {
    limit 'cpu: {shares: 0}' cpu cpu.shares cpu.weight 1024 100
}

@test "cpu.quota and cpu.period" {
    resources 'cpu: {quota: 40000, period: 80000}'
    started
    max_is 40000 80000
}

@test "cpu.quota without a period" {
    resources 'cpu: {quota: 50000}'
    started
    max_is 50000 100000
}

@test "cpu.quota above the period, with a small period" {
    resources 'cpu: {quota: 1000000, period: 10000}'
    started
    max_is 1000000 10000
}

@test "cpu.period without a quota" {
    limit 'cpu: {period: 50000}' cpu cpu.cfs_period_us cpu.max 50000 "max 50000"
}

@test "cpu.quota of -1 is unlimited" {
    limit 'cpu: {quota: -1}' cpu cpu.cfs_quota_us cpu.max -1 "max 100000"
}

@test "cpu.quota of 0 is as if unset" {
    limit 'cpu: {quota: 0}' cpu cpu.cfs_quota_us cpu.max -1 "max 100000"
}

is_throttled() { [ "$(cg_read cpu cpu.stat cpu.stat | awk '$1 == "nr_throttled" {print $2}')" -gt 0 ]; }

@test "cpu.quota throttles a busy program" {
    # So little that a busy machine lets it have more, too.
    resources 'cpu: {quota: 2000, period: 100000}'
    set_sh 'payload burn 0.6; echo ready; while :; do :; done'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    local ms
    ms=$(sed -n 's/^cpu \([0-9]*\) ms/\1/p' "$BATS_TEST_TMPDIR/out")
    [ "$ms" -lt 350 ] || fail_with "it had $ms ms of 600"
    wait_until is_throttled
}

@test "cpu.period too small or too large for the kernel is an error" {
    refused_resources cpu.period 'cpu: {period: 5}'
    refused_resources cpu.period 'cpu: {period: 2000000}'
}

@test "cpu.quota too small for the kernel is an error" {
    refused_resources cpu.quota 'cpu: {quota: 5}'
}

@test "cpu.burst" {
    needs_burst
    resources 'cpu: {quota: 50000, period: 100000, burst: 20000}'
    started
    burst_is 20000
    max_is 50000 100000
}

@test "cpu.burst may equal the quota, a larger one is an error" {
    needs_burst
    limit 'cpu: {quota: 50000, burst: 50000}' cpu cpu.cfs_burst_us cpu.max.burst 50000
    refused_resources cpu.burst 'cpu: {quota: 50000, burst: 50001}'
}

@test "cpu.idle" {
    needs_idle
    limit 'cpu: {idle: 1}' cpu cpu.idle cpu.idle 1
    limit 'cpu: {idle: 0}' cpu cpu.idle cpu.idle 0
}

@test "cpu.idle that is neither 0 nor 1 is an error" {
    needs_idle
    refused_resources cpu.idle 'cpu: {idle: 7}'
}

@test "cpu.realtimeRuntime and cpu.realtimePeriod" {
    if cg_is_v2; then
        refused_resources cpu.realtimeRuntime 'cpu: {realtimeRuntime: 10000}'
        refused_resources cpu.realtimePeriod 'cpu: {realtimePeriod: 900000}'
    else
        has_file cpu cpu.rt_runtime_us || skip "the kernel has no cpu.rt_runtime_us"
        ! by_systemd || ! in_ns grep -qx 0 /sys/fs/cgroup/cpu/system.slice/cpu.rt_runtime_us || skip "systemd's slices have no real time to give"
        resources 'cpu: {realtimeRuntime: 10000, realtimePeriod: 900000}'
        started
        value_is cpu cpu.rt_runtime_us "" 10000
        value_is cpu cpu.rt_period_us "" 900000
    fi
}

@test "cpu.realtimeRuntime larger than its period is an error" {
    needs_v1 cpu
    has_file cpu cpu.rt_runtime_us || skip "the kernel has no cpu.rt_runtime_us"
    refused_resources cpu.realtime 'cpu: {realtimeRuntime: 200000, realtimePeriod: 100000}'
}

# ---- update

@test "update: quota and period grow and shrink together" {
    resources 'cpu: {quota: 20000, period: 40000}'
    started
    update --cpu-quota 400000 --cpu-period 800000
    max_is 400000 800000
    update --cpu-quota 5000 --cpu-period 10000
    max_is 5000 10000
}

@test "update: a quota alone keeps the period, a period alone keeps the quota" {
    resources 'cpu: {quota: 20000, period: 50000}'
    started
    update --cpu-quota 30000
    max_is 30000 50000
    update --cpu-period 60000
    max_is 30000 60000
}

@test "update: quota of -1 lifts the limit" {
    resources 'cpu: {quota: 20000, period: 50000}'
    started
    update --cpu-quota -1
    value_is cpu cpu.cfs_quota_us cpu.max -1 "max 50000"
}

@test "update: burst and quota grow together" {
    needs_burst
    resources 'cpu: {quota: 20000, burst: 10000}'
    started
    update --cpu-quota 60000 --cpu-burst 60000
    max_is 60000 100000
    burst_is 60000
}

@test "update: burst and quota shrink together" {
    needs_burst
    resources 'cpu: {quota: 60000, burst: 60000}'
    started
    update --cpu-quota 20000 --cpu-burst 10000
    max_is 20000 100000
    burst_is 10000
}

@test "update: burst alone grows, and is set to 0" {
    needs_burst
    resources 'cpu: {quota: 60000, burst: 10000}'
    started
    update --cpu-burst 50000
    burst_is 50000
    update --cpu-burst 0
    burst_is 0
    max_is 60000 100000
}

@test "update: a quota below the current burst is an error" {
    needs_burst
    resources 'cpu: {quota: 60000, burst: 50000}'
    started
    update_refused cpu --cpu-quota 20000
}

@test "update: idle on and off restores the shares" {
    needs_idle
    resources 'cpu: {shares: 512}'
    started
    update --cpu-idle 1
    value_is cpu cpu.idle cpu.idle 1
    update --cpu-idle 0
    value_is cpu cpu.idle cpu.idle 0
}

@test "update: shares of an idle cgroup take effect or are an error" {
    needs_idle
    resources 'cpu: {idle: 1}'
    started
    run_rt update --cpu-share 512 "$ID"
    [ "$status" -ne 0 ] || {
        update --cpu-idle 0
        value_is cpu cpu.shares cpu.weight 512 59
    }
}
