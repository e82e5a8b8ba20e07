# SPDX-License-Identifier: Apache-2.0
# For tests of --record-seccomp: OUT is a directory for the RECORDING.

test_setup() {
    berth_only "only berth records system calls"
    OUT=$BATS_TEST_TMPDIR/out.d
    RECORDING=$OUT/rec.json
    mkdir "$OUT"
}

test_after() {
    [ -z "${HOLDER:-}" ] || kill "$HOLDER" 2>/dev/null || true
    in_ns umount "$OUT" 2>/dev/null || true
}

# What mkdir(2) is: newer machines have only mkdirat.
case $HOSTTYPE in
aarch64 | riscv64) MKDIR=mkdirat ;;
*) MKDIR='mkdir' ;;
esac

record() { run_c --record-seccomp "$RECORDING" "$@"; }
names() { jq -r '.syscalls[].names[]' "$RECORDING"; }
has_name() { names 2>/dev/null | grep -qx "$1"; }
assert_names() {
    local name
    for name; do has_name "$name" || fail_with "$name is not in $(names | tr '\n' ' ')"; done
}
refute_names() {
    local name
    for name; do ! has_name "$name" || fail_with "$name is in the recording"; done
}
# The recording becomes the bundle's filter.
apply() { config ".linux.seccomp = $(cat "$RECORDING")"; }
recorders() { in_ns ps -eo pid,comm,args | grep 'berth-record' | grep -F "$ID" || true; }
no_recorder() { [ -z "$(recorders)" ]; }
