# SPDX-License-Identifier: Apache-2.0
# Helpers for pods: $POD is the ID of one, $PODS its bundle, $ROOT the directory of the states.

# pod EXPR...: edits the pod's configuration
pod() { BUNDLE=$PODS config "$@"; }

# A pod has no process, so nothing holds the output of create open.
create_pod() { run_ok create --bundle "$PODS" "$@" "$POD"; }

# pin TYPE: the file that holds the namespace
pin() { state_of "$POD" "namespaces[] | select(.type == \"$1\").path"; }

# held FILE: "net:[INODE]" of the file PODS/ns/FILE, as /proc/PID/ns has it
held() { echo "$1:[$(in_ns stat -Lc %i "$ROOT/$POD/ns/$1")]"; }

# The container's namespaces of the pod's types are the pod's.
join_pod() {
    local namespaces
    namespaces=$(rt state "$POD" | jq -c .namespaces)
    config ".linux.namespaces = [.linux.namespaces[] | select(.type as \$type | $namespaces | map(.type) | index(\$type) | not)] + $namespaces" \
        'del(.hostname)'
}

# members FILE: the processes that are in the namespace
members() {
    local namespace
    namespace=$(held "$1")
    find /proc/[0-9]*/ns/"$1" -maxdepth 0 -printf '%p %l\n' 2>/dev/null | grep -F " $namespace" || true
}

# refused_pod WORDS EXPR...: `create` and `check` of a configuration edited by jq expressions
refused_pod() {
    local words=$1
    cp "$PODS/config.json" "$BATS_TEST_TMPDIR/good.json"
    pod "${@:2}"
    run_fails create --bundle "$PODS" "$POD"
    grep -Fq -- "$words" <<<"$output" || fail_with "create does not say '$words'"
    run_fails check --bundle "$PODS"
    grep -Fq -- "$words" <<<"$output" || fail_with "check does not say '$words'"
    cp "$BATS_TEST_TMPDIR/good.json" "$PODS/config.json"
}
