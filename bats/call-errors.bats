#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bad programs, options, files and rights: one clear message, a status that is not 0, and an unchanged host.

load helpers
load helpers-fs
load helpers-errors

# ---- the program

program_refused() {
    local want=$1 words=$2
    shift 2
    set_args "$@"
    host_snapshot
    run_c
    assert_refused "$words"
    [ "$RT_KIND" != berth ] || assert_status "$want"
}

@test "program: not found in PATH" {
    program_refused 127 'executable file not found in' no-such-program
}

@test "program: an absolute path that does not exist" {
    program_refused 127 'no such file or directory' /no/such/program
}

@test "program: a directory" {
    program_refused 126 'permission denied' /etc
}

@test "program: without the x bit" {
    program_refused 126 'permission denied' /etc/passwd
}

@test "program: a script whose interpreter is missing" {
    printf '#!/no/such/interpreter\n' >rootfs/script && chmod 755 rootfs/script
    program_refused 127 'interpreter' /script
}

@test "program: not a program" {
    printf 'text\n' >rootfs/text && chmod 755 rootfs/text
    program_refused 126 'exec format error' /text
}

@test "program: a path below a file" {
    program_refused 126 'not a directory' /etc/passwd/program
}

@test "program: create already fails" {
    set_args /no/such/program
    refused_call 'no such file or directory' create --bundle "$BUNDLE" "$ID"
}

# ---- the command line

@test "call: no command" {
    refused_call ''
}

@test "call: an unknown command" {
    refused_call 'bogus' bogus
}

@test "call: an unknown option" {
    refused_call '--bogus' run --bogus "$ID"
}

@test "call: an unknown global option" {
    refused_call '--bogus' --bogus list
}

@test "call: run without an id" {
    refused_call '' run --bundle "$BUNDLE"
}

@test "call: two ids" {
    refused_call '' run --bundle "$BUNDLE" "$ID" another
}

@test "call: an option without its value" {
    refused_call '--bundle' run --bundle
}

@test "call: an empty id" {
    refused_call '' run --bundle "$BUNDLE" ""
}

@test "call: an id with a slash" {
    refused_call 'a/b' run --bundle "$BUNDLE" "a/b"
}

@test "call: the id .." {
    refused_call '' run --bundle "$BUNDLE" ".."
}

@test "call: an id with a space" {
    refused_call 'a b' run --bundle "$BUNDLE" "a b"
}

@test "call: an id of 2000 characters" {
    refused_call '' run --bundle "$BUNDLE" "$(printf 'x%.0s' {1..2000})"
}

@test "call: a bundle that does not exist" {
    refused_call '/no/such/bundle' run --bundle /no/such/bundle "$ID"
}

@test "call: a bundle that is a file" {
    refused_call '/etc/passwd' run --bundle /etc/passwd "$ID"
}

@test "call: a bundle without config.json" {
    rm config.json && refused_call 'config.json' run --bundle "$BUNDLE" "$ID"
}

@test "call: config.json is a directory" {
    rm config.json && mkdir config.json && refused_call 'config.json' run --bundle "$BUNDLE" "$ID"
}

@test "call: preserve-fds that is no number" {
    refused_call 'preserve-fds' run --bundle "$BUNDLE" --preserve-fds lots "$ID"
}

@test "call: preserve-fds that is negative" {
    refused_call 'preserve-fds' run --bundle "$BUNDLE" --preserve-fds=-3 "$ID"
}

@test "call: preserve-fds that is huge" {
    refused_call 'preserve-fds' run --bundle "$BUNDLE" --preserve-fds 99999999999999999999 "$ID"
}

@test "call: an unknown signal" {
    set_args sleep 100
    create_c
    refused_call 'BOGUS' kill "$ID" BOGUS
}

@test "call: an unknown log format" {
    refused_call 'log-format' --log-format xml list
}

@test "call: a log that cannot be opened" {
    refused_call '/no/such/dir/log' --log /no/such/dir/log run --bundle "$BUNDLE" "$ID"
}

@test "call: state of an unknown id" {
    refused_call 'does not exist' state nobody
}

@test "call: start of an unknown id" {
    refused_call 'does not exist' start nobody
}

@test "call: kill of an unknown id" {
    refused_call 'does not exist' kill nobody
}

@test "call: delete of an unknown id" {
    refused_call 'does not exist' delete nobody
}

@test "call: usage goes to stderr" {
    rt bogus-command >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" || true
    [ -s "$BATS_TEST_TMPDIR/stderr" ] && [ ! -s "$BATS_TEST_TMPDIR/stdout" ]
}

