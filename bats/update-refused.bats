# SPDX-License-Identifier: Apache-2.0
# update: containers that cannot be updated, values that cannot be, and that whatever fails leaves every value as it was.
load helpers
load helpers-cgroups

M=1048576

busy() {
    resources 'memory: {limit: 67108864, swap: 67108864, reservation: 33554432}, cpu: {shares: 512, quota: 20000, period: 50000},
        pids: {limit: 50}'
    started
}

pids_is() { value_is pids pids.max pids.max "$1"; }

# ---- which container

@test "an unknown container is an error" {
    run_fails update --pids-limit 5 "$ID"
    assert_output 'does not exist'
}

@test "a stopped container is an error" {
    set_args true
    create_c
    rt start "$ID"
    wait_status stopped
    run_fails update --pids-limit 5 "$ID"
    assert_output 'not running|stopped'
    assert_equal "$(state_of)" stopped
}

@test "a created container is updated, and starts with the new values" {
    needs pids
    resources 'pids: {limit: 50}'
    set_args payload forks 30
    create_c
    update --pids-limit 20
    pids_is 20
    rt start "$ID"
    wait_status stopped
    assert_equal "$(out)" "forks 19 EAGAIN"
}

@test "a paused container is updated and stays paused" {
    needs pids
    has_freezer || skip "no freezer here"
    busy
    rt pause "$ID"
    update --pids-limit 20
    pids_is 20
    assert_equal "$(state_of)" paused
    rt resume "$ID"
}

@test "errors in the file of --resources name the file, those of an option do not" {
    berth_only
    started
    echo '{"pids": {"limit": "5"}}' >"$BATS_TEST_TMPDIR/wrong"
    run_fails update --resources "$BATS_TEST_TMPDIR/wrong" "$ID"
    assert_output "^$BATS_TEST_TMPDIR/wrong:1:20: linux.resources.pids.limit: expected a number"
    status=0
    output=$(echo '[' | rt update --resources - "$ID" 2>&1) || status=$?
    assert_status 1
    assert_output '^stdin:1:1: linux.resources: expected an object'
    run_fails update --pids-limit=-2 "$ID"
    assert_output '^linux.resources.pids.limit: -2 is out of range'
}

@test "a missing id and an extra argument are errors" {
    busy
    run_fails update --pids-limit 5
    run_fails update --pids-limit 5 "$ID" other
    pids_is 50
}

@test "update does not disturb the program" {
    busy
    local pid
    pid=$(init_pid)
    update --pids-limit 20
    assert_equal "$(init_pid)" "$pid"
    assert_equal "$(state_of)" running
}

# ---- all or nothing

@test "a value that the kernel refuses, as the last one" {
    needs memory pids cpu
    busy
    update_json_refused "" '{"memory": {"limit": 50331648, "swap": 60000000, "reservation": 1048576}, "pids": {"limit": 44},
        "cpu": {"shares": 1024, "quota": 30000, "period": 5}}'
}

@test "a value that the kernel refuses, in every combination" {
    needs memory pids cpu
    busy
    update_json_refused cpu.period '{"cpu": {"period": 5, "shares": 900}, "pids": {"limit": 44}}'
    update_json_refused cpu.quota '{"cpu": {"quota": 5, "shares": 900}, "pids": {"limit": 44}}'
    update_refused cpu.period --cpu-period 2000000 --pids-limit 44 --cpu-share 900 --memory $((60 * M))
}

@test "swap below the limit" {
    needs memory pids
    busy
    update_refused memory.swap --memory $((60 * M)) --memory-swap $((50 * M)) --pids-limit 44
    update_refused memory.swap --memory-swap $((50 * M)) --pids-limit 44
}

@test "a limit below the usage, if the kernel refuses it" {
    needs_v1 memory
    resources 'memory: {limit: 67108864, swap: 67108864}, pids: {limit: 50}, cpu: {shares: 512}'
    set_args payload alloc 20 stay
    create_c
    rt start "$ID"
    wait_until file_has got "$BATS_TEST_TMPDIR/out"
    update_refused memory.limit --memory $((8 * M)) --pids-limit 44 --cpu-share 900
    update_refused memory --memory $((8 * M)) --memory-swap $((8 * M)) --pids-limit 44
}

