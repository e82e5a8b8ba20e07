# SPDX-License-Identifier: Apache-2.0
# System calls that fail where nobody expects it: the run ends with a message, nothing is weaker for it, and nothing is left.
load helpers
load helpers-cgroups

test_setup() {
    berth_only "the calls are berth's"
    command -v strace >/dev/null || skip "no strace here"
    [ "$(uname -m)" = x86_64 ] || skip "other architectures have no access(2) and readlink(2)"
}

# with_fault [-f] [-P PATH]... CALL:error=ERRNO[:when=N] ARGUMENT...: the runtime itself meets the failure; with -f its children do, too
with_fault() {
    may_meet_fault "$@"
    was_injected || fail_with "the call was never made"
}

was_injected() { grep -q INJECTED "$BATS_TEST_TMPDIR/calls"; }

# The same, where the call may not be made so often.
may_meet_fault() {
    local path=()
    [ "$1" != -f ] || { path+=(-f) && shift; }
    while [ "$1" = -P ]; do path+=(-P "$2") && shift 2; done
    status=0
    timeout -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" strace -o "$BATS_TEST_TMPDIR/calls" "${path[@]}" -e inject="$1" \
        "$RUNTIME" --root "$ROOT" "${@:2}" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    output=$(grep -v '^strace: ' <<<"$output") || true
}

nothing_left() {
    run_ok list -q
    assert_equal "$output" ""
}

@test "/proc/self/uid_map cannot be read: an error, not a container without rules for devices" {
    set_args true
    with_fault -P /proc/self/uid_map openat:error=EACCES run "$ID"
    assert_equal "$status" 1
    assert_output 'user namespace in /proc/self: permission denied'
    nothing_left
}

@test "exec: a namespace cannot be looked at: an error, not the caller's" {
    started
    local file number
    for file in mnt net pid ipc uts cgroup user; do
        for number in ENOMEM ENOENT; do
            with_fault -P "/proc/self/ns/$file" readlink:error=$number exec "$ID" true
            assert_failed
            assert_output "look at the namespace /proc/self/ns/$file: "
        done
    done
}

@test "a capability stays in the bounding set: the process does not start" {
    set_args true
    local number
    # The init is the one that makes so many of these calls.
    for number in EINVAL EPERM ENOSYS; do
        with_fault -f prctl:error=$number:when=12 run "$ID"
        assert_failed
        assert_output 'CapBnd|limit the bounding set'
        nothing_left
    done
}

@test "/etc/passwd cannot be opened or read: an error, not HOME=/" {
    set_args true
    config 'del(.process.env[] | select(startswith("HOME=")))'
    local call
    for call in openat2 read; do
        with_fault -f -P /etc/passwd "$call:error=ENOMEM" run "$ID"
        assert_failed
        assert_output 'find the home directory of user 0: cannot allocate memory'
        nothing_left
    done
}

@test "a joined namespace cannot be compared with the caller's: an error, not a sysctl of the host's" {
    set_args true
    # The value that the host has: a runtime that sets it does no harm.
    config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)' \
        ".linux.sysctl = {\"net.core.somaxconn\": \"$(cat /proc/sys/net/core/somaxconn)\"}"
    local time
    # Each look in its turn: at the joined one, and at the caller's.
    for time in 1 2; do
        with_fault -P /proc/self/ns/net "newfstatat:error=ENOMEM:when=$time" run "$ID"
        assert_failed
        assert_output "/proc/self/ns/net with the caller's namespaces: cannot allocate memory"
        nothing_left
    done
}

@test "the owner of a container cannot be found: state says so, and list does" {
    started
    local command time
    for command in "state $ID" list; do
        # Each look at the directory in its turn: newer C libraries make it by fstat(2).
        for ((time = 1; ; time++)); do
            may_meet_fault -P "$ROOT/$ID" "newfstatat,fstat:error=ENOMEM:when=$time" $command
            was_injected || break
            assert_equal "$status" 1
            assert_output "container \"$ID\": cannot allocate memory"
        done
        [ "$time" -gt 1 ] || fail_with "$command does not look at the directory"
    done
}

