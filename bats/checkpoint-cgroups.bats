# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore: the container's cgroups, with their limits and with those that are below; each layout of cgroups, and systemd.
load helpers
load helpers-criu

@test "the cgroup and its limits are restored, also under another id" {
    needs memory pids
    resources 'memory: {limit: 104857600}, pids: {limit: 50}'
    counting
    value_is pids pids.max pids.max 50
    checkpoint_c
    restore_c "$ID-2"
    run_fails state "$ID"
    ID+=-2
    value_is pids pids.max pids.max 50
    value_is memory memory.limit_in_bytes memory.max 104857600
}

@test "the limits and the cgroup are those of config.json" {
    needs pids
    cgroupfs_only
    resources 'pids: {limit: 50}'
    counting
    checkpoint_c
    resources 'pids: {limit: 60}'
    config ".linux.cgroupsPath = \"/$ID-other\""
    restore_c
    value_is pids pids.max pids.max 60
    assert_equal "$(basename "$(cgroup_dir pids)")" "$ID-other"
}

@test "a limit of one process" {
    needs pids
    resources 'pids: {limit: 1}'
    counting 'i=0; while :; do i=$((i + 1)); echo $i >/count; done'
    checkpoint_c
    local at
    at=$(counted)
    restore_c
    wait_until counted_beyond "$at"
    value_is pids pids.max pids.max 1
}

@test "a paused container runs after restore" {
    counting
    local at
    rt pause "$ID"
    at=$(counted)
    checkpoint_c
    restore_c
    wait_until counted_beyond "$at"
}

@test "the host's cgroup file system keeps its options (criu issue 3029)" {
    berth_only "criu takes them from the host of others"
    v2_options | grep -q nsdelegate || skip "the host has set none"
    local before namespaces
    before=$(v2_options)
    for namespaces in . 'map(select(.type != "cgroup"))'; do
        config ".linux.namespaces |= $namespaces"
        counting
        checkpoint_c
        assert_equal "$(v2_options)" "$before"
        restore_c
        assert_equal "$(v2_options)" "$before"
        rt delete --force "$ID"
    done
}

# --- --manage-cgroups-mode --------------------------------------------------------------------

# A process of the container in a cgroup below the container's own.
in_cgroup_below() {
    config '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]'
    counting "sh -c 'echo \$\$ >/child; while :; do usleep 20000; done' & $COUNT"
    wait_until file_has '[0-9]' rootfs/child
    BELOW=$(cgroup_dir pids)/below
    in_ns mkdir "$BELOW"
    in_ns sh -c "echo $(child) >$BELOW/cgroup.procs"
}

# Outside: its id there, from the id in the container.
child() { grep -lsP "^NSpid:\t.*\t$(cat rootfs/child)\$" $(ps -o pid= --ppid "$(init_pid)" | sed 's/ *\(.*\)/\/proc\/\1\/status/') | cut -d/ -f3; }

is_below() { in_ns grep -qx "$(child)" "$BELOW/cgroup.procs"; }

@test "soft, full: a cgroup below the container's own is restored with its process" {
    in_cgroup_below
    local mode
    for mode in soft full; do
        IMAGE=$BATS_TEST_TMPDIR/$mode
        checkpoint_c --manage-cgroups-mode "$mode"
        in_ns test ! -e "$BELOW"
        restore_c "$ID" --manage-cgroups-mode "$mode"
        is_below || fail_with "$mode"
    done
}

@test "ignore: processes of cgroups below are restored in the container's own cgroup" {
    in_cgroup_below
    checkpoint_c --manage-cgroups-mode ignore
    restore_c "$ID" --manage-cgroups-mode ignore
    in_ns grep -qx "$(child)" "${BELOW%/*}/cgroup.procs"
}

@test "strict: criu refuses, because the container's cgroup exists" {
    counting
    checkpoint_c --manage-cgroups-mode strict
    host_snapshot
    run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --manage-cgroups-mode strict --detach "$ID"
    [ "$RT_KIND" != berth ] || assert_output 'criu failed: Error .*cg'
    assert_host_unchanged
}
