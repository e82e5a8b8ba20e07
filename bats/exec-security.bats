# SPDX-License-Identifier: Apache-2.0
# exec into a container that is hostile, exec that fails at each of its steps, exec that is killed.
load helpers
load helpers-exec
load helpers-fs

setup_file() {
    ${CC:-gcc} -static -O1 -Wall -Wextra -o "$BATS_FILE_TMPDIR/spy" "$BATS_TEST_DIRNAME/spy.c"
}

test_teardown() { [ -z "${STOPPED:-}" ] || kill -CONT "$STOPPED" 2>/dev/null || true; }

# ---- what a hostile container tries

has_looked_often() { rt exec "$ID" true </dev/null >/dev/null 2>&1 && file_has often "$BATS_TEST_TMPDIR/out"; }

# spied_on: twelve processes join, each held up for a moment while they do; the container's spy sees nothing of the runtime.
spied_on() {
    cp "$BATS_FILE_TMPDIR/spy" rootfs/bin/spy
    set_args spy
    create_c
    rt start "$ID"
    wait_until file_has spying "$BATS_TEST_TMPDIR/out"
    local i
    for i in {1..12}; do
        rt_exec exec "$ID" true </dev/null >/dev/null 2>&1 &
        STOPPED=$!
        time_for_faults "0.00$((i % 9))"
        kill -STOP "$STOPPED" 2>/dev/null || true
        time_for_faults 0.02
        kill -CONT "$STOPPED" 2>/dev/null || true
        wait "$STOPPED" || true
        STOPPED=
    done
    for i in {1..20}; do rt exec "$ID" true </dev/null >/dev/null 2>&1; done
    wait_until has_looked_often
    : >rootfs/stop
    wait_until file_has looked "$BATS_TEST_TMPDIR/out"
    output=$(out)
    assert_output '^looked [1-9][0-9]{2}'
    refute_output '^(exe|fd|ptrace)'
}

@test "no process of the container sees or traces one that joins, before it executes (CVE-2016-9962)" {
    spied_on
}

@test "the same in a user namespace, with CAP_SYS_PTRACE in it" {
    user_namespace
    config '.process.capabilities |= map_values(. + ["CAP_SYS_PTRACE"])'
    spied_on
}

@test "cwd: /proc/self/fd/N does not lead out (CVE-2024-21626)" {
    canary "$BATS_TEST_TMPDIR/canary"
    living
    local n
    exec 9<"$BATS_TEST_TMPDIR"
    for n in 3 4 5 6 7 8 9 10 11 12; do
        in_c --cwd "/proc/self/fd/$n" -- sh -c 'cat ./canary/file ../canary/file ../../canary/file; ls -d ../../../../../../../../work; pwd'
        refute_output '^secret'
        [ "$status" -ne 0 ] || refute_output '^\(unreachable\)|/bats-run'
    done
    exec 9<&-
    assert_canary
}

@test "cwd: a link of the container to /proc/self/fd/N does not lead out" {
    canary "$BATS_TEST_TMPDIR/canary"
    living
    local n
    exec 9<"$BATS_TEST_TMPDIR"
    for n in 3 4 5 6 7 8 9 10; do
        ln -sfn "/proc/self/fd/$n" rootfs/link
        in_c --cwd /link -- sh -c 'cat ./canary/file ../canary/file ../../canary/file'
        refute_output '^secret'
    done
    exec 9<&-
}

@test "cwd: a directory that has been moved out of the root is refused" {
    canary "$BATS_TEST_TMPDIR/canary"
    living
    in_c --cwd "/../../../../../../$BATS_TEST_TMPDIR/canary" -- cat file
    [ "$status" -ne 0 ]
    refute_output '^secret'
}

@test "binary: a program with #!/proc/self/exe does not reach the runtime's binary (CVE-2019-5736)" {
    local before
    before=$(sha256sum "$RUNTIME")
    printf '#!/proc/self/exe\n' >rootfs/bin/evil && chmod 755 rootfs/bin/evil
    living
    in_c -- /bin/evil
    [ "$status" -ne 124 ] || fail_with "it hangs"
    in_c -- /proc/self/exe
    [ "$status" -ne 124 ] || fail_with "it hangs"
    assert_equal "$(sha256sum "$RUNTIME")" "$before"
}

@test "binary: the program's own file is the container's" {
    living
    in_c -- readlink /proc/self/exe
    assert_equal "$output" /bin/busybox
}

@test "binary: a container that writes to every /proc/N/exe does not reach the runtime's binary" {
    local before i
    before=$(sha256sum "$RUNTIME")
    living sh -c 'while :; do for f in /proc/[0-9]*/exe; do [ $f = /proc/1/exe ] || echo x 2>/dev/null >>$f; done; done 2>/dev/null'
    for i in {1..20}; do rt exec "$ID" true </dev/null || true; done
    assert_equal "$(sha256sum "$RUNTIME")" "$before"
}

