# SPDX-License-Identifier: Apache-2.0
# What every file of behaviour tests loads. setup_suite.bash has found the runtime ($RUNTIME, $RT_KIND, $RT_VERSION) and built $SUITE_DIR.
#
# A test gets   ID            a container id that nobody else uses
#               ROOT          its own state directory, given as --root
#               BUNDLE        its own bundle (also the current directory) with rootfs/ and config.json
# Functions     config EXPR...            edit config.json with jq expressions
#               set_args WORD...          the container's argv;  set_sh SCRIPT: sh -c SCRIPT
#               rt ARGS...                the runtime with --root; killed after $PATIENCE seconds
#               rt_exec ARGS...           becomes the runtime (for background use: $! is the runtime itself)
#               run_c [OPTION...]         `run` the container in the foreground: $status, $output, $lines; stdin is empty
#               run_rt ARGS...            rt with empty stdin, then $status, $output and $lines as bats' run has them
#               run_ok ARGS..., run_fails ARGS...   run_rt, then the status must be 0, must not be 0
#               wait_status WORD [ID]     until `state` says so, as wait_until
#               has_begun PID, has_ended PID      for wait_until: the program is executed; the process is gone, a zombie, or about to be one
#               state_of [ID] [FIELD]     one field of `state`
#               init_pid [ID]
#               cgroup_dir CONTROLLER [ID]      the container's directory on the host (while it lives)
#               cg_read CONTROLLER V1FILE V2FILE [ID]
#               host_snapshot; ...; assert_host_unchanged, or wait_until host_is_unchanged where processes still end
#               berth_only                skip on other runtimes
#               refuse ERRNO CALL,...     from now on the runtime and all that it starts is under a seccomp filter that refuses these;
#                                         RUNTIME=$RUNTIME_ITSELF ends that
#               not_in_uml WHY            skip in User-mode Linux: a fault of its own
# With CGROUP_MANAGER=systemd in the environment the containers are systemd's scopes: by_systemd asks for that.
#               assert_output PATTERN, refute_output PATTERN    extended regular expressions on $output

bats_require_minimum_version 1.5.0

# After so many seconds something hangs: many more than anything takes, on a loaded machine, too.
export PATIENCE=60

# jq 1.6 takes 40 ms to start, gojq 4.
if command -v gojq >/dev/null; then jq() { gojq "$@"; }; fi

# The rows of deviations.tsv: runtime, version (regular expression or *), file, test (or *), why. A why that begins with "v1: ", "v2: " or
# "systemd: " is for that layout of cgroups alone.
skip_if_deviates() {
    local kind version file name why
    [ "$RT_KIND" = berth ] && return
    while IFS=$'\t' read -r kind version file name why; do
        [ "$kind" = "$RT_KIND" ] && [ "$file" = "${BATS_TEST_FILENAME##*/}" ] || continue
        [ "$name" = "*" ] || [ "$name" = "$BATS_TEST_DESCRIPTION" ] || continue
        [ "$version" = "*" ] || [[ $RT_VERSION =~ $version ]] || continue
        case $why in
        "v1: "*) ! cg_is_v2 || continue ;;
        "v2: "*) cg_is_v2 || continue ;;
        "systemd: "*) by_systemd || continue ;;
        esac
        skip "deviates: $why"
    done <"$BATS_TEST_DIRNAME/deviations.tsv"
}

setup() {
    skip_if_deviates
    common_setup
}

common_setup() {
    # The number alone might be that of a test whose remains are still there.
    ID=t$$r$RANDOM
    RUNTIME_ITSELF=$RUNTIME
    ROOT=$BATS_TEST_TMPDIR/root
    BUNDLE=$BATS_TEST_TMPDIR/b
    make_bundle "$BUNDLE"
    cd "$BUNDLE" || return 1
    ! by_systemd || config ".linux.cgroupsPath = \":berth:$ID\""
    [ "$(type -t test_setup)" != function ] || test_setup
}

