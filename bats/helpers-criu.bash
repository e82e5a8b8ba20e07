# SPDX-License-Identifier: Apache-2.0
# What the files on checkpoint and restore share. Most of their tests need a kernel that criu works on: that of the guest
# `tests/vm/bats -k qemu` with criu 3.17; on a newer one a newer criu is, `PATH=$(tests/vm/image criu):$PATH bats bats/checkpoint.bats`.
#
# A container of these tests has the host's network unless own_network asks for another: that takes criu most of its time.
load helpers-cgroups

# The answer is the same for all tests of a run.
needs_criu() {
    command -v criu >/dev/null || skip "no criu"
    local answer=$BATS_RUN_TMPDIR/criu-check
    [ -e "$answer" ] || { criu check >"$answer.new" 2>&1 && echo works >"$answer.new"; mv "$answer.new" "$answer"; }
    rt checkpoint --help >/dev/null 2>&1 || skip "no checkpoint in this $RT_KIND"
    [ "$(cat "$answer")" = works ] || skip "criu check: $(grep -im 1 'error\|fail' "$answer" | cut -c1-100)"
    hierarchies_stay
}

# criu_since VERSION: is it that one, or newer?
criu_since() { printf '%s\n' "$1" "$(criu --version | sed -n 's/^Version: //p')" | sort -CV; }

test_setup() {
    IMAGE=$BATS_TEST_TMPDIR/image
    WORK=$BATS_TEST_TMPDIR/work
    mkdir "$WORK"
    config '.linux.namespaces |= map(select(.type != "network"))'
}

test_teardown() {
    [ -z "${RECEIVER:-}" ] || kill "$RECEIVER" 2>/dev/null || true
    # What criu has locked stays so when a test fails.
    exec 8>&- 9>&-
}

own_network() { config '.linux.namespaces += [{type: "network"}]'; }

# in_network PID COMMAND...: in the network namespace of that process
in_network() { nsenter -t "$1" -n "${@:2}"; }

# A loop that counts in the file /count, and says the number to its stdout.
COUNT='i=0; while :; do i=$((i + 1)); echo $i >/count.new; mv /count.new /count; echo $i; usleep 20000; done'

# started_c [SCRIPT]: a container whose output is a pipe, which ends in the file said by the process SAYER
started_c() {
    needs_criu
    set_sh "${1:-$COUNT}"
    rt create --bundle "$BUNDLE" "$ID" </dev/null > >(exec cat >"$BATS_TEST_TMPDIR/said" 3>&-) 2>&1 ||
        fail_with "create failed: $(cat "$BATS_TEST_TMPDIR/said")"
    SAYER=$!
    [ "$(type -t before_start)" != function ] || before_start
    rt start "$ID"
}

counting() {
    started_c "$@"
    wait_until counted_beyond 3
}

# A file that is just being written is empty.
counted() {
    local number
    read -r number 2>/dev/null <rootfs/count || number=0
    echo "$number"
}

counted_beyond() { [ "$(counted)" -gt "$1" ]; }

# checkpoint_fails PATTERN [OPTION...]: the container goes on, and the error has what criu said
checkpoint_fails() {
    local pattern=$1 at
    shift
    run_fails checkpoint --image-path "$IMAGE" --work-path "$WORK" "$@" "$ID"
    [ "$RT_KIND" != berth ] || assert_output "criu failed: .*$pattern"
    assert_equal "$(state_of)" running
}

checkpoint_c() {
    run_rt checkpoint --image-path "$IMAGE" --work-path "$WORK" "$@" "$ID"
    # Of criu 4.1 and Linux 6.18.
    ! grep -qsa "sockets: Can't get 1:" "$WORK/dump.log" || skip "this criu does not know the sockets of this kernel"
    [ "$status" -eq 0 ] || fail_with "checkpoint failed: $(grep -a Error "$WORK/dump.log" | tail -n 5)"
}

# restore_c [ID [OPTION...]]: its output goes to the file said2
restore_c() {
    local id=${1:-$ID}
    shift || true
    rm -f "$BATS_TEST_TMPDIR/said2"
    rt restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$@" "$id" \
        </dev/null > >(exec cat >"$BATS_TEST_TMPDIR/said2" 3>&-) 2>&1 ||
        fail_with "restore failed: $(cat "$BATS_TEST_TMPDIR/said2") $(grep -a Error "$WORK/restore.log" | tail -n 5)"
}

# goes_on_from NUMBER: the first number that the container says after restore_c is not below that
goes_on_from() {
    local said=$BATS_TEST_TMPDIR/said2
    wait_until counted_beyond "$1"
    [ -e "$said" ] || return 0
    wait_until file_has '[0-9]' "$said"
    [ "$(head -n 1 "$said")" -ge "$1" ] || fail_with "it has begun anew"
}

stands_still() {
    local at
    at=$(counted)
    time_for_faults 0.3
    assert_equal "$(counted)" "$at"
}

# listens PORT: somebody does, in the host's network
listens() { grep -q ":$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp; }
