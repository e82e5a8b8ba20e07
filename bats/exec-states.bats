# SPDX-License-Identifier: Apache-2.0
# exec in containers that are created, paused, stopped, changed or gone.
load helpers
load helpers-exec

test_teardown() { end_receiver; }

# ---- the container's state

@test "in a created container" {
    set_args payload pause
    create_c
    in_c -- echo here
    assert_status 0
    assert_equal "$output" here
    assert_equal "$(state_of)" created
    run_ok start "$ID"
}

@test "in a created container in all its namespaces" {
    set_args payload pause
    create_c
    same_namespaces
}

@test "in a stopped container: an error that says so" {
    set_args true
    create_c
    rt start "$ID"
    wait_status stopped
    in_c -- true
    assert_exec_failed 'not running|stopped'
}

@test "in an unknown container: an error that says so" {
    in_c -- true
    assert_exec_failed 'does not exist'
}

@test "in a deleted container: an error that says so" {
    living
    rt delete --force "$ID"
    in_c -- true
    assert_exec_failed 'does not exist'
}

@test "in a paused container: refused" {
    has_freezer || skip "no freezer here"
    living
    rt pause "$ID"
    in_c -- true
    assert_exec_failed paused
}

# ignoring_paused: an exec that waits in the paused container, its pid in $WAITING
ignoring_paused() {
    has_freezer || skip "no freezer here"
    living
    rt pause "$ID"
    rt_exec exec --ignore-paused "$ID" sh -c 'echo done >/done' </dev/null >"$BATS_TEST_TMPDIR/x" 2>&1 &
    WAITING=$!
    time_for_faults 0.2
    [ ! -e rootfs/done ]
    kill -0 "$WAITING" || fail_with "it does not wait: $(cat "$BATS_TEST_TMPDIR/x")"
}

@test "--ignore-paused waits until the container is resumed" {
    ignoring_paused
    rt resume "$ID"
    wait "$WAITING"
    assert_equal "$(cat rootfs/done)" "done"
}

@test "SIGTERM ends an exec that waits for a paused container, without a trace" {
    ignoring_paused
    status=0
    kill -TERM "$WAITING"
    wait "$WAITING" || status=$?
    [ "$status" -ne 0 ]
    rt resume "$ID"
    wait_until alone
    time_for_faults 0.1
    [ ! -e rootfs/done ]
}

alone() { [ "$(processes)" = "$(init_pid)" ]; }

@test "delete --force of a paused container ends an exec that waits for it" {
    ignoring_paused
    run_ok delete --force "$ID"
    status=0
    wait "$WAITING" || status=$?
    [ "$status" -ne 0 ]
    [ ! -e rootfs/done ]
}

@test "a config.json that is changed after create has no effect" {
    living
    config '.process.user = {uid: 1000, gid: 1000} | .process.env += ["NEW=1"] | .process.cwd = "/tmp"'
    in_c -- sh -c 'id -u; pwd; echo "new=$NEW"'
    assert_status 0
    assert_equal "$output" $'0\n/\nnew='
}

@test "a removed bundle has no effect" {
    living
    mv config.json ../away
    in_c -- echo here
    mv ../away config.json
    assert_equal "$output" here
}

@test "twenty concurrent execs each have their own output and status" {
    living
    local i pids=()
    for i in {1..20}; do
        rt exec "$ID" sh -c "echo word $i; exit $i" </dev/null >"$BATS_TEST_TMPDIR/x$i" 2>&1 &
        pids+=($!)
    done
    for i in {1..20}; do
        status=0
        wait "${pids[i - 1]}" || status=$?
        assert_equal "$status $(cat "$BATS_TEST_TMPDIR/x$i")" "$i word $i"
    done
    alone
}

@test "a hundred consecutive execs leave nothing" {
    living
    host_snapshot
    local i
    for i in {1..100}; do rt exec "$ID" true </dev/null; done
    assert_host_unchanged
}

@test "state, list and ps show the container as before; ps also shows the process" {
    living
    detached -- payload pause
    assert_equal "$(state_of)" running
    assert_equal "$(processes)" "$(printf '%s\n' "$(init_pid)" "$XPID" | sort -n | xargs)"
    run_ok ps --format json "$ID"
    assert_output "$XPID"
}

@test "kill --all reaches it in the host's pid namespace" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    living
    detached -- payload pause
    run_ok kill --all "$ID" KILL
    wait_until has_ended "$XPID"
}

@test "delete --force ends it in the host's pid namespace" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    living
    detached -- payload pause
    run_ok delete --force "$ID"
    has_ended "$XPID"
}

@test "containers of two --root directories are independent" {
    living
    ROOT=$BATS_TEST_TMPDIR/root2 run_rt exec "$ID" true
    assert_exec_failed 'does not exist'
}

@test "a container that ends during exec is named as the reason" {
    berth_only "the calls are berth's"
    command -v strace >/dev/null || skip "no strace here"
    living
    local pid
    pid=$(init_pid)
    "$SUITE_DIR/hosttool" ns "$SUITE_NS" strace -qq -o "$BATS_TEST_TMPDIR/calls" -P "/proc/$pid/ns/mnt" -e inject=readlink:signal=STOP \
        "$RUNTIME" --root "$ROOT" exec "$ID" true >"$BATS_TEST_TMPDIR/said" 2>&1 </dev/null 3>&- 4>&- &
    wait_until file_has 'stopped by SIGSTOP' "$BATS_TEST_TMPDIR/calls"
    kill -KILL "$pid"
    wait_until status_is stopped "$ID"
    pkill -CONT -P "$!"
    status=0
    wait "$!" || status=$?
    assert_status 255
    read_output "$BATS_TEST_TMPDIR/said"
    assert_output "container not running: \"$ID\" is stopped"
}
