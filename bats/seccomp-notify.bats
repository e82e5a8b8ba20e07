# SPDX-License-Identifier: Apache-2.0
# linux.seccomp with SCMP_ACT_NOTIFY: the listener goes to the agent at listenerPath (contrib/seccomp-agent.c), which answers.
load helpers
load helpers-errors

# The system call that mkdir(3) uses: newer machines have only mkdirat.
case $HOSTTYPE in
aarch64 | riscv64) MKDIR=mkdirat ;;
*) MKDIR='mkdir' ;;
esac

test_setup() {
    SOCKET=$BATS_TEST_TMPDIR/agent.sock
    LOG=$BATS_TEST_TMPDIR/agent.log
}

test_teardown() { stop_agent; }

# agent [CALL=ANSWER...]
agent() {
    "$SUITE_DIR/seccomp-agent" "$SOCKET" "$@" >"$LOG" 2>&1 3>&- 4>&- &
    AGENT=$!
    wait_until file_has '^listening' "$LOG"
}

stop_agent() {
    [ -n "${AGENT:-}" ] || return 0
    kill "$AGENT" 2>/dev/null || true
    wait "$AGENT" 2>/dev/null || true
    AGENT=
}

# notify NAMES [RULES]: both as JSON; the rules come after the one that notifies
notify() {
    config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", architectures: $(architectures),
        listenerPath: \"$SOCKET\", syscalls: ([{names: $1, action: \"SCMP_ACT_NOTIFY\"}] + ${2:-[]})}"
}

# states [N]: all that have come, when there are N, by default one: the runtime does not wait until the agent has read what it sent
has_states() { [ "$(grep -c '^state ' "$LOG")" -ge "$1" ]; }
states() {
    wait_until has_states "${1:-1}" >&2 || return 1
    sed -n 's/^state //p' "$LOG"
}
# state FIELD: of the container process state that has come
state() { states | sed 's/^[^{]*//' | jq -r ".$1"; }
has_gone() { wait_until file_has '^gone' "$LOG"; }
# answered NAME: how often the agent was asked
answered() { grep -c "^call $1 " "$LOG" || true; }

# --- what the agent gets

@test "run sends the container process state, and the descriptor with its first message" {
    agent
    notify "[\"$MKDIR\"]"
    config '.linux.seccomp.listenerMetadata = "a=\"1\""' '.annotations = {"org.example.key": "a value"}'
    set_args true
    run_c
    assert_status 0
    assert_equal "$(states | wc -l)" 1
    assert_equal "$(states | cut -d' ' -f1,2)" 'fds=1 later=0'
    assert_equal "$(state 'fds | join(" ")')" seccompFd
    assert_equal "$(state metadata)" 'a="1"'
    assert_equal "$(state state.id)" "$ID"
    assert_equal "$(state state.bundle)" "$BUNDLE"
    assert_equal "$(state 'state.annotations["org.example.key"]')" 'a value'
    assert_equal "$(state pid)" "$(state state.pid)"
    assert_equal "$(state ociVersion)" "$(state state.ociVersion)"
    has_gone
}

@test "the state's pid is that of the container's process, as the runtime sees it" {
    agent
    notify "[\"$MKDIR\"]"
    set_args sleep 100
    run_ok run --detach --bundle "$BUNDLE" "$ID"
    assert_equal "$(state pid)" "$(init_pid)"
    assert_equal "$(state state.pid)" "$(init_pid)"
}

@test "without listenerMetadata there is no metadata" {
    agent
    notify "[\"$MKDIR\"]"
    run_c
    assert_status 0
    assert_equal "$(state 'metadata // ""')" ''
}

@test "a created container has sent one state when its program runs" {
    agent
    notify "[\"$MKDIR\"]"
    set_sh 'mkdir /tmp/x; sleep 100'
    create_c
    run_ok start "$ID"
    wait_until file_has '^call mkdir' "$LOG"
    assert_equal "$(states | wc -l)" 1
    assert_equal "$(state pid)" "$(init_pid)"
    run_ok delete --force "$ID"
    has_gone
}

@test "the status in the state is not yet running" {
    agent
    notify "[\"$MKDIR\"]"
    run_c
    state state.status | grep -Eqx 'creating|created'
}

@test "a large state arrives whole" {
    agent
    notify "[\"$MKDIR\"]"
    config '.annotations = ([range(0; 3000) | {key: "org.example.number.\(.)", value: ("x" * 100)}] | from_entries)'
    run_c
    assert_status 0
    assert_equal "$(state 'state.annotations | length')" 3000
    assert_equal "$(states | cut -d' ' -f1,2)" 'fds=1 later=0'
}