@test "the file system stores no long link: the container is made, and list shows it" {
    set_args payload pause
    with_fault symlinkat:error=ENAMETOOLONG:when=1 run --detach "$ID"
    assert_status 0
    run_ok list
    assert_output "^$ID +[1-9][0-9]* +running +$BUNDLE "
    rt kill "$ID" KILL
    wait_status stopped
    run_ok list
    assert_output "^$ID +0 +stopped +$BUNDLE "
}

@test "mounts add does not ask for Landlock, which only a process needs" {
    config '.annotations["run.berth.landlock"] = ({ruleset: {handledAccessFS: ["execute"]},
        rules: {pathBeneath: [{allowedAccess: ["execute"], paths: ["/"]}]}} | tojson)'
    started
    echo '[{"destination": "/dev/shm", "type": "tmpfs", "source": "tmpfs"}]' >mounts.json
    may_meet_fault landlock_create_ruleset:error=EPERM mounts add "$ID" mounts.json
    assert_status 0
    assert_equal "$(grep -c landlock_create_ruleset "$BATS_TEST_TMPDIR/calls")" 0
}

@test "devices.allow cannot be opened: an error, not a container without the default devices" {
    needs_v1 devices
    set_args true
    with_fault -P "/sys/fs/cgroup/devices/$ID/devices.allow" openat:error=EPERM run "$ID"
    assert_equal "$status" 1
    assert_output 'devices.allow: operation not permitted'
    nothing_left
}

@test "lseek of a compiled filter fails: an error, not a container without the filter" {
    set_args true
    # Another filter than any that is cached.
    config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"swapoff\"], action: \"SCMP_ACT_ERRNO\", errnoRet: $((RANDOM % 4000 + 1))}]}"
    with_fault lseek:error=EIO run "$ID"
    assert_failed
    assert_output 'linux.seccomp: read the compiled filter: input/output error'
    nothing_left
}

@test "poll, signalfd or waitid fails in the foreground: an error, and the container is ended and removed" {
    local call
    # The first signalfd4 is the creation's; the container that waitid waits for has ended.
    for call in "payload pause:signalfd4:error=ENOMEM:when=2" "true:waitid:error=ENOMEM" "payload pause:poll:error=ENOMEM:when=1+"; do
        # shellcheck disable=SC2086
        set_args ${call%%:*}
        with_fault "${call#*:}" run "$ID"
        assert_equal "$status" 1
        assert_output 'cannot allocate memory'
        nothing_left
    done
}

@test "poll fails in the foreground of exec: an error, and the command is ended" {
    started
    with_fault poll:error=ENOMEM:when=1+ exec "$ID" sleep 1000
    assert_failed
    assert_output 'cannot allocate memory'
    no_sleep() { ! rt ps "$ID" | grep -q 'sleep 1000'; }
    wait_until no_sleep
}

@test "a cgroup cannot be looked up: create fails before it changes anything" {
    set_args true
    local dir
    for dir in $(hierarchies); do
        with_fault -P "$dir/$ID" access:error=ENOMEM run "$ID"
        assert_equal "$status" 1
        assert_output "look for the cgroup $dir/$ID: cannot allocate memory"
    done
    nothing_left
}

@test "the lists of a cgroup's processes cannot be read: kill --all says so" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    started
    local dir lists=()
    for dir in $(own_groups); do lists+=(-P "$dir/cgroup.procs"); done
    with_fault "${lists[@]}" openat:error=EMFILE kill --all "$ID" KILL
    assert_equal "$status" 1
    assert_output 'too many open files'
    assert_equal "$(state_of)" running
}

