# SPDX-License-Identifier: Apache-2.0
# Shared by the files on labels: the active security modules.

# Debian's guests have SELinux without a policy.
setup_file() {
    [ -n "${VM_KIND:-}" ] && command -v secilc >/dev/null || return 0
    [ "$(tr -d '\0' </proc/self/attr/current 2>/dev/null)" = kernel ] || return 0
    [ -e /sys/fs/selinux/load ] || { mount -t selinuxfs selinuxfs /sys/fs/selinux && in_ns mount -t selinuxfs selinuxfs /sys/fs/selinux; }
    secilc -c 33 -f /dev/null -o "$BATS_FILE_TMPDIR/policy" "$BATS_TEST_DIRNAME/labels.cil"
    dd if="$BATS_FILE_TMPDIR/policy" of=/sys/fs/selinux/load bs=1M
}

has_apparmor() { [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; }
has_selinux() { [ -e /sys/fs/selinux/enforce ]; }

# load_profile [SUFFIX]: one that lets everything pass but writing to /tmp/forbidden; $PROFILE
load_profile() {
    has_apparmor || skip "AppArmor is not active"
    command -v apparmor_parser >/dev/null || skip "no apparmor_parser"
    PROFILE=berth-test-$ID${1:-}
    printf 'profile %s flags=(attach_disconnected,mediate_deleted) {\n  file,\n  capability,\n  network,\n  mount,\n  umount,\n  signal,\n  ptrace,\n  unix,\n  deny /tmp/forbidden w,\n}\n' "$PROFILE" |
        apparmor_parser --config-file /dev/null --base "$BATS_TEST_TMPDIR" -K -a
    config ".process.apparmorProfile = \"$PROFILE\""
}

unload_profile() { printf 'profile %s {\n}\n' "$1" | apparmor_parser --config-file /dev/null --base "$BATS_TEST_TMPDIR" -K -R; }

test_after() { [ -z "${PROFILE:-}" ] || unload_profile "$PROFILE"; }

need_policy() {
    [[ $(tr -d '\0' </proc/self/attr/current 2>/dev/null) = u:r:t:s0* ]] || skip "SELinux is not active with the policy of these tests"
    # With it the policy would have to say that the process may change its label.
    config '.process.noNewPrivileges = false'
}
