# SPDX-License-Identifier: Apache-2.0
# update: where the values may come from, what is done in one call, what is refused, and that a refused one changes nothing.
load helpers
load helpers-cgroups

M=1048576

# One running container with a value for everything that update can change.
busy() {
    resources 'memory: {limit: 67108864, swap: 67108864, reservation: 33554432}, cpu: {shares: 512, quota: 20000, period: 50000},
        pids: {limit: 50}'
    started
}

counts_swap() {
    if cg_is_v2; then has_file memory memory.swap.max; else has_file memory memory.memsw.limit_in_bytes; fi || skip "the kernel does not count swap"
}

memory_is() { value_is memory memory.limit_in_bytes memory.max "$1"; }
reservation_is() { value_is memory memory.soft_limit_in_bytes memory.low "$1"; }
pids_is() { value_is pids pids.max pids.max "$1"; }
quota_is() { value_is cpu cpu.cfs_quota_us cpu.max "$1" "$1 $2"; }

# swap_is MEMORY+SWAP MEMORY
swap_is() { value_is memory memory.memsw.limit_in_bytes memory.swap.max "$1" $(($1 - $2)); }

# ---- flags

@test "--memory and --memory-reservation" {
    needs memory
    busy
    update --memory 50331648 --memory-reservation 16777216
    memory_is 50331648
    reservation_is 16777216
}

@test "--memory with a unit: K, M, G in either case" {
    needs memory
    resources 'memory: {limit: 67108864}'
    started
    local pair
    for pair in 65536K:67108864 65536k:67108864 64M:67108864 48m:50331648 1G:1073741824 1g:1073741824; do
        update --memory "${pair%:*}"
        memory_is "${pair#*:}"
    done
}

@test "--memory-swap and --memory-reservation with a unit" {
    needs memory
    counts_swap
    busy
    update --memory-swap 128M --memory-reservation 8M
    swap_is 134217728 67108864
    reservation_is 8388608
}

@test "--memory=-1 and --memory-swap=-1" {
    needs memory
    counts_swap
    busy
    update --memory-swap=-1
    value_is memory memory.memsw.limit_in_bytes memory.swap.max 9223372036854771712 max
    update --memory=-1
    value_is memory memory.limit_in_bytes memory.max 9223372036854771712 max
}

@test "update without a limit says that nothing changes" {
    berth_only
    started
    run_ok update "$ID"
    assert_output 'no limit was given.*berth update --help'
}

@test "processors that do not exist are an error that lists the existing ones" {
    berth_only
    needs cpuset
    started
    run_fails update --cpuset-cpus 99 "$ID"
    assert_output 'linux.resources.cpu.cpus: write "99" to cpuset.cpus: .* has [0-9]'
}

@test "--cpu-share, --cpu-quota and --cpu-period" {
    needs cpu
    busy
    update --cpu-share 1024 --cpu-quota 30000 --cpu-period 60000
    value_is cpu cpu.shares cpu.weight 1024 100
    quota_is 30000 60000
}

@test "--cpu-rt-period and --cpu-rt-runtime" {
    needs_v1 cpu
    has_file cpu cpu.rt_runtime_us || skip "the kernel has no cpu.rt_runtime_us"
    started
    update --cpu-rt-period 900000 --cpu-rt-runtime 5000
    value_is cpu cpu.rt_runtime_us "" 5000
    value_is cpu cpu.rt_period_us "" 900000
}

@test "--cpu-rt-period and --cpu-rt-runtime are errors on version 2" {
    needs_v2
    started
    update_refused cpu.realtimePeriod --cpu-rt-period 900000
    update_refused cpu.realtimeRuntime --cpu-rt-runtime 5000
}

@test "--cpuset-cpus and --cpuset-mems" {
    needs cpuset
    busy
    update --cpuset-cpus 0 --cpuset-mems 0
    value_is cpuset cpuset.cpus cpuset.cpus 0
    value_is cpuset cpuset.mems cpuset.mems 0
}

