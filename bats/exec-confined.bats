# SPDX-License-Identifier: Apache-2.0
# exec: processors, filter, keyring, an ordinary user.
load helpers
load helpers-exec

test_setup() { renice -n 0 -p "$BASHPID" >/dev/null; }

test_teardown() {
    [ -z "${AGENT:-}" ] || kill "$AGENT" 2>/dev/null || true
    end_receiver
}

# ---- execCPUAffinity

two_cpus() { [ "$(nproc)" -ge 2 ] || skip "one CPU"; }

@test "execCPUAffinity.final is the program's" {
    two_cpus
    config '.process.execCPUAffinity = {initial: "0", final: "1"}'
    living
    in_c -- grep Cpus_allowed_list /proc/self/status
    assert_output ':.1$'
}

@test "execCPUAffinity.final of --process" {
    two_cpus
    living
    process_json '{args: ["grep", "Cpus_allowed_list", "/proc/self/status"], execCPUAffinity: {final: "0"}}'
    in_c --process "$PROCESS" --
    assert_output ':.0$'
}

@test "execCPUAffinity does not apply to the container's own process" {
    two_cpus
    config '.process.execCPUAffinity = {initial: "0", final: "1"}'
    living
    assert_equal "$(grep Cpus_allowed_list "/proc/$(init_pid)/status")" "$(grep Cpus_allowed_list /proc/self/status)"
}

@test "execCPUAffinity: initial comes before the cgroups are joined, final after" {
    berth_only
    config '.process.execCPUAffinity = {initial: "0", final: "0-1"}'
    living
    in_c --dry-run -- true
    assert_equal "$(grep -o -e 'set-affinity.*' -e 'join-process' -e 'put-file' <<<"$output" | sed 's/:.*execCPU/ execCPU/' | uniq | xargs)" \
        "set-affinity execCPUAffinity.initial put-file set-affinity execCPUAffinity.final join-process"
}

@test "an execCPUAffinity that is not a list of CPUs is an error" {
    living
    local cpus
    for cpus in x 1- 3-1 99999999; do
        process_json "{execCPUAffinity: {final: \"$cpus\"}}"
        in_c_fails 'execCPUAffinity|affinity' --process "$PROCESS" --
    done
}

# ---- seccomp, keyring

@test "the container's seccomp filter applies" {
    config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 99}]}'
    living
    in_c -- payload syscall mkdirat 0 0
    shows EADDRNOTAVAIL
    in_c -- payload caps
    assert_output 'Seccomp:.2'
}

@test "the container's seccomp filter applies without no_new_privs, and to an unprivileged user" {
    config '.process.noNewPrivileges = false' \
        '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 99}]}'
    living
    in_c -u 1000 -- payload syscall mkdirat 0 0
    shows EADDRNOTAVAIL
}

@test "if the filter kills the program, the exit status says SIGSYS" {
    config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_KILL_PROCESS"}]}'
    living
    in_c -- payload syscall mkdirat 0 0
    assert_status 159
}

