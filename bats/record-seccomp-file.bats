# SPDX-License-Identifier: Apache-2.0
# The file of --record-seccomp: extending it, where it cannot be written, and who writes it then.
load helpers
load helpers-exec
load helpers-record-seccomp

is_locked() { ! flock --nonblock "$OUT" true; }
# Another process holds the lock on the directory until release_lock.
hold_lock() {
    flock --no-fork "$OUT" sleep 1000 3>&- 4>&- &
    HOLDER=$!
    wait_until is_locked
}
release_lock() {
    kill "$HOLDER"
    wait "$HOLDER" || true
    HOLDER=
}

# --- more than one recording

@test "an existing recording is extended" {
    set_args payload syscall getppid
    record
    local before
    before=$(names)
    set_args payload syscall getsid 0
    record
    assert_status 0
    assert_names getppid getsid
    assert_equal "$(comm -13 <(names) <(echo "$before"))" ''
    assert_equal "$(jq '.syscalls | length' "$RECORDING")" 1
}

@test "two runs at once extend the same recording" {
    local calls=(getppid getsid getpgid lseek) pids=() call
    for call in "${calls[@]}"; do
        set_args payload syscall "$call" 0
        cp config.json "$call.json"
        rt run --record-seccomp "$RECORDING" --bundle "$BUNDLE" --config "$call.json" "$ID$call" </dev/null >/dev/null 2>&1 &
        pids+=($!)
    done
    for call in "${pids[@]}"; do wait "$call"; done
    assert_names "${calls[@]}"
}

@test "a file that is not a recording is refused, and stays as it is" {
    local document
    for document in '' '{' '[]' '{}' '"x"' '{"defaultAction": "SCMP_ACT_ALLOW"}' '{"defaultAction": "SCMP_ACT_ERRNO"}' \
        '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": [{"names": ["read"], "action": "SCMP_ACT_KILL"}]}' \
        '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "comment": "mine"}' \
        '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "flags": ["SECCOMP_FILTER_FLAG_LOG"]}' \
        '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": [{"names": ["clone"], "action": "SCMP_ACT_ALLOW",
            "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}]}'; do
        printf '%s' "$document" >"$RECORDING"
        set_args touch /tmp/ran
        run_fails run --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID"
        assert_output 'rec\.json'
        assert_equal "$(cat "$RECORDING")" "$document"
        [ ! -e rootfs/tmp/ran ] || fail_with "the program ran"
    done
}

@test "a recording that is extended keeps its owner and mode" {
    set_args payload syscall getppid
    record
    chown 1000:1001 "$RECORDING"
    chmod 640 "$RECORDING"
    set_args payload syscall getsid 0
    record
    assert_status 0
    assert_names getppid getsid
    assert_equal "$(stat -c '%a %u %g' "$RECORDING")" '640 1000 1001'
}

@test "a group that an unprivileged user cannot give to a file: another group gets no rights instead" {
    rootless 54321
    chmod 777 "$OUT"
    set_args payload syscall getppid
    as_user run --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID"
    shows 0
    chown 54321:0 "$RECORDING"
    chmod 640 "$RECORDING"
    as_user run --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID"
    shows 0
    assert_equal "$(stat -c '%a %u %g' "$RECORDING")" '600 54321 54321'
}

# --- where it cannot be written

# refused_file FILE PATTERN: before the program runs
refused_file() {
    set_args touch /tmp/ran
    host_snapshot
    run_fails run --record-seccomp "$1" --bundle "$BUNDLE" "$ID"
    assert_output "$2"
    [ ! -e rootfs/tmp/ran ] || fail_with "the program ran"
    assert_host_unchanged
}

@test "a missing directory" { refused_file "$OUT/no/rec.json" "open the directory .*/no: no such file or directory"; }

@test "a directory or a symbolic link instead of a file" {
    mkdir "$RECORDING"
    refused_file "$RECORDING" 'not a regular file'
    refused_file "$RECORDING/" 'names no file'
    refused_file '' 'names no file'
    rmdir "$RECORDING"
    ln -s "$OUT/other" "$RECORDING"
    refused_file "$RECORDING" 'not a regular file'
    [ ! -e "$OUT/other" ] || fail_with "the link was followed"
}

