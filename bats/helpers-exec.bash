# SPDX-License-Identifier: Apache-2.0
# Shared by the files on exec.
#
#   living [WORD...]                  a running container of those words (payload pause)
#   in_c [OPTION...] -- WORD...       exec; $status, $output, $lines as of run_rt
#   in_c_fails PATTERN [OPTION...] -- WORD...    must fail without a process more, with 255 and one line of berth's that matches
#   detached [OPTION...] -- WORD...   exec --detach, the host's process id in $XPID
#   processes [ID]                    the host's ids of the container's processes
#   process_json JSON                 the file $PROCESS of JSON's members over a plain process object
#   host_rt COMMAND [OPTION...]       COMMAND of the runtime with descriptors 3 and 4 left open
#   as_user COMMAND...                the runtime by the ordinary user $USER_ID; as run_rt
#   living_rootless                   a running container of that user's
#   user_namespace                    the container gets one, with host ids from 100000 on
#   receive SOCKET FILE               in the background a listener for one descriptor; FILE gets the "Pid:" that it names
load helpers-cgroups

# A second container of the bundle, with a unit of its own where systemd makes the cgroup.
next_id() {
    ID=${ID}b
    ! by_systemd || config ".linux.cgroupsPath = \":berth:$ID\""
}

living() {
    if [ $# -gt 0 ]; then set_args "$@"; else set_args payload pause; fi
    create_c
    rt start "$ID"
    [ $# -gt 0 ] || wait_until file_has ready "$BATS_TEST_TMPDIR/out"
}

in_c() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    run_rt exec "${options[@]}" "$ID" "$@"
}

in_c_fails() {
    local pattern=$1 before
    shift
    before=$(processes)
    in_c "$@"
    [ "$status" -ne 0 ] || fail_with "'$*' should have failed"
    assert_exec_failed "$pattern"
    assert_equal "$(processes)" "$before"
}

assert_exec_failed() {
    assert_output "$1"
    [ "$RT_KIND" = berth ] || { [ "$status" -eq 255 ] || [ "$status" -eq 1 ]; } || fail_with "status $status"
    [ "$RT_KIND" != berth ] || assert_status 255
    assert_one_line
}

detached() {
    # A process that goes on running would hold the file of the test's output.
    in_c --detach --pid-file "$BATS_TEST_TMPDIR/xpid" "$@"
    assert_status 0
    XPID=$(cat "$BATS_TEST_TMPDIR/xpid")
    wait_until has_begun "$XPID"
}

# The pids cgroup, below which no test here makes groups without saying so.
processes() {
    local dir
    dir=$(cgroup_dir pids "${1:-$ID}")
    in_ns find "$dir" -name cgroup.procs -exec cat {} + | sort -n | xargs
}

process_json() {
    PROCESS=$BATS_TEST_TMPDIR/process.json
    jq -n "{args: [\"payload\", \"env\"], cwd: \"/\", user: {uid: 0, gid: 0}, env: [\"PATH=/bin\"]} + $1" >"$PROCESS"
}

host_rt() {
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" "$@"
}

user_namespace() {
    config '.linux.namespaces += [{"type": "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
}

receive() {
    python3 - "$1" "$2" 3>&- 4>&- <<'END' &
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1] + ".new")
s.listen(1)
# The socket gets its name last: who sees it can connect.
os.rename(sys.argv[1] + ".new", sys.argv[1])
c, _ = s.accept()
data, ancillary, _, _ = c.recvmsg(100, socket.CMSG_SPACE(16))
fds = array.array("i", b"".join(a[2] for a in ancillary))
with open(sys.argv[2], "w") as out:
    out.write("%d " % len(fds) + next(l for l in open("/proc/self/fdinfo/%d" % fds[0]) if l.startswith("Pid:")))
END
    RECEIVER=$!
    wait_until test -S "$1"
}

end_receiver() { [ -z "${RECEIVER:-}" ] || kill "$RECEIVER" 2>/dev/null || true; }

namespaces_of() {
    local name
    for name in cgroup ipc mnt net pid time user uts; do readlink "/proc/$1/ns/$name"; done || true
}

same_namespaces() {
    in_c -- payload ns
    assert_status 0
    # The payload prints an empty line for a namespace type that the kernel lacks.
    assert_equal "$(grep . <<<"$output")" "$(namespaces_of "$(init_pid)")"
}

caps_hex() { sed -n "s/^Cap$1:[[:space:]]*//p" <<<"$output"; }

shows() {
    assert_status 0
    assert_equal "$output" "$1"
}

as_user() {
    status=0
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups \
        env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS "$RUNTIME" --root "$ROOT" "$@" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

living_rootless() {
    cgroupfs_only
    rootless 54321
    set_args payload pause
    as_user run -d --bundle "$BUNDLE" "$ID"
    assert_status 0
}
