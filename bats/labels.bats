# SPDX-License-Identifier: Apache-2.0
# process.apparmorProfile, process.selinuxLabel, linux.mountLabel: where the security module is active (tests/vm), and where it is not.
load helpers

has_apparmor() { [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; }
has_selinux() { [ -e /sys/fs/selinux/enforce ]; }

shows() {
    run_c
    assert_status 0
    assert_equal "$output" "$1"
}

refuses() {
    host_snapshot
    run_fails run "$ID"
    assert_output "$1"
    assert_host_unchanged
}

# A profile that lets everything pass but writing to /tmp/forbidden.
load_profile() {
    has_apparmor || skip "AppArmor is not active"
    PROFILE=berth-test-$ID
    printf 'profile %s flags=(attach_disconnected,mediate_deleted) {\n  file,\n  capability,\n  network,\n  mount,\n  umount,\n  signal,\n  ptrace,\n  unix,\n  deny /tmp/forbidden w,\n}\n' "$PROFILE" |
        apparmor_parser --config-file /dev/null --base "$BATS_TEST_TMPDIR" -K -a
    config ".process.apparmorProfile = \"$PROFILE\""
}

test_after() {
    [ -z "${PROFILE:-}" ] || printf 'profile %s {\n}\n' "$PROFILE" |
        apparmor_parser --config-file /dev/null --base "$BATS_TEST_TMPDIR" -K -R
}

current() { set_sh 'cat /proc/self/attr/apparmor/current 2>/dev/null || cat /proc/self/attr/current'; }

@test "empty labels are none" {
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

@test "the AppArmor profile holds" {
    load_profile
    set_sh 'echo x >/tmp/allowed && ! echo x >/tmp/forbidden'
    run_c
    assert_status 0
    assert_output 'Permission denied'
}

@test "an AppArmor profile with a user, a filter, few descriptors, no rights and without no_new_privs" {
    load_profile
    current
    config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {} | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 6, hard: 6}]' \
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