@test "a read-only file system" {
    in_ns mount -t tmpfs -o ro tmpfs "$OUT"
    refused_file "$RECORDING" "write .*rec.json: read-only file system"
}

@test "a directory that an unprivileged user may not write to" {
    rootless 54321
    set_args touch /tmp/ran
    as_user run --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID"
    assert_failed
    assert_output "write .*rec.json: permission denied"
    [ ! -e rootfs/tmp/ran ] || fail_with "the program ran"
}

@test "an unprivileged user cannot extend another user's recording, whose owner would change" {
    rootless 54321
    chmod 777 "$OUT"
    set_args payload syscall getppid
    as_user run --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID"
    shows 0
    chown 0:0 "$RECORDING"
    chmod 666 "$RECORDING"
    set_args touch /tmp/ran
    as_user run --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID"
    assert_failed
    assert_output 'write .*rec.json: it belongs to another user'
    [ ! -e rootfs/tmp/ran ] || fail_with "the program ran"
}

@test "a lock on the directory: an error after the run, and the recorder writes the recording" {
    hold_lock
    set_sh 'echo ran'
    record
    assert_status 1
    assert_output '^ran$'
    assert_output "write .*rec.json: another process holds a lock on the directory $OUT \\(the recorder waits for the lock"
    [ ! -e "$RECORDING" ] || fail_with "there is a recording"
    release_lock
    wait_until has_name execve
    wait_until no_recorder
}

@test "no space for the recording: an error after the run, and the former recording stays" {
    in_ns mount -t tmpfs -o size=8k,mode=755 tmpfs "$OUT"
    set_args payload syscall getppid
    record
    assert_status 0
    local before
    before=$(in_ns cat "$RECORDING")
    in_ns sh -c "cat /dev/zero >$OUT/full" 2>/dev/null || true
    set_sh 'echo ran; exit 0'
    record
    assert_status 1
    assert_output '^ran$'
    assert_output "write .*rec.json: no space left on device"
    wait_until no_recorder
    assert_equal "$(in_ns cat "$RECORDING")" "$before"
    assert_equal "$(in_ns ls "$OUT")" $'full\nrec.json'
}

@test "exec reports with 255 that it could not write the recording" {
    living
    in_ns mount -t tmpfs -o size=4k,mode=755 tmpfs "$OUT"
    in_ns sh -c "cat /dev/zero >$OUT/full" 2>/dev/null || true
    in_c --record-seccomp "$RECORDING" -- echo ran
    assert_status 255
    assert_output '^ran$'
    assert_output "no space left on device"
    wait_until no_recorder
}

# --- who writes what berth has not written

@test "a berth that is killed before it has written the recording leaves that to the recorder" {
    hold_lock
    set_args payload syscall getppid
    rt_exec run --record-seccomp "$RECORDING" --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 &
    local pid=$!
    # One descriptor of the directory is for the lock, which comes after the recorder's answer.
    waits_for_lock() { [ "$(readlink "/proc/$pid/fd"/* | grep -cxF "$OUT")" = 2 ]; }
    wait_until waits_for_lock
    kill -KILL "$pid"
    wait "$pid" || true
    [ ! -e "$RECORDING" ] || fail_with "there is a recording"
    release_lock
    wait_until has_name getppid
    wait_until no_recorder
}

@test "a recording for which there was no space is written when the last process has ended" {
    living
    in_ns mount -t tmpfs -o size=8k,mode=755 tmpfs "$OUT"
    in_ns sh -c "cat /dev/zero >$OUT/full" 2>/dev/null || true
    # When the process of exec ends, the one in the background has made every call that it makes.
    in_c --record-seccomp "$RECORDING" -- sh -c '(while [ ! -e /tmp/go ]; do sleep 0.1; >/tmp/looped; done) </dev/null >/dev/null 2>&1 &
        while [ ! -e /tmp/looped ]; do sleep 0.1; done; payload syscall getsid 0'
    assert_status 255
    in_ns rm "$OUT/full"
    touch rootfs/tmp/go
    wait_until no_recorder
    in_ns cat "$RECORDING" >"$BATS_TEST_TMPDIR/recording"
    RECORDING=$BATS_TEST_TMPDIR/recording
    assert_names execve getsid
}
