# SPDX-License-Identifier: Apache-2.0
# linux.cgroupsPath: where the container's cgroups are, who else may be in them, and that they are removed.
load helpers
load helpers-cgroups

# Parents that a cgroupsPath names belong to the caller, as an engine's pod does; they go after the containers.
test_after() {
    in_ns find $(hierarchies) -depth -type d \( -name "$ID-parent" -o -name below -o -name "$ID-made" \) \
        -path "*$ID*" -exec rmdir {} \; 2>/dev/null || true
}

# With systemd it is a scope already.
below_parent() { by_systemd || config ".linux.cgroupsPath = \"/$ID-parent/$ID\""; }

@test "an absolute cgroupsPath is below the mount point of every hierarchy" {
    cgroupfs_only
    config ".linux.cgroupsPath = \"/$ID-parent/$ID\""
    started
    local h pid
    pid=$(init_pid)
    for h in $(hierarchies); do
        in_ns grep -qx "$pid" "$h/$ID-parent/$ID/cgroup.procs" || fail_with "not in $h"
    done
}

@test "a cgroupsPath names the same cgroup each time" {
    below_parent
    started
    local first
    first=$(cgroup_dir pids)
    rt delete --force "$ID"
    started
    assert_equal "$(cgroup_dir pids)" "$first"
}

@test "a relative cgroupsPath is accepted" {
    cgroupfs_only
    config ".linux.cgroupsPath = \"$ID-parent/$ID\""
    started
    [[ $(cgroup_dir pids) == */"$ID-parent/$ID" ]]
}

@test "a relative cgroupsPath with .. stays below the hierarchy" {
    cgroupfs_only
    config ".linux.cgroupsPath = \"../../../../$ID-parent/$ID\""
    run_rt run -d "$ID"
    [ "$status" -ne 124 ]
    [ ! -e "/sys/fs/$ID-parent" ] && [ ! -e "/sys/$ID-parent" ]
}

@test "without cgroupsPath the container has its own cgroup in every hierarchy" {
    config 'del(.linux.cgroupsPath)'
    started
    local h pid
    pid=$(init_pid)
    for h in $(hierarchies); do
        [ -n "$(in_ns find "$h" -type d -name "*$ID*")" ] || fail_with "no group in $h"
        ! in_ns grep -qx "$pid" "$h/cgroup.procs" || fail_with "in the root of $h"
    done
}

@test "all processes of the container are in its cgroup" {
    set_sh 'sleep 1000 & sleep 1000 & exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    assert_equal "$(cg_read pids cgroup.procs cgroup.procs | wc -l)" 3
}

@test "delete removes the cgroups" {
    host_snapshot
    below_parent
    started
    rt delete --force "$ID"
    test_after
    assert_host_unchanged
}

@test "delete removes the cgroups that the container has created below its own" {
    host_snapshot
    started
    local group
    for group in $(in_ns find $(hierarchies) -type d -name "*$ID*"); do in_ns mkdir -p "$group/sub/subsub"; done
    rt delete --force "$ID"
    assert_host_unchanged
}

@test "a cgroup that existed before create remains" {
    cgroupfs_only
    local h
    for h in $(hierarchies); do in_ns mkdir "$h/$ID-made"; done
    config ".linux.cgroupsPath = \"/$ID-made/$ID\""
    started
    rt delete --force "$ID"
    for h in $(hierarchies); do in_ns test -d "$h/$ID-made" || fail_with "$h/$ID-made is gone"; done
}

@test "an existing cgroup can be used again after delete --force" {
    cgroupfs_only
    local h
    for h in $(hierarchies); do in_ns mkdir "$h/$ID-made"; done
    config ".linux.cgroupsPath = \"/$ID-made\""
    started
    rt delete --force "$ID"
    started
    rt delete --force "$ID"
}

@test "the program sees its own cgroup as the root" {
    set_args cat /proc/self/cgroup
    run_c
    assert_status 0
    refute_output "$ID"
    [ "$(grep -vc ':/$' <<<"$output")" -eq 0 ]
}

@test "a cgroup mount shows the container's own cgroup, read-only" {
    set_sh 'cd /sys/fs/cgroup; [ -e pids ] && cd pids; cat cgroup.procs; mkdir x 2>&1'
    run_c
    assert_output '^1$'
    assert_output 'Read-only file system'
}

@test "a cgroup mount has only v2 if that is at /sys/fs/cgroup, even if v1 hierarchies are mounted elsewhere" {
    cg_is_v2 || skip "not on cgroup version 2"
    mkdir "$BATS_TEST_TMPDIR/v1"
    in_ns mount -t cgroup -o none,name=berth-test cgroup "$BATS_TEST_TMPDIR/v1"
    set_sh 'cat /sys/fs/cgroup/cgroup.procs; ls /sys/fs/cgroup'
    run_c
    in_ns umount "$BATS_TEST_TMPDIR/v1"
    assert_status 0
    assert_output '^1$'
    refute_output 'berth-test|v1'
    assert_output '^cgroup.controllers$'
}

