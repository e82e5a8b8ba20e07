# SPDX-License-Identifier: Apache-2.0
# Attacks that are known by a number and belong to no other file. `bats -f CVE-2019-5736 bats` runs all tests of one, SECURITY.md lists them.
load helpers
load helpers-exec
load helpers-fs

# The length of the mappings, in 16 bits, began at 0 again: the rest of them was read as other settings.
@test "id mappings whose total length overflows are refused without a trace (CVE-2021-43784)" {
    user_namespace
    config '.linux.uidMappings = [range(8000) | {containerID: ., hostID: (100000 + .), size: 1}] | .linux.gidMappings = .linux.uidMappings'
    set_args payload ids
    host_snapshot
    run_fails run --bundle "$BUNDLE" "$ID"
    refute_output '^uid '
    assert_host_unchanged
}

# A handler once wrote its configuration through a link in the root file system.
@test "the runtime writes no file through a link in the root file system (CVE-2025-24965)" {
    canary "$BATS_TEST_TMPDIR/canary"
    local name
    for name in .krun_config.json .krun_vm.json .containerenv; do
        ln -s "$CANARY/new" "rootfs/$name"
    done
    run_c
    assert_canary
    config '.annotations = {"run.oci.handler": "krun"}'
    run_rt run --bundle "$BUNDLE" "$ID"
    [ "$status" -ne 124 ] || fail_with "it hangs"
    assert_canary
}

# An unprivileged container without a cgroup namespace could write to the cgroups of its host user.
@test "cgroups outside of the container cannot be written to without a cgroup namespace (CVE-2023-25809)" {
    config '.linux.namespaces |= map(select(.type != "cgroup"))' \
        '.mounts |= map(select(.destination != "/sys/fs/cgroup")) + [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
            options: ["nosuid", "noexec", "nodev", "relatime", "ro"]}]'
    run_sh 'for dir in /sys/fs/cgroup /sys/fs/cgroup/*/; do [ -e $dir/cgroup.procs ] && mkdir $dir/escape 2>/dev/null && echo "$dir is writable" && rmdir $dir/escape; done; true'
    assert_status 0
    refute_output writable
}

# The same strings, in place of a number, became the id 0.
@test "a user in the configuration that is not a number is an error, never root (CVE-2026-30892)" {
    local user
    set_args payload ids
    for user in '"1"' '"root"' '""' -1 4294967296 1.5 '"1:0"'; do
        config ".process.user = {uid: $user, gid: 0}"
        run_rt run --bundle "$BUNDLE" "$ID"
        [ "$status" -ne 124 ] || fail_with "$user: it hangs"
        refute_output '^uid 0 '
    done
}
