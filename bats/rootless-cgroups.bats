# SPDX-License-Identifier: Apache-2.0
# Cgroups of ordinary users: without rights, with a subtree of version 2 that was delegated to them; and the group that is handed over
# to the user of a container whose mount of cgroup2 is writable.
load helpers
load helpers-cgroups
load helpers-fs

USER_ID=1001

# as_user ARGS: the runtime as that user, in the group $IN of version 2 if that is set.
as_user() {
    status=0
    # shellcheck disable=SC2016
    timeout --foreground -k 2 "$PATIENCE" sh -c '[ -z "$IN" ] || echo $$ >"$IN/cgroup.procs" || exit 99; exec "$@"' sh \
        "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups \
        env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS "$RUNTIME" --root "$ROOT" "$@" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

export IN=

without_cgroup_rights() {
    cgroupfs_only
    rootless 54321
}

# A subtree of the user's own: of the guest that boots so, or made here.
delegated() {
    needs_v2
    cgroupfs_only
    rootless
    SUBTREE=/sys/fs/cgroup/user.slice/user-$USER_ID
    if [ ! -d "$SUBTREE/leaf" ] || [ "$(stat -c %u "$SUBTREE")" != "$USER_ID" ]; then
        SUBTREE=/sys/fs/cgroup/$ID-user
        local dir file
        mkdir -p "$SUBTREE/leaf"
        sed 's/[^ ]*/+&/g' "${SUBTREE%/*}/cgroup.subtree_control" >"$SUBTREE/cgroup.subtree_control"
        for dir in "$SUBTREE" "$SUBTREE/leaf"; do
            for file in "" cgroup.procs cgroup.threads cgroup.subtree_control; do chown "$USER_ID:$USER_ID" "$dir/$file"; done
        done
    fi
    IN=$SUBTREE/leaf
}

test_after() {
    local group
    for group in caller/own caller other; do in_ns rmdir "/sys/fs/cgroup/pids/$ID-$group" "/sys/fs/cgroup/$ID-$group" 2>/dev/null || true; done
    rmdir "/sys/fs/cgroup/$ID-user/leaf" "/sys/fs/cgroup/$ID-user" 2>/dev/null || true
}

@test "no access to cgroups: a container without limits runs, and only --debug mentions cgroups" {
    berth_only "runc fails, crun says nothing"
    without_cgroup_rights
    set_sh 'echo it runs'
    as_user run --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_equal "$output" 'it runs'
    as_user --debug run --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_output "shares the caller's cgroups"
}

@test "no access to cgroups: a limit is an error that says how to get access" {
    without_cgroup_rights
    config '.linux.resources = {pids: {limit: 20}}'
    as_user run --bundle "$BUNDLE" "$ID"
    assert_failed
    [ "$RT_KIND" != berth ] || assert_output 'linux.resources.pids.limit: .*delegated'
}

@test "no access to cgroups: every kind of limit is refused" {
    without_cgroup_rights
    local limit
    for limit in 'memory: {limit: 67108864}' 'cpu: {shares: 512}' 'cpu: {quota: 50000}' 'unified: {"pids.max": "5"}'; do
        config ".linux.resources = {$limit}"
        as_user run --bundle "$BUNDLE" "$ID"
        [ "$status" -ne 0 ] || fail_with "'$limit' was accepted"
    done
}

@test "no access to cgroups: limits that limit nothing are accepted" {
    berth_only "runc and crun fail"
    without_cgroup_rights
    config '.linux.resources = {memory: {limit: 0}, pids: {}, cpu: {shares: 0}, devices: [{allow: false, access: "rwm"}]}'
    set_args true
    as_user run --bundle "$BUNDLE" "$ID"
    assert_status 0
}

@test "no access to cgroups: a cgroupsPath with a leading slash is an error, also without limits" {
    [ "$RT_KIND" != crun ] || skip "crun goes without"
    without_cgroup_rights
    config ".linux.cgroupsPath = \"/$ID\""
    set_args true
    as_user run --bundle "$BUNDLE" "$ID"
    assert_failed
    [ "$RT_KIND" != berth ] || assert_output "linux.cgroupsPath: make the cgroup /$ID below .*: permission denied"
    config '.linux.cgroupsPath = "below"'
    [ "$RT_KIND" = berth ] || return 0
    as_user run --bundle "$BUNDLE" "$ID"
    assert_status 0
}

# A cgroup of the caller's, and one beside it.
caller_in_group() {
    local dir=/sys/fs/cgroup
    cg_is_v2 || dir+=/pids
    in_ns mkdir "$dir/$ID-caller" "$dir/$ID-caller/own" "$dir/$ID-other"
    IN=$dir/$ID-caller
}

@test "no access to cgroups: a cgroup mount shows the caller's cgroup and no others" {
    without_cgroup_rights
    caller_in_group
    # Without a cgroup namespace version 2 is shown as a whole, as its paths in /proc/self/cgroup are.
    ! cg_is_v2 || config '.linux.namespaces += [{type: "cgroup"}]'
    add_mount /sys/fs/cgroup cgroup cgroup ro
    set_sh 'cd /sys/fs/cgroup; [ ! -d pids ] || cd pids; ls -d own ./*-other 2>/dev/null || true'
    as_user run --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_output '^own$'
    refute_output '-other'
}

@test "--cgroup-manager=disabled: a writable cgroup mount of the caller's cgroup is read-only" {
    berth_only "the peers leave the caller's cgroup writable"
    without_cgroup_rights
    caller_in_group
    in_ns chown -R "$USER_ID" "$IN"
    ! cg_is_v2 || config '.linux.namespaces += [{type: "cgroup"}]'
    add_mount /sys/fs/cgroup cgroup cgroup rw
    set_sh 'cd /sys/fs/cgroup; [ ! -d pids ] || cd pids; mkdir mine'
    as_user --cgroup-manager=disabled run --bundle "$BUNDLE" "$ID"
    assert_failed
    assert_output 'Read-only file system'
}

@test "a delegated subtree: limits are set, and delete removes the cgroup" {
    delegated
    config '.linux.resources = {pids: {limit: 20}, memory: {limit: 67108864}}'
    set_args payload pause
    as_user run -d --bundle "$BUNDLE" "$ID"
    assert_status 0
    value_is pids "" pids.max 20
    value_is memory "" memory.max 67108864
    local dir
    dir=$(cgroup_dir pids)
    [[ $dir == "$SUBTREE"/* ]]
    as_user delete --force "$ID"
    assert_status 0
    [ ! -e "$dir" ]
}

@test "a delegated subtree: the limit holds" {
    delegated
    config '.linux.resources = {pids: {limit: 20}}'
    set_args payload forks 30
    as_user run --bundle "$BUNDLE" "$ID"
    assert_output '^forks 19 EAGAIN'
}

@test "a delegated subtree: update, pause and resume" {
    delegated
    config '.linux.resources = {pids: {limit: 20}}'
    set_args payload pause
    as_user run -d --bundle "$BUNDLE" "$ID"
    as_user update --pids-limit 30 "$ID"
    assert_status 0
    value_is pids "" pids.max 30
    as_user pause "$ID"
    assert_status 0
    assert_equal "$(state_of)" paused
    as_user resume "$ID"
    assert_status 0
}

@test "a delegated subtree: a cgroupsPath outside of it is an error" {
    delegated
    config '.linux.resources = {pids: {limit: 20}}' ".linux.cgroupsPath = \"/$ID\""
    set_args true
    as_user run --bundle "$BUNDLE" "$ID"
    [ "$status" -ne 0 ]
    [ ! -e "/sys/fs/cgroup/$ID" ]
}

# ---- whose group it is

# own_cgroup rw|ro: a user namespace with ids 100000..., a cgroup namespace and a mount of cgroup2.
own_cgroup() {
    needs_v2
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        ".mounts |= map(if .type == \"cgroup\" then .options = [\"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"$1\"] else . end)"
    find rootfs -type d -exec chown 100000:100000 {} +
}

owners() { stat -c %u "$1" "$1/cgroup.procs" "$1/cgroup.subtree_control" "$1/cgroup.threads" | sort -u | xargs; }

@test "a writable cgroup2 mount in a new cgroup namespace: the cgroup belongs to the container's user" {
    own_cgroup rw
    started
    assert_equal "$(owners "$(cgroup_dir pids)")" 100000
}

@test "the cgroup belongs to the container's user: every file that the kernel lists for that" {
    [ -e /sys/kernel/cgroup/delegate ] || skip "the kernel lists none"
    own_cgroup rw
    started
    local file dir
    dir=$(cgroup_dir pids)
    while read -r file; do
        [ ! -e "$dir/$file" ] || assert_equal "$file $(stat -c %u "$dir/$file")" "$file 100000"
    done </sys/kernel/cgroup/delegate
    # A limit is not the container's to lift.
    assert_equal "$(stat -c %u "$dir/pids.max")" 0
}

@test "the cgroup belongs to process.user, by its host id" {
    own_cgroup rw
    config '.process.user = {uid: 1000, gid: 1000}'
    started
    assert_equal "$(owners "$(cgroup_dir pids)")" 101000
}

@test "the program can create cgroups in it" {
    own_cgroup rw
    set_sh 'mkdir /sys/fs/cgroup/mine && echo $$ >/sys/fs/cgroup/mine/cgroup.procs && cat /proc/self/cgroup'
    run_c
    assert_status 0
    assert_output '^0::/mine$'
}

@test "the program cannot lift its own limit there" {
    own_cgroup rw
    resources 'pids: {limit: 20}'
    set_sh 'echo max >/sys/fs/cgroup/pids.max; cat /sys/fs/cgroup/pids.max'
    run_c
    assert_output '^20$'
}

@test "a read-only mount: the cgroup stays root's" {
    own_cgroup ro
    started
    assert_equal "$(owners "$(cgroup_dir pids)")" 0
}

@test "without its own cgroup namespace: the cgroup stays root's" {
    own_cgroup rw
    config '.linux.namespaces |= map(select(.type != "cgroup"))'
    started
    assert_equal "$(owners "$(cgroup_dir pids)")" 0
}

@test "on v1 the cgroups stay root's" {
    ! cg_is_v2 || skip "not on cgroup version 2"
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.mounts |= map(if .type == "cgroup" then .options = ["nosuid", "noexec", "nodev", "relatime", "rw"] else . end)'
    find rootfs -type d -exec chown 100000:100000 {} +
    started
    assert_equal "$(stat -c %u "$(cgroup_dir pids)" "$(cgroup_dir pids)/cgroup.procs" | sort -u)" 0
}
