# SPDX-License-Identifier: Apache-2.0
# What the files on checkpoint and restore share. Most of their tests need a kernel that criu works on, as that of the guest
# `tests/vm/bats -k qemu` with criu 3.17.
load helpers-cgroups

needs_criu() {
    command -v criu >/dev/null || skip "no criu"
    criu check >"$BATS_TEST_TMPDIR/check" 2>&1 || skip "criu check: $(grep -im 1 'error\|fail' "$BATS_TEST_TMPDIR/check" | cut -c1-100)"
}

test_setup() {
    export RT_TIMEOUT=60
    IMAGE=$BATS_TEST_TMPDIR/image
    WORK=$BATS_TEST_TMPDIR/work
    mkdir "$WORK"
}

test_teardown() { [ -z "${RECEIVER:-}" ] || kill "$RECEIVER" 2>/dev/null || true; }

# A loop that counts in the file /count, and says the number to its stdout.
COUNT='i=0; while :; do i=$((i + 1)); echo $i >/count.new; mv /count.new /count; echo $i; usleep 20000; done'

# started_c [SCRIPT]: a container whose output is a pipe, which ends in the file said
started_c() {
    needs_criu
    set_sh "${1:-$COUNT}"
    rt create --bundle "$BUNDLE" "$ID" </dev/null > >(exec cat >"$BATS_TEST_TMPDIR/said" 3>&-) 2>&1 ||
        fail_with "create failed: $(cat "$BATS_TEST_TMPDIR/said")"
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

checkpoint_c() {
    run_rt checkpoint --image-path "$IMAGE" --work-path "$WORK" "$@" "$ID"
    [ "$status" -eq 0 ] || fail_with "checkpoint failed: $(grep -a Error "$WORK/dump.log" | tail -n 5)"
}

# restore_c [ID [OPTION...]]: its output goes to the file said2
restore_c() {
    local id=${1:-$ID}
    shift || true
    rt restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --detach "$@" "$id" \
        </dev/null > >(exec cat >"$BATS_TEST_TMPDIR/said2" 3>&-) 2>&1 ||
        fail_with "restore failed: $(cat "$BATS_TEST_TMPDIR/said2") $(grep -a Error "$WORK/restore.log" | tail -n 5)"
}

goes_on_from() {
    wait_until counted_beyond "$1"
    [ "$(counted)" -lt $(($1 + 500)) ] || fail_with "it has begun anew"
}

stands_still() {
    local at
    at=$(counted)
    sleep 0.3
    assert_equal "$(counted)" "$at"
}
