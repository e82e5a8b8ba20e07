# SPDX-License-Identifier: Apache-2.0
# What the engines of the files before this one called the runtime with, by the list that the wrapper wrote: berth has to know all of it.

load helpers

# berth reads the whole call, and then prints its help instead of obeying.
understood() {
    local IFS=$'\t'
    # shellcheck disable=SC2086 # the words of a call
    (set -f && "$BERTH" --help $1) >"$BATS_TEST_TMPDIR/help" 2>&1
}

# Ids, paths and limits differ from call to call, what berth reads does not: one call of each kind is enough.
kinds_of_calls() {
    sed -E 's/[0-9a-f]{12,}|[0-9]+/1/g' "$WORK/calls" | sort -u
}

@test "berth knows every command and option that the engines called it with" {
    local call unknown=() known=0
    [ -x "$BERTH" ] || skip "no berth to ask"
    while IFS= read -r call; do
        # podman asks so whether restore knows the option.
        [ "$call" != $'restore\t--lsm-mount-context' ] || continue
        if understood "$call"; then known=$((known + 1)); else unknown+=("$call: $(head -n 1 "$BATS_TEST_TMPDIR/help")"); fi
    done < <(kinds_of_calls)
    [ "$known" -gt 0 ] || fail "no calls in the list"
    [ ${#unknown[@]} -eq 0 ] || fail "${unknown[@]}"
}
