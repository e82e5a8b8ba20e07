# SPDX-License-Identifier: Apache-2.0
# --log, --log-format, --debug: what callers read when something fails.
load helpers

test_setup() {
    LOG=$BATS_TEST_TMPDIR/log
    : >"$LOG"
}

fail_state() { run_fails "$@" state "$ID"; }

@test "a failure writes exactly one record to the log" {
    fail_state --log "$LOG"
    assert_equal "$(wc -l <"$LOG")" 1
}

@test "a failure writes exactly one JSON object" {
    fail_state --log "$LOG" --log-format json
    jq -e -s 'length == 1 and .[0].level == "error" and (.[0].msg | length > 5)
        and (.[0].time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"))' "$LOG"
}

@test "a text record is logfmt: values with spaces, quotes or newlines are quoted" {
    [ "$RT_KIND" != crun ] || skip "crun writes words alone"
    fail_state --log "$LOG" --log-format text
    grep -Eq '^time="[^"]*Z" level=error msg="([^"\\]|\\.)*does not exist( [(]no directory .*[)])?"$' "$LOG"
    [ "$RT_KIND" = berth ] || return 0
    : >"$LOG"
    run_fails --log "$LOG" state $'a"b\\\nc'
    assert_equal "$(wc -l <"$LOG")" 1
    grep -Fq '\"a\"b\\\nc\"' "$LOG"
}

@test "--debug without --log writes records of the level debug to stderr" {
    [ "$RT_KIND" != crun ] || skip "crun writes words alone"
    set_args true
    run_ok --debug run "$ID"
    assert_output '(^|\n)time="[^"]*" level=debug msg='
}

@test "a program that is not found writes exactly one JSON object" {
    set_args nosuchprogram
    run_fails --log "$LOG" --log-format json create "$ID"
    jq -e -s 'length == 1 and (.[0].msg | contains("nosuchprogram"))' "$LOG"
}

@test "a failing hook writes exactly one JSON object" {
    config '.hooks.createRuntime = [{path: "/bin/false"}]'
    run_fails --log "$LOG" --log-format json create "$ID"
    jq -e -s 'length == 1 and .[0].level == "error"' "$LOG"
}

@test "a mount that fails writes exactly one JSON object" {
    config '.mounts += [{destination: "/mnt", type: "nosuchfs", source: "x"}]'
    run_fails --log "$LOG" --log-format json create "$ID"
    jq -e -s 'length == 1 and .[0].level == "error"' "$LOG"
}

@test "the message is also on stderr" {
    fail_state --log "$LOG" --log-format json
    assert_output 'does not exist|No such file'
    assert_output "$(jq -r .msg "$LOG" | sed 's/.*: //; s/[][().*+?^$|]/./g')"
}

@test "without --log the failure is on stderr" {
    rt create --bundle /no/such/bundle "$ID" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || true
    assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" ""
    grep -q . "$BATS_TEST_TMPDIR/err"
}

@test "several failures append to the log" {
    fail_state --log "$LOG" --log-format json
    fail_state --log "$LOG" --log-format json
    jq -e -s 'length == 2' "$LOG"
}

@test "success writes nothing to the log and nothing to stderr" {
    set_args true
    rt --log "$LOG" --log-format json run "$ID" >"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null
    assert_equal "$(cat "$BATS_TEST_TMPDIR/out" "$LOG")" ""
}

@test "a warning is not an error record" {
    config '.process.capabilities.bounding += ["CAP_NO_SUCH_THING"]'
    run_ok --log "$LOG" --log-format json run "$ID"
    jq -e -s 'all(.[]; .level != "error")' "$LOG"
}

@test "--debug logs more, as valid JSON" {
    set_args true
    run_ok --debug --log "$LOG" --log-format json run "$ID"
    jq -e -s 'length > 0 and all(.[]; has("level") and has("msg") and has("time")) and any(.[]; .level == "debug")' "$LOG"
}

@test "text is the default format" {
    fail_state --log "$LOG"
    ! jq -e . "$LOG" >/dev/null 2>&1 || fail_with "it is JSON"
    grep -Eq 'does not exist|No such file' "$LOG"
    fail_state --log "$LOG" --log-format text
}

@test "an unknown log format is an error" {
    run_fails --log "$LOG" --log-format xml state "$ID"
}

@test "a log that cannot be opened is an error" {
    run_fails --log /no/such/dir/log list
}

@test "the log may be a path relative to the caller" {
    cd "$BATS_TEST_TMPDIR"
    fail_state --log relative.log
    [ -s relative.log ]
}

@test "control characters and quotes in a message do not break the JSON" {
    set_args $'no\n"such\\\tprogram\x01'
    run_fails --log "$LOG" --log-format json create "$ID"
    jq -e -s 'length == 1' "$LOG"
}

@test "control characters of a hook's output: once escaped in a log, by their codes on stderr" {
    berth_only
    config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "printf \"a\\tb\\033[1m\" >&2; exit 1"]}]'
    run_fails create "$ID"
    assert_output $'a\tb\\\\x1b\[1m'
    run_fails --log "$LOG" create "$ID"
    grep -Fq 'a\tb\x1b[1m' "$LOG"
    run_fails --log "$LOG.json" --log-format json create "$ID"
    jq -e '.msg | contains("a\tb\u001b[1m")' "$LOG.json"
    config '.root.path = "no\u001b\u007f\u009b"'
    run_fails --log "$LOG.json" --log-format json create "$ID"
    output=$(cat "$LOG.json")
    refute_output $'\x7f|\xc2\x9b'
    run_fails check --bundle "$BUNDLE" --format json
    refute_output $'\x7f|\xc2\x9b'
    jq -e 'any(.[].message; contains("no\u001b\u007f\u009b"))' <<<"$output"
    run_fails check --bundle "$BUNDLE"
    assert_output 'no\\x1b'
}

