# SPDX-License-Identifier: Apache-2.0
# pause and resume: the processes stand still, what the other commands say and do meanwhile.
load helpers
load helpers-cgroups

test_setup() { has_freezer || skip "no freezer here"; }

# A container that counts in the file /count, also by a second process.
counting() {
    set_sh 'payload count /count2 & exec payload count /count'
    create_c
    rt start "$ID"
    wait_until file_has '[0-9]' rootfs/count2
    wait_until file_has '[0-9]' rootfs/count
}

counts() { cat rootfs/count rootfs/count2; }

# Each counter goes on by itself every 10 ms.
stands_still() {
    local before
    before=$(counts)
    time_for_faults 0.1
    [ "$(counts)" = "$before" ] || fail_with "it goes on"
}

goes_on() {
    local one two
    read -r one <rootfs/count
    read -r two <rootfs/count2
    wait_until counts_beyond "$one" "$two"
}

counts_beyond() {
    local one two
    read -r one <rootfs/count
    read -r two <rootfs/count2
    [ "${one:-0}" -gt "$1" ] && [ "${two:-0}" -gt "$2" ]
}

frozen_from_outside() {
    if cg_is_v2; then
        echo 1 >"$(cgroup_dir freezer)/cgroup.freeze"
    else
        in_ns sh -c "echo FROZEN >$(cgroup_dir freezer)/freezer.state"
    fi
}

@test "pause freezes all processes, resume thaws them" {
    counting
    run_ok pause "$ID"
    assert_equal "$output" ""
    stands_still
    run_ok resume "$ID"
    assert_equal "$output" ""
    goes_on
}

@test "all processes are frozen when pause returns" {
    counting
    local i before
    for i in 1 2 3; do
        rt pause "$ID"
        before=$(counts)
        time_for_faults 0.03
        assert_equal "$(counts)" "$before"
        rt resume "$ID"
    done
}

@test "the kernel's files show the state" {
    counting
    rt pause "$ID"
    if cg_is_v2; then
        file_has '^frozen 1' "$(cgroup_dir freezer)/cgroup.events"
    else
        assert_equal "$(cg_read freezer freezer.state "")" FROZEN
    fi
    rt resume "$ID"
    if cg_is_v2; then
        file_has '^frozen 0' "$(cgroup_dir freezer)/cgroup.events"
    else
        assert_equal "$(cg_read freezer freezer.state "")" THAWED
    fi
}

@test "state and list say paused, then running again" {
    counting
    local pid
    pid=$(init_pid)
    rt pause "$ID"
    assert_equal "$(state_of)" paused
    assert_equal "$(init_pid)" "$pid"
    run_ok list
    assert_output "$ID .*paused"
    run_ok list --format json
    jq -e --arg id "$ID" '.[] | select(.id == $id) | .status == "paused"' <<<"$output"
    rt resume "$ID"
    assert_equal "$(state_of)" running
}

@test "processes in child cgroups are frozen, too" {
    counting
    local dir child
    dir=$(cgroup_dir freezer)
    child=$(in_ns cat "$dir/cgroup.procs" | grep -vx "$(init_pid)" | head -1)
    in_ns mkdir "$dir/below"
    in_ns sh -c "echo $child >$dir/below/cgroup.procs"
    rt pause "$ID"
    stands_still
    rt resume "$ID"
    goes_on
}

@test "pause of a paused container is an error" {
    counting
    rt pause "$ID"
    run_fails pause "$ID"
    assert_equal "$(state_of)" paused
    rt resume "$ID"
    goes_on
}

@test "resume of a running container is an error" {
    counting
    run_fails resume "$ID"
    goes_on
}

@test "pause and resume of a stopped container are errors" {
    set_args true
    create_c
    rt start "$ID"
    wait_status stopped
    run_fails pause "$ID"
    run_fails resume "$ID"
    assert_equal "$(state_of)" stopped
}

@test "pause and resume of an unknown container fail with \"does not exist\"" {
    run_fails pause "$ID"
    assert_output 'does not exist'
    run_fails resume "$ID"
    assert_output 'does not exist'
}

@test "pause without an id, and with two, is an error" {
    run_fails pause
    run_fails pause a b
    run_fails resume
}

@test "a created container can be paused; start is refused until it is resumed" {
    set_args payload count /count
    create_c
    rt pause "$ID"
    assert_equal "$(state_of)" paused
    run_fails start "$ID"
    [ ! -e rootfs/count ]
    rt resume "$ID"
    assert_equal "$(state_of)" created
    run_ok start "$ID"
    wait_until file_has '[0-9]' rootfs/count
}

@test "start of a paused container that runs is refused" {
    counting
    rt pause "$ID"
    run_fails start "$ID"
    assert_equal "$(state_of)" paused
}

@test "kill KILL ends a paused container" {
    counting
    rt pause "$ID"
    run_ok kill "$ID" KILL
    wait_status stopped
    run_ok delete "$ID"
}

@test "kill --all KILL ends a paused container" {
    counting
    rt pause "$ID"
    run_ok kill --all "$ID" KILL
    wait_status stopped
}

@test "another signal waits until the container is resumed" {
    set_args payload catch
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    rt pause "$ID"
    run_ok kill "$ID" USR1
    time_for_faults 0.05
    assert_equal "$(out)" ready
    assert_equal "$(state_of)" paused
    rt resume "$ID"
    wait_until file_has 'caught USR1' "$BATS_TEST_TMPDIR/out"
}

@test "delete of a paused container needs --force" {
    counting
    rt pause "$ID"
    run_fails delete "$ID"
    assert_equal "$(state_of)" paused
}

@test "delete --force of a paused container leaves nothing" {
    host_snapshot
    counting
    rt pause "$ID"
    run_ok delete --force "$ID"
    assert_host_unchanged
}

@test "a container frozen from outside is paused, and resume thaws it" {
    counting
    frozen_from_outside
    wait_status paused
    run_ok resume "$ID"
    goes_on
}

@test "a paused container's limits can be read" {
    resources 'pids: {limit: 50}'
    counting
    rt pause "$ID"
    value_is pids pids.max pids.max 50
}

@test "exec into a paused container is refused" {
    counting
    rt pause "$ID"
    run_fails exec "$ID" true
    assert_output 'paused'
}

@test "exec --ignore-paused waits for resume" {
    berth_only
    counting
    rt pause "$ID"
    rt exec --ignore-paused "$ID" sh -c 'echo done >/done' </dev/null >/dev/null 2>&1 &
    local job=$!
    time_for_faults 0.1
    [ ! -e rootfs/done ]
    rt resume "$ID"
    wait_until file_has "done" rootfs/done
    wait $job
}

@test "pause and resume many times" {
    counting
    local i
    for i in {1..10}; do
        rt pause "$ID"
        rt resume "$ID"
    done
    goes_on
}

@test "of two concurrent pauses one succeeds, and the container is paused" {
    counting
    rt pause "$ID" </dev/null >/dev/null 2>&1 &
    local job=$!
    rt pause "$ID" </dev/null >/dev/null 2>&1 || true
    wait $job || true
    assert_equal "$(state_of)" paused
    stands_still
}
