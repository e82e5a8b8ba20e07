# SPDX-License-Identifier: Apache-2.0
# Whatever step of the plan fails, and whenever the runtime is killed: one message, and the host is as it was.

load helpers

test_setup() { berth_only "only berth can let a step of its plan fail"; }

# Lets each step fail in turn; those after `commit` are start's. Nobody listens to await-start: then there is nothing to start.
fail_at_every_step() {
    local step names started=0
    mapfile -t names < <(rt create --dry-run --bundle "$BUNDLE" "$ID" | awk '{print $3}')
    [ "${#names[@]}" -gt 50 ] || fail_with "only ${#names[@]} steps"
    for step in "${!names[@]}"; do
        run_rt create --bundle "$BUNDLE" --fault "$step" --pid-file pid "$ID"
        if [ "$status" -eq 0 ]; then
            run_rt start "$ID"
            started=$((started + 1))
        fi
        [ "$status" -eq 1 ] || fail_with "step $step: status $status"
        if [ "${names[step]}" = await-start: ]; then
            assert_output 'it has stopped'
            run_ok delete "$ID"
            continue
        fi
        assert_output 'input/output error'
        [ "${#lines[@]}" -eq 1 ] || fail_with "step $step: more than one line"
        [ ! -e "$ROOT/$ID" ] || fail_with "step $step: the state is still there"
    done
    [ "$started" -ge 3 ] || fail_with "no step of start has failed"
}

@test "whichever step fails, the host is as before" {
    set_args true
    config '.process.oomScoreAdj = 10'
    host_snapshot
    fail_at_every_step
    assert_host_unchanged
}

@test "the same in a user namespace" {
    set_args true
    config '.linux.namespaces += [{"type": "user"}]' \
        '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
    chmod 755 "$BUNDLE/rootfs"
    host_snapshot
    fail_at_every_step
    assert_host_unchanged
}

@test "the same with hooks and a filter" {
    set_args true
    local hook='[{"path": "/bin/sh", "args": ["sh", "-c", "exit 0"]}]'
    config ".hooks = {\"prestart\": $hook, \"createRuntime\": $hook, \"createContainer\": $hook, \"startContainer\": $hook, \"poststop\": $hook}" \
        '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW"}'
    run_c # the compiled filter stays in the cache
    assert_status 0
    host_snapshot
    fail_at_every_step
    assert_host_unchanged
}

@test "the same with all scheduling properties of the process" {
    set_args true
    config '.process.scheduler = {policy: "SCHED_BATCH", nice: 1} | .process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 1}' \
        '.linux.memoryPolicy = {mode: "MPOL_LOCAL"} | .linux.personality = {domain: "LINUX"}'
    host_snapshot
    fail_at_every_step
    assert_host_unchanged
}

@test "the same with mapped mounts in a user namespace" {
    set_args true
    mkdir src rootfs/m rootfs/t
    config '.linux.namespaces += [{"type": "user"}]' \
        '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings' \
        ".mounts += [{\"destination\": \"/m\", \"source\": \"$BUNDLE/src\", \"options\": [\"bind\", \"idmap\"]},
            {\"destination\": \"/t\", \"type\": \"tmpfs\", \"options\": [\"idmap\"]}]"
    host_snapshot
    fail_at_every_step
    assert_host_unchanged
}

@test "the same with a filter that notifies" {
    "$SUITE_DIR/seccomp-agent" "$BATS_TEST_TMPDIR/agent.sock" >"$BATS_TEST_TMPDIR/agent.log" 2>&1 3>&- 4>&- &
    local agent=$!
    wait_until file_has '^listening' "$BATS_TEST_TMPDIR/agent.log"
    set_args true
    config ".linux.seccomp = {\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"$BATS_TEST_TMPDIR/agent.sock\",
        \"syscalls\": [{\"names\": [\"mkdir\", \"execve\", \"write\"], \"action\": \"SCMP_ACT_NOTIFY\"}]}"
    run_c
    assert_status 0
    host_snapshot
    fail_at_every_step
    assert_host_unchanged
    config '.process.noNewPrivileges = false'
    run_c
    host_snapshot
    fail_at_every_step
    assert_host_unchanged
    kill "$agent"
    wait "$agent" || true
}

@test "a container whose create is killed at any moment can be deleted without a trace" {
    local i pid
    set_args sleep 100
    host_snapshot
    for ((i = 0; i < 60; i++)); do
        rt_exec create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 &
        pid=$!
        sleep "0.0$(printf %02d $((i / 3)))"
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        run_rt delete --force "$ID"
        assert_status 0
        [ ! -e "$ROOT/$ID" ] || fail_with "the state is still there"
    done
    # Of a create that was killed before it had a state, the init ends when it notices that.
    wait_until host_is_unchanged || assert_host_unchanged
}

@test "a container whose run is killed can be deleted" {
    set_args sleep 100
    host_snapshot
    rt_exec run --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 &
    local pid=$!
    wait_status running
    kill -9 "$pid"
    wait "$pid" 2>/dev/null || true
    assert_equal "$(state_of)" running
    run_ok delete --force "$ID"
    assert_host_unchanged
}