# The container mounts over its own /proc after it was made.
over_proc() {
    config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])' '.process.noNewPrivileges = false' '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
    living sh -c "$1; echo mounted; exec payload pause"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    file_has mounted "$BATS_TEST_TMPDIR/out"
}

fake_proc='mkdir -p /fake && mount -t tmpfs none /fake && mkdir -p /fake/self/attr /fake/self/fd /fake/thread-self/attr /fake/1/attr /fake/self/ns &&
    for f in self/attr/exec self/attr/current thread-self/attr/exec self/attr/apparmor self/oom_score_adj self/loginuid self/setgroups self/uid_map 1/oom_score_adj; do
        echo honey >/fake/$f; done; mkdir /honey && mount --bind /fake /honey && mount --bind /fake /proc'

no_honey_touched() {
    in_c -- sh -c 'cat /honey/self/attr/exec /honey/self/attr/current /honey/thread-self/attr/exec /honey/self/oom_score_adj /honey/1/oom_score_adj /honey/self/setgroups | sort -u'
    assert_equal "$output" honey
}

@test "proc: oom_score_adj is not written to a tmpfs that the container has mounted over /proc (CVE-2025-52881)" {
    over_proc "$fake_proc"
    process_json '{args: ["payload", "pause"], oomScoreAdj: 345}'
    in_c --detach --pid-file "$BATS_TEST_TMPDIR/xpid" --process "$PROCESS" --
    [ "$status" -ne 0 ] || assert_equal "$(cat "/proc/$(cat "$BATS_TEST_TMPDIR/xpid")/oom_score_adj")" 345
    no_honey_touched
}

@test "proc: exec with a label fails if a tmpfs is mounted over /proc (CVE-2019-16884, CVE-2025-52881)" {
    over_proc "$fake_proc"
    in_c --process-label system_u:system_r:some_t:s0 -- true
    [ "$status" -ne 0 ]
    in_c --apparmor some-profile -- true
    [ "$status" -ne 0 ]
    no_honey_touched
}

@test "proc: exec without a label does not need the container's /proc" {
    over_proc 'mount -t tmpfs none /proc'
    in_c -- echo fine
    assert_status 0
    assert_equal "$output" fine
}

@test "proc: a container without /proc" {
    config '.mounts |= map(select(.destination != "/proc"))' '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
    living
    in_c -u 1000 -- echo fine
    assert_status 0
    assert_equal "$output" fine
}

@test "dev: a terminal whose /dev/pts and /dev/ptmx the container has replaced (CVE-2025-52565)" {
    canary "$BATS_TEST_TMPDIR/canary"
    config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])' '.process.noNewPrivileges = false'
    living sh -c 'umount /dev/pts; rm -f /dev/ptmx; ln -s /etc/passwd /dev/ptmx; mkfifo /dev/console; echo done; exec payload pause'
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    run timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" pty "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" exec -t "$ID" true \
        3>&- 4>&- </dev/null
    [ "$status" -ne 124 ] || fail_with "it hangs"
    assert_canary
    assert_equal "$(processes)" "$(init_pid)"
}

@test "exec is safe if the container replaces every file that exec might open by a link or FIFO" {
    canary "$BATS_TEST_TMPDIR/canary"
    living
    local path kind
    for path in etc/passwd etc/group etc dev root; do
        for kind in link fifo dir; do
            rm -rf "rootfs/${path:?}"
            case $kind in
            link) ln -s "../../../../../../../../../../$CANARY/dir" "rootfs/$path" ;;
            fifo) mkfifo "rootfs/$path" ;;
            dir) mkdir "rootfs/$path" ;;
            esac
            in_c -u 1000:1000 -g 5 -- true
            [ "$status" -ne 124 ] || fail_with "$path as $kind: it hangs"
            assert_canary "$path as $kind"
        done
    done
}

@test "census: capabilities, environment, signals and descriptors are those of the configuration (CVE-2016-8649, CVE-2022-29162)" {
    exec 7</etc 8</ 9</dev/null
    living
    LEAKED=secret in_c -- sh -c 'payload fds; payload caps; payload signals; payload env'
    exec 7<&- 8<&- 9<&-
    assert_status 0
    assert_equal "$(sed -n 's/^\([0-9][0-9]*\) .*/\1/p' <<<"$output" | xargs)" "0 1 2"
    assert_output '^CapInh:.0{16}$'
    assert_output '^SigBlk:.0{16}$'
    refute_output 'LEAKED'
}

# ---- faults

fail_at_every_step() {
    local step names before
    mapfile -t names < <(rt exec --dry-run "$@" "$ID" true | awk '{print $3}')
    [ "${#names[@]}" -gt 20 ] || fail_with "only ${#names[@]} steps"
    host_snapshot
    before=$(processes)
    for step in "${!names[@]}"; do
        run_rt exec --fault "$step" --pid-file "$BATS_TEST_TMPDIR/xpid" "$@" "$ID" true
        [ "$status" -eq 255 ] || fail_with "step $step, ${names[step]}: status $status"
        assert_output 'input/output error'
        [ "${#lines[@]}" -eq 1 ] || fail_with "step $step, ${names[step]}: more than one line"
        [ ! -e "$BATS_TEST_TMPDIR/xpid" ] || fail_with "step $step, ${names[step]}: the pid file is there"
        assert_equal "$(processes)" "$before"
    done
    assert_host_unchanged
    assert_equal "$(state_of)" running
    in_c -- true
    assert_status 0
}

