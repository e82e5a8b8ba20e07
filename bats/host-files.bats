#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Files of the host that a container gets to see: root in it changes the mode, the owner and the times of none of them.

load helpers

test_setup() { HOST_FILES=(/dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty); }

# A runtime that fails must not leave the nodes as the container has made them.
test_teardown() {
    [ -z "${NOTIFY:-}" ] || kill "$NOTIFY" 2>/dev/null || true
    chmod 666 /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
    chown 0:0 /dev/null /dev/zero /dev/full /dev/random /dev/urandom
}

# Mode, owner, and whether the time is what the container has tried to set.
host_files() { in_ns stat -c '%n %a %u:%g %y' "${HOST_FILES[@]}" | sed 's/ \(2001\)\?[^ ]* [^ ]* [^ ]*$/ \1/'; }

# tamper SHELL-WORDS: with all that changes an inode.
tamper() {
    set_sh "for f in $1; do chmod 777 \$f; chown 7:7 \$f; touch -c -t 200101010101 \$f; done 2>/dev/null; true"
}

assert_untouched() {
    local before
    before=$(host_files)
    run_c
    assert_status 0
    assert_equal "$(host_files)" "$before"
}

without_capabilities() { config '.process.capabilities = {}'; }

with_identity() {
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}]' \
        '.linux.gidMappings = .linux.uidMappings'
}

masked='/proc/timer_list /proc/keys'
devices='/dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty'
streams='/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2'

@test "a masked file: the host's /dev/null stays as it is" {
    tamper "$masked"
    assert_untouched
}

@test "a masked file: also without capabilities" {
    without_capabilities
    tamper "$masked"
    assert_untouched
}

@test "a masked file: in a user namespace where the host's root is root" {
    with_identity
    tamper "$masked"
    assert_untouched
}

@test "the default devices: the host's stay as they are" {
    tamper "$devices"
    assert_untouched
}

@test "the default devices: in a user namespace where the host's root is root" {
    with_identity
    tamper "$devices"
    assert_untouched
}

@test "the default devices of a user namespace can be written and read" {
    with_identity
    set_sh 'echo x >/dev/null && head -c 4 /dev/zero | wc -c && head -c 4 /dev/urandom | wc -c; cat /dev/null'
    run_c
    assert_status 0
    assert_equal "$output" $'4\n4'
}

@test "standard streams on /dev/null are the container's own" {
    tamper "$streams"
    local before
    before=$(host_files)
    rt run --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1
    assert_equal "$(host_files)" "$before"
    set_sh 'stat -c %i-%d /dev/null >/node; stat -L -c %i-%d /proc/self/fd/0 >/stdin'
    rt create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1
    rt start "$ID"
    wait_status stopped
    assert_equal "$(cat rootfs/stdin)" "$(cat rootfs/node)"
}

@test "standard streams on /dev/null: in a user namespace where the host's root is root" {
    with_identity
    tamper "$streams"
    local before
    before=$(host_files)
    rt create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1
    rt start "$ID"
    wait_status stopped
    assert_equal "$(host_files)" "$before"
}

@test "standard streams on /dev/null can be read and written as before" {
    set_sh 'cat; echo x; echo y >&2; cat <&0 >/read; echo $? >>/read'
    rt create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1
    rt start "$ID"
    wait_status stopped
    assert_equal "$(cat rootfs/read)" 0
}

exec_tampers() {
    local before
    before=$(host_files)
    rt exec "$ID" sh -c "for f in $streams; do chmod 777 \$f; touch -c -t 200101010101 \$f; done" </dev/null >/dev/null 2>&1 || true
    assert_equal "$(host_files)" "$before"
}

@test "exec: standard streams on /dev/null are the container's own" {
    set_args sleep 100
    create_c
    rt start "$ID"
    exec_tampers
}

@test "exec: in a container that has removed its /dev/null or put something else there" {
    set_sh 'rm /dev/null && sleep 100'
    create_c
    rt start "$ID"
    wait_until eval '! rt exec "$ID" test -e /dev/null'
    exec_tampers
    rt exec "$ID" mkfifo /dev/null </dev/null
    exec_tampers
    rt exec "$ID" sh -c 'rm /dev/null; ln -s zero /dev/null' </dev/null
    exec_tampers
    run_rt exec "$ID" sh -c 'cat; echo $?'
    assert_equal "$output" 0
}

@test "the directory of NOTIFY_SOCKET and the socket stay as they are" {
    local dir=$BATS_TEST_TMPDIR/notify before
    mkdir "$dir"
    python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); time.sleep(100)' "$dir/s" 3>&- &
    NOTIFY=$!
    wait_until test -S "$dir/s"
    # The runtime's mounts may show the container's state or the socket itself, and nothing beside them.
    set_sh 'f=${NOTIFY_SOCKET:-}; for f in $f ${f%/*}; do
        chmod 700 $f; chown 7:7 $f; touch -c -t 200101010101 $f; touch $f/new; done 2>/dev/null; touch /done; sleep 100'
    HOST_FILES=("$dir" "$dir/s")
    before=$(host_files)
    NOTIFY_SOCKET=$dir/s rt run --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 &
    wait_status running
    wait_until sh -c "ls $BUNDLE/rootfs/done"
    assert_equal "$(host_files)" "$before"
    assert_equal "$(in_ns find "$ROOT" /run -user 7 -o -name new)" ""
}