@test "state: an id that is in use" {
    set_args sleep 100
    create_c
    refused_call "$ID" run --bundle "$BUNDLE" "$ID"
    assert_equal "$(state_of)" created
}

@test "state: start of a running container" {
    set_args sleep 100
    create_c
    rt start "$ID"
    refused_call "$ID" start "$ID"
    assert_equal "$(state_of)" running
}

@test "state: delete of a running container" {
    set_args sleep 100
    create_c
    rt start "$ID"
    refused_call "$ID" delete "$ID"
    assert_equal "$(state_of)" running
}

@test "state: kill of a stopped container" {
    create_c
    rt start "$ID"
    wait_status stopped
    refused_call 'not running' kill "$ID" KILL
}

# ---- files and sockets

@test "file: a pid file that cannot be written" {
    refused_call '/no/such/dir/pid' create --bundle "$BUNDLE" --pid-file /no/such/dir/pid "$ID"
}

@test "file: a pid file that is a directory" {
    refused_call "$BUNDLE" create --bundle "$BUNDLE" --pid-file "$BUNDLE" "$ID"
}

@test "file: a console socket that does not exist" {
    config '.process.terminal = true'
    refused_call '/no/such/socket' create --bundle "$BUNDLE" --console-socket /no/such/socket "$ID"
}

@test "file: a console socket that nobody listens on" {
    config '.process.terminal = true'
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'
    refused_call 'sock' create --bundle "$BUNDLE" --console-socket "$BUNDLE/sock" "$ID"
}

@test "file: a terminal without a console socket for a detached run" {
    config '.process.terminal = true'
    refused_call 'console socket' run --detach --bundle "$BUNDLE" "$ID"
}

@test "file: a terminal without a console socket for create" {
    config '.process.terminal = true'
    refused_call 'console socket' create --bundle "$BUNDLE" "$ID"
}

@test "file: a console socket without a terminal" {
    refused_call 'console socket' create --bundle "$BUNDLE" --console-socket "$BUNDLE/sock" "$ID"
}

@test "file: a root directory that cannot be created" {
    touch "$BATS_TEST_TMPDIR/afile"
    ROOT=$BATS_TEST_TMPDIR/afile/root
    refused_call "$BATS_TEST_TMPDIR/afile" run --bundle "$BUNDLE" "$ID"
}

@test "file: a full disk for the state" {
    mkdir "$ROOT"
    host_mount -t tmpfs -o size=64k tmpfs "$ROOT"
    in_ns dd if=/dev/zero of="$ROOT/fill" bs=4k count=100 2>/dev/null || true
    refused_call 'no space left on device' run --bundle "$BUNDLE" "$ID"
    assert_equal "$(in_ns ls "$ROOT")" fill
}

@test "file: no inodes left for the state" {
    mkdir "$ROOT"
    host_mount -t tmpfs -o nr_inodes=1 tmpfs "$ROOT"
    refused_call 'no space left on device' run --bundle "$BUNDLE" "$ID"
}

@test "file: a read-only file system for the state" {
    mkdir "$ROOT"
    host_mount -t tmpfs -o ro tmpfs "$ROOT"
    refused_call 'read-only file system' run --bundle "$BUNDLE" "$ID"
}

# ---- permissions and limits

# as_user COMMAND...: the runtime as an ordinary user who may not write in ROOT
as_user() {
    status=0
    timeout "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid=1000 --regid=1000 --clear-groups "$RUNTIME" --root "$ROOT" "$@" \
        </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

@test "permission: an unprivileged user cannot write the state" {
    mkdir -m 755 "$ROOT"
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}]' \
        '.linux.gidMappings = .linux.uidMappings'
    host_snapshot
    as_user run --bundle "$BUNDLE" "$ID"
    assert_refused 'permission denied'
}

@test "permission: an unprivileged user cannot see the state of root's container" {
    set_args sleep 100
    create_c
    host_snapshot
    as_user state "$ID"
    assert_refused ''
}

@test "permission: an unreadable config.json" {
    ROOT=$BATS_TEST_TMPDIR/user-root
    mkdir -m 755 "$ROOT" && chown 1000 "$ROOT"
    chmod 600 config.json
    host_snapshot
    as_user run --bundle "$BUNDLE" "$ID"
    assert_refused 'permission denied'
}

@test "limit: very few open files" {
    local n
    host_snapshot
    for n in 4 5 6 8 12; do
        status=0
        prlimit --nofile="$n" "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" \
            </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
        read_output "$BATS_TEST_TMPDIR/run-out"
        [ "$status" -eq 0 ] || assert_refused ''
    done
    assert_host_unchanged
}
