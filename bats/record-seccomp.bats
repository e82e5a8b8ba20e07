# SPDX-License-Identifier: Apache-2.0
# run and exec with --record-seccomp: the system calls of a run become a profile, under which the same run works.
load helpers
load helpers-exec
load helpers-record-seccomp

# In the background, as $RUN_PID, until the program has said "ready": the container has the status running before the recorder has the listener.
run_recorded() {
    rt_exec run --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 &
    RUN_PID=$!
    wait_until file_has ready "$BATS_TEST_TMPDIR/run-out"
}

# --- what a recording has

@test "a recording is a profile of the specification with the calls that the program made" {
    set_args payload syscall getppid
    record
    assert_status 0
    assert_equal "$output" 0
    assert_equal "$(jq -c 'keys' "$RECORDING")" '["architectures","defaultAction","defaultErrnoRet","syscalls"]'
    assert_equal "$(jq -c '[.defaultAction, .defaultErrnoRet, (.syscalls | length), .syscalls[0].action]' "$RECORDING")" \
        '["SCMP_ACT_ERRNO",38,1,"SCMP_ACT_ALLOW"]'
    assert_equal "$(jq -r '.architectures[0]' "$RECORDING")" "$(architectures | jq -r '.[0]')"
    assert_equal "$(names)" "$(names | LC_ALL=C sort -u)"
    assert_names getppid execve exit_group write
    refute_names getsid mount
    assert_equal "$(stat -c %a "$RECORDING")" 644
    wait_until no_recorder
}

@test "the program runs under its recording, and cannot do more" {
    set_sh 'mkdir /tmp/x; rmdir /tmp/x; ls / >/dev/null; echo done'
    record
    assert_status 0
    apply
    run_c
    assert_status 0
    assert_equal "$output" "done"
    set_sh 'mkdir /tmp/x && ln -s a /tmp/link'
    run_c
    assert_failed
    assert_output '[Nn]ot implemented'
}

@test "the program runs under its recording without no_new_privs, too" {
    config '.process.noNewPrivileges = false'
    set_args payload syscall getppid
    record
    assert_status 0
    assert_names capset
    apply
    run_c
    assert_equal "$output" 0
}

@test "startContainer hooks are recorded, and run under the recording" {
    config '.hooks.startContainer = [{path: "/bin/mkdir", args: ["mkdir", "/tmp/hook"]}]'
    set_args payload syscall getppid
    record
    assert_status 0
    assert_names "$MKDIR" wait4
    rmdir rootfs/tmp/hook
    apply
    run_c
    assert_equal "$output" 0
}

@test "exec runs under the recording of a run" {
    set_args payload pause
    run_recorded
    in_c --record-seccomp "$RECORDING" -- payload syscall getppid
    shows 0
    run_ok kill "$ID" KILL
    wait "$RUN_PID" || true
    assert_names getppid pause
    apply
    living
    in_c -- payload syscall getppid
    shows 0
    in_c -- payload syscall getsid 0
    shows ENOSYS
}

@test "linux.seccomp does not confine the recorded run" {
    config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["getppid"], action: "SCMP_ACT_KILL_PROCESS"}]}'
    set_args payload syscall getppid
    record
    assert_status 0
    assert_equal "$output" 0
    assert_names getppid
}

@test "the filter of an annotation does not confine the recorded run" {
    # A program of one instruction: EPERM for every call.
    config '.annotations["run.oci.seccomp_bpf_data"] = "BgAAAAEABQA="'
    set_args payload syscall getppid
    UNCHECKED=1 record
    assert_status 0
    assert_names getppid
}

@test "two architectures" {
    [ "$HOSTTYPE" = x86_64 ] || skip "only where the payload can call as another architecture"
    not_in_uml "it takes a 32-bit system call as a 64-bit one"
    # 20 is getpid.
    set_args payload syscall32 20
    record
    assert_status 0
    [ "$output" != ENOEXEC ] && [ "$output" != ENOSYS ] || skip "this kernel has no 32-bit system calls"
    assert_equal "$(jq -c .architectures "$RECORDING")" '["SCMP_ARCH_X86","SCMP_ARCH_X86_64"]'
    assert_names getpid
    apply
    run_c
    assert_equal "$output" 1
}

