#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The wrong configurations of tests/bad: check names the place of each, and create refuses it with the same place.

load helpers

cases=$BATS_TEST_DIRNAME/../tests/bad/run

# some WORD: the cases whose names begin with it
some() {
    berth_only
    [ -x "$cases" ] || skip "the cases are not here"
    in_ns "$cases" "$RUNTIME" "$1: " >"$BATS_TEST_TMPDIR/tap" || {
        grep -A8 '^not ok' "$BATS_TEST_TMPDIR/tap"
        return 1
    }
    [ "$(grep -c '^ok' "$BATS_TEST_TMPDIR/tap")" -gt "$2" ]
}

@test "broken JSON" {
    some JSON 7
}

@test "wrong types" {
    some type 60
}

@test "missing properties" {
    some missing 25
}

@test "wrong values" {
    some value 80
}

@test "things that the host lacks" {
    some host 37
}