teardown() {
    [ -n "${BUNDLE:-}" ] || return 0
    [ "$(type -t test_teardown)" != function ] || test_teardown
    delete_all
    [ "$(type -t test_after)" != function ] || test_after
    assert_nothing_left || {
        sweep_groups
        return 1
    }
}

# What a runtime that failed the test left behind is not to be in the way of other tests: by the id, which is this test's alone.
sweep_groups() {
    # Not by an id that a test has made up, which may be a part of anybody's path.
    [[ $ID =~ ^t[0-9]+r[0-9]+ ]] || return 0
    in_ns sh -c 'find /sys/fs/cgroup -type d -path "*$1*" | while read -r dir; do
        [ ! -e "$dir/freezer.state" ] || echo THAWED >"$dir/freezer.state"
        [ ! -e "$dir/cgroup.freeze" ] || echo 0 >"$dir/cgroup.freeze"
        xargs -r kill -KILL <"$dir/cgroup.procs"
    done
    sleep 0.1
    find /sys/fs/cgroup -depth -type d -path "*$1*" -exec rmdir {} +' sh "$ID" 2>/dev/null || true
}

# make_bundle DIR: files are hard links to the suite's: replace them, do not write into them.
make_bundle() {
    mkdir -p "$1" && chmod 755 "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}" "$1"
    cp -al "$SUITE_DIR/rootfs" "$1/rootfs"
    cp "$SUITE_DIR/config.json" "$1/config.json"
}

# own_rootfs UID: gives rootfs/ to a user, as a copy: other tests have hard links to the same files.
own_rootfs() {
    cp -a rootfs rootfs.copy && rm -r rootfs && mv rootfs.copy rootfs && chown -R -h "$1:$1" rootfs
}

# own_bundle UID: and the bundle and the state directory, too
own_bundle() {
    own_rootfs "$1" && mkdir -p "$ROOT" && chown "$1:$1" . "$ROOT"
}

config() {
    local all=. expr
    for expr in "$@"; do all+=" | ($expr)"; done
    jq "$all" "$BUNDLE/config.json" >"$BUNDLE/config.json.new" || return 1
    mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

set_args() {
    jq '.process.args = $ARGS.positional' --args -- "$@" <"$BUNDLE/config.json" >"$BUNDLE/config.json.new" || return 1
    mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
}

set_sh() { set_args sh -c "$1"; }

# For linux.seccomp.architectures: this machine's, and the others whose programs it can run.
architectures() {
    case $HOSTTYPE in
    x86_64) echo '["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]' ;;
    aarch64) echo '["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]' ;;
    powerpc64le | ppc64le) echo '["SCMP_ARCH_PPC64LE"]' ;;
    s390x) echo '["SCMP_ARCH_S390X", "SCMP_ARCH_S390"]' ;;
    *) echo "[\"SCMP_ARCH_${HOSTTYPE^^}\"]" ;;
    esac
}

not_in_uml() { ! grep -qs 'User Mode Linux' /proc/cpuinfo || skip "User-mode Linux: $1"; }

in_ns() { "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$@"; }

# The whole suite can be run with CGROUP_MANAGER=systemd: every container is then a scope of systemd's.
by_systemd() { [ "${CGROUP_MANAGER:-}" = systemd ]; }

rt() {
    local manager=()
    ! by_systemd || manager=(--systemd-cgroup)
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" "${manager[@]}" \
        "$@" 3>&- 4>&-
}

rt_exec() {
    local manager=()
    ! by_systemd || manager=(--systemd-cgroup)
    exec "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" "${manager[@]}" "$@" 3>&- 4>&-
}