@test "the list of one cgroup cannot be read: kill --all signals the others and says so" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    started
    local dir lists=()
    for dir in $(own_groups); do
        in_ns mkdir "$dir/below"
        lists+=(-P "$dir/below/cgroup.procs")
    done
    with_fault "${lists[@]}" openat:error=EACCES kill --all "$ID" KILL
    assert_equal "$status" 1
    assert_output 'permission denied'
    wait_status stopped
    run_ok delete "$ID"
    nothing_left
}

# The file that freezes and thaws the cgroup of the paused container.
freezer_file() {
    local dir
    dir=$(cgroup_dir freezer)
    if in_ns test -e "$dir/freezer.state"; then echo "$dir/freezer.state"; else echo "$dir/cgroup.freeze"; fi
}

@test "a paused container whose freezer cannot be read: no command takes it for a running one" {
    local words number
    started
    run_ok pause "$ID"
    # Where only version 2 is mounted, the file of version 1 is looked for first.
    with_fault -P "$(cgroup_dir freezer)/freezer.state" access:error=EIO state "$ID"
    assert_failed
    assert_output "find out whether container \"$ID\" is paused: "
    for number in EIO ENOMEM; do
        for words in "state $ID" "exec $ID true" "resume $ID" "pause $ID" "update --pids-limit 9 $ID" "delete $ID"; do
            # shellcheck disable=SC2086 # the words of a command
            with_fault -P "$(freezer_file)" openat:error=$number:when=1 $words
            assert_failed
            assert_output "find out whether container \"$ID\" is paused: "
        done
        for words in list "list --format json" "list --quiet"; do
            # shellcheck disable=SC2086 # the words of a command
            with_fault -P "$(freezer_file)" openat:error=$number:when=1 $words
            assert_status 0
            assert_output "find out whether container \"$ID\" is paused: "
            refute_output "running"
        done
    done
    assert_equal "$(state_of)" paused
}

@test "a cgroup below a container's cannot be listed: delete --force says so at once" {
    local below
    started
    below=$(cgroup_dir freezer)/below
    in_ns mkdir "$below"
    with_fault -P "$below" openat:error=EACCES delete --force "$ID"
    assert_status 1
    assert_output 'find the processes that are to be killed: permission denied'
    rt delete --force "$ID"
    nothing_left
}

@test "a container of unknown status does not keep list and kill --regex from the others" {
    local file other=$ID.other
    started
    file=$(freezer_file)
    run_ok run --detach "$other"
    with_fault -P "$file" openat:error=EIO list
    assert_status 0
    assert_output "^$ID +0 +unknown "
    assert_output "^$other +[1-9][0-9]* +running "
    with_fault -P "$file" openat:error=EIO list --format json
    assert_status 0
    assert_equal "$(grep '^\[' <<<"$output" | jq -c "[.[] | select(.id | startswith(\"$ID\")) | [.status, .pid > 0]]")" \
        '[["unknown",false],["running",true]]'
    with_fault -P "$file" openat:error=EIO kill --regex "^$ID" KILL
    wait_status stopped "$other"
    wait_status stopped
    run_ok delete --regex "^$ID"
    nothing_left
}

@test "a paused container whose cgroups cannot be listed once: delete --force ends it" {
    local number
    for number in 1 2 3; do
        started
        run_ok pause "$ID"
        may_meet_fault -P "$(dirname "$(freezer_file)")" openat:error=EIO:when=$number delete --force "$ID"
        assert_status 0
        nothing_left
    done
}

@test "a paused container whose freezer fails once: kill and delete --force end it" {
    local number
    for number in 1 2 3 4; do
        started
        run_ok pause "$ID"
        may_meet_fault -P "$(freezer_file)" openat:error=EIO:when=$number kill "$ID" KILL
        assert_status 0
        wait_status stopped
        run_ok delete "$ID"
        started
        run_ok pause "$ID"
        may_meet_fault -P "$(freezer_file)" openat:error=EIO:when=$number delete --force "$ID"
        assert_status 0
        nothing_left
    done
}
