# SPDX-License-Identifier: Apache-2.0
# exec: one more process in a container: where it runs, how it ends, what the caller has of it. Its process object is in exec-process.bats,
# terminals are in exec-terminal.bats, attacks and faults in exec-security.bats.
load helpers
load helpers-exec

test_teardown() { end_receiver; }

# ---- namespaces

@test "it runs in all namespaces of the container" {
    living
    same_namespaces
    [ "$(readlink /proc/self/ns/mnt)" != "$(readlink "/proc/$(init_pid)/ns/mnt")" ]
}

@test "it runs in the user namespace of the container, as its root" {
    user_namespace
    living
    same_namespaces
    in_c -- payload ids
    assert_output '^uid 0 0 0$'
    in_c -- cat /proc/self/uid_map
    assert_output '^ *0 +100000 +65536$'
}

@test "in a user namespace the user is mapped" {
    user_namespace
    living
    detached -u 1000:1001 -- payload pause
    assert_equal "$(stat -c %u:%g "/proc/$XPID")" 101000:101001
}

@test "it runs in the time namespace of the container" {
    [ -e /proc/self/ns/time ] || skip "no time namespaces here"
    config '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {boottime: {secs: 1000000, nanosecs: 0}}'
    living
    same_namespaces
    in_c -- payload clocks
    local boot
    boot=$(sed -n 's/^boottime //p' <<<"$output")
    [ "$boot" -gt 1000000 ]
}

@test "it runs in user and time namespaces together" {
    [ -e /proc/self/ns/time ] || skip "no time namespaces here"
    user_namespace
    config '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {monotonic: {secs: 5000, nanosecs: 0}}'
    living
    same_namespaces
}

@test "a container that shares the host's PID namespace" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    living
    same_namespaces
    in_c -- sh -c 'readlink /proc/self/ns/pid'
    assert_equal "$output" "$(readlink /proc/self/ns/pid)"
}

@test "a container that shares the host's network, IPC, UTS and cgroup namespaces" {
    config '.linux.namespaces |= map(select(.type == "pid" or .type == "mount"))' 'del(.hostname)'
    living
    same_namespaces
}

@test "a container with only a mount namespace" {
    config '.linux.namespaces = [{type: "mount"}]' 'del(.hostname)'
    living
    same_namespaces
}

@test "a container without a mount namespace: it runs in the container's root" {
    berth_only "others want a mount namespace"
    config '.linux.namespaces |= map(select(.type != "mount"))' '.mounts = []' \
        '.linux.maskedPaths = [] | .linux.readonlyPaths = [] | .linux.devices = []'
    living
    in_c -- ls /bin/payload
    assert_equal "$output" /bin/payload
}

