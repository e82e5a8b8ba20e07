#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `doctor`: what the host offers and lacks.

load helpers
load helpers-fs

test_setup() { berth_only; }

# state_of_fact NAME: yes, limited, no or unknown
state_of_fact() { jq -r --arg name "$1" '.[] | select(.name == $name) | .state' <<<"$output"; }

@test "a table by groups" {
    run_ok doctor
    local group
    for group in kernel namespaces users cgroups security 'file systems' resources; do
        assert_output "^$group\$"
    done
    assert_output '^  openat2 +yes'
    assert_output "^  version +yes +$(uname -r), $(uname -m)"
}

@test "the first lines sum up what the host can run" {
    run_ok doctor
    assert_output '^this host can run: root, (not )?rootless, with(out)? limits'
    ! [ -e /sys/fs/cgroup/pids ] || assert_output '^this host can run: .*with limits: .*pids'
    status=0
    in_ns setpriv --reuid=12345 --regid=12345 --clear-groups "$RUNTIME" doctor >"$BATS_TEST_TMPDIR/run-out" 2>&1 || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    [ -d /run/systemd/system ] || assert_output '^this host can run: root, (not )?rootless, without limits'
}

@test "the same as JSON" {
    run_ok doctor --format json
    jq -e 'length > 50 and all(.[]; (.group | length > 0) and (.name | length > 0) and (.state | IN("yes", "limited", "no", "unknown")))' \
        <<<"$output" >/dev/null
}

@test "every lack has a meaning, and what is there has none" {
    run_ok doctor --format json
    jq -e 'all(.[]; if .state == "yes" then has("meaning") | not else has("meaning") end)' <<<"$output" >/dev/null
}

@test "namespaces are what the kernel has" {
    local pair
    run_ok doctor --format json
    for pair in pid:pid network:net mount:mnt ipc:ipc uts:uts user:user cgroup:cgroup time:time; do
        if [ -e "/proc/self/ns/${pair#*:}" ]; then assert_equal "$(state_of_fact "${pair%:*}")" yes; else assert_equal "$(state_of_fact "${pair%:*}")" no; fi
    done
}

@test "a hidden part of proc is seen" {
    host_mount --bind /dev/null /proc/cpuinfo
    run_ok doctor --format json
    assert_equal "$(state_of_fact 'proc is whole')" no
    assert_output '/proc/cpuinfo hides a part'
}

@test "an ordinary user is told what is not delegated" {
    [ ! -d /run/systemd/system ] || skip "systemd may delegate"
    status=0
    in_ns setpriv --reuid=12345 --regid=12345 --clear-groups "$RUNTIME" doctor >"$BATS_TEST_TMPDIR/run-out" 2>&1 || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 0
    assert_output 'caller +yes +uid 12345'
    assert_output 'nothing of it is delegated to the caller'
    assert_output 'usermod --add-subuids'
}

@test "nothing on the host is changed" {
    host_snapshot
    run_ok doctor
    assert_host_unchanged
}

@test "a format that is unknown" {
    run_fails doctor --format table
    assert_output 'text or json'
}