@test "bytes that are not UTF-8 in a message do not break the JSON" {
    run_rt --log "$LOG" --log-format json create --bundle $'/no/\xff\xfe/such' "$ID"
    [ "$status" -ne 0 ]
    jq -e -s 'length == 1' "$LOG"
    iconv -f UTF-8 -t UTF-8 "$LOG" >/dev/null
}

@test "global options may be written with = " {
    run_fails --log="$LOG" --log-format=json state "$ID"
    jq -e -s 'length == 1' "$LOG"
}

@test "--log-level: debug says more, error keeps warnings back" {
    [ "$RT_KIND" = berth ] || skip "neither runc nor crun 1.8 has it"
    set_args true
    config '.process.capabilities.bounding = ["CAP_BOGUS"]'
    UNCHECKED=1 run_c
    assert_status 0
    rt --log "$LOG" --log-level debug run "$ID" </dev/null >/dev/null 2>&1
    [ "$(wc -l <"$LOG")" -gt 1 ] || fail_with "$(cat "$LOG")"
    : >"$LOG"
    rt --log "$LOG" --log-level error run "$ID" </dev/null >/dev/null 2>&1
    assert_equal "$(cat "$LOG")" ''
    berth_only
    rt --log "$LOG" --log-level warning run "$ID" </dev/null >/dev/null 2>&1
    grep -q CAP_BOGUS "$LOG"
}

@test "an unknown --log-level is an error" {
    [ "$RT_KIND" = berth ] || skip "neither runc nor crun 1.8 has it"
    run_fails --log-level loud list
}

# datagram_at PATH WORD ARGS...: what a socket there gets of the runtime's call; other programs may write to it as well, without the word
datagram_at() {
    local path=$1 word=$2
    shift 2
    in_ns sh -c 'mkdir -p "${1%/*}"; rm -f "$1"' sh "$path"
    in_ns python3 -c '
import os, socket, sys
peer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
peer.bind(sys.argv[1])
open(sys.argv[2] + "/bound", "w").close()
peer.settimeout(int(sys.argv[4]))
while sys.argv[3].encode() not in (datagram := peer.recv(65536)):
    pass
open(sys.argv[2] + "/datagram", "wb").write(datagram)
os.unlink(sys.argv[1])' "$path" "$BATS_TEST_TMPDIR" "$word" "$PATIENCE" 3>&- 4>&- &
    wait_until test -e "$BATS_TEST_TMPDIR/bound"
    run_fails "$@"
    wait $! || fail_with "no datagram came to $path"
}

@test "--log journald:NAME" {
    berth_only
    ! in_ns test -e /run/systemd/journal/socket || skip "there is a journal here"
    datagram_at /run/systemd/journal/socket =engine --log journald:engine state "$ID"
    assert_equal "$(head -n 2 "$BATS_TEST_TMPDIR/datagram")" $'PRIORITY=3\nSYSLOG_IDENTIFIER=engine'
    grep -q "^MESSAGE=.*does not exist" "$BATS_TEST_TMPDIR/datagram"
    assert_output 'does not exist'
}

@test "--log journald: a message of several lines is preceded by its size" {
    berth_only
    ! in_ns test -e /run/systemd/journal/socket || skip "there is a journal here"
    datagram_at /run/systemd/journal/socket =berth --log journald: create --bundle $'/no\nsuch' "$ID"
    python3 -c '
import struct, sys
fields = open(sys.argv[1], "rb").read()
head, rest = fields.split(b"MESSAGE\n")
size, = struct.unpack("<Q", rest[:8])
assert rest[8 + size:] == b"\n" and b"/no\nsuch" in rest[8:8 + size] and b"SYSLOG_IDENTIFIER=berth\n" in head' "$BATS_TEST_TMPDIR/datagram"
}