# Like bats' run, but by a file: a container that lives on would hold a pipe open.
run_rt() {
    status=0
    rt "$@" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

read_output() {
    output=$(tr -d '\0' <"$1")
    mapfile -t lines <<<"$output"
    [ -n "$output" ] || lines=()
}

run_c() {
    local checked
    checked=$(check_c "$@")
    run_rt run --bundle "$BUNDLE" "$@" "$ID"
    [ "$status" -ne 0 ] || [ -z "$checked" ] || fail_with "check found what run does not mind: $checked"
}

# Unless UNCHECKED is set: what `check` says before a container is made, if that is an error: nothing, for a bundle that then is no trouble.
check_c() {
    [ "$RT_KIND" = berth ] && [ -z "${UNCHECKED:-}" ] && ! [[ " $* " == *" --config "* ]] || return 0
    rt check --bundle "$BUNDLE" </dev/null 2>&1 | grep -v ': warning: ' || true
}

run_ok() {
    run_rt "$@"
    [ "$status" -eq 0 ] || fail_with "'$*' should have succeeded: status $status"
}

# 124 is a time-out, 126 to 254 would be a program's status or a crash; crun says 255 when a hook fails.
run_fails() {
    run_rt "$@"
    [ "$status" -ne 0 ] || fail_with "'$*' should have failed"
    [ "$status" -ne 124 ] || fail_with "'$*' took too long"
    [ "$status" -lt 126 ] || [ "$status" -eq 255 ] || [ "$1" = run ] || fail_with "'$*' ended with status $status"
}

# A container that a create left waiting holds the output of its creator open: never catch it with $(...) or `run`.
create_c() {
    local checked
    checked=$(check_c "$@")
    rt create --bundle "$BUNDLE" "$@" "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || {
        status=$?
        output=$(cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err")
        fail_with "create failed: status $status"
    }
    [ -z "$checked" ] || fail_with "check found what create does not mind: $checked"
}

# The output of a container that create_c made, so far.
out() { cat "$BATS_TEST_TMPDIR/out"; }

fail_with() {
    echo "$*"
    [ -z "${output:-}" ] || printf 'output: %s\n' "${output:0:2000}"
    return 1
}

assert_status() { [ "$status" -eq "$1" ] || fail_with "status is $status, not $1"; }
# 124 is a time-out. (In a test a bare `[ ... ] && [ ... ]` is no check of its first half: bats sees the last alone fail.)
assert_failed() { [ "$status" -ne 0 ] && [ "$status" -ne 124 ] || fail_with "should have failed: status $status"; }
assert_equal() { [ "$1" = "$2" ] || fail_with "is '$1', should be '$2'"; }
assert_output() { grep -Eq -- "$1" <<<"$output" || fail_with "nothing in the output matches '$1'"; }
refute_output() { ! grep -Eq -- "$1" <<<"$output" || fail_with "the output matches '$1'"; }

state_of() { rt state "${1:-$ID}" | jq -r ".${2:-status}"; }
init_pid() { state_of "${1:-$ID}" pid; }

# wait_until COMMAND...: the last look begins when the time is over, however long the machine has stopped this process before.
wait_until() {
    local late end=$((SECONDS + PATIENCE))
    while :; do
        late=$((SECONDS >= end))
        "$@" && return 0
        [ "$late" -eq 0 ] || break
        sleep 0.01
    done
    fail_with "never came true: $*"
}

# The kernel takes away a process's memory before it leaves its cgroups, and before it is a zombie.
has_ended() { ! readlink "/proc/$1/exe" >/dev/null 2>&1; }

# start and exec --detach return when execve(2) can no longer fail: a moment later the program has its name, arguments and owner.
has_begun() { grep -qs . "/proc/$1/cmdline" || has_ended "$1"; }

# time_for_faults SECONDS: what must not happen has this time to happen. On a loaded machine it may be too short, but no test fails by that.
time_for_faults() { sleep "$1"; }

status_is() { [ "$(state_of "$2" 2>/dev/null)" = "$1" ]; }
wait_status() { wait_until status_is "$1" "${2:-$ID}"; }
file_has() { grep -qs -- "$1" "$2"; }

# The container's directory in the hierarchy that has the controller (v1), else in the v2 hierarchy.
cgroup_dir() {
    local pid
    pid=$(init_pid "${2:-$ID}")
    cgroup_dir_of_pid "$1" "$pid"
}

# Read at once: a shell that reads a file of /proc by lines seeks in it, and a hierarchy that somebody mounts meanwhile hides a line.
cgroup_dir_of_pid() {
    local pid=$2 line path
    while IFS= read -r line; do
        path=${line#*:*:}
        case $line in
        *:"$1":* | *:*,"$1":* | *:"$1",*:*) echo "/sys/fs/cgroup/$1$path" && return ;;
        0::*) local v2=$path ;;
        esac
    done <<<"$(cat "/proc/$pid/cgroup")"
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        echo "/sys/fs/cgroup$v2"
    else
        echo "/sys/fs/cgroup/unified$v2"
    fi
}