@test "the connection is closed when the state has been sent" {
    agent
    notify "[\"$MKDIR\"]"
    mkfifo rootfs/tmp/fifo
    set_sh 'read -r _ < /tmp/fifo'
    rt_exec run --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 &
    local pid=$!
    wait_until file_has '^state' "$LOG" || { kill "$pid"; return 1; }
    echo go >rootfs/tmp/fifo
    wait "$pid"
}

@test "each container has its own listener" {
    agent "$MKDIR"=123
    notify "[\"$MKDIR\"]"
    set_sh 'mkdir /tmp/x'
    run_c
    run_c
    assert_equal "$(states 2 | wc -l)" 2
    assert_equal "$(answered "$MKDIR")" 2
}

@test "an abstract socket" {
    SOCKET=@$ID
    agent "$MKDIR"=123
    notify "[\"$MKDIR\"]"
    set_sh 'mkdir /tmp/x'
    run_c
    assert_output 'No medium found'
}

# --- answers

@test "the agent's errno is the call's" {
    agent "$MKDIR"=123
    notify "[\"$MKDIR\"]"
    set_sh 'mkdir /tmp/x; [ ! -e /tmp/x ] && echo missing'
    run_c
    assert_output 'No medium found'
    assert_output '^missing'
}

@test "the agent can feign success" {
    agent "$MKDIR"=0
    notify "[\"$MKDIR\"]"
    set_sh 'mkdir /tmp/x && [ ! -e /tmp/x ] && echo missing'
    run_c
    assert_equal "$output" missing
}

@test "the agent can let the call happen" {
    agent
    notify "[\"$MKDIR\", \"chmod\", \"fchmodat\"]"
    set_sh 'mkdir /tmp/x && chmod 700 /tmp/x && stat -c %a /tmp/x'
    run_c
    assert_equal "$output" 700
    assert_equal "$(answered "$MKDIR")" 1
}

@test "the agent can carry the call out: a device node in a user namespace" {
    agent mknod=do mknodat=do
    notify '["mknod", "mknodat"]'
    config '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    chmod 777 rootfs/tmp
    set_sh 'mknod /tmp/null c 1 3 && payload stat /tmp/null'
    run_c
    assert_equal "$output" '/tmp/null: c 0644 0 0 1:3 0'
}

@test "arguments decide what is notified" {
    agent lseek=123
    notify '[]'
    config '.linux.seccomp.syscalls[0] += {names: ["lseek"], args: [{index: 1, value: 10, op: "SCMP_CMP_EQ"}]}'
    set_sh 'payload syscall lseek 77 10 0; payload syscall lseek 77 11 0'
    run_c
    assert_equal "$output" 'ENOMEDIUM
EBADF'
}

@test "children have the filter, too, and the listener is closed after the last of them" {
    agent "$MKDIR"=123
    notify "[\"$MKDIR\"]"
    set_sh '(mkdir /tmp/x) 2>/dev/null; sh -c "mkdir /tmp/y" 2>/dev/null; exit 3'
    run_c
    assert_status 3
    assert_equal "$(answered "$MKDIR")" 2
    has_gone
}

@test "after the agent has exited, its calls fail with ENOSYS" {
    agent
    notify "[\"$MKDIR\"]"
    set_sh 'mkdir /tmp/x; read -r _ < /tmp/fifo; mkdir /tmp/y'
    mkfifo rootfs/tmp/fifo
    create_c
    run_ok start "$ID"
    wait_until file_has '^call mkdir' "$LOG"
    stop_agent
    echo go >rootfs/tmp/fifo
    wait_status stopped
    grep -q 'Function not implemented' "$BATS_TEST_TMPDIR/err"
}

# --- calls that the runtime itself may make after the filter is loaded

important() { notify '["execve", "openat", "open", "read", "close", "fcntl", "mmap", "exit_group"]'; }

@test "important calls may be notified, with noNewPrivileges" {
    agent
    important
    set_args cat /etc/passwd
    run_c
    assert_status 0
    assert_output '^root:'
}

@test "important calls may be notified, without noNewPrivileges" {
    agent
    important
    config '.process.noNewPrivileges = false'
    set_args cat /etc/passwd
    run_c
    assert_status 0
    assert_output '^root:'
}