@test "a container with joined namespaces" {
    living
    local other=$ID
    next_id
    config ".linux.namespaces |= map(if (.type == \"network\" or .type == \"ipc\" or .type == \"pid\" or .type == \"uts\")
        then .path = (\"/proc/$(init_pid "$other")/ns/\" + (if .type == \"network\" then \"net\" else .type end)) else . end)" 'del(.hostname)'
    living payload pause
    same_namespaces
    assert_equal "$(readlink "/proc/$(init_pid)/ns/pid")" "$(readlink "/proc/$(init_pid "$other")/ns/pid")"
    rt delete --force "$ID"
    ID=$other
}

@test "a container with a joined user namespace" {
    user_namespace
    living
    local other=$ID
    next_id
    config ".linux.namespaces |= map(if .type == \"user\" then .path = \"/proc/$(init_pid "$other")/ns/user\" else . end)" \
        'del(.linux.uidMappings, .linux.gidMappings)'
    living payload pause
    same_namespaces
    rt delete --force "$ID"
    ID=$other
}

@test "a container created with --no-pivot: it runs in the container's root" {
    set_args payload pause
    create_c --no-pivot
    rt start "$ID"
    same_namespaces
    in_c -- sh -c 'pwd; ls /bin/payload'
    assert_equal "$output" $'/\n/bin/payload'
}

@test "it sees the container's files, hostname and processes" {
    living
    in_c -- sh -c 'hostname; ls /bin/payload; tr "\0" " " </proc/1/cmdline'
    assert_equal "$output" $'berth-test\n/bin/payload\npayload pause '
}

@test "it is a child of no process of the container and leads a session" {
    living
    in_c -- sh -c 'cut -d" " -f4 /proc/$$/stat; [ $(cut -d" " -f6 /proc/$$/stat) = $$ ] && echo leads'
    assert_equal "$output" $'0\nleads'
}

# ---- cgroups

same_cgroups() { assert_equal "$(cat "/proc/$XPID/cgroup")" "$(cat "/proc/$(init_pid)/cgroup")"; }

@test "it is in the container's cgroup in every hierarchy" {
    living
    detached -- payload pause
    same_cgroups
}

@test "the container's limits apply to it" {
    needs pids
    resources 'pids: {limit: 5}'
    living
    in_c -- payload forks 10
    assert_output 'EAGAIN'
}

@test "without a cgroup namespace it is in the container's cgroups, too" {
    config '.linux.namespaces |= map(select(.type != "cgroup"))'
    living
    detached -- payload pause
    same_cgroups
}

# sub_group NAME: below the container's own in every hierarchy. A new cpuset of version 1 has no CPU yet.
sub_group() {
    local dir file
    for dir in $(own_groups); do
        [[ $dir == *"$ID"* ]] || continue
        in_ns mkdir "$dir/$1"
        for file in cpuset.cpus cpuset.mems; do
            ! in_ns test -e "$dir/$1/$file" || cg_is_v2 || in_ns sh -c "cat $dir/$file >$dir/$1/$file"
        done
    done
}

@test "--cgroup PATH: a cgroup below the container's, in every hierarchy" {
    living
    sub_group below
    detached --cgroup below -- payload pause
    local line
    while IFS= read -r line; do
        [[ $line != *"$ID"* ]] || [[ $line == */below ]] || fail_with "$line is not below"
    done <<<"$(cat "/proc/$XPID/cgroup")"
    grep -q "/below$" "/proc/$XPID/cgroup"
}

@test "--cgroup CONTROLLER:PATH: in one hierarchy only" {
    needs_v1 pids
    needs_v1 freezer
    living
    sub_group below
    detached --cgroup pids:below -- payload pause
    grep -q ':pids:.*/below$' "/proc/$XPID/cgroup"
    run ! grep -q ':freezer:.*/below$' "/proc/$XPID/cgroup"
}

@test "--cgroup may be repeated for other controllers" {
    needs_v1 pids
    needs_v1 freezer
    living
    sub_group below
    sub_group other
    detached --cgroup pids:below --cgroup freezer:other -- payload pause
    grep -q ':pids:.*/below$' "/proc/$XPID/cgroup"
    grep -q ':freezer:.*/other$' "/proc/$XPID/cgroup"
}

@test "--cgroup / is the container's own cgroup" {
    living
    detached --cgroup / -- payload pause
    same_cgroups
}

@test "--cgroup with .. is refused" {
    living
    in_c_fails '\.\.|cgroup' --cgroup ../ -- true
    in_c_fails '\.\.|cgroup' --cgroup below/../.. -- true
    in_c_fails '\.\.|cgroup' --cgroup pids:.. -- true
}

@test "a missing --cgroup is refused" {
    living
    in_c_fails 'nosuch' --cgroup nosuch -- true
}

@test "--cgroup of an unknown controller is refused" {
    living
    in_c_fails 'nosuch' --cgroup nosuch:/ -- true
}

@test "if the v2 cgroup enables controllers for its children, exec joins the cgroup of the container's process" {
    needs_v2
    living
    local dir
    dir=$(cgroup_dir pids)
    mkdir "$dir/inner"
    init_pid >"$dir/inner/cgroup.procs"
    echo +pids >"$dir/cgroup.subtree_control"
    detached -- payload pause
    same_cgroups
}

# ---- how it ends, and what it says

@test "the exit status is the program's status" {
    living
    local n
    for n in 0 1 7 126 127 255; do
        in_c -- payload exit $n
        assert_status $n
    done
}

@test "the exit status of a program killed by a signal is 128 plus the signal" {
    living
    in_c -- payload die 9
    assert_status 137
    in_c -- payload die 15
    assert_status 143
}

@test "a program that is not found: 255, one line" {
    living
    in_c_fails 'nosuch.*(not found|[Nn]o such file)' -- nosuch
    in_c_fails '/no/such.*([Nn]o such file|not found)' -- /no/such
}

@test "a program that may not be executed: 255, one line" {
    echo text >rootfs/bin/text
    chmod 644 rootfs/bin/text
    living
    in_c_fails '/bin/text.*[Pp]ermission denied' -- /bin/text
}

@test "a directory as the program: 255, one line" {
    living
    in_c_fails '/etc.*([Pp]ermission denied|[Ii]s a directory)' -- /etc
}

@test "a script whose interpreter is missing: 255, one line that names it" {
    printf '#!/no/such/interpreter\n' >rootfs/bin/script
    chmod 755 rootfs/bin/script
    living
    in_c_fails '/bin/script.*[Nn]o such file' -- /bin/script
}

@test "a file that is not a program: 255, one line" {
    printf 'just text' >rootfs/bin/text
    chmod 755 rootfs/bin/text
    living
    in_c_fails '/bin/text.*[Ee]xec format error' -- /bin/text
}

@test "exec without a program is an error" {
    living
    in_c_fails '.' --
    run_fails exec
}

@test "stdin, stdout and stderr are the caller's" {
    living
    rt exec "$ID" sh -c 'cat; echo errors >&2' <<<"input" >"$BATS_TEST_TMPDIR/o" 2>"$BATS_TEST_TMPDIR/e"
    assert_equal "$(cat "$BATS_TEST_TMPDIR/o")" input
    assert_equal "$(cat "$BATS_TEST_TMPDIR/e")" errors
}

@test "a megabyte passes through a pipe both ways" {
    living
    local sum
    sum=$(head -c 1000000 /dev/urandom | tee "$BATS_TEST_TMPDIR/in" | sha256sum)
    assert_equal "$(rt exec "$ID" cat <"$BATS_TEST_TMPDIR/in" | sha256sum)" "$sum"
}

@test "signals are forwarded" {
    living
    rt_exec exec "$ID" payload catch </dev/null >"$BATS_TEST_TMPDIR/x" 2>&1 &
    local pid=$! signal
    wait_until file_has ready "$BATS_TEST_TMPDIR/x"
    for signal in USR1 HUP INT QUIT USR2; do
        kill -"$signal" "$pid"
        wait_until file_has "caught $signal" "$BATS_TEST_TMPDIR/x"
    done
    kill -TERM "$pid"
    wait "$pid"
    assert_equal "$(state_of)" running
}

@test "the container's process outlives it" {
    living
    in_c -- true
    assert_equal "$(state_of)" running
    assert_equal "$(processes)" "$(init_pid)"
}

@test "options after the program belong to the program" {
    living
    in_c -- payload argv -c -u --cwd -- -t
    assert_equal "$output" $'[argv]\n[-c]\n[-u]\n[--cwd]\n[--]\n[-t]'
}

@test "if the container's first process ends, the status is that of a killed process" {
    living
    rt exec "$ID" payload pause </dev/null >"$BATS_TEST_TMPDIR/x" 2>&1 &
    local job=$!
    wait_until file_has ready "$BATS_TEST_TMPDIR/x"
    rt kill "$ID" KILL
    status=0
    wait $job || status=$?
    assert_status 137
}

# ---- --detach, --pid-file, descriptors

@test "--detach returns while the program runs, and the pid file has its pid on the host" {
    living
    detached -- payload pause
    assert_equal "$(tr '\0' ' ' <"/proc/$XPID/cmdline")" 'payload pause '
    [ "$XPID" != "$(init_pid)" ]
}

@test "the pid file has just the number, without a newline" {
    living
    detached -- payload pause
    assert_equal "$(wc -c <"$BATS_TEST_TMPDIR/xpid")" "${#XPID}"
}

@test "a relative pid file is in the caller's directory" {
    living
    mkdir elsewhere
    cd elsewhere
    in_c -d --pid-file p -- payload pause
    assert_status 0
    [ -s p ]
}

@test "the pid file is there while the program runs in the foreground" {
    living
    rt exec --pid-file "$BATS_TEST_TMPDIR/xpid" "$ID" payload pause </dev/null >"$BATS_TEST_TMPDIR/x" 2>&1 &
    local job=$!
    wait_until file_has ready "$BATS_TEST_TMPDIR/x"
    kill "$(cat "$BATS_TEST_TMPDIR/xpid")"
    status=0
    wait $job || status=$?
    assert_status 143
}

@test "--detach of a program that fails to start is an error" {
    living
    in_c_fails 'nosuch' --detach -- nosuch
}

@test "a pid file that cannot be written is an error, and the program does not run" {
    living
    in_c_fails 'no/such|pid' --pid-file "$BATS_TEST_TMPDIR/no/such/file" -- sh -c 'echo ran >/ran'
    [ ! -e rootfs/ran ]
}

@test "--preserve-fds passes that many descriptors from 3 on, and no more" {
    living
    echo three >"$BATS_TEST_TMPDIR/3"
    echo four >"$BATS_TEST_TMPDIR/4"
    run host_rt exec --preserve-fds 2 "$ID" sh -c 'payload fds; cat <&3; cat <&4' \
        3<"$BATS_TEST_TMPDIR/3" 4<"$BATS_TEST_TMPDIR/4" 5</dev/zero 11</dev/zero
    assert_status 0
    assert_output '^3 .*/3$'
    assert_output '^4 .*/4$'
    assert_output '^three$'
    assert_output '^four$'
    refute_output '^(5|6|7|8|9|[1-9][0-9]) '
}

@test "without --preserve-fds the program has only the standard descriptors" {
    living
    run host_rt exec "$ID" payload fds 3</dev/zero 4</etc 5</ 11</dev/zero
    assert_status 0
    assert_equal "$(cut -d' ' -f1 <<<"$output" | xargs)" "0 1 2"
}

@test "LISTEN_FDS of the caller is not passed on" {
    living
    LISTEN_FDS=1 LISTEN_PID=1 run host_rt exec "$ID" payload env 3</dev/null
    assert_status 0
    refute_output LISTEN
}

@test "--pidfd-socket gets one pidfd, of the process" {
    living
    receive "$BATS_TEST_TMPDIR/s" "$BATS_TEST_TMPDIR/got"
    detached --pidfd-socket "$BATS_TEST_TMPDIR/s" -- payload pause
    wait_until file_has Pid "$BATS_TEST_TMPDIR/got"
    assert_equal "$(xargs <"$BATS_TEST_TMPDIR/got")" "1 Pid: $XPID"
}

@test "--pidfd-socket of create gets the pidfd of the container's process" {
    receive "$BATS_TEST_TMPDIR/s" "$BATS_TEST_TMPDIR/got"
    set_args payload pause
    create_c --pidfd-socket "$BATS_TEST_TMPDIR/s"
    wait_until file_has Pid "$BATS_TEST_TMPDIR/got"
    assert_equal "$(xargs <"$BATS_TEST_TMPDIR/got")" "1 Pid: $(init_pid)"
}

@test "--pidfd-socket of run --detach gets the pidfd of the container's process" {
    receive "$BATS_TEST_TMPDIR/s" "$BATS_TEST_TMPDIR/got"
    set_args payload pause
    run_ok run --detach --pidfd-socket "$BATS_TEST_TMPDIR/s" --bundle "$BUNDLE" "$ID"
    wait_until file_has Pid "$BATS_TEST_TMPDIR/got"
    assert_equal "$(xargs <"$BATS_TEST_TMPDIR/got")" "1 Pid: $(init_pid)"
}

@test "a --pidfd-socket that nobody listens on is an error, and the program does not run" {
    living
    in_c_fails 'nosuch' --pidfd-socket "$BATS_TEST_TMPDIR/nosuch" -- sh -c 'echo ran >/ran'
    [ ! -e rootfs/ran ]
}

@test "a --pidfd-socket that nobody listens on makes create fail without a trace" {
    host_snapshot
    run_fails create --bundle "$BUNDLE" --pidfd-socket "$BATS_TEST_TMPDIR/nosuch" "$ID"
    assert_output 'nosuch'
    assert_host_unchanged
}

# ---- dry run, trace

@test "--dry-run prints the plan and runs nothing" {
    berth_only
    living
    in_c --dry-run -- sh -c 'echo ran >/ran'
    assert_status 0
    assert_output 'join-process: join the container.s namespaces'
    assert_output 'execute: exec: "sh"'
    [ ! -e rootfs/ran ]
}

@test "--trace writes the time of every step" {
    berth_only
    living
    in_c --trace "$BATS_TEST_TMPDIR/t.json" -- true
    assert_status 0
    jq -e '.' "$BATS_TEST_TMPDIR/t.json" | grep -q '"join-process'
}

@test "exec does not repeat warnings of create" {
    config 'del(.process.user)' '.process.user = {}' '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE"}'
    set_args payload pause
    create_c
    run_ok start "$ID"
    run_ok exec "$ID" sh -c 'echo alone'
    assert_equal "$output" alone
}