@test "limits of several controllers" {
    resources 'memory: {limit: 67108864}, pids: {limit: 33}, cpu: {shares: 256}'
    started
    assert_equal "$(cg_read pids pids.max pids.max)" 33
    assert_equal "$(cg_read memory memory.limit_in_bytes memory.max)" 67108864
}

@test "a value that the kernel refuses is an error that leaves nothing" {
    host_snapshot
    resources 'cpu: {period: 5}'
    run_fails run "$ID"
    assert_host_unchanged
}

# in_busy_group: a process of ours in the group /$ID-made of every hierarchy; BUSY is its pid
busy_group() {
    local h
    sleep 1000 3>&- &
    BUSY=$!
    for h in $(hierarchies); do
        in_ns mkdir "$h/$ID-made"
        case $h in */cpuset) in_ns sh -c "cat $h/cpuset.cpus >$h/$ID-made/cpuset.cpus; cat $h/cpuset.mems >$h/$ID-made/cpuset.mems" ;; esac
        in_ns sh -c "echo $BUSY >$h/$ID-made/cgroup.procs"
    done
    config ".linux.cgroupsPath = \"/$ID-made\""
}

@test "a cgroup that has processes is refused and left alone" {
    cgroupfs_only
    busy_group
    run_rt create "$ID"
    kill -0 $BUSY
    [ "$status" -ne 0 ] || rt delete --force "$ID"
    kill $BUSY 2>/dev/null
    wait $BUSY 2>/dev/null || true
    [ "$status" -ne 0 ]
    local h
    for h in $(hierarchies); do in_ns test -d "$h/$ID-made" || fail_with "$h/$ID-made is gone"; done
}

@test "without cgroupsPath the cgroup is named after the id" {
    cgroupfs_only
    config 'del(.linux.cgroupsPath)'
    started
    [[ $(cgroup_dir pids) == */"$ID" ]] || fail_with "$(cgroup_dir pids)"
}

@test "without cgroupsPath somebody else's cgroup of the same name is left alone" {
    berth_only "runc and crun take it, and remove it"
    cgroupfs_only
    local dir
    dir=$(hierarchies | head -1)/$ID
    in_ns mkdir -p "$dir/below"
    config 'del(.linux.cgroupsPath)'
    set_args true
    run_c
    in_ns test -d "$dir/below"
    in_ns rmdir "$dir/below" "$dir"
    assert_failed
    assert_output "$dir exists already"
}

@test "a cgroup that has processes: the error has the words that callers look for" {
    [ "$RT_KIND" != crun ] || skip "crun takes it"
    cgroupfs_only
    config ".linux.cgroupsPath = \"/$ID-first\""
    started
    rt create "$ID-two" </dev/null >"$BATS_TEST_TMPDIR/two" 2>&1 && fail_with "it was accepted"
    grep -q "container's cgroup is not empty" "$BATS_TEST_TMPDIR/two"
}

@test "a frozen cgroup is refused" {
    cgroupfs_only
    if cg_is_v2; then
        mkdir "/sys/fs/cgroup/$ID-made"
        echo 1 >"/sys/fs/cgroup/$ID-made/cgroup.freeze"
    else
        mkdir "/sys/fs/cgroup/freezer/$ID-made"
        echo FROZEN >"/sys/fs/cgroup/freezer/$ID-made/freezer.state"
    fi
    config ".linux.cgroupsPath = \"/$ID-made\""
    run_rt create "$ID"
    echo "$output" >"$BATS_TEST_TMPDIR/frozen"
    local state=$status
    [ ! -e "/sys/fs/cgroup/freezer/$ID-made" ] || echo THAWED >"/sys/fs/cgroup/freezer/$ID-made/freezer.state"
    [ ! -e "/sys/fs/cgroup/$ID-made/cgroup.freeze" ] || echo 0 >"/sys/fs/cgroup/$ID-made/cgroup.freeze"
    rt delete --force "$ID"
    [ "$state" -ne 0 ]
    [ "$state" -ne 124 ]
    [ "$RT_KIND" = crun ] || grep -q "container's cgroup unexpectedly frozen" "$BATS_TEST_TMPDIR/frozen"
}

@test "delete --force kills a container whose cgroup was frozen from outside" {
    set_sh 'sleep 1000 & payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    local group
    if cg_is_v2; then
        group=$(cgroup_dir pids)
        echo 1 >"$group/cgroup.freeze"
    else
        group=$(cgroup_dir freezer)
        echo FROZEN >"$group/freezer.state"
    fi
    run_ok delete --force "$ID"
}

# ---- what a cgroup mount shows