@test "--pids-limit" {
    needs pids
    busy
    update --pids-limit 77
    pids_is 77
}

@test "--blkio-weight" {
    has_file blkio blkio.bfq.weight || has_file blkio blkio.weight || has_file blkio io.weight || has_file blkio io.bfq.weight ||
        skip "the kernel has no weight of block I/O"
    started
    update --blkio-weight 400
    all_values | grep -Eq '(blkio.weight|bfq.weight):(default )?400$|io.weight:default 3940$' || fail_with "$(all_values)"
}

@test "--kernel-memory and --kernel-memory-tcp are accepted" {
    needs_v1 memory
    started
    update --kernel-memory 64M --kernel-memory-tcp 32M
    [ "$RT_KIND" = runc ] || ! has_file memory memory.kmem.tcp.limit_in_bytes || value_is memory memory.kmem.tcp.limit_in_bytes "" 33554432
}

@test "--kernel-memory and --kernel-memory-tcp are errors on version 2" {
    needs_v2
    busy
    update_refused memory.kernel --kernel-memory 64M
    update_refused memory.kernelTCP --kernel-memory-tcp 64M
}

@test "options may follow the id, as --opt=value too" {
    needs pids
    busy
    run_ok update "$ID" --pids-limit 33
    run_ok update "$ID" --pids-limit=34
    pids_is 34
}

@test "several flags in one call; other values stay" {
    needs memory pids cpu
    busy
    update --memory 62914560 --memory-swap 62914560 --pids-limit 40
    memory_is 62914560
    pids_is 40
    reservation_is 33554432
    value_is cpu cpu.shares cpu.weight 512 59
    quota_is 20000 50000
}

@test "without any flag nothing changes" {
    busy
    local before
    before=$(all_values)
    run_rt update "$ID"
    assert_equal "$(all_values)" "$before"
}

# ---- resources as JSON

@test "--resources=FILE" {
    needs memory pids cpu
    busy
    echo '{"memory": {"limit": 50331648}, "pids": {"limit": 44}, "cpu": {"shares": 1024}}' >r.json
    update --resources=r.json
    memory_is 50331648
    pids_is 44
    value_is cpu cpu.shares cpu.weight 1024 100
    quota_is 20000 50000
}

@test "-r - reads from stdin" {
    needs memory pids
    busy
    update_json '{"memory": {"limit": 50331648}, "pids": {"limit": 44}}'
    memory_is 50331648
    pids_is 44
}

@test "a property that does not exist is a warning, with the name that was meant" {
    berth_only
    needs memory
    busy
    update_json '{"memroy": {"limit": 1}, "Memory": {"Limit": 50331648, "swapp": 3}, "linux": {"resources": {}}}'
    memory_is 50331648
    assert_output 'warning: linux\.resources\.memroy: the specification has no such property, and it is ignored \(did you mean memory\?\)'
    assert_output 'linux\.resources\.Memory\.swapp: .* \(did you mean swap\?\)'
    assert_output 'linux\.resources\.linux: '
    refute_output 'Limit: '
}

@test "keys in any case" {
    needs memory pids cpu
    busy
    update_json '{"Memory": {"Limit": 50331648}, "PIDS": {"LIMIT": 44}, "CPU": {"Shares": 1024, "quotA": 30000, "PERIOD": 60000}}'
    memory_is 50331648
    pids_is 44
    value_is cpu cpu.shares cpu.weight 1024 100
    quota_is 30000 60000
}

@test "flags together with --resources are an error" {
    needs memory pids
    busy
    echo '{"pids": {"limit": 44}}' >r.json
    update_refused "" --resources r.json --pids-limit 99 --memory 1M
}

@test "unknown keys are ignored" {
    needs pids
    busy
    update_json '{"pids": {"limit": 44, "x": 1}, "nothing": {"a": [1]}}'
    pids_is 44
}

