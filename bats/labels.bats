# SPDX-License-Identifier: Apache-2.0
# process.apparmorProfile, process.selinuxLabel, linux.mountLabel: where the security module is active (tests/vm), and where it is not.
load helpers
load helpers-labels

shows() {
    run_c
    assert_status 0
    assert_equal "$output" "$1"
}

# The words are berth's.
refuses() {
    host_snapshot
    run_fails run "$ID"
    [ "$RT_KIND" != berth ] || assert_output "$1"
    assert_host_unchanged
}

current() { set_args cat /proc/self/attr/current; }

@test "empty labels count as unset" {
    config '.process.apparmorProfile = "" | .process.selinuxLabel = "" | .linux.mountLabel = ""'
    set_args echo fine
    shows fine
}

@test "an AppArmor profile without AppArmor is an error" {
    ! has_apparmor || skip "AppArmor is active"
    config '.process.apparmorProfile = "berth-test"'
    refuses 'process\.apparmorProfile: AppArmor is not active'
}

@test "an SELinux label without SELinux is an error" {
    ! has_selinux || skip "SELinux is active"
    config '.process.selinuxLabel = "system_u:system_r:container_t:s0:c1,c2"'
    refuses 'process\.selinuxLabel: SELinux is not active'
}

@test "a mount label without SELinux is an error" {
    ! has_selinux || skip "SELinux is active"
    config '.linux.mountLabel = "system_u:object_r:container_file_t:s0:c1,c2"'
    refuses 'linux\.mountLabel: SELinux is not active'
}

@test "the process has its AppArmor profile" {
    load_profile
    current
    shows "$PROFILE (enforce)"
}

@test "the AppArmor profile is enforced" {
    load_profile
    set_sh 'echo x >/tmp/allowed && ! echo x >/tmp/forbidden'
    run_c
    assert_status 0
    assert_output 'Permission denied'
}

@test "an AppArmor profile with a user, a filter, few descriptors, no capabilities and without no_new_privs" {
    load_profile
    current
    config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {} | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 4, hard: 4}]' \
        '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["openat2"], action: "SCMP_ACT_KILL_PROCESS"}]}'
    shows "$PROFILE (enforce)"
    config '.process.noNewPrivileges = false'
    shows "$PROFILE (enforce)"
}

@test "an AppArmor profile in a user namespace" {
    load_profile
    current
    chmod 755 rootfs
    config '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    shows "$PROFILE (enforce)"
}

@test "an AppArmor profile after create, start and with a startContainer hook" {
    load_profile
    current
    config '.hooks.startContainer = [{path: "/bin/true"}]'
    create_c
    run_ok start "$ID"
    wait_status stopped
    assert_equal "$(out)" "$PROFILE (enforce)"
}

@test "an AppArmor profile that is not loaded is an error that names it" {
    has_apparmor || skip "AppArmor is not active"
    config '.process.apparmorProfile = "no-such-profile"'
    refuses 'process\.apparmorProfile: .*no-such-profile.*no such file or directory'
}

# --- SELinux, with the policy of labels.cil

@test "the process has its SELinux label" {
    need_policy
    config '.process.selinuxLabel = "u:r:box:s0:c1,c3"'
    set_args cat /proc/self/attr/current
    shows u:r:box:s0:c1,c3
    config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}' \
        '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["openat2"], action: "SCMP_ACT_KILL_PROCESS"}]}'
    shows u:r:box:s0:c1,c3
}

@test "the session keyring has the SELinux label of the process" {
    need_policy
    config '.process.selinuxLabel = "u:r:box:s0:c1,c3"'
    set_args payload keyring label
    shows u:r:box:s0:c1,c3
}

# The policy of these tests says nothing about mqueue.
label_mounts() {
    need_policy
    config 'del(.mounts[] | select(.type == "mqueue")) | .linux.mountLabel = "u:object_r:boxfile:s0:c1,c3"'
    config ".mounts += [$1]"
    set_args cat /proc/self/mountinfo
    run_c
    assert_status 0
}

@test "new mounts have the mount label" {
    label_mounts '{destination: "/plain", type: "tmpfs", source: "tmpfs"}'
    assert_output '/dev/pts .*context="?u:object_r:boxfile:s0:c1,c3'
    assert_output '/plain .*context="?u:object_r:boxfile:s0:c1,c3'
    refute_output ' /proc .*context='
}

@test "a mount that needs mount(2) has the mount label" {
    label_mounts '{destination: "/long", type: "tmpfs", source: "tmpfs", options: ["iversion", "size=1m"]}'
    assert_output '/long .*context="u:object_r:boxfile:s0:c1,c3",size=1024k'
}

@test "a mount keeps its own label, including commas" {
    label_mounts '{destination: "/own", type: "tmpfs", source: "tmpfs", options: ["size=1m", "context=\"u:object_r:t:s0:c2,c3\"", "mode=700"]}'
    assert_output '/own .*context="u:object_r:t:s0:c2,c3",size=1024k,mode=700'
}

@test "SELinux labels that the policy does not know are errors" {
    need_policy
    config '.process.selinuxLabel = "u:r:nonsense:s0"'
    refuses 'process\.selinuxLabel: .*nonsense.*invalid argument'
    config 'del(.process.selinuxLabel) | .linux.mountLabel = "u:object_r:nonsense:s0"'
    refuses 'mounts\[[0-9]+\]: .*nonsense.*invalid argument'
}
