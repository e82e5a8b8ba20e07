#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `features`: all that the specification names is there; that what is there works is shown in conformance-features.bats.

load helpers

test_setup() {
    rt features >"$BATS_TEST_TMPDIR/features" 2>/dev/null </dev/null || skip "no command features"
}

# has_all PATH WORD...: the list has all of these words
has_all() {
    local path=$1
    shift
    assert_equal "$(printf '%s\n' "$@" | grep -Fxv -f <(jq -r ".${path}[]" "$BATS_TEST_TMPDIR/features"))" ''
}

is() { jq -e "$1" "$BATS_TEST_TMPDIR/features" >/dev/null || fail_with "not so: $1"; }

@test "the versions are those of the specification" {
    berth_only
    is '.ociVersionMin == "1.0.0" and .ociVersionMax == "1.3.0"'
}

@test "all hooks" { has_all hooks prestart createRuntime createContainer startContainer poststart poststop; }

# config.md, "Linux mount options"
@test "all mount options that config.md lists" {
    has_all mountOptions async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec \
        noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime relatime remount rexec \
        rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave \
        rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync tmpcopyup unbindable idmap ridmap
}

@test "all namespaces" { has_all linux.namespaces cgroup ipc mount network pid time user uts; }

@test "all capabilities of the kernel" {
    local names
    names=$(sed -n 's/^#define[[:space:]]*\(CAP_[A-Z_]*\)[[:space:]]*[0-9].*/\1/p' /usr/include/linux/capability.h)
    [ -n "$names" ] || skip "no headers of the kernel"
    # shellcheck disable=SC2086
    has_all linux.capabilities $names
}

@test "cgroups of both versions, by systemd for root and for users, with rdma" {
    is '.linux.cgroup == {v1: true, v2: true, systemd: true, systemdUser: true, rdma: true}'
}

@test "all actions and operators of seccomp" {
    has_all linux.seccomp.actions SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL_THREAD SCMP_ACT_TRAP SCMP_ACT_ERRNO SCMP_ACT_TRACE \
        SCMP_ACT_ALLOW SCMP_ACT_LOG SCMP_ACT_NOTIFY
    has_all linux.seccomp.operators SCMP_CMP_NE SCMP_CMP_LT SCMP_CMP_LE SCMP_CMP_EQ SCMP_CMP_GE SCMP_CMP_GT SCMP_CMP_MASKED_EQ
}

@test "the supported flags of seccomp are among the known ones" {
    is '.linux.seccomp | .enabled and (.knownFlags | length >= 3) and (.supportedFlags - .knownFlags == [])'
}

@test "modules, intelRdt, id-mapped mounts and network devices" {
    is '.linux | .apparmor.enabled and .selinux.enabled and .intelRdt.enabled and .intelRdt.schemata and .intelRdt.monitoring
        and .mountExtensions.idmap.enabled and .netDevices.enabled'
}

@test "annotations that affect the host are named" {
    is '.potentiallyUnsafeConfigAnnotations | index("org.systemd.property.")'
}

@test "berth's own annotations are named, and the one with which a container shares another's cores" {
    berth_only
    is '.annotations["run.berth.landlock.abi"] | tonumber > 0'
    is '.annotations["run.berth.core-scheduling"] == "new container:ID"'
    is '.potentiallyUnsafeConfigAnnotations | index("run.berth.core-scheduling")'
}

@test "libseccomp is named with its version" {
    is '.annotations["io.github.seccomp.libseccomp.version"] | test("^[0-9]+[.][0-9]+[.][0-9]+$")'
}

# In a container whose filter lets nobody load another: what the kernel does not take is not claimed.
@test "a flag that the kernel refuses is not among the supported ones" {
    berth_only
    touch rootfs/berth
    config ".mounts += [{destination: \"/berth\", source: \"$RUNTIME\", options: [\"bind\", \"ro\"]}]" \
        '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["seccomp"], action: "SCMP_ACT_ERRNO", errnoRet: 22}]}'
    set_args /berth features
    run_c
    assert_equal "$status" 0
    assert_equal "$(jq -c '.linux.seccomp | [(.knownFlags | length), .supportedFlags]' <<<"$output")" '[4,[]]'
}

@test "an operand is an error" { run_fails features more; }
