# SPDX-License-Identifier: Apache-2.0
# --systemd-cgroup of an ordinary user: the scope is the user's own manager's.
load helpers
load helpers-cgroups

export CGROUP_MANAGER=systemd
USER_ID=1001

test_setup() {
    [ -d /run/systemd/system ] || skip "systemd does not run here"
    [ -S "/run/user/$USER_ID/bus" ] || wait_until test -S "/run/user/$USER_ID/bus" || skip "user $USER_ID has no manager"
    rootless
}

# in_view SCRIPT ENV... -- ARGUMENT...: the runtime by the user, with env ENV, where SCRIPT by root has changed what there is to see
in_view() {
    local script=$1 env=()
    shift
    while [ "$1" != -- ]; do env+=("$1") && shift; done
    shift
    status=0
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" unshare -m sh -c "$script && exec \"\$@\"" sh \
        setpriv --reuid $USER_ID --regid $USER_ID --clear-groups env "${env[@]}" "$RUNTIME" --root "$ROOT" --systemd-cgroup "$@" \
        </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

as_user() {
    in_view true XDG_RUNTIME_DIR=/run/user/$USER_ID DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$USER_ID/bus -- "$@"
}

user_property() {
    setpriv --reuid $USER_ID --regid $USER_ID --clear-groups env XDG_RUNTIME_DIR=/run/user/$USER_ID \
        systemctl --user show -p "$1" --value "$2"
}

running() {
    set_args payload pause
    as_user run -d --bundle "$BUNDLE" "$ID"
    assert_status 0
}

path_of() { cut -d: -f3 "/proc/$(init_pid)/cgroup" | head -1; }

@test "the scope is below the user's manager, in user.slice by default" {
    running
    [[ $(path_of) == /user.slice/user-$USER_ID.slice/user@$USER_ID.service/*berth-$ID.scope* ]] || fail_with "$(path_of)"
    assert_equal "$(user_property ActiveState "berth-$ID.scope")" active
    as_user delete --force "$ID"
    assert_status 0
}

@test "a slice of the user" {
    config ".linux.cgroupsPath = \"app.slice:berth:$ID\""
    running
    [[ $(path_of) == */app.slice/berth-$ID.scope* ]] || fail_with "$(path_of)"
    as_user delete --force "$ID"
}

@test "limits are set, updated and enforced" {
    resources 'pids: {limit: 20}, memory: {limit: 67108864}'
    running
    value_is pids "" pids.max 20
    value_is memory "" memory.max 67108864
    as_user update --pids-limit 30 "$ID"
    assert_status 0
    value_is pids "" pids.max 30
    as_user delete --force "$ID"
}

@test "after delete the unit is gone" {
    running
    as_user delete --force "$ID"
    wait_until unit_gone
}

unit_gone() { [ "$(user_property LoadState "berth-$ID.scope")" = not-found ]; }

@test "the user's manager is found without the variables of a session" {
    berth_only "the others' libraries look at XDG_RUNTIME_DIR alone"
    set_args payload pause
    in_view true -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS -- run -d --bundle "$BUNDLE" "$ID"
    assert_status 0
    [[ $(path_of) == */user@$USER_ID.service/*berth-$ID.scope* ]] || fail_with "$(path_of)"
    in_view true -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS -- delete --force "$ID"
    assert_status 0
}

@test "without a user manager the error says so, and how to get one" {
    set_args true
    host_snapshot
    in_view 'mount -t tmpfs tmpfs /run/user' -u XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere -- run --bundle "$BUNDLE" "$ID"
    assert_failed
    assert_output '[Bb]us|systemd|XDG_RUNTIME_DIR'
    [ "$RT_KIND" != berth ] || assert_output "/run/user/$USER_ID/.*/nowhere.*\(.*loginctl enable-linger; XDG_RUNTIME_DIR is not set"
    assert_host_unchanged
}

# The cgroup that the user's systemd made for the caller holds the caller itself: the container's cgroup is beside it.
@test "without --systemd-cgroup in a scope that the user's systemd has delegated: limits are set and enforced" {
    needs_v2
    config 'del(.linux.cgroupsPath)'
    config '.linux.resources = {pids: {limit: 20}, memory: {limit: 67108864}}'
    set_sh 'payload forks 30; cat /proc/self/cgroup'
    status=0
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups \
        env "XDG_RUNTIME_DIR=/run/user/$USER_ID" systemd-run --user --scope --quiet -p Delegate=yes \
        "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_output '^forks 1[0-9] EAGAIN'
    assert_output "/user@$USER_ID.service/.*$ID"
    assert_status 0
    assert_equal "$(find /sys/fs/cgroup -name "*$ID*")" ""
}
