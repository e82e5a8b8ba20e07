# SPDX-License-Identifier: Apache-2.0
# linux.resources.memory: each property in the kernel's files, what a limit does to the program, and what cannot be.
load helpers
load helpers-cgroups

M=1048576
test_setup() { needs memory; }

counts_swap() {
    if ! is_v1 memory; then has_file memory memory.swap.max; else has_file memory memory.memsw.limit_in_bytes; fi || skip "the kernel does not count swap"
}

# only_v1 V1FILE PROPERTY VALUE: on version 2 it is an error, on version 1 it is in the file
only_v1() {
    local file=$1 property=$2

    if ! is_v1 memory; then refused_resources "memory.$property" "memory: {$property: $3}"; else
        has_file memory "$file" || skip "the kernel has no $file"
        limit "memory: {$property: $3}" memory "$file" "" "$3"
    fi
}

@test "memory.limit" {
    limit 'memory: {limit: 67108864}' memory memory.limit_in_bytes memory.max 67108864
}

@test "memory.limit of -1 is unlimited" {
    limit 'memory: {limit: -1}' memory memory.limit_in_bytes memory.max 9223372036854771712 max
}

@test "memory.limit of 0 is as if unset" {
    limit 'memory: {limit: 0}' memory memory.limit_in_bytes memory.max 9223372036854771712 max
}

@test "memory.limit: a program that needs less runs" {
    resources 'memory: {limit: 67108864}'
    set_args payload alloc 16
    run_c
    assert_status 0
    assert_output '^got 16 MiB'
}

@test "memory.limit: a program that needs more is killed" {
    resources 'memory: {limit: 33554432, swap: 33554432}'
    set_args payload alloc 100
    run_c
    assert_status 137
    refute_output '^got'
}

@test "memory.limit counts all processes of the container together" {
    resources 'memory: {limit: 33554432, swap: 33554432}'
    set_sh 'payload alloc 20 stay >/one & while [ ! -s /one ]; do sleep 0.02; done; payload alloc 20; exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    # Which of the two it is that is killed is the kernel's choice.
    cg_read memory memory.oom_control memory.events | grep -Eq '^oom_kill [1-9]' || fail_with "both got their memory"
}

@test "memory.reservation is the soft limit" {
    limit 'memory: {reservation: 33554432}' memory memory.soft_limit_in_bytes memory.low 33554432
}

@test "memory.reservation together with the limit" {
    resources 'memory: {limit: 67108864, reservation: 33554432}'
    started
    value_is memory memory.soft_limit_in_bytes memory.low 33554432
    value_is memory memory.limit_in_bytes memory.max 67108864
}

@test "memory.reservation of -1" {
    limit 'memory: {reservation: -1}' memory memory.soft_limit_in_bytes memory.low 9223372036854771712 max
}

@test "memory.swap, together with the limit" {
    counts_swap
    limit 'memory: {limit: 67108864, swap: 100663296}' memory memory.memsw.limit_in_bytes memory.swap.max 100663296 33554432
}

@test "memory.swap that equals the limit: no swap at all" {
    counts_swap
    limit 'memory: {limit: 67108864, swap: 67108864}' memory memory.memsw.limit_in_bytes memory.swap.max 67108864 0
}

@test "memory.swap of -1 is unlimited, with a limit of memory" {
    counts_swap
    limit 'memory: {limit: 67108864, swap: -1}' memory memory.memsw.limit_in_bytes memory.swap.max 9223372036854771712 max
    limit 'memory: {limit: 67108864, swap: -1}' memory memory.limit_in_bytes memory.max 67108864
}

@test "memory.swap of 0 is as if unset" {
    counts_swap
    limit 'memory: {swap: 0}' memory memory.memsw.limit_in_bytes memory.swap.max 9223372036854771712 max
    limit 'memory: {limit: 67108864, swap: 0}' memory memory.memsw.limit_in_bytes memory.swap.max 9223372036854771712 max
}

@test "memory.limit and memory.swap of -1" {
    counts_swap
    limit 'memory: {limit: -1, swap: -1}' memory memory.memsw.limit_in_bytes memory.swap.max 9223372036854771712 max
}

@test "memory.swap below the limit is an error" {
    refused_resources memory.swap 'memory: {limit: 67108864, swap: 33554432}'
}

@test "memory.swap without a limit of memory is an error" {
    refused_resources memory.swap 'memory: {swap: 33554432}'
}

@test "memory.kernelTCP" {
    only_v1 memory.kmem.tcp.limit_in_bytes kernelTCP 33554432
}

@test "memory.kernel is applied, or an error" {
    if ! is_v1 memory; then
        refused_resources memory.kernel 'memory: {kernel: 33554432}'
    else
        # Kernels since 5.16 take the number and do not keep it.
        resources 'memory: {kernel: 33554432}'
        set_args true
        run_c
        [ "$status" -eq 0 ] || assert_output 'memory.kernel'
    fi
}

@test "memory.kernel and kernelTCP of 0 or -1 limit nothing and are accepted" {
    local value
    for value in 0 -1; do
        resources "memory: {kernel: $value, kernelTCP: $value}"
        run_c
        assert_status 0
    done
}

