# SPDX-License-Identifier: Apache-2.0
# Containers with lost or broken files of state: no command hangs, and delete --force removes the container.
load helpers
load helpers-cgroups

test_setup() { berth_only "the files are berth's own"; }

running() {
    started
    PID=$(init_pid)
    GROUPS_WERE=$(own_groups)
}

# spoil FILE HOW
spoil() {
    local file=$ROOT/$ID/$1
    rm "$file"
    case $2 in
    missing) ;;
    empty) : >"$file" ;;
    broken) echo '{"id": 7,' >"$file" ;;
    fifo) mkfifo "$file" ;;
    directory) mkdir "$file" ;;
    esac
}

assert_removed() {
    local dir
    [ ! -e "$ROOT/$ID" ] || fail_with "the state is left"
    has_ended "$PID" || fail_with "the process is left"
    for dir in $GROUPS_WERE; do in_ns test ! -e "$dir" || [[ $dir != *"$ID"* ]] || fail_with "$dir is left"; done
}

@test "delete --force kills and removes a container whose state.json is missing, empty, broken, a FIFO or a directory" {
    local how
    for how in missing empty broken fifo directory; do
        running
        spoil state.json $how
        run_ok list
        refute_output "^$ID "
        run_fails state "$ID"
        run_fails delete "$ID"
        kill -0 "$PID"
        run_ok delete --force "$ID"
        assert_removed
        run_fails state "$ID"
        assert_output 'does not exist'
    done
}

@test "what an interrupted create has left is reported, with the command that removes it" {
    mkdir -p "$ROOT/$ID"
    run_fails state "$ID"
    assert_output "does not exist [(].*interrupted: berth delete --force $ID removes"
    run_fails kill "$ID" KILL
    assert_output "does not exist [(].*interrupted"
    run_fails run --bundle "$BUNDLE" "$ID"
    assert_output "already exists [(].*interrupted: berth delete --force $ID removes"
    run_ok delete --force "$ID"
    [ ! -e "$ROOT/$ID" ]
    run_fails state "$ID"
    assert_output "does not exist [(]no directory $ROOT/$ID: see berth --root $ROOT list[)]\$"
}

# holds_or_ended PID FILE
holds_or_ended() { find "/proc/$1/fd" -lname "$2" 2>/dev/null | grep -q . || ! kill -0 "$1" 2>/dev/null; }

@test "delete after an interrupted create waits for a command that reads the state" {
    create_c
    PID=$(init_pid)
    kill -KILL "$PID"
    wait_status stopped
    mv "$ROOT/$ID/process" "$ROOT/$ID/process.creating"
    exec 7<"$ROOT/$ID"
    flock -s 7
    rt_exec delete "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 7<&- &
    wait_until holds_or_ended $! "$ROOT/$ID"
    exec 7<&-
    wait $! || fail_with "$(out)"
    [ ! -e "$ROOT/$ID" ]
}

@test "a container created by another version of berth cannot be started, but can be deleted" {
    run_ok create "$ID"
    PID=$(init_pid)
    GROUPS_WERE=$(own_groups)
    cp "$ROOT/$ID/plan" plan
    printf plan | dd of="$ROOT/$ID/plan" conv=notrunc status=none # as plans began once
    run_fails start "$ID"
    assert_output "cannot start container \"$ID\": another version of berth has created it .delete it and create it again"
    assert_equal "$(state_of)" created
    cp plan "$ROOT/$ID/plan"
    run_ok start "$ID"
    run_ok delete --force "$ID"
    assert_removed
}

@test "without a PID namespace and a record delete --force kills the known process" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    running
    spoil state.json missing
    run_ok delete --force "$ID"
    assert_removed
}

@test "a paused container without a record is removed" {
    has_freezer || skip "no freezer here"
    running
    run_ok pause "$ID"
    spoil state.json empty
    run_ok delete --force "$ID"
    assert_removed
}

@test "config.json that is a FIFO, in the state or the bundle, is an error" {
    running
    spoil config.json fifo
    run_fails exec "$ID" true
    assert_output 'not a regular file'
    run_ok kill "$ID" KILL
    run_ok delete --force "$ID"
    rm config.json
    mkfifo config.json
    run_fails create "$ID"
    assert_output 'config.json: not a regular file'
    run_fails check
}

@test "a --log that is a FIFO without a reader is an error" {
    mkfifo log
    set_args true
    status=0
    timeout "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" --log "$PWD/log" list >out 2>&1 || status=$?
    read_output out
    assert_equal "$status" 1
    assert_output 'no such device or address'
}

@test "a configuration from a pipe that the user names is read to its end" {
    set_args echo by a pipe
    mkfifo named
    cat config.json >named &
    run_ok run --config "$PWD/named" "$ID"
    assert_equal "$output" "by a pipe"
}
