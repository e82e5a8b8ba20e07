#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `doctor`: what the host offers and lacks.

load helpers
load helpers-fs

test_setup() { berth_only; }

# state_of_fact NAME: yes, limited, no or unknown
state_of_fact() { jq -r --arg name "$1" '.[] | select(.name == $name) | .state' <<<"$output"; }

@test "the output is a table in groups" {
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
    assert_output '^this host can run containers of root( and|, but not) of unprivileged users, with(out)? limits'
    ! [ -e /sys/fs/cgroup/pids ] || assert_output '^this host can run containers of root.*, with limits of .*pids'
    status=0
    in_ns setpriv --reuid=12345 --regid=12345 --clear-groups "$RUNTIME" doctor >"$BATS_TEST_TMPDIR/run-out" 2>&1 || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    [ -d /run/systemd/system ] || assert_output '^this host can run containers of root.*, without limits$'
}

@test "no line ends with a space" {
    run_ok doctor
    refute_output ' $'
}

@test "JSON output" {
    run_ok doctor --format json
    jq -e 'length > 50 and all(.[]; (.group | length > 0) and (.name | length > 0) and (.state | IN("yes", "limited", "no", "unknown")))' \
        <<<"$output" >/dev/null
}

@test "every missing feature has a meaning, an available one has none" {
    run_ok doctor --format json
    jq -e 'all(.[]; if .state == "yes" then has("meaning") | not else has("meaning") end)' <<<"$output" >/dev/null
}

@test "the JSON has the hints, and no member that the manual does not name" {
    host_mount --bind /dev/null /proc/cpuinfo
    run_ok doctor --format json
    jq -e '.[] | select(.name == "proc is whole") | .hint | contains("unmount what hides parts of it")' <<<"$output" >/dev/null
    jq -e 'map(keys[]) | unique - ["group", "name", "state", "value", "meaning", "hint"] == []' <<<"$output" >/dev/null
}

@test "the namespaces are those of the kernel" {
    local pair
    run_ok doctor --format json
    for pair in pid:pid network:net mount:mnt ipc:ipc uts:uts user:user cgroup:cgroup time:time; do
        if [ -e "/proc/self/ns/${pair#*:}" ]; then assert_equal "$(state_of_fact "${pair%:*}")" yes; else assert_equal "$(state_of_fact "${pair%:*}")" no; fi
    done
}

@test "a hidden part of proc is detected" {
    host_mount --bind /dev/null /proc/cpuinfo
    run_ok doctor --format json
    assert_equal "$(state_of_fact 'proc is whole')" no
    assert_output '/proc/cpuinfo hides a part'
}

# without_proc ARGUMENT...: in a mount namespace of its own, since the tests need /proc
without_proc() {
    status=0
    in_ns unshare --mount sh -c 'mount -t tmpfs tmpfs /proc && exec "$@"' sh "$RUNTIME" --root "$ROOT" "$@" >"$BATS_TEST_TMPDIR/run-out" 2>&1 || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 1
}

@test "without /proc no container can be run, and run and check say how to mount it" {
    without_proc doctor
    assert_output '^this host cannot run containers$'
    assert_output 'mount -t proc proc /proc'
    without_proc check --bundle "$BUNDLE"
    assert_output 'in /proc/self: no such file or directory [(]mount -t proc proc /proc'
    without_proc run --bundle "$BUNDLE" "$ID"
    assert_output 'in /proc/self: no such file or directory [(]mount -t proc proc /proc'
}

@test "an unprivileged user is told what is not delegated" {
    [ ! -d /run/systemd/system ] || skip "systemd may delegate"
    status=0
    in_ns setpriv --reuid=12345 --regid=12345 --clear-groups "$RUNTIME" doctor >"$BATS_TEST_TMPDIR/run-out" 2>&1 || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 0
    assert_output 'caller +yes +uid 12345'
    assert_output 'nothing of it is delegated to the caller'
    assert_output 'usermod --add-subuids'
}

# fake_criu COMMAND: what doctor says where `criu check` does that
fake_criu() {
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\n[ "$1" != --version ] || { echo Version: 3.99; exit; }\n%s\n' "$1" >"$BATS_TEST_TMPDIR/bin/criu"
    chmod 755 "$BATS_TEST_TMPDIR/bin/criu"
    # shellcheck disable=SC2031
    PATH=$BATS_TEST_TMPDIR/bin:$PATH run_ok doctor --format json
    output=$(jq -r '.[] | select(.name == "criu") | "\(.state): \(.value): \(.hint)"' <<<"$output")
}

@test "criu is run to find out whether it works on this kernel" {
    fake_criu '[ "$1" = check ] && echo "Looks good."'
    assert_equal "$output" "yes: version 3.99, $BATS_TEST_TMPDIR/bin/criu: null"
    fake_criu 'echo "(00.01) Warn  (criu/a.c:1): b"; echo "(00.02) Error (criu/c.c:2): the kernel lacks d" >&2; echo "(00.03) Error (criu/e.c:3): f"; exit 1'
    assert_output '^no: version 3.99, .*: criu check: Error \(criu/c.c:2\): the kernel lacks d: try a newer criu, or another kernel$'
    fake_criu 'exit 1'
    assert_output '^no: .*: criu check says what it lacks on this host$'
    fake_criu 'kill -ABRT $$'
    assert_output '^no: .*: criu check says what it lacks on this host$'
}

@test "a criu that hangs does not hold up doctor" {
    fake_criu 'exec sleep 1000'
    assert_output '^unknown: version 3.99, .*: run .*/bin/criu: .*timed out$'
}

@test "without criu doctor says what to install, and to an unprivileged user that it takes root" {
    status=0
    in_ns env PATH=/nonexistent "$RUNTIME" doctor >"$BATS_TEST_TMPDIR/run-out" 2>&1 || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_output '^  criu +no$'
    assert_output 'checkpoint and restore fail \(install it: the package criu'
    fake_criu true
    chmod 755 "$BATS_TEST_TMPDIR/bin"
    in_ns env "PATH=$BATS_TEST_TMPDIR/bin:$PATH" setpriv --reuid=12345 --regid=12345 --clear-groups "$RUNTIME" doctor >"$BATS_TEST_TMPDIR/run-out" 2>&1
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_output '^  criu +limited +version 3.99'
    assert_output 'checkpoint and restore fail \(run them as root\)'
}

@test "nothing on the host is changed" {
    host_snapshot
    run_ok doctor
    assert_host_unchanged
}

@test "an unknown format" {
    run_fails doctor --format table
    assert_output 'text or json'
}