@test "x32 is an architecture of its own" {
    [ "$HOSTTYPE" = x86_64 ] || skip "only of x86_64"
    set_args payload syscall $((0x40000000 + 110))
    record
    assert_status 0
    assert_equal "$(jq -c .architectures "$RECORDING")" '["SCMP_ARCH_X86_64","SCMP_ARCH_X32"]'
    assert_names getppid
}

@test "a number that no system call can have adds no architecture" {
    # Its bits have that of x32.
    set_args payload syscall 0xffffffff
    record
    assert_status 0
    assert_equal "$(jq -c .architectures "$RECORDING")" "$(architectures | jq -c '.[:1]')"
    apply
    run_c
    assert_equal "$output" ENOSYS
}

@test "a number without a name is a warning with architecture and number" {
    set_args payload syscall 999
    record
    assert_status 0
    assert_output "warning: --record-seccomp: .*rec.json lacks system calls that libseccomp has no name for: 999 of $(architectures | jq -r '.[0]')$"
    apply
    run_c
    assert_equal "$output" ENOSYS
}

@test "thousands of numbers without a name leave room for the named calls, and are one warning" {
    set_args payload unknown 5000
    record
    assert_status 0
    assert_equal "$(grep -c 'warning: ' <<<"$output")" 1
    assert_output ' 100000 of SCMP_ARCH_[A-Z0-9_]*, 100001 of .*, 100002 of .* and at least 2045 more$'
    assert_names getsid
    refute_output 'not complete'
}

@test "threads make their calls at once" {
    set_args payload threads
    record
    assert_status 0
    assert_equal "$output" 'wrong 0'
    assert_names getppid futex
    apply
    run_c
    assert_equal "$output" 'wrong 0'
}

@test "a timer interrupts recorded calls" {
    set_args payload timer
    record
    assert_status 0
    assert_equal "$output" 'wrong 0'
    assert_names getppid setitimer rt_sigreturn
    apply
    run_c
    assert_equal "$output" 'wrong 0'
}

@test "status, output and signals are those of the program" {
    set_sh 'echo out; echo err >&2; exit 7'
    record
    assert_status 7
    assert_equal "$output" $'out\nerr'
    set_args payload die 9
    record
    assert_status 137
    assert_names exit_group
}

@test "rules and architectures of a user namespace: the caller need not be root" {
    rootless 54321
    chmod 777 "$OUT"
    set_args payload syscall getppid
    as_user run --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID"
    shows 0
    assert_names getppid
    config '.process.noNewPrivileges = false'
    rm "$RECORDING"
    as_user run --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID"
    shows 0
    assert_names getppid capset
}

# --- what cannot be recorded

@test "--detach is refused" {
    set_args true
    run_fails run --detach --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID"
    assert_output '--record-seccomp: cannot be combined with --detach'
    living
    in_c_fails 'cannot be combined with --detach' --detach --record-seccomp "$RECORDING" -- true
    [ ! -e "$RECORDING" ] || fail_with "there is a recording"
}

@test "a caller that is under a filter with a listener is told so" {
    set_args true
    status=0
    "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$SUITE_DIR/hosttool" listen "$RUNTIME" --root "$ROOT" run --record-seccomp "$RECORDING" \
        --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 1
    assert_output 'device or resource busy \(berth itself runs under a filter with a listener\)'
    [ ! -e "$RECORDING" ] || fail_with "there is a recording"
    wait_until no_recorder
}

@test "a kernel or an outer filter without seccomp(2) is told before anything starts" {
    set_args touch /tmp/ran
    status=0
    "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$SUITE_DIR/hosttool" refuse ENOSYS seccomp "$RUNTIME" --root "$ROOT" run \
        --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 1
    assert_output 'ask the kernel for user notification: function not implemented'
    [ ! -e rootfs/tmp/ran ] || fail_with "the program ran"
}

@test "checkpoint refuses a container that is being recorded" {
    set_args payload pause
    run_recorded
    run_fails checkpoint --image-path "$OUT/image" "$ID"
    assert_output 'no recorder would answer its system calls'
    rt kill "$ID" KILL
    wait "$RUN_PID" || true
}

@test "checkpoint refuses a container after exec has recorded in it" {
    living
    in_c --record-seccomp "$RECORDING" -- true
    assert_status 0
    run_fails checkpoint --image-path "$OUT/image" "$ID"
    assert_output 'no recorder would answer its system calls'
    assert_equal "$(state_of "$ID")" running
}

