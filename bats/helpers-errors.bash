# SPDX-License-Identifier: Apache-2.0
# Shared by the files on bad input.

# assert_refused WORDS: the command that run_rt ran has failed as it should; berth's message has the words.
assert_refused() {
    [ "$status" -ne 0 ] || fail_with "it was accepted"
    [ "$status" -ne 124 ] || fail_with "it took too long"
    [ "$status" -lt 128 ] || [ "$status" -eq 255 ] || fail_with "it ended with status $status"
    [ -n "$output" ] || fail_with "there is no message"
    refute_output 'goroutine|panic:|Sanitizer|core dumped'
    if [ "$RT_KIND" = berth ] && [ -n "$1" ]; then
        grep -Fq -- "$1" <<<"$output" || fail_with "the message does not say '$1'"
    fi
    assert_host_unchanged
}

# refused WORDS EXPR...: a configuration edited by jq expressions.
refused() {
    config "${@:2}"
    host_snapshot
    run_c
    assert_refused "$1"
}

# refused_run [PATTERN]: the configuration as it is
refused_run() {
    host_snapshot
    run_fails run --bundle "$BUNDLE" "$ID"
    assert_output "${1:-.}"
    assert_host_unchanged
}

# refused_text WORDS TEXT: a configuration of that text.
refused_text() {
    printf '%s' "$2" >"$BUNDLE/config.json"
    host_snapshot
    run_c
    assert_refused "$1"
}

# refused_call WORDS ARGS...
refused_call() {
    host_snapshot
    run_rt "${@:2}"
    assert_refused "$1"
}

# tolerated PLACE EXPR...: a configuration that the specification does not allow and other runtimes run. Berth warns, and `check`, too.
tolerated() {
    config "${@:2}"
    run_c
    assert_status 0
    [ "$RT_KIND" = berth ] || return 0
    grep -Fq -- "warning: $1: " <<<"$output" || fail_with "no warning about '$1'"
    run_rt check
    assert_status 0
    grep -Fq -- "warning: $1: " <<<"$output" || fail_with "check does not find '$1'"
}
