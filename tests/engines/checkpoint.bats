# SPDX-License-Identifier: Apache-2.0
# Checkpoint and restore by podman and by containerd's ctr: where CRIU works, as in a guest (tests/vm/suites).

load helpers
load helpers-podman
load helpers-containerd

BOX=docker.io/library/box:1

setup_file() {
    needs_criu
    podman_start "$WORK/podman" "$WORK/podman/run"
    containerd_start
    ctr image import "$WORK/images/image.tar" >&2
}

teardown_file() { [ -z "${CONTAINERD_PID:-}" ] || containerd_stop; }

setup() {
    needs_criu
    hierarchies_stay
    podman_command
    containerd_env
    cd /
    C=c$BATS_TEST_NUMBER
    DATA=$BATS_TEST_TMPDIR/data
    mkdir -p "$DATA"
}

teardown() {
    p rm -fa -t 0 >/dev/null 2>&1
    local name
    for name in "$C" "$C-2"; do
        ctr task kill -s KILL "$name" >/dev/null 2>&1 && wait_for output_of '' eval "ctr task ls | grep '^$name .*RUNNING'"
        ctr task delete -f "$name" >/dev/null 2>&1
        ctr container delete "$name" >/dev/null 2>&1 || true
    done
}

# Counts in a file of the host's.
COUNT='i=0; while :; do i=$((i + 1)); echo $i >/data/count.new; mv /data/count.new /data/count; usleep 20000; done'
counted() { cat "$DATA/count" 2>/dev/null || echo 0; }
beyond() { [ "$(counted)" -gt "$1" ]; }

# goes_on_from N: and does not begin anew
goes_on_from() {
    wait_for beyond "$1"
    [ "$(counted)" -lt $(($1 + 500)) ]
}

# The container went on after the checkpoint. The file that it wrote to then may have been open.
forget() {
    echo 0 >"$DATA/count"
    : >"$DATA/count.new"
}

# up OPTION...: podman's container $C that counts
up() {
    pod_ok run -d --network none --name "$C" -v "$DATA:/data" "$@" box:1 sh -c "$COUNT"
    wait_for beyond 3
}

@test "podman container checkpoint and restore" {
    up
    pod_ok container checkpoint "$C"
    local at
    at=$(counted)
    pod_ok container restore "$C"
    goes_on_from "$at"
    pod_ok exec "$C" true
}

@test "podman container checkpoint --leave-running --export, and restore --import with another name" {
    up
    pod_ok container checkpoint --leave-running --export "$BATS_TEST_TMPDIR/image.tar.gz" "$C"
    local at
    at=$(counted)
    goes_on_from "$at"
    pod_ok rm -f -t 0 "$C"
    forget
    pod_ok container restore --import "$BATS_TEST_TMPDIR/image.tar.gz" --name "$C-2"
    wait_for beyond $((at - 3))
}

@test "podman container checkpoint --keep --tcp-established" {
    pod_ok run -d --network none --name "$C" -v "$DATA:/data" box:1 sh -c \
        "sleep 1000 | nc -l -p 7000 >/data/got & until grep -qs ':1B58 ' /proc/net/tcp /proc/net/tcp6; do usleep 10000; done; { while :; do echo word; usleep 20000; done | nc 127.0.0.1 7000; } & $COUNT"
    wait_for grep -q word "$DATA/got"
    run "${PODMAN[@]}" container checkpoint --keep --tcp-established "$C"
    # Of criu 4.1 and Linux 6.18.
    ! find /var/lib/containers -name dump.log -exec grep -q "sockets: Can't get 1:" {} + || skip "this criu does not know the sockets of this kernel"
    [ "$status" -eq 0 ] || fail "$output"
    local at
    at=$(wc -l <"$DATA/got")
    pod_ok container restore --keep --tcp-established "$C"
    wait_for sh -c '[ "$(wc -l <"$1")" -gt "$2" ]' sh "$DATA/got" $((at + 3))
    [ -n "$(find /var/lib/containers -name inventory.img)" ]
}

# ctr_up: containerd's container $C that counts
ctr_up() {
    run_ok ctr -a "$SOCKET" run --runc-binary "$ENGINE_RUNTIME" -d --mount "type=bind,src=$DATA,dst=/data,options=rbind:rw" "$BOX" "$C" sh -c "$COUNT"
    wait_for beyond 3
}

@test "ctr task checkpoint: the task goes on" {
    ctr_up
    run_ok ctr -a "$SOCKET" task checkpoint "$C"
    assert_output 'containerd.io/checkpoint/'
    [[ "$(ctr task ls)" =~ $C\ +[0-9]+\ +RUNNING ]]
    local at
    at=$(counted)
    goes_on_from "$at"
}

@test "ctr task checkpoint --exit into a directory" {
    ctr_up
    run_ok ctr -a "$SOCKET" task checkpoint --exit --image-path "$BATS_TEST_TMPDIR/image" "$C"
    [ -s "$BATS_TEST_TMPDIR/image/inventory.img" ]
    wait_for output_of '' eval "ctr task ls | grep '^$C .*RUNNING'"
}

@test "ctr container checkpoint, and container restore --live" {
    ctr_up
    run_ok ctr -a "$SOCKET" container checkpoint --image --task "$C" "$C-image"
    local at
    at=$(counted)
    ctr task kill -s KILL "$C" || true
    wait_for output_of '' eval "ctr task ls | grep '^$C .*RUNNING'"
    run_ok ctr -a "$SOCKET" task delete -f "$C"
    run_ok ctr -a "$SOCKET" container delete "$C"
    forget
    run_ok ctr -a "$SOCKET" container restore --live "$C" "$C-image"
    wait_for beyond $((at - 3))
    [[ "$(ctr task ls)" =~ $C\ +[0-9]+\ +RUNNING ]]
}