cg_is_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

# Can limits of this controller be set at all on this host?
has_controller() {
    in_ns test -d "/sys/fs/cgroup/$1" || grep -qsw "$1" /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/unified/cgroup.controllers
}

cg_read() {
    local dir
    dir=$(cgroup_dir "$1" "${4:-$ID}")
    # A controller of version 2 on a host of version 1 has version 2's files; a hierarchy may be mounted for the runtime alone.
    if cg_is_v2 || [ -e "$dir/cgroup.controllers" ]; then in_ns cat "$dir/$3"; else in_ns cat "$dir/$2"; fi
}

# In its own file first: the programs of a pipeline would be seen as processes of the test.
host_lines() { "$SUITE_DIR/hosttool" snapshot "$SUITE_NS" "$ID" "$BATS_TEST_TMPDIR"; }
host_snapshot() { host_lines >"$BATS_TEST_TMPDIR/host-before"; }

# The empty root directory itself may be made by a failed command, and a compiled filter stays for the next one; the last is criu's.
unkept_lines() { grep -vx -e "file $ROOT" -e 'file /run/berth' -e 'file /run/berth/@seccomp.*' -e 'file /run/criu.kdat' "$1"; }
# A process is the same one when it executes its program, and has another name then.
without_names() { sed 's/^\(process [0-9]*\) .*/\1/'; }
host_changes() {
    host_lines >"$BATS_TEST_TMPDIR/host-after"
    diff <(unkept_lines "$BATS_TEST_TMPDIR/host-before" | without_names) <(unkept_lines "$BATS_TEST_TMPDIR/host-after" | without_names) >/dev/null &&
        return
    diff <(unkept_lines "$BATS_TEST_TMPDIR/host-before") <(unkept_lines "$BATS_TEST_TMPDIR/host-after")
    return 1
}
host_is_unchanged() { host_changes >/dev/null; }
assert_host_unchanged() { host_changes || fail_with "the host is not as it was"; }

left_behind() {
    host_lines >"$BATS_TEST_TMPDIR/host-left"
    grep -e '^cgroup ' -e '^process ' -e "^mount .*$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/host-left"
}

# The test's own background jobs are the test's to end; what the runtime made must go with its containers.
assert_nothing_left() {
    # A process that was killed a moment ago may still be on its way out.
    local left end=$((SECONDS + PATIENCE / 4))
    while left=$(left_behind) && [ -n "$left" ] && [ "$SECONDS" -lt "$end" ]; do sleep 0.1; done
    [ -z "$left" ] || fail_with "left behind: $left"
}

delete_all() {
    local dir
    for dir in "$ROOT"/*/; do
        [ -d "$dir" ] && rt delete --force "$(basename "$dir")" >/dev/null 2>&1
    done
    return 0
}

refuse() {
    printf '#!/bin/sh\nexec "%s" refuse %s "%s" "%s" "$@"\n' "$SUITE_DIR/hosttool" "$1" "$2" "$RUNTIME_ITSELF" >"$BATS_TEST_TMPDIR/refusing"
    chmod +x "$BATS_TEST_TMPDIR/refusing"
    RUNTIME=$BATS_TEST_TMPDIR/refusing
}

berth_only() { [ "$RT_KIND" = berth ] || skip "${1:-only berth has this}"; }