@test "memory.swappiness" {
    only_v1 memory.swappiness swappiness 30
}

@test "memory.swappiness of 0" {
    only_v1 memory.swappiness swappiness 0
}

@test "memory.swappiness out of range is an error" {
    refused_resources memory.swappiness 'memory: {swappiness: 1000}'
}

@test "memory.disableOOMKiller: the program waits at its limit instead of being killed" {
    if ! is_v1 memory; then
        refused_resources memory.disableOOMKiller 'memory: {limit: 33554432, disableOOMKiller: true}'
        return
    fi
    resources 'memory: {limit: 33554432, swap: 33554432, disableOOMKiller: true}'
    started payload alloc 100
    local group
    group=$(cgroup_dir memory)
    file_has '^oom_kill_disable 1' "$group/memory.oom_control"
    wait_until file_has '^under_oom 1' "$group/memory.oom_control"
    assert_equal "$(state_of)" running
    run_ok delete --force "$ID"
}

@test "memory.disableOOMKiller of false is accepted everywhere" {
    resources 'memory: {limit: 33554432, disableOOMKiller: false}'
    started
    ! is_v1 memory || file_has '^oom_kill_disable 0' "$(cgroup_dir memory)/memory.oom_control"
}

@test "memory.useHierarchy of true is accepted everywhere" {
    resources 'memory: {useHierarchy: true}'
    started
    ! is_v1 memory || assert_equal "$(cg_read memory memory.use_hierarchy "")" 1
}

@test "memory.useHierarchy of false is an error where the kernel always uses hierarchy" {
    refused_resources memory.useHierarchy 'memory: {useHierarchy: false}'
}

@test "several properties at once" {
    resources 'memory: {limit: 67108864, reservation: 33554432, swap: 100663296}'
    started
    value_is memory memory.limit_in_bytes memory.max 67108864
    value_is memory memory.soft_limit_in_bytes memory.low 33554432
    counts_swap
    value_is memory memory.memsw.limit_in_bytes memory.swap.max 100663296 33554432
}

# ---- update

# A running program that holds 20 MiB.
holding() { set_args payload alloc 20 stay; create_c; rt start "$ID"; wait_until file_has got "$BATS_TEST_TMPDIR/out"; }

@test "update: swap alone" {
    counts_swap
    resources 'memory: {limit: 67108864, swap: 67108864}'
    started
    update --memory-swap $((96 * M))
    value_is memory memory.limit_in_bytes memory.max 67108864
    value_is memory memory.memsw.limit_in_bytes memory.swap.max 100663296 33554432
}

@test "update: a limit of -1 lifts that of swap too" {
    counts_swap
    resources 'memory: {limit: 67108864, swap: 67108864}'
    started
    update --memory -1
    value_is memory memory.limit_in_bytes memory.max 9223372036854771712 max
    value_is memory memory.memsw.limit_in_bytes memory.swap.max 9223372036854771712 max
}

@test "update: a new limit takes effect" {
    resources 'memory: {limit: 268435456, swap: 268435456}'
    set_sh 'while [ ! -e /go ]; do sleep 0.02; done; payload alloc 100; echo $?'
    create_c
    rt start "$ID"
    update --memory 33554432 --memory-swap 33554432
    touch rootfs/go
    wait_status stopped
    assert_equal "$(out | tail -1)" 137
}

@test "update: checkBeforeUpdate refuses a limit below the use, and the program lives" {
    resources 'memory: {limit: 67108864, swap: 67108864}'
    holding
    update_json_refused memory.limit '{"memory": {"limit": 8388608, "checkBeforeUpdate": true}}'
    assert_equal "$(state_of)" running
}

@test "update: checkBeforeUpdate refuses limit and swap below the use" {
    resources 'memory: {limit: 67108864, swap: 67108864}'
    holding
    update_json_refused memory '{"memory": {"limit": 8388608, "swap": 8388608, "checkBeforeUpdate": true}}'
    assert_equal "$(state_of)" running
}

@test "update: checkBeforeUpdate accepts a limit above the usage" {
    resources 'memory: {limit: 134217728, swap: 134217728}'
    holding
    update_json '{"memory": {"limit": 67108864, "swap": 67108864, "checkBeforeUpdate": true}}'
    value_is memory memory.limit_in_bytes memory.max 67108864
}

@test "update: checkBeforeUpdate of the configuration applies to later updates" {
    resources 'memory: {limit: 67108864, checkBeforeUpdate: true}'
    holding
    update_refused memory.limit --memory 8388608
    assert_equal "$(state_of)" running
}

@test "update: a limit above that of memory and swap together is an error" {
    counts_swap
    is_v1 memory || skip "cgroup v2 limits swap alone"
    resources 'memory: {limit: 33554432, swap: 67108864}'
    started
    update_refused memory --memory $((96 * M))
    [ "$RT_KIND" != berth ] || assert_output "memory.memsw.limit_in_bytes.* is $((64 * M))\)"
}
