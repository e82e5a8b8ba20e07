# SPDX-License-Identifier: Apache-2.0
# The comparison of runtimes (tests/differential) finds what differs: berth in the place of both peers, and a berth with a planted fault.
load helpers

@test "the comparison of runtimes finds planted differences, and none between berth and itself" {
    berth_only
    PYTHONDONTWRITEBYTECODE=1 "$BATS_TEST_DIRNAME/../tests/differential/selftest.py" "$RUNTIME"
}
