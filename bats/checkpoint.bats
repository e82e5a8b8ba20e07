# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore. They need a kernel that criu works on: see tests/vm/suites.
load helpers
load helpers-cgroups

needs_criu() {
    command -v criu >/dev/null || skip "no criu"
    criu check >"$BATS_TEST_TMPDIR/check" 2>&1 || skip "criu check: $(grep -m 1 -i 'error\|fail' "$BATS_TEST_TMPDIR/check" | cut -c1-100)"
}

test_setup() {
    export RT_TIMEOUT=60
    IMAGE=$BATS_TEST_TMPDIR/image
}

# A container that counts in the file /count every 10 ms and says "N" each 20 ms to its stdout.
counting() {
    needs_criu
    set_sh 'i=0; while :; do i=$((i + 1)); echo $i >/count.new; mv /count.new /count; echo $i; usleep 20000; done'
    create_c
    rt start "$ID"
    wait_until counted_beyond 3
}

counted() { cat rootfs/count 2>/dev/null || echo 0; }
counted_beyond() { [ "$(counted)" -gt "$1" ]; }

checkpoint_c() { run_ok checkpoint --image-path "$IMAGE" --work-path "$BATS_TEST_TMPDIR" "$@" "$ID"; }

# restore_c ID [OPTION...]: in the background, its streams are files
restore_c() {
    local id=$1
    shift
    rt restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$BATS_TEST_TMPDIR" --detach "$@" "$id" \
        </dev/null >"$BATS_TEST_TMPDIR/out2" 2>"$BATS_TEST_TMPDIR/err2" || {
        status=$?
        output=$(cat "$BATS_TEST_TMPDIR/out2" "$BATS_TEST_TMPDIR/err2")
        fail_with "restore failed: status $status $(tail -n 30 "$BATS_TEST_TMPDIR/restore.log" 2>/dev/null)"
    }
}

@test "a restored container goes on where it was" {
    counting
    checkpoint_c
    local at
    at=$(counted)
    sleep 0.2
    assert_equal "$(counted)" "$at"
    restore_c "$ID"
    assert_equal "$(state_of)" running
    wait_until counted_beyond "$at"
    [ "$(counted)" -lt $((at + 500)) ]
}