@test "null is as if absent" {
    needs pids
    busy
    update_json '{"pids": {"limit": 44}, "memory": null, "cpu": {"shares": null}, "devices": null, "unified": null}'
    pids_is 44
    value_is cpu cpu.shares cpu.weight 512 59
}

@test "what an engine sends: every section, with zeros for values that do not change" {
    needs memory cpu
    busy
    update_json '{"devices": null, "memory": {"limit": 50331648, "reservation": 0, "swap": 0, "kernel": 0, "kernelTCP": 0},
        "cpu": {"shares": 0, "quota": 0, "period": 0, "realtimeRuntime": 0, "realtimePeriod": 0, "cpus": "", "mems": ""},
        "blockIO": {"weight": 0}}'
    memory_is 50331648
    reservation_is 33554432
    quota_is 20000 50000
}

@test "an empty object changes nothing" {
    busy
    local before
    before=$(all_values)
    update_json '{}'
    assert_equal "$(all_values)" "$before"
}

@test "invalid JSON is an error: none, half, a list, a wrong type, text after the end" {
    busy
    local text
    for text in '' '{"memory": {"limit"' '[]' '"x"' '{"memory": 5}' '{"pids": {"limit": "many"}}' '{"cpu": {"shares": -5}}' \
        '{"pids": {"limit": 1.5}}' 'pids=5'; do
        update_json_refused "" "$text"
    done
}

@test "a file that is missing or a directory is an error" {
    busy
    update_refused "" --resources=nowhere.json
    update_refused "" --resources=/tmp
}

@test "invalid values of flags are errors" {
    busy
    local flag
    for flag in --memory=lots --memory=5Q --pids-limit=x --cpu-share=-5 --cpu-period=1h --cpu-quota=12abc \
        --blkio-weight=70000 --memory=99999999999999999999; do
        update_refused "" "$flag"
    done
}

# ---- both directions in one call

@test "memory and swap grow together" {
    needs memory
    counts_swap
    busy
    update --memory $((100 * M)) --memory-swap $((150 * M))
    memory_is $((100 * M))
    swap_is $((150 * M)) $((100 * M))
}

@test "memory and swap shrink together" {
    needs memory
    counts_swap
    busy
    update --memory $((20 * M)) --memory-swap $((30 * M))
    memory_is $((20 * M))
    swap_is $((30 * M)) $((20 * M))
}

@test "memory grows to the former sum of memory and swap, and back" {
    needs memory
    counts_swap
    resources 'memory: {limit: 33554432, swap: 67108864}'
    started
    update --memory $((64 * M)) --memory-swap $((64 * M))
    memory_is $((64 * M))
    swap_is $((64 * M)) $((64 * M))
    update --memory $((32 * M)) --memory-swap $((64 * M))
    memory_is $((32 * M))
    swap_is $((64 * M)) $((32 * M))
}

@test "from no limit of memory to one, and to none" {
    needs memory
    counts_swap
    started
    update --memory $((64 * M)) --memory-swap $((96 * M))
    memory_is $((64 * M))
    swap_is $((96 * M)) $((64 * M))
    update --memory -1 --memory-swap -1
    value_is memory memory.limit_in_bytes memory.max 9223372036854771712 max
    value_is memory memory.memsw.limit_in_bytes memory.swap.max 9223372036854771712 max
}

@test "update after update starts from the last values" {
    needs memory
    counts_swap
    busy
    update --memory $((100 * M)) --memory-swap $((200 * M))
    update --memory-swap $((150 * M))
    memory_is $((100 * M))
    swap_is $((150 * M)) $((100 * M))
}

@test "the last of two --resources counts" {
    needs pids
    started
    echo '{"pids": {"limit": 11}}' >one
    echo '{"pids": {"limit": 12}}' >two
    update --resources one --resources two
    value_is pids pids.max pids.max 12
}