@test "a bad list of processors or of memory nodes" {
    needs cpuset pids
    busy
    update_refused cpu.cpus --cpuset-cpus 0-100000 --pids-limit 44 --cpu-share 900
    update_refused cpu.cpus --cpuset-cpus none --pids-limit 44
    update_refused cpu.mems --cpuset-mems 500 --pids-limit 44 --cpuset-cpus 0
}

@test "a block device that does not exist" {
    has_controller blkio || needs io
    busy
    update_json_refused 'blockIO.throttleReadBpsDevice[0]' '{"pids": {"limit": 44}, "cpu": {"shares": 900},
        "blockIO": {"throttleReadBpsDevice": [{"major": 9, "minor": 200, "rate": 1000}]}}'
}

@test "a file of unified that does not exist" {
    needs_v2
    busy
    update_json_refused 'unified' '{"pids": {"limit": 44}, "unified": {"memory.nosuch": "5"}}'
    update_json_refused 'unified' '{"pids": {"limit": 44}, "unified": {"pids.max": "many"}}'
}

@test "a refused update can be followed by a good one" {
    needs pids cpu
    busy
    run_fails update --cpu-period 5 --pids-limit 44 "$ID"
    update --pids-limit 45
    pids_is 45
}

# ---- at once

@test "two concurrent updates of different values both take effect" {
    needs memory pids
    local i jobs=()
    busy
    for i in 1 2 3; do
        rt update --pids-limit $((60 + i)) "$ID" </dev/null >"$BATS_TEST_TMPDIR/one" 2>&1 &
        jobs=($!)
        rt update --memory $(((60 + i) * M)) --memory-swap $(((60 + i) * M)) "$ID" </dev/null >"$BATS_TEST_TMPDIR/two" 2>&1 &
        jobs+=($!)
        wait "${jobs[0]}" || fail_with "$(cat "$BATS_TEST_TMPDIR/one")"
        wait "${jobs[1]}" || fail_with "$(cat "$BATS_TEST_TMPDIR/two")"
        pids_is $((60 + i))
        value_is memory memory.limit_in_bytes memory.max $(((60 + i) * M))
    done
}

@test "of two concurrent updates of the same value one takes effect as a whole" {
    needs cpu
    local i jobs=()
    busy
    for i in 1 2 3; do
        rt update --cpu-quota 30000 --cpu-period 60000 "$ID" </dev/null >"$BATS_TEST_TMPDIR/one" 2>&1 &
        jobs=($!)
        rt update --cpu-quota 70000 --cpu-period 90000 "$ID" </dev/null >"$BATS_TEST_TMPDIR/two" 2>&1 &
        jobs+=($!)
        wait "${jobs[0]}" || fail_with "$(cat "$BATS_TEST_TMPDIR/one")"
        wait "${jobs[1]}" || fail_with "$(cat "$BATS_TEST_TMPDIR/two")"
        case "$(cg_read cpu cpu.cfs_quota_us cpu.max)" in
        30000*) value_is cpu cpu.cfs_period_us cpu.max 60000 "30000 60000" ;;
        *) value_is cpu cpu.cfs_period_us cpu.max 90000 "70000 90000" ;;
        esac
    done
}

@test "update while the container is deleted is safe" {
    needs pids
    busy
    rt update --pids-limit 44 "$ID" </dev/null >/dev/null 2>&1 &
    local job=$!
    run_ok delete --force "$ID"
    wait $job || true
    run_fails state "$ID"
}

@test "cpu.idle with a refused limit keeps the share" {
    needs cpu pids
    busy
    [ -e "$(cgroup_dir cpu)/cpu.idle" ] || skip "the kernel has no cpu.idle"
    update_json_refused pids.limit '{"cpu": {"idle": 1}, "pids": {"limit": 5000000}}'
}

@test "a schema for a container without a class keeps the limits" {
    berth_only "others want one first"
    busy
    update_must_fail '' run_rt update --memory 48M --pids-limit 7 --l3-cache-schema L3:0=ff "$ID"
}