@test "v2: without a cgroup namespace a cgroup mount shows the whole hierarchy" {
    cg_is_v2 || skip "version 1"
    config '.linux.namespaces |= map(select(.type != "cgroup"))'
    set_sh 'p=$(cut -d: -f3 /proc/self/cgroup); [ ${#p} -gt 1 ] && grep -x $$ /sys/fs/cgroup$p/cgroup.procs >/dev/null && ls /sys/fs/cgroup/cgroup.procs'
    run_c
    assert_status 0
}

@test "v2: with a cgroup namespace a cgroup mount shows the container's cgroup" {
    cg_is_v2 || skip "version 1"
    set_sh 'cat /proc/self/cgroup; grep -x 1 /sys/fs/cgroup/cgroup.procs'
    run_c
    assert_equal "$output" $'0::/\n1'
}

@test "hybrid: a cgroup mount has only the v1 hierarchies" {
    [ -d /sys/fs/cgroup/unified ] || skip "no hybrid layout"
    set_sh 'ls /sys/fs/cgroup'
    run_c
    assert_status 0
    assert_output '^memory$'
    refute_output '^unified$'
    config '.linux.namespaces |= map(select(.type != "cgroup"))'
    run_c
    refute_output '^unified$'
}

# A cgroup mount shows the hierarchy below the root of that namespace: the cgroup "seen".
# options_stay NAMESPACES: the container runs with these cgroup namespaces and leaves the host's options as they are.
options_stay() {
    local before
    before=$(v2_options)
    config ".linux.namespaces |= map(select(.type != \"cgroup\")) + $1"
    set_args ls /sys/fs/cgroup
    run_c
    assert_status 0
    refute_output 'no effect'
    assert_equal "$(v2_options)" "$before"
}

@test "v2: a cgroup mount does not change the options of the host's cgroup file system, in any cgroup namespace" {
    cg_is_v2 || skip "version 1"
    v2_options | grep -q nsdelegate || skip "the host has set none"
    options_stay '[{type: "cgroup"}]'
    options_stay '[]'
    options_stay '[{type: "cgroup", path: "/proc/1/ns/cgroup"}]'
}

@test "v2: a cgroup mount may repeat options of the host's cgroup file system, as containerd does" {
    cg_is_v2 || skip "version 1"
    v2_options | grep -q nsdelegate || skip "the host has set none"
    config '(.mounts[] | select(.type == "cgroup")).options += ["nsdelegate"]'
    options_stay '[{type: "cgroup"}]'
    options_stay '[]'
}

@test "a cgroup mount may name options that the host's cgroup file system does not have" {
    config '(.mounts[] | select(.type == "cgroup")).options += ["favordynmods", "pids_localevents"]'
    set_args true
    run_c
    assert_status 0
    [ "$RT_KIND" != berth ] || assert_output 'warning: mounts\[6\].options: "favordynmods" has no effect'
    [ "$RT_KIND" != berth ] || assert_output 'warning: mounts\[6\].options: "pids_localevents" has no effect'
}

@test "an option that the cgroup file system does not know is an error in a cgroup mount" {
    berth_only "others pass it over on version 1"
    config '(.mounts[] | select(.type == "cgroup")).options += ["nsdelegate", "nosuch"]'
    run_fails run --bundle "$BUNDLE" "$ID"
    assert_output 'mounts\[6\].options: a cgroup mount takes no "nosuch"'
}

@test "a cgroup mount in a joined cgroup namespace shows that namespace's root" {
    local group=/sys/fs/cgroup/pids seen=/sys/fs/cgroup/pids/seen
    ! cg_is_v2 || group=/sys/fs/cgroup seen=/sys/fs/cgroup/seen
    in_ns test -e $group/cgroup.procs || skip "no pids hierarchy"
    in_ns mkdir -p "$group/$ID-joined/seen"
    move_to() { in_ns sh -c 'echo "$1" >"$2/cgroup.procs"' sh "$BASHPID" "$1"; }
    (
        move_to "$group/$ID-joined"
        exec unshare --cgroup "$SUITE_DIR/payload" pause >"$BATS_TEST_TMPDIR/holder" 3>&- </dev/null
    ) &
    HOLDER=$!
    wait_until file_has ready "$BATS_TEST_TMPDIR/holder"
    config ".linux.namespaces |= map(select(.type != \"cgroup\")) + [{type: \"cgroup\", path: \"/proc/$HOLDER/ns/cgroup\"}]"
    set_sh "ls -d $seen && test ! -e $group/$ID && rmdir $seen"
    run_c
    kill -KILL "$HOLDER"
    wait "$HOLDER" 2>/dev/null || true
    in_ns rmdir "$group/$ID-joined/seen" "$group/$ID-joined"
    HOLDER=
    assert_output "^$seen$"
    assert_output 'Read-only file system'
}
