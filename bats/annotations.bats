# SPDX-License-Identifier: Apache-2.0
# The annotations of crun's that engines set, and berth obeys.
load helpers
load helpers-exec

test_teardown() { end_receiver; }

test_setup() { [ "$RT_KIND" != runc ] || skip "they are crun's"; }

annotate() { config ".annotations[\"$1\"] = \"$2\""; }

# run_with_groups: the container run by a caller who has the groups 4 and 24
run_with_groups() {
    run in_ns setpriv --groups 4,24 "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&-
}

@test "run.oci.keep_original_groups: the process has the caller's groups" {
    annotate run.oci.keep_original_groups 1
    set_args payload ids
    run_with_groups
    assert_output '^groups (0 )?4 24$'
}

@test "run.oci.keep_original_groups in a user namespace" {
    annotate run.oci.keep_original_groups 1
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = .linux.uidMappings'
    chown -R -h 100000:100000 rootfs
    set_args payload ids
    run_with_groups
    assert_output '^groups (65534 )*65534$'
}

@test "run.oci.keep_original_groups of another value keeps none" {
    annotate run.oci.keep_original_groups 0
    set_args payload ids
    run_with_groups
    refute_output '^groups.* 24'
}

@test "run.oci.keep_original_groups with additionalGids is an error" {
    berth_only
    annotate run.oci.keep_original_groups 1
    config '.process.user.additionalGids = [5]'
    UNCHECKED=1 run_c
    assert_output 'process.user.additionalGids: .*keep_original_groups'
    [ "$status" -ne 0 ]
}

@test "run.oci.pidfd_receiver gets the pidfd of the container's process" {
    berth_only "crun 1.8 does not know it"
    annotate run.oci.pidfd_receiver "$BATS_TEST_TMPDIR/s"
    set_args payload pause
    receive "$BATS_TEST_TMPDIR/s" "$BATS_TEST_TMPDIR/got"
    create_c
    wait_until file_has Pid "$BATS_TEST_TMPDIR/got"
    assert_equal "$(xargs <"$BATS_TEST_TMPDIR/got")" "1 Pid: $(init_pid)"
}

@test "run.oci.pidfd_receiver: nobody there is an error" {
    berth_only "crun 1.8 does not know it"
    annotate run.oci.pidfd_receiver /no/such/socket
    host_snapshot
    run_fails create --bundle "$BUNDLE" "$ID"
    assert_output '/no/such/socket'
    assert_host_unchanged
}

@test "run.oci.mount_context_type of another name is an error" {
    berth_only "crun takes it without SELinux"
    annotate run.oci.mount_context_type bogus
    UNCHECKED=1 run_c
    [ "$status" -ne 0 ]
    assert_output 'mount_context_type.*bogus'
}

@test "annotations that nobody knows are no trouble" {
    annotate run.oci.bogus x
    annotate org.example.bogus ''
    set_args true
    run_c
    assert_status 0
}