@test "the calls that hand over descriptors may be notified" {
    agent
    notify '["sendmsg", "recvmsg", "sendto", "recvfrom", "connect", "socket", "dup", "dup2", "dup3"]'
    run_c
    assert_status 0
    config '.process.noNewPrivileges = false'
    run_c
    assert_status 0
}

@test "write may be notified" {
    agent
    notify '["write", "writev"]'
    set_args echo hello
    run_c
    assert_equal "$output" hello
    config '.process.noNewPrivileges = false'
    run_c
    assert_equal "$output" hello
}

@test "everything may be notified" {
    agent
    notify "$(cat "$BATS_TEST_DIRNAME/allowed-calls.json")"
    set_args cat /etc/passwd
    run_c
    assert_status 0
    assert_output '^root:'
    config '.process.noNewPrivileges = false' '.process.user = {uid: 1000, gid: 1000}'
    run_c
    assert_status 0
    assert_output '^root:'
}

@test "the default action may be to notify" {
    agent "$MKDIR"=123
    notify "[\"$MKDIR\"]"
    config '.linux.seccomp.defaultAction = "SCMP_ACT_NOTIFY"' '.linux.seccomp.syscalls = [{names: ["read"], action: "SCMP_ACT_ALLOW"}]'
    set_sh 'mkdir /tmp/x; cat /etc/group'
    run_c
    assert_output 'No medium found'
    assert_output '^user:'
    config '.process.noNewPrivileges = false' '.process.user = {uid: 1000, gid: 1000}'
    run_c
    assert_output '^user:'
}

@test "the filter need not allow the runtime's messages" {
    agent "$MKDIR"=123
    notify "[\"$MKDIR\"]" '[{names: ["sendmsg", "recvmsg", "sendto", "recvfrom", "futex", "poll", "ppoll", "sched_yield", "nanosleep"],
        action: "SCMP_ACT_KILL_PROCESS"}]'
    set_args payload syscall "$MKDIR" 0 0
    run_c
    assert_equal "$output" ENOMEDIUM
    config '.process.noNewPrivileges = false'
    run_c
    assert_equal "$output" ENOMEDIUM
}

@test "an allow list with a rule that notifies" {
    agent "$MKDIR"=123
    notify "[\"$MKDIR\"]"
    config ".linux.seccomp.syscalls += [{names: ($(cat "$BATS_TEST_DIRNAME/allowed-calls.json") - [\"$MKDIR\", \"sendmsg\", \"recvmsg\"]), action: \"SCMP_ACT_ALLOW\"}]" \
        '.linux.seccomp.defaultAction = "SCMP_ACT_ERRNO"'
    set_sh 'mkdir /tmp/x'
    run_c
    assert_output 'No medium found'
    config '.process.noNewPrivileges = false'
    run_c
    assert_output 'No medium found'
}

@test "the program gets no descriptor, and nothing else of the runtime is left in the container" {
    agent
    notify "[\"$MKDIR\"]"
    set_sh 'payload fds | grep -v "^[012] "; for t in /proc/[0-9]*; do echo "$t $(ls $t/task | wc -l)"; done'
    run_c
    assert_equal "$output" '/proc/1 1'
}

@test "startContainer hooks get no descriptor, and run with the filter" {
    agent "$MKDIR"=123
    notify "[\"$MKDIR\"]"
    config '.hooks = {startContainer: [{path: "/bin/sh", args: ["sh", "-c", "payload fds >/tmp/fds; mkdir /tmp/dir 2>/tmp/said; true"]}]}'
    set_sh 'grep -v "^[012] " /tmp/fds; cat /tmp/said'
    run_c
    assert_equal "$output" "mkdir: can't create directory '/tmp/dir': No medium found"
}

@test "a user namespace" {
    agent "$MKDIR"=123
    notify "[\"$MKDIR\", \"execve\"]"
    config '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings' \
        '.process.user = {uid: 1000, gid: 1000}'
    set_sh 'mkdir /tmp/x'
    run_c
    assert_output 'No medium found'
    config '.process.noNewPrivileges = false'
    run_c
    assert_output 'No medium found'
}

@test "the host's namespaces: PID, network, IPC" {
    agent "$MKDIR"=123
    notify "[\"$MKDIR\", \"execve\"]"
    config '.linux.namespaces |= map(select(.type == "mount" or .type == "uts" or .type == "cgroup"))' 'del(.mounts[] | select(.type == "mqueue"))'
    set_sh 'mkdir /tmp/x'
    run_c
    assert_output 'No medium found'
}

