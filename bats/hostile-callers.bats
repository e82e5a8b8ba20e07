# SPDX-License-Identifier: Apache-2.0
# Attacks on the runtime itself by hostile or careless callers: each of these once succeeded, here or elsewhere.
load helpers

# Runs a shell script with the runtime's command line in "$@", in the runtime's mount namespace.
around() {
    local script=$1
    shift
    status=0
    timeout -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" sh -c "$script" sh "$RUNTIME" --root "$ROOT" "$@" </dev/null \
        >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

@test "closed standard streams are /dev/null in the container" {
    local closed
    mkdir "$BUNDLE/out"
    config '.mounts += [{destination: "/out", type: "bind", source: "out", options: ["bind"]}]'
    set_sh 'readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 >/out/fds; :'
    for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
        around "\"\$@\" $closed" run --bundle "$BUNDLE" "$ID"
        assert_status 0
        set_sh 'for fd in 0 1 2; do [ -e /proc/$$/fd/$fd ] || echo $fd is closed; done >/out/closed'
        around "\"\$@\" $closed" run --bundle "$BUNDLE" "$ID"
        assert_equal "$(cat out/closed)" ""
    done
}

@test "with closed standard streams a hook still gets its state, and its output is kept" {
    config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "cat >'"$BATS_TEST_TMPDIR/state"'; echo words; exit 3"]}]'
    around '"$@" <&- >&- 2>&-' --log "$BATS_TEST_TMPDIR/log" run --bundle "$BUNDLE" "$ID"
    assert_status 1
    jq -e .id "$BATS_TEST_TMPDIR/state"
    grep -q words "$BATS_TEST_TMPDIR/log"
}

@test "a caller that ignores SIGCHLD gets the exit status" {
    set_sh 'exit 7'
    around 'exec env --ignore-signal=CHLD "$@"' run --bundle "$BUNDLE" "$ID"
    assert_status 7
}

@test "hooks of a caller that ignores SIGCHLD succeed" {
    config '.hooks.createRuntime = [{path: "/bin/true"}]'
    around 'exec env --ignore-signal=CHLD "$@"' run --bundle "$BUNDLE" "$ID"
    assert_status 0
}

@test "a caller that blocks SIGCHLD and ignores SIGPIPE leaves no trace of that in the container" {
    set_args grep -e SigBlk -e SigIgn /proc/self/status
    around 'exec env --block-signal=CHLD --ignore-signal=PIPE "$@"' run --bundle "$BUNDLE" "$ID"
    assert_status 0
    refute_output 'Sig...:.*[1-9a-f]'
}

# Descriptor 7 is a pipe whose reader has gone.
broken_pipe() {
    exec 7> >(true)
    wait $!
}

@test "a command completes if its caller has stopped reading warnings" {
    berth_only "others die of SIGPIPE in the middle"
    set_args payload pause
    broken_pipe
    local words
    rt --debug create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&7
    assert_equal "$(state_of)" created
    for words in "start $ID" "pause $ID" "resume $ID" "exec $ID true" "delete --force $ID"; do
        # shellcheck disable=SC2086 # the words of a command
        rt --debug $words </dev/null >/dev/null 2>&7
    done
    exec 7>&-
    run_fails state "$ID"
}

@test "a command whose reader has gone ends by SIGPIPE, as any other program does" {
    set_args payload pause
    create_c
    broken_pipe
    status=0
    rt state "$ID" >&7 2>/dev/null || status=$?
    exec 7>&-
    assert_status 141
}

@test "create that exceeds the file size limit fails without a trace" {
    berth_only "others die of SIGXFSZ in the middle"
    host_snapshot
    (
        ulimit -f 1
        run_fails create --bundle "$BUNDLE" "$ID"
        assert_output 'write .*/config.json: file too large'
    )
    run_fails state "$ID"
    assert_host_unchanged
}

@test "a container whose first thread has exited is running while others live" {
    berth_only "crun and runc take it for stopped"
    set_args payload thread
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    time_for_faults 0.05
    assert_equal "$(state_of)" running
    run_fails delete "$ID"
    run_ok kill "$ID" KILL
    wait_status stopped
    run_ok delete "$ID"
}

@test "start that is killed during a startContainer hook leaves a running container" {
    berth_only "of others' starts nothing is left to kill by then"
    local pid
    mkfifo "$BUNDLE/rootfs/fifo"
    config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat /fifo"]}]'
    set_args payload pause
    create_c
    rt_exec start "$ID" &
    pid=$!
    exec 9>"$BUNDLE/rootfs/fifo"
    assert_equal "$(state_of)" created
    kill -KILL "$pid"
    wait "$pid" || true
    exec 9>&-
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    assert_equal "$(state_of)" running
    run_fails delete "$ID"
    run_ok kill "$ID" KILL
}

