#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Kernels and sandboxes that refuse newer system calls: with ENOSYS, as an old kernel does, or with EPERM, as seccomp filters of older
# engines do.
load helpers

# refuse ERRNO CALL,...: from now on the runtime and all that it starts is under such a filter
refuse() {
    printf '#!/bin/sh\nexec "%s" refuse %s "%s" "%s" "$@"\n' "$SUITE_DIR/hosttool" "$1" "$2" "$RUNTIME_ITSELF" >"$BATS_TEST_TMPDIR/refusing"
    chmod +x "$BATS_TEST_TMPDIR/refusing"
    RUNTIME=$BATS_TEST_TMPDIR/refusing
}

test_setup() { RUNTIME_ITSELF=$RUNTIME; }

lives() {
    local bundle=$BUNDLE
    echo "# $1 for $2"
    refuse "$1" "$2"
    set_sh 'grep -q "^Seccomp" /proc/self/status && touch /tmp/in && exec sleep 100'
    config '.root.readonly = false'
    run_ok create -b "$bundle" "$ID"
    run_ok start "$ID"
    run_ok exec "$ID" sh -c 'until [ -e /tmp/in ]; do sleep 0.01; done; mount | grep -q "proc on /proc " && ! touch /sys/x 2>/dev/null'
    run_ok pause "$ID"
    run_ok resume "$ID"
    run_ok kill "$ID" KILL
    wait_status stopped
    run_ok delete "$ID"
    rm "$bundle/rootfs/tmp/in"
    RUNTIME=$RUNTIME_ITSELF
}

runs() {
    lives ENOSYS "$1"
    lives EPERM "$1"
}

@test "execveat is refused" { runs execveat; }

@test "memfd_create is refused" { runs memfd_create; }

@test "pidfd_send_signal is refused" { runs pidfd_send_signal; }

@test "pidfd_open is refused" { runs pidfd_open; }

@test "clone3 is refused" { runs clone3; }

@test "faccessat2 is refused" { runs faccessat2; }

@test "close_range is refused" { runs close_range; }

@test "a hook runs and ends in time where calls are refused" {
    refuse EPERM clone3,pidfd_open,pidfd_send_signal,memfd_create,close_range
    config ".hooks = {createRuntime: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >$BATS_TEST_TMPDIR/state\"]}],
        prestart: [{path: \"/bin/sleep\", args: [\"sleep\", \"100\"], timeout: 1}]}"
    set_args true
    run_fails run "$ID"
    assert_output "hook"
    config 'del(.hooks.prestart)'
    run_c
    [ "$status" -eq 0 ]
    grep -q "$ID" "$BATS_TEST_TMPDIR/state"
}

@test "no descriptor of the caller's gets in where close_range is refused" {
    refuse ENOSYS close_range
    set_args ls /proc/self/fd
    exec 1234<"$BUNDLE/config.json" 77<"$BUNDLE/config.json"
    run_c
    exec 1234<&- 77<&-
    [ "$status" -eq 0 ]
    refute_output '^(1234|77)$'
}

@test "doctor and --systemd-cgroup end where pidfd_send_signal is refused" {
    berth_only
    refuse EPERM pidfd_send_signal,pidfd_open
    RT_TIMEOUT=15 run_rt doctor
    [ "$status" -lt 124 ]
    set_args true
    by_systemd || { RT_TIMEOUT=15 run_rt --systemd-cgroup run "$ID" && [ "$status" -lt 124 ]; }
}