@test "a filter that notifies: the agent gets the process's state and descriptor, and its answers take effect" {
    "$SUITE_DIR/seccomp-agent" "$BATS_TEST_TMPDIR/agent.sock" mkdirat=42 >"$BATS_TEST_TMPDIR/agent.log" 2>&1 3>&- 4>&- &
    AGENT=$!
    wait_until file_has '^listening' "$BATS_TEST_TMPDIR/agent.log"
    config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$BATS_TEST_TMPDIR/agent.sock\",
        syscalls: [{names: [\"mkdirat\"], action: \"SCMP_ACT_NOTIFY\"}]}"
    living
    # The agent says what it was sent in its own time.
    wait_until file_has '^state ' "$BATS_TEST_TMPDIR/agent.log"
    : >"$BATS_TEST_TMPDIR/agent.log"
    detached -- sh -c 'payload syscall mkdirat 0 0 >/answer; exec payload pause'
    wait_until file_has . rootfs/answer
    assert_equal "$(cat rootfs/answer)" ENOMSG
    wait_until file_has 'state ' "$BATS_TEST_TMPDIR/agent.log"
    local state
    state=$(sed -n 's/^.*state [^{]*{/{/p' "$BATS_TEST_TMPDIR/agent.log" | tr -d '\0')
    assert_equal "$(jq -r .pid <<<"$state")" "$XPID"
    assert_equal "$(jq -r .state.pid <<<"$state")" "$(init_pid)"
    assert_equal "$(jq -r .state.id <<<"$state")" "$ID"
    assert_equal "$(jq -r .state.status <<<"$state")" running
}

# The program of the container and one that is executed in it have one session keyring.
shares_keyring() {
    set_sh 'payload keyring >/keyring; exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has . rootfs/keyring
    in_c -- payload keyring
    shows "$(cat rootfs/keyring)"
}

@test "the session keyring is the container's" {
    shares_keyring
    [ "$output" != "$("$SUITE_DIR/payload" keyring)" ]
}

@test "the session keyring is the container's in a user namespace, and for an unprivileged user" {
    user_namespace
    config '.process.user = {uid: 1000, gid: 1000}'
    chmod 777 rootfs
    shares_keyring
}

@test "a container with --no-new-keyring: the caller's session keyring" {
    living
    rt delete --force "$ID"
    create_c --no-new-keyring
    in_c -- payload keyring
    shows "$("$SUITE_DIR/payload" keyring)"
}

# ---- an ordinary user's container

USER_ID=1001

@test "unprivileged: exec runs in all namespaces of the container" {
    living_rootless
    as_user exec "$ID" payload ns
    assert_status 0
    local name pid
    pid=$(init_pid)
    assert_equal "$(grep . <<<"$output")" "$(for name in cgroup ipc mnt net pid time user uts; do readlink "/proc/$pid/ns/$name"; done)"
}

@test "unprivileged: user, environment and capabilities" {
    living_rootless
    as_user exec -e A=b "$ID" sh -c 'id -u; echo $A; payload caps'
    assert_status 0
    assert_equal "${lines[0]} ${lines[1]}" "0 b"
    assert_equal "$(caps_hex Eff) $(caps_hex Inh)" "00000000a80425fb 0000000000000000"
}

@test "unprivileged: exec sets oomScoreAdj" {
    living_rootless
    jq '.process | .args = ["cat", "/proc/self/oom_score_adj"] | .oomScoreAdj = 345' config.json >process.json
    as_user exec --process process.json "$ID"
    shows 345
}

@test "unprivileged: a failure leaves nothing" {
    living_rootless
    as_user exec "$ID" nosuch
    assert_exec_failed 'nosuch'
}

@test "root may exec in an unprivileged user's container" {
    living_rootless
    in_c -- id -u
    shows 0
}

# ---- what cannot be known

# A call on the path of a namespace fails with an errno: the command must not run in the runtime's namespace instead.
injected() {
    local status=0
    timeout -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" strace -f -qq -o "$BATS_TEST_TMPDIR/strace" -P "$1" -e inject=all:error="$2" \
        "$RUNTIME" --root "$ROOT" exec "$ID" payload ns </dev/null >"$BATS_TEST_TMPDIR/injected" 2>&1 3>&- 4>&- || status=$?
    [ -s "$BATS_TEST_TMPDIR/strace" ] || return 0
    [ "$status" -ne 0 ] || assert_equal "$(grep . "$BATS_TEST_TMPDIR/injected")" "$inside"
}

@test "exec runs in the container's namespaces or not at all, whatever errno joining them gives" {
    local inside kind errno
    command -v strace >/dev/null || skip "strace is missing"
    living
    inside=$(namespaces_of "$(init_pid)")
    for kind in mnt net pid ipc uts cgroup; do
        for errno in ENOMEM EPERM EINTR EIO ENOENT; do
            injected "/proc/self/ns/$kind" "$errno"
            injected "/proc/$(init_pid)/ns/$kind" "$errno"
        done
    done
}
