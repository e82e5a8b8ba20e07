# SPDX-License-Identifier: Apache-2.0
# What the files of engine tests share. tests/engines/run has made $WORK, $WORK/images and $ENGINE_RUNTIME, the wrapper of the runtime $REAL_RUNTIME of
# the kind $KIND (berth, crun, runc).
#
#   run_ok COMMAND..., run_status N COMMAND...      then $output and $lines are what it wrote
#   on_terminal ROWSxCOLUMNS LINE... -- COMMAND...  on a terminal, lines typed at its prompts
#   assert_output PATTERN, refute_output PATTERN    extended regular expressions on $output
#   wait_for COMMAND...                             until it succeeds
#   wait_for handles SIGNAL                         until the containers' shells that begin with a trap of this signal have set it
#   v1_only                                         skip where cgroups are of version 2

bats_require_minimum_version 1.5.0

# After so many seconds something hangs: many more than anything takes, on a loaded machine, too.
PATIENCE=60

fail() {
    printf '%s\n' "$@" >&2
    return 1
}

run_status() {
    local want=$1
    shift
    run timeout -k 1 60 "$@" </dev/null
    [ "$status" -eq "$want" ] || fail "status $status, not $want: $*" "$output"
}

run_ok() { run_status 0 "$@"; }

# With errors apart in $stderr.
run_apart() {
    run --separate-stderr timeout -k 1 60 "$@" </dev/null
}

on_terminal() {
    run "$BATS_TEST_DIRNAME/terminal" "$@" </dev/null
}

assert_output() {
    [[ $output =~ $1 ]] || fail "no match of $1 in:" "$output"
}

refute_output() {
    [[ ! $output =~ $1 ]] || fail "a match of $1 in:" "$output"
}

wait_for() {
    local end=$((SECONDS + PATIENCE))
    while [ "$SECONDS" -lt "$end" ]; do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    fail "it did not happen in $PATIENCE s: $*"
}

handles() {
    local dir command caught found=
    for dir in /proc/[0-9]*; do
        command=$(tr '\0' ' ' <"$dir/cmdline") 2>/dev/null || continue
        [[ $command == "sh -c trap "* ]] || continue
        caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "$dir/status" 2>/dev/null)
        (((0x${caught:-0} >> ($(kill -l "$1") - 1)) & 1)) || return 1
        found=yes
    done
    [ -n "$found" ]
}

output_of() { # output_of WANT COMMAND...: is the command's output
    local want=$1
    shift
    [ "$("$@" 2>/dev/null)" = "$want" ]
}

# While this test runs, no test of bats/ mounts a hierarchy: criu would find it, and containerd wants to see all that a process is in.
hierarchies_stay() { exec 7<"$BATS_TEST_DIRNAME/../../bats/helpers-cgroups.bash" && flock -s 7; }

is_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

v1_only() { ! is_v2 || skip "reads files of cgroup v1"; }

# cgroup_file V1CONTROLLER/FILE V2FILE: as a path in the container's own view
cgroup_file() { if is_v2; then echo "/sys/fs/cgroup/$2"; else echo "/sys/fs/cgroup/$1"; fi; }

# The message ends a shim or a daemon that is started in setup_file.
end_process() {
    local pid
    for pid in "$@"; do
        kill "$pid" 2>/dev/null || continue
        timeout "$PATIENCE" tail -f /dev/null --pid "$pid" || kill -KILL "$pid" 2>/dev/null || true
    done
}

criu_works() { command -v criu >/dev/null && criu check >/dev/null 2>&1; }

needs_criu() {
    "$REAL_RUNTIME" checkpoint --help >/dev/null 2>&1 || skip "no checkpoint in this $KIND"
    criu_works || skip "CRIU does not work on this kernel: $(criu check 2>&1 | grep -m 1 Error | cut -c1-80)"
}

# The last case of each file: every call so far once more with --help behind it, which ends after the words are read and does
# nothing, so an option or a command that is not known cannot hide. (exec takes --help for its program, and finds no container.)
assert_calls_known() {
    [ "$KIND" = berth ] || skip "of berth alone"
    local call bad=0 count=0
    while read -r call; do
        count=$((count + 1))
        # shellcheck disable=SC2086
        set -- $call
        run timeout "$PATIENCE" "$REAL_RUNTIME" "$@" --help </dev/null
        [[ ! ${lines[0]:-} =~ ^(unknown|flag\ needs)|too\ many|not\ a\ number ]] || { echo "$call: ${lines[0]}" >&2; bad=1; }
    done < <(sed -E 's/--log[ =][^ ]*//; s/[0-9a-f]{64}/ID/g; s/conmon-term[.][^ ]*/SOCKET/; s/[0-9]{4,}/1/g' "$WORK/calls" | sort -u)
    [ "$count" -gt 0 ] && [ "$bad" -eq 0 ]
}