@test "a program that does not start leaves no recording and no recorder" {
    set_args /no/such/program
    host_snapshot
    record
    assert_status 127
    [ ! -e "$RECORDING" ] || fail_with "there is a recording"
    assert_host_unchanged
}

@test "a recorder that is killed is an error, and the run ends" {
    # The shell of an unanswered call fails, or waits: berth ends it with the recorder's error.
    mkfifo rootfs/tmp/fifo
    set_sh 'echo ready; read -r _ </tmp/fifo'
    run_recorded
    status=0
    in_ns pkill -KILL -x berth-recorder -P "$RUN_PID" || fail_with "there is no recorder"
    rt kill "$ID" KILL || true # it has ended, if the call failed
    wait "$RUN_PID" || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 1
    assert_output '--record-seccomp: get the system calls from the recorder'
    [ ! -e "$RECORDING" ] || fail_with "there is a recording"
}

# --- who outlives whom

@test "a killed berth breaks no container, and the recording is written when the last process has ended" {
    set_sh 'echo ready; while [ ! -e /tmp/go ]; do sleep 0.1; done; mkdir /tmp/after; echo done >/tmp/done'
    run_recorded
    kill -KILL "$RUN_PID"
    wait "$RUN_PID" || true
    [ ! -e "$RECORDING" ] || fail_with "there is a recording already"
    touch rootfs/tmp/go
    wait_until file_has "$MKDIR" "$RECORDING"
    assert_equal "$(cat rootfs/tmp/done)" "done"
    wait_until no_recorder
}

@test "a process that exec leaves in the background is recorded to its end" {
    living
    local words
    # Nothing of the recorder holds this pipe open.
    words=$(rt exec --record-seccomp "$RECORDING" "$ID" sh -c '(while [ ! -e /tmp/go ]; do sleep 0.1; done; mkdir /tmp/after) \
        </dev/null >/dev/null 2>&1 & echo started' </dev/null)
    assert_equal "$words" started
    assert_names execve
    refute_names "$MKDIR"
    [ -n "$(recorders)" ] || fail_with "no recorder is left"
    touch rootfs/tmp/go
    wait_until has_name "$MKDIR"
    wait_until no_recorder
}

@test "a paused container is recorded when it goes on" {
    set_sh 'echo ready; while [ ! -e /tmp/go ]; do sleep 0.1; done; mkdir /tmp/after'
    run_recorded
    run_ok pause "$ID"
    touch rootfs/tmp/go
    run_ok resume "$ID"
    wait "$RUN_PID"
    assert_names "$MKDIR"
}

@test "the recorder holds no namespace, lock, directory or file of the caller or the container" {
    mkfifo rootfs/tmp/fifo
    set_sh 'echo ready; read -r _ </tmp/fifo'
    local recorder
    run_recorded
    recorder=$(pgrep -x berth-recorder -P "$RUN_PID")
    assert_equal "$(readlink "/proc/$recorder/cwd")" /
    assert_equal "$(readlink "/proc/$recorder/fd"/[012] | sort -u)" /dev/null
    assert_equal "$(readlink "/proc/$recorder/fd"/* | sed 's/[0-9]*\]$//' | sort | grep -v '^/dev/null')" \
        "$(printf '%s\n' "$OUT" 'anon_inode:seccomp notify' 'socket:[' | sort)"
    assert_equal "$(readlink "/proc/$recorder/ns/pid")" "$(readlink /proc/self/ns/pid)"
    echo >rootfs/tmp/fifo
    wait "$RUN_PID"
    wait_until no_recorder
}

# --- inspection

@test "the dry run shows the steps, and starts and writes nothing" {
    run_ok run --dry-run --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID"
    assert_output 'start-recorder: start the recorder of system calls for .*rec.json'
    assert_output 'hand-recorder'
    refute_output compile-seccomp
    [ ! -e "$RECORDING" ] || fail_with "there is a recording"
}

@test "a step that fails leaves no recorder" {
    set_args true
    run_ok run --dry-run --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID"
    local step plan=$output
    for step in start-recorder load-seccomp hand-recorder execute; do
        run_rt run --fault "$(sed -n "s/^ *\([0-9]*\) [a-z]* *$step: .*/\1/p" <<<"$plan"):5" --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID"
        assert_failed
        assert_output 'input/output error'
        wait_until no_recorder
        [ ! -e "$RECORDING" ] || fail_with "there is a recording after $step"
    done
}
