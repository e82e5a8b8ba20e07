# SPDX-License-Identifier: Apache-2.0
# The program that speaks with systemd for berth ends before berth does.
load helpers
load helpers-cgroups

test_setup() { [ -d /run/systemd/system ] || skip "systemd does not run here"; }

# left_children COMMAND...: how many processes a command leaves to the reaper of orphans.
left_children() {
    python3 - "$@" <<'END'
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
with open('/proc/self/task/%d/children' % os.getpid()) as file:
    print(len(file.read().split()))
END
}

@test "no unit is left when systemd cannot be reached at the end" {
    local address turn
    berth_only
    config '.process.args = ["true"]' '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c",
        "for address in /run/systemd/private /run/dbus/system_bus_socket; do mount --bind /dev/null $address; done"]}]'
    for turn in {1..20}; do
        CGROUP_MANAGER=systemd run_rt run --bundle "$BUNDLE" "$ID$turn"
        assert_output 'connect to systemd'
        for address in /run/systemd/private /run/dbus/system_bus_socket; do in_ns umount "$address"; done
    done
    wait_until eval '! compgen -G "/run/systemd/transient/*$ID*"'
}

@test "the helper ends when it cannot be killed" {
    berth_only
    config '.process.args = ["true"]'
    refuse EIO pidfd_send_signal
    CGROUP_MANAGER=systemd run_rt run --bundle "$BUNDLE" "$ID"
    assert_status 0
}

@test "a command that fails, or only plans, leaves no helper behind" {
    config ".linux.cgroupsPath = \"/$ID\""
    assert_equal "$(left_children "$RUNTIME" --root "$ROOT" --systemd-cgroup run --bundle "$BUNDLE" "$ID")" 0
    config ".linux.cgroupsPath = \":pre:$ID\""
    [ "$RT_KIND" != berth ] || assert_equal "$(left_children "$RUNTIME" --root "$ROOT" --systemd-cgroup run --dry-run --bundle "$BUNDLE" "$ID")" 0
}