@test "whichever step fails, everything is as before" {
    berth_only "only berth can let a step of its plan fail"
    config '.process.oomScoreAdj = 10'
    living
    fail_at_every_step
}

@test "the same in a user namespace" {
    berth_only "only berth can let a step of its plan fail"
    user_namespace
    living
    fail_at_every_step -u 1000:1000
}

@test "the same in the host's pid namespace, with a filter, CPUs and a scheduler" {
    berth_only "only berth can let a step of its plan fail"
    config '.linux.namespaces |= map(select(.type != "pid"))' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}' \
        '.process.scheduler = {policy: "SCHED_BATCH", nice: 1} | .process.execCPUAffinity = {initial: "0", final: "0"}'
    living
    fail_at_every_step
}

@test "the same with a terminal" {
    berth_only "only berth can let a step of its plan fail"
    "$SUITE_DIR/hosttool" recvtty "$BATS_TEST_TMPDIR/s" "$BATS_TEST_TMPDIR/m" >/dev/null 2>&1 3>&- 4>&- &
    local receiver=$! step names
    wait_until test -S "$BATS_TEST_TMPDIR/s"
    living
    mapfile -t names < <(rt exec --dry-run --tty --detach --console-socket "$BATS_TEST_TMPDIR/s" "$ID" true | awk '{print $3}')
    for step in "${!names[@]}"; do
        [ "${names[step]}" != make-console: ] || break
    done
    in_c_fails 'input/output error' --fault "$step" --tty --detach --console-socket "$BATS_TEST_TMPDIR/s" -- true
    in_c_fails 'input/output error' --fault "$((step + 1))" --tty --detach --console-socket "$BATS_TEST_TMPDIR/s" -- true
    kill "$receiver" 2>/dev/null || true
}

# ---- kill -9

# The programs of the container's processes, and of what still has this test's file as its output.
foreign_programs() {
    local pid
    for pid in $(processes); do readlink "/proc/$pid/exe"; done | grep -v '^/bin/payload$'
    find /proc/[0-9]*/fd/1 -maxdepth 0 -lname "$BATS_TEST_TMPDIR/killed" 2>/dev/null | while IFS=/ read -r _ _ pid _; do
        readlink "/proc/$pid/exe"
    done | grep -v '^/bin/payload$'
}

only_its_own() { [ -z "$(foreign_programs)" ]; }

killed_at_random() {
    local i pid
    for ((i = 0; i < 60; i++)); do
        rt_exec exec "$@" "$ID" payload pause </dev/null >"$BATS_TEST_TMPDIR/killed" 2>&1 &
        pid=$!
        sleep "0.0$(printf %02d $((i / 4)))"
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        wait_until only_its_own
    done
    assert_equal "$(state_of)" running
}

@test "exec that is killed at any moment leaves no process except the program" {
    living
    killed_at_random
}

@test "exec in a user namespace that is killed leaves no process except the program" {
    user_namespace
    living
    killed_at_random -u 1000
}

@test "exec in the host's PID namespace that is killed leaves no process except the program" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    living
    killed_at_random
}

# ---- the container ends meanwhile

@test "exec while the container is killed ends, and leaves nothing" {
    local i job
    for i in {1..15}; do
        living
        rt exec "$ID" payload pause </dev/null >"$BATS_TEST_TMPDIR/killed" 2>&1 &
        job=$!
        sleep "0.0$(printf %02d $i)"
        rt kill "$ID" KILL
        status=0
        wait $job || status=$?
        [ "$status" -ne 124 ] && [ "$status" -ne 0 ] || fail_with "status $status"
        wait_status stopped
        run_ok delete "$ID"
        rm -f "$BATS_TEST_TMPDIR/out"
    done
}

# An exec begins each time, and a bit later each time the container is deleted.
delete_meanwhile() {
    host_snapshot
    local i job
    for i in {1..15}; do
        living
        rt exec "$ID" payload pause </dev/null >"$BATS_TEST_TMPDIR/killed" 2>&1 &
        job=$!
        sleep "0.0$(printf %02d $i)"
        run_ok delete --force "$ID"
        status=0
        wait $job || status=$?
        [ "$status" -ne 124 ] && [ "$status" -ne 0 ] || fail_with "status $status"
        rm -f "$BATS_TEST_TMPDIR/out"
    done
    assert_host_unchanged
}

@test "exec while the container is deleted ends, and leaves nothing" { delete_meanwhile; }

@test "exec while a container in the host's PID namespace is deleted ends, and leaves nothing" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    delete_meanwhile
}