@test "--log syslog:NAME" {
    berth_only
    ! in_ns test -e /dev/log || skip "there is a syslog here"
    datagram_at /dev/log engine[ --log syslog:engine state "$ID"
    grep -Eq '^<27>engine\[[0-9]+\]: .*does not exist' "$BATS_TEST_TMPDIR/datagram"
}

@test "--log journald: without a journal is an error" {
    berth_only
    ! in_ns test -e /run/systemd/journal/socket || skip "there is a journal here"
    run_fails --log journald:x list
    assert_output 'journald:x'
}

# recorded FILTER: the only record of the log is an error, for which it holds
recorded() {
    jq -e -s "length == 1 and (.[0] | .level == \"error\" and ($1))" "$LOG" >/dev/null || fail_with "not so: $1: $(cat "$LOG")"
}

# fail_logged COMMAND...: fails with a record in JSON
fail_logged() {
    : >"$LOG"
    run_rt --log "$LOG" --log-format json "$@"
    [ "$status" -ne 0 ] || fail_with "'$*' should have failed"
}

@test "a bad value in config.json: the record has its path and errno, and no hint that berth does not know" {
    berth_only
    config '.process.cwd = "here"'
    fail_logged create "$ID"
    recorded '.path == "process.cwd" and .errno == 22 and (has("hint") | not) and (.msg | startswith("process.cwd: must be absolute"))'
}

@test "a value of the wrong type: the record has its path, line and column, too" {
    berth_only
    printf '{"ociVersion": "1.0.2",\n "root": {"path": "rootfs"},\n  "hostname": 5}' >config.json
    fail_logged create "$ID"
    recorded '.path == "hostname" and .errno == 22 and .file == "config.json" and .line == 3 and .column == 15'
}

@test "of several errors in config.json the record has the path of the first one, and the text of all" {
    berth_only
    config '.process.cwd = "here"' '.linux.maskedPaths = ["there"]'
    fail_logged create "$ID"
    recorded '.path == "process.cwd" and (.msg | contains("\nlinux.maskedPaths[0]: "))'
}

@test "a mount that fails: the record has its path, errno and hint" {
    berth_only
    config '.mounts += [{destination: "/mnt", source: "/no/such/source", options: ["bind"]}]'
    fail_logged create "$ID"
    recorded '.path == "mounts[7]" and .errno == 2 and (.hint | startswith("there is no /no on the host")) and (.hint as $hint | .msg | endswith(" (\($hint))"))'
}

@test "a hook that fails: the record has its path and errno" {
    berth_only
    config '.hooks.createRuntime = [{path: "/bin/true"}, {path: "/bin/false"}]'
    fail_logged create "$ID"
    recorded '.path == "hooks.createRuntime[1]" and .errno == 5 and (.msg | endswith(": exit status 1"))'
}

@test "a missing bundle, config.json and root file system: the record has the file and errno" {
    berth_only
    fail_logged create --bundle /no/such/bundle "$ID"
    recorded '.file == "/no/such/bundle" and .errno == 2 and (has("path") | not)'
    config '.root.path = "none"'
    fail_logged create "$ID"
    recorded '.path == "root.path" and .errno == 2 and (.file | endswith("/none"))'
    rm config.json
    fail_logged create "$ID"
    recorded '.errno == 2 and (.file | endswith("/config.json"))'
}

@test "a program that is not found: the record has its path, errno and hint" {
    berth_only
    printf '#!/no/such/interpreter\n' >rootfs/bin/script && chmod 755 rootfs/bin/script
    set_args /bin/script
    fail_logged run "$ID"
    recorded '.path == "process.args[0]" and .errno == 2 and (.hint | contains("/no/such/interpreter"))'
}

@test "exec: the record has path and errno of what fails" {
    berth_only
    fail_logged exec "$ID" true
    recorded '.errno == 2 and (has("path") | not) and (.msg | contains("does not exist"))'
    set_args sleep 1000
    create_c
    run_ok start "$ID"
    fail_logged exec "$ID" nosuchprogram
    recorded '.path == "process.args[0]" and .errno == 2'
    fail_logged exec --cwd relative "$ID" true
    recorded '.path == "process.cwd" and .errno == 22'
    echo '{"cwd": "/", "args": ["true"], "user": {"uid": "x"}}' >process.json
    fail_logged exec --process process.json "$ID"
    recorded '.path == "user.uid" and .errno == 22 and .file == "process.json" and .line == 1'
}

@test "a limit that the kernel refuses: the record has its path, errno and hint" {
    berth_only
    has_controller cpuset || skip "no cpuset"
    config '.linux.resources.cpu.cpus = "3000"'
    fail_logged create "$ID"
    recorded '.path == "linux.resources.cpu.cpus" and .errno > 0 and (.hint | contains(" has "))'
}

@test "a warning has its path" {
    berth_only
    config '.process.capabilities.bounding += ["CAP_NO_SUCH_THING"]'
    run_ok --log "$LOG" --log-format json run "$ID"
    jq -e -s 'any(.[]; .level == "warning" and (.path | startswith("process.capabilities.bounding[")) and (has("errno") | not))' "$LOG"
}

@test "update: the record has the path of the limit, and a position only in a file given by the user" {
    berth_only
    set_args sleep 1000
    create_c
    fail_logged update --blkio-weight 70000 "$ID"
    recorded '.path == "linux.resources.blockIO.weight" and .errno == 22 and (has("file") or has("line") or has("column") | not)'
    echo '{"memory": {"limit": "x"}}' >limits.json
    fail_logged update --resources limits.json "$ID"
    recorded '.path == "linux.resources.memory.limit" and .file == "limits.json" and .line == 1 and .column == 22'
}