@test "a runtime of an unprivileged user" {
    berth_only "the paths of the others' states differ"
    agent "$MKDIR"=123
    chmod 777 "$SOCKET"
    notify "[\"$MKDIR\", \"execve\", \"write\"]"
    mkdir -m 755 "$ROOT" && chown 1000 "$ROOT"
    chown -h 1000 "$BUNDLE"
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}]' \
        '.linux.gidMappings = .linux.uidMappings' '.mounts |= map(.options -= ["gid=5"])' 'del(.mounts[] | select(.type == "cgroup"))'
    set_sh 'mkdir /tmp/x'
    status=0
    timeout "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid=1000 --regid=1000 --clear-groups "$RUNTIME" --root "$ROOT" \
        run --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_output 'No medium found'
}

@test "a limit of few processes" {
    agent "$MKDIR"=123
    notify "[\"$MKDIR\"]"
    config '.linux.resources.pids.limit = 2'
    set_args payload syscall "$MKDIR" 0 0
    run_c
    assert_equal "$output" ENOMEDIUM
}

# --- what is no agent

@test "listenerPath is ignored if no rule notifies" {
    agent
    notify "[\"$MKDIR\"]"
    config '.linux.seccomp.syscalls[0].action = "SCMP_ACT_ERRNO"'
    run_c
    assert_status 0
    config '.linux.seccomp.listenerPath = "/no/such/place"' '.linux.seccomp.listenerMetadata = "x"'
    run_c
    assert_status 0
    assert_equal "$(cat "$LOG")" listening
}

@test "SCMP_ACT_NOTIFY without listenerPath is an error" {
    notify "[\"$MKDIR\"]"
    config 'del(.linux.seccomp.listenerPath)'
    refused_run listenerPath
    config '.linux.seccomp.listenerPath = ""'
    refused_run listenerPath
}

@test "no agent: an error, and nothing is left" {
    notify "[\"$MKDIR\"]"
    refused_run
    config '.linux.seccomp.listenerPath = "@no-such-agent"'
    refused_run
}

@test "an agent that has gone: an error, and nothing is left" {
    agent
    stop_agent
    notify "[\"$MKDIR\"]"
    refused_run
}

@test "a file or directory for a socket: an error, and nothing is left" {
    touch "$SOCKET"
    notify "[\"$MKDIR\"]"
    refused_run
    rm "$SOCKET"
    mkdir "$SOCKET"
    refused_run
}

@test "a socket of another type: an error, and nothing is left" {
    "$SUITE_DIR/hosttool" notify "$SOCKET" "$LOG" 3>&- 4>&- &
    AGENT=$!
    wait_until test -S "$SOCKET"
    notify "[\"$MKDIR\"]"
    refused_run
}

@test "the error names listenerPath and the path" {
    berth_only "the words are berth's"
    notify "[\"$MKDIR\"]"
    refused_run "^linux.seccomp.listenerPath: failed to connect with seccomp agent: connect to the seccomp agent at $SOCKET: no such file or directory"
    agent
    stop_agent
    refused_run "^linux.seccomp.listenerPath: .*: connection refused \(no agent listens there\)"
}

@test "a created container without agent fails, at create or at start, and nothing is left" {
    notify "[\"$MKDIR\"]"
    host_snapshot
    run_rt create --bundle "$BUNDLE" "$ID"
    [ "$status" -ne 0 ] || run_fails start "$ID"
    rt delete --force "$ID" >/dev/null 2>&1 || true
    assert_host_unchanged
}

@test "a relative listenerPath is in the bundle" {
    SOCKET=$BUNDLE/agent.sock
    agent "$MKDIR"=123
    notify "[\"$MKDIR\"]"
    config '.linux.seccomp.listenerPath = "agent.sock"'
    set_sh 'mkdir /tmp/x'
    cd /
    run_c
    assert_output 'No medium found'
}

# --- flags

@test "TSYNC and NOTIFY go together" {
    agent "$MKDIR"=123
    notify "[\"$MKDIR\"]"
    config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]'
    set_sh 'mkdir /tmp/x'
    run_c
    assert_output 'No medium found'
}

@test "WAIT_KILLABLE_RECV" {
    agent "$MKDIR"=123
    notify "[\"$MKDIR\"]"
    config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'
    set_sh 'mkdir /tmp/x'
    run_c
    assert_output 'No medium found'
}

@test "WAIT_KILLABLE_RECV without a rule that notifies is an error" {
    agent
    notify "[\"$MKDIR\"]"
    config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]' '.linux.seccomp.syscalls[0].action = "SCMP_ACT_ERRNO"'
    refused_run
}
