# SPDX-License-Identifier: Apache-2.0
# The container's process inherits nothing from the caller that makes it weaker. berth(1), INHERITANCE, has the whole list.
load helpers
load helpers-exec

test_setup() {
    renice -n 0 -p "$BASHPID" >/dev/null # whoever runs the tests may be nicer
    config '.process.user.umask = null' '.linux.personality = null'
}

# caller_rt NAME=VALUE ARGS...: the runtime, called by somebody with these; as run_rt. 77: the kernel does not have it.
caller_rt() {
    status=0
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" caller "$1" -- "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" \
        --root "$ROOT" "${@:2}" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    [ "$status" -ne 77 ] || echo "# $output" >&3
}

value_of() { sed -n "s/^$1 //p" <<<"$output"; }

# arrives NAME=VALUE EXPECTED: to a container that is run, and to exec in one of an ordinary caller's.
arrives() {
    local name=${1%%=*}
    set_args payload inherited
    caller_rt "$1" run --bundle "$BUNDLE" "$ID"
    [ "$status" -ne 77 ] || return 0
    assert_status 0
    assert_equal "run: $(value_of "$name")" "run: $2"
    living
    caller_rt "$1" exec "$ID" payload inherited
    assert_status 0
    assert_equal "exec: $(value_of "$name")" "exec: $2"
    rt delete --force "$ID"
}

# ---- what is reset

@test "the flags of the caller's personality that make addresses predictable are dropped" {
    arrives personality=0x0040000 0 # ADDR_NO_RANDOMIZE, setarch -R
    arrives personality=0x0400000 0 # READ_IMPLIES_EXEC
    arrives personality=0x0300000 0 # ADDR_COMPAT_LAYOUT, MMAP_PAGE_ZERO
    arrives personality=0x1040000 1000000 # another one stays
}

@test "the execution domain of the caller stays without these flags" {
    [ "$(uname -m)" = x86_64 ] || skip "only of a machine whose 32-bit name is known"
    arrives personality=0x0040008 8
}

@test "a container has address randomization even if its caller has not" {
    set_sh 'payload inherited; exec payload pause'
    status=0
    timeout "$PATIENCE" "$SUITE_DIR/hosttool" caller personality=0x0040000 -- "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" \
        create --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&- || status=$?
    output=$(out)
    assert_status 0
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    output=$(out)
    assert_equal "$(value_of personality)" 0
}

# A root that may give up root, and loses its capabilities by that.
may_set_ids() { config '.process.capabilities |= map_values(. + ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"])' '.process.noNewPrivileges = false'; }

@test "SECBIT_NO_SETUID_FIXUP of the caller is cleared: a process that gives up root gives up its capabilities" {
    may_set_ids
    arrives securebits=4 0
    arrives securebits=0x44 64 # another one stays
}

@test "SECBIT_NO_SETUID_FIXUP is cleared in a user namespace as well" {
    user_namespace
    arrives securebits=4 0
}

@test "a caller whose SECBIT_NO_SETUID_FIXUP is locked is refused" {
    caller_rt securebits=0xc run --bundle "$BUNDLE" "$ID"
    assert_failed
    assert_output 'securebits.*operation not permitted.*SECBIT_NO_SETUID_FIXUP'
    living
    caller_rt securebits=0xc exec "$ID" true
    assert_failed
}

@test "a service that may not ask for its personality runs containers" {
    run_with_refused personality
    assert_status 0
}

run_with_refused() {
    status=0
    timeout "$PATIENCE" "$SUITE_DIR/hosttool" refuse EPERM "$1" "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" \
        run --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

# ---- what never arrives

@test "the parent death signal and the subreaper attribute are not inherited" {
    arrives pdeathsig=15 0
    arrives subreaper=1 0
}

@test "the process keeps no capabilities across a change of user, and can be dumped and traced like any other" {
    set_args payload inherited
    run_c
    assert_equal "$(value_of keepcaps) $(value_of dumpable)" "0 1"
    living
    in_c -- payload inherited
    assert_equal "$(value_of keepcaps) $(value_of dumpable)" "0 1"
}

# By a caller that is the leader of a session on a terminal.
on_terminal() {
    "$SUITE_DIR/hosttool" pty "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" "$@" </dev/null 3>&- 4>&- >"$BATS_TEST_TMPDIR/run-out"
    read_output <(tr -d '\r' <"$BATS_TEST_TMPDIR/run-out")
}

@test "without a terminal of its own the process is not in the session of the caller's (CVE-2016-10124)" {
    set_args payload inherited
    on_terminal run --bundle "$BUNDLE" "$ID"
    assert_equal "$(value_of session-leader) $(value_of terminal)" "1 0"
    living
    on_terminal exec "$ID" payload inherited
    assert_equal "$(value_of session-leader) $(value_of terminal)" "1 0"
}

# ---- what stays

@test "the caller's umask is inherited" {
    arrives umask=0027 0027
}

@test "the caller's nice value, scheduler and I/O priority are inherited" {
    arrives nice=3 3
    arrives policy=3 3
    arrives ioprio=0x4006 16390
}

@test "the caller's memory policy is inherited" {
    arrives mempolicy=2 2
}

@test "the caller's settings of huge pages, merged pages and timer slack are inherited" {
    arrives thp-disable=1 1
    arrives memory-merge=1 1
    arrives timer-slack=99000 99000
}

@test "the caller's OOM score adjustment and core dump filter are inherited" {
    arrives oom-score-adj=77 77
    arrives coredump-filter=0x7 00000007
    arrives mce-kill=0 0
}

@test "restrictions of the caller apply to the container as well" {
    config '.process.noNewPrivileges = false'
    arrives no-new-privs=1 1
    arrives speculation=4 5
    arrives mdwe=1 1
}

@test "resource limits that the configuration does not set are the caller's" {
    config '.process.rlimits = [{type: "RLIMIT_CORE", soft: 5120, hard: 6144}]'
    set_sh 'ulimit -Sn; ulimit -Hn; ulimit -c'
    run bash -c 'ulimit -Sn 77 && ulimit -Hn 88 && exec "$@"' bash "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" \
        run --bundle "$BUNDLE" "$ID" 3>&- 4>&-
    assert_equal "$output" $'77\n88\n10'
}
