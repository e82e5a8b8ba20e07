# SPDX-License-Identifier: Apache-2.0
# linux.seccomp: filters that forbid what starts and ends a process.
load helpers
load helpers-seccomp

@test "a filter that forbids execve is refused before anything runs, and check reports it beforehand" {
    berth_only "others start a process that dies, or fail in start"
    local action
    host_snapshot
    for action in ERRNO KILL_PROCESS TRAP; do
        filter "SCMP_ACT_$action" '[{names: ["exit_group", "exit"], action: "SCMP_ACT_ALLOW"}]'
        run_fails create --bundle "$BUNDLE" "$ID"
        assert_output 'linux.seccomp: the filter forbids execve \(which starts the container.s process: allow it\)'
        run_fails check --bundle "$BUNDLE"
        assert_output 'the filter forbids execve'
    done
    assert_host_unchanged
}

@test "a filter that forbids capset, without noNewPrivileges, is refused before anything runs" {
    berth_only "others fail in start"
    filter SCMP_ACT_ALLOW '[{names: ["capset"], action: "SCMP_ACT_ERRNO"}]'
    config '.process.noNewPrivileges = false'
    run_fails create --bundle "$BUNDLE" "$ID"
    assert_output 'linux.seccomp: the filter forbids capset'
    config '.process.noNewPrivileges = true'
    set_args true
    run_c
    assert_status 0
}

@test "a filter that forbids exit: the error explains what happens to the process, and check reports it beforehand" {
    berth_only "the words are berth's"
    filter SCMP_ACT_ALLOW '[{names: ["exit", "exit_group"], action: "SCMP_ACT_ERRNO"}]'
    set_args true
    run_c
    [ "$status" -gt 128 ] || fail_with "status $status"
    assert_output 'linux.seccomp: the filter forbids exit and exit_group, without which a process can only be killed'
    run_rt check --bundle "$BUNDLE"
    assert_output 'warning: linux.seccomp: the filter forbids exit and exit_group'
}

@test "a filter that forbids read can be loaded, with and without noNewPrivileges" {
    local nnp
    for nnp in true false; do
        filter SCMP_ACT_ALLOW '[{names: ["read"], action: "SCMP_ACT_KILL_PROCESS"}]'
        config ".process.noNewPrivileges = $nnp"
        set_args payload exit 5
        run_c
        assert_status 5
    done
}