@test "an id in use is reported as such, whatever else is wrong" {
    set_args payload pause
    create_c
    run_fails create --bundle "$BUNDLE" "$ID"
    assert_output 'exist'
    refute_output 'cgroup'
}

@test "an empty cgroup left by an earlier container of the same id is removed with the next one" {
    berth_only "where the cgroup is without cgroupsPath is each runtime's own affair"
    local dir
    set_args payload pause
    create_c
    dir=$(cgroup_dir memory)
    rt delete --force "$ID"
    mkdir "$dir"
    create_c
    rt delete --force "$ID"
    [ ! -e "$dir" ] || { rmdir "$dir"; fail_with "$dir is left"; }
}

@test "concurrent create, start and delete of one id all end, and a last delete leaves nothing" {
    local i word pids=()
    set_args payload pause
    for i in {1..15}; do
        for word in "create --bundle $BUNDLE" start "delete --force" "run --detach --bundle $BUNDLE"; do
            rt $word "$ID" </dev/null >/dev/null 2>&1 &
            pids+=($!)
        done
        [ $((i % 5)) -ne 0 ] || kill -KILL "$(pgrep -nf "^$RUNTIME --root $ROOT ")" 2>/dev/null || true
    done
    for i in "${pids[@]}"; do
        status=0
        wait "$i" || status=$?
        [ "$status" -ne 124 ] || fail_with "one did not end"
    done
    rt delete --force "$ID" || fail_with "cannot be deleted"
    [ ! -e "$ROOT/$ID" ]
}

terminal() { config '.process.terminal = true'; }

@test "stdin that ends within a line ends the input of a container with a terminal" {
    berth_only "crun and runc want stdin to be a terminal"
    terminal
    set_sh 'cat; echo end'
    around 'printf "a line\nhalf a" | timeout "$PATIENCE" "$@"' run --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_output 'half aend'
}

@test "no output of a terminal is lost on a slow stdout that does not block" {
    berth_only "crun and runc want stdin to be a terminal"
    local slow='import os, subprocess, sys, time
r, w = os.pipe()
os.set_blocking(w, False)
p = subprocess.Popen(sys.argv[1:], stdout=w)
os.close(w)
n = 0
while d := os.read(r, 1000):
    n += len(d)
    time.sleep(0.001)
print(n, p.wait())'
    terminal
    set_sh 'yes abcdefg | head -c 150000'
    status=0
    in_ns python3 -c "$slow" "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/count" 3>&- 4>&-
    assert_equal "$(cat "$BATS_TEST_TMPDIR/count")" "150000 0"
}

@test "a container with a terminal outlives the reader of its output, also in the host's pid namespace" {
    berth_only "crun and runc want stdin to be a terminal"
    terminal
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    set_sh 'sleep 0.2; yes abc | head -c 100000; exit 9'
    around '{ "$@"; echo "status $?" >&2; } | true' run --bundle "$BUNDLE" "$ID"
    assert_output 'status 9'
}

# attack_fails PATTERN NAME ARGUMENT...: tests/attack/NAME fails with these words
attack_fails() {
    local pattern=$1
    shift
    status=0
    "$BATS_TEST_DIRNAME/../tests/attack/$1" --runtime "$RUNTIME" "${@:2}" >"$BATS_TEST_TMPDIR/run-out" 2>&1 </dev/null 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 1
    assert_output "$pattern"
    assert_output '^0 points, 1 failures$'
}

@test "a program of tests/attack fails if it tries nothing" {
    berth_only "it is about the attacks"
    attack_fails 'no point was tried' inject --jobs 1 --only 'no such point' pause
    attack_fails 'no point was tried' roots --jobs 1 --only 'no such point' bare
    attack_fails 'no point was tried' swap --jobs 1 --only 'no such point' bare
    attack_fails 'no point was tried' race --seconds 0 --workers 1
}

@test "a program of tests/attack fails if it sees no system call" {
    berth_only "it is about the attacks"
    # Only programs of these names are followed.
    cp "$RUNTIME" "$BATS_TEST_TMPDIR/other"
    RUNTIME=$BATS_TEST_TMPDIR/other
    attack_fails 'makes no system call' inject --jobs 1 pause
    attack_fails 'it has no point' swap --jobs 1 bare
}
