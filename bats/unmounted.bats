# SPDX-License-Identifier: Apache-2.0
# The host no longer shows what the container has: a hierarchy of cgroups or procfs is not mounted where it was. That is not taken for the end
# of the cgroup or of the process.
load helpers
load helpers-cgroups

test_setup() { berth_only "others take it for gone"; }

# without_mount PATH ARGS...: the runtime where nothing is mounted on PATH
without_mount() {
    status=0
    timeout -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" unshare -m --propagation private \
        sh -c 'umount -l "$1" && shift && exec "$@"' sh "$1" "$RUNTIME" --root "$ROOT" "${@:2}" \
        </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

groups_are_gone() {
    local dir
    for dir in "${OWN_GROUPS[@]}"; do ! in_ns test -e "$dir" || return 1; done
}

stopped_one() {
    cgroupfs_only
    started
    mapfile -t OWN_GROUPS < <(own_groups)
    rt kill "$ID" KILL
    wait_status stopped
}

@test "delete without the hierarchies of its cgroups fails, and succeeds when they are mounted again" {
    stopped_one
    without_mount /sys/fs/cgroup delete "$ID"
    assert_status 1
    assert_output "remove the cgroup /sys/fs/cgroup/.*$ID: its hierarchy is not mounted there any more \\(mount it there again"
    assert_equal "$(state_of)" stopped
    run_ok delete "$ID"
    assert_equal "$output" ""
    groups_are_gone
}

@test "delete --force without the hierarchies of its cgroups names the remaining cgroups" {
    stopped_one
    without_mount /sys/fs/cgroup delete --force "$ID"
    assert_status 0
    local dir
    for dir in "${OWN_GROUPS[@]}"; do
        assert_output "warning: the cgroup $dir stays: its hierarchy is not mounted there any more"
        wait_until in_ns rmdir "$dir"
    done
    run_fails state "$ID"
}

@test "delete names the cgroup of a hierarchy that was mounted only outside /sys/fs/cgroup, and is unmounted" {
    cgroupfs_only
    hierarchies_change
    local mount=$BATS_TEST_TMPDIR/hierarchy
    mkdir "$mount"
    in_ns mount -t cgroup -o "none,name=$ID" cgroup "$mount" || skip "no hierarchy of version 1 can be mounted here"
    set_args true
    create_c
    in_ns test -d "$mount/$ID"
    in_ns umount "$mount"
    rt kill "$ID" KILL
    wait_status stopped
    run_fails delete "$ID"
    assert_output "remove the cgroup $mount/$ID: its hierarchy is not mounted there any more"
    in_ns mount -t cgroup -o "none,name=$ID" cgroup "$mount"
    run_ok delete "$ID"
    in_ns test ! -e "$mount/$ID"
    in_ns umount "$mount"
    wait_until hierarchy_is_gone "none,name=$ID" "$mount"
}

@test "delete succeeds if somebody has removed the cgroup" {
    stopped_one
    local dir
    # A process that has ended may be in its cgroup for a moment more.
    for dir in "${OWN_GROUPS[@]}"; do wait_until in_ns rmdir "$dir"; done
    run_ok delete "$ID"
    assert_equal "$output" ""
}

@test "kill --all and ps fail without the hierarchies: not all processes are known" {
    cgroupfs_only
    started
    local words
    for words in "kill --all $ID KILL" "ps $ID"; do
        # shellcheck disable=SC2086 # the words of a command
        without_mount /sys/fs/cgroup $words
        assert_status 1
        assert_output "the container's cgroup /sys/fs/cgroup/.*$ID: its hierarchy is not mounted"
    done
    assert_equal "$(state_of)" running
}

@test "without procfs no command takes a running container for a stopped one" {
    started
    local words
    for words in "state $ID" "kill $ID KILL" "delete $ID" "delete --force $ID" "pause $ID" "update --pids-limit 9 $ID" "exec $ID true"; do
        # shellcheck disable=SC2086 # the words of a command
        without_mount /proc $words
        assert_failed
        assert_output "find the process [0-9]+ of container \"$ID\": no data available \\(it exists, but /proc does not show it"
    done
    # A list has the others, too.
    without_mount /proc list
    assert_status 0
    assert_output "^$ID +0 +unknown "
    assert_output "warning: find the process [0-9]+ of container \"$ID\": no data available"
    assert_equal "$(state_of)" running
}

@test "without procfs a created container is not taken for a stopped one" {
    create_c
    local words
    for words in "start $ID" "delete $ID"; do
        # shellcheck disable=SC2086 # the words of a command
        without_mount /proc $words
        assert_failed
        assert_output "find the process [0-9]+ of container \"$ID\": no data available"
    done
    run_ok start "$ID"
}

@test "events of a container that was created without a memory controller warns that it reports no OOM kills" {
    cgroupfs_only
    in_ns mountpoint -q /sys/fs/cgroup/memory || skip "memory is no hierarchy of its own"
    set_args sleep 100
    without_mount /sys/fs/cgroup/memory run --detach --bundle "$BUNDLE" "$ID"
    assert_status 0
    without_mount /sys/fs/cgroup/memory events --interval 50ms "$ID" &
    wait_until file_has '"type":"stats"' "$BATS_TEST_TMPDIR/run-out"
    file_has "warning: OOM kills are not reported: the container's cgroups have no memory controller" "$BATS_TEST_TMPDIR/run-out"
    rt kill "$ID" KILL
    wait
}

@test "a cgroup mount shows the caller's cgroup where only that part of the hierarchy is mounted" {
    is_v1 pids || skip "no pids hierarchy of version 1"
    set_sh 'ls -d /sys/fs/cgroup/pids/inner-*'
    local pids=/sys/fs/cgroup/pids part=$BATS_TEST_TMPDIR/part
    mkdir "$part"
    in_ns mkdir -p "$pids/outer-$ID/inner-$ID"
    status=0
    timeout -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" unshare -m --propagation private \
        sh -c 'echo $$ >"$1/tasks" && mount --bind "$1" "$3" && umount -l "$2" && mount --move "$3" "$2" && shift 3 && exec "$@"' \
        sh "$pids/outer-$ID" "$pids" "$part" \
        "$RUNTIME" --root "$ROOT" --cgroup-manager=disabled run --bundle "$BUNDLE" "$ID" \
        </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    in_ns rmdir "$pids/outer-$ID/inner-$ID" "$pids/outer-$ID"
    assert_status 0
    assert_output "/inner-$ID"
}
