# SPDX-License-Identifier: Apache-2.0
# The trace of an engine: TRACEPARENT and TRACESTATE of the environment reach the hooks, and --trace-format otlp writes spans of that trace.
load helpers

TRACE=4bf92f3577b34da6a3ce929d0e0e4736
SPAN=00f067aa0ba902b7
KINDS="prestart createRuntime createContainer startContainer poststart poststop"

test_setup() {
    berth_only "no other runtime takes part in a trace"
    unset TRACEPARENT TRACESTATE
    LOGS=$BATS_TEST_TMPDIR/logs
    mkdir -p "$LOGS"
    config ".mounts += [{destination: \"$LOGS\", source: \"$LOGS\", options: [\"rbind\", \"rw\"]}]"
    set_args true
}

# A hook of each kind that writes its environment to LOGS/KIND. Its properties as jq.
hooks() {
    local kind
    for kind in $KINDS; do
        config ".hooks.$kind += [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"env >$LOGS/$kind\"]} + {$1}]"
    done
}

# in_trace PARENT STATE COMMAND...: with these variables; an empty STATE is none
in_trace() {
    export TRACEPARENT=$1
    [ -z "$2" ] || export TRACESTATE=$2
    "${@:3}"
    unset TRACEPARENT TRACESTATE
}

# jq over all spans
spans() { jq -e "[.resourceSpans[].scopeSpans[].spans[]] as \$spans | $1" "$BATS_TEST_TMPDIR/spans" >/dev/null || fail_with "not so: $1"; }

whole_life() {
    create_c "$@"
    rt start "$ID"
    wait_status stopped
    rt delete "$ID"
}

@test "without a trace hooks get nothing of one" {
    hooks 'env: ["A=1"]'
    whole_life
    ! grep -l TRACE "$LOGS"/* || fail_with "a hook has got a context"
    assert_equal "$(grep -v '^\(PWD\|SHLVL\|_\)=' "$LOGS/createContainer")" A=1
}

@test "hooks of every kind get the caller's context, beside their env" {
    hooks 'env: ["A=1"]'
    in_trace "00-$TRACE-$SPAN-01" a=1 whole_life
    local kind
    for kind in $KINDS; do
        grep -qx "TRACEPARENT=00-$TRACE-$SPAN-01" "$LOGS/$kind" || fail_with "$kind: $(cat "$LOGS/$kind")"
        grep -qx TRACESTATE=a=1 "$LOGS/$kind" && grep -qx A=1 "$LOGS/$kind"
    done
}

@test "hooks without env get it too, and what they inherit stays" {
    hooks ''
    config '.process.env += ["MINE=1"]'
    export INHERITED=1
    in_trace "00-$TRACE-$SPAN-01" '' whole_life
    local kind
    for kind in $KINDS; do
        assert_equal "$(grep -c "^TRACEPARENT=00-$TRACE-$SPAN-01" "$LOGS/$kind")" 1
        ! grep TRACESTATE "$LOGS/$kind" || fail_with "$kind: a state out of nothing"
    done
    grep -qx MINE=1 "$LOGS/startContainer"
    grep -qx INHERITED=1 "$LOGS/createRuntime"
}

@test "a context that the config sets stays" {
    hooks 'env: ["TRACEPARENT=own"]'
    in_trace "00-$TRACE-$SPAN-01" a=1 whole_life
    local kind
    for kind in $KINDS; do
        assert_equal "$(grep TRACE "$LOGS/$kind")" TRACEPARENT=own
    done
}

@test "the container's program does not see the context" {
    set_sh "env >$LOGS/program"
    in_trace "00-$TRACE-$SPAN-01" a=1 run_c
    assert_status 0
    ! grep TRACE "$LOGS/program" || fail_with "the program has got it"
}

@test "an invalid TRACEPARENT is ignored, and so is its TRACESTATE; an invalid TRACESTATE alone is" {
    hooks 'env: ["A=1"]'
    in_trace "00-$TRACE-0000000000000000-01" a=1 run_c
    assert_status 0
    ! grep -l TRACE "$LOGS"/* || fail_with "a hook has got it"
    in_trace "00-$TRACE-$SPAN-01" 'A=1=2' run_c
    assert_status 0
    grep -qx "TRACEPARENT=00-$TRACE-$SPAN-01" "$LOGS/createRuntime"
    ! grep TRACESTATE "$LOGS/createRuntime" || fail_with "the state has come through"
}

@test "--trace-format otlp writes the spans as OTLP has them" {
    in_trace "00-$TRACE-$SPAN-01" a=1 run_c --trace "$BATS_TEST_TMPDIR/spans" --trace-format otlp
    assert_status 0
    [ "$(wc -l <"$BATS_TEST_TMPDIR/spans")" -eq 1 ] || fail_with "not one line"
    spans '$spans | length > 10'
    spans "all(\$spans[]; .traceId == \"$TRACE\" and .traceState == \"a=1\" and .flags == 1 and .kind == 1)"
    spans 'all($spans[]; (.spanId | test("^[0-9a-f]{16}$")) and (.parentSpanId | test("^[0-9a-f]{16}$")))'
    spans 'all($spans[]; (.startTimeUnixNano | type == "string") and .startTimeUnixNano <= .endTimeUnixNano)'
    spans '$spans | map(.spanId) | length == (unique | length)'
    spans 'all($spans[].attributes[]; (.key | type == "string") and (.value | keys | . == ["stringValue"] or . == ["intValue"]))'
    spans 'all($spans[].attributes[].value.intValue; . == null or type == "string")'
    # The command's span is a child of the caller's, and the steps are its children and lie in it.
    spans "[\$spans[] | select(.parentSpanId == \"$SPAN\")] | length == 1 and .[0].name == \"berth run\""
    spans "\$spans[0] as \$run | all(\$spans[1:][]; .parentSpanId == \$run.spanId and .startTimeUnixNano >= \$run.startTimeUnixNano
        and .endTimeUnixNano <= \$run.endTimeUnixNano)"
    spans "\$spans[0].attributes == [{key: \"container.id\", value: {stringValue: \"$ID\"}}]"
    spans "(\$spans[0].startTimeUnixNano | tonumber / 1000000000 | . > $(date +%s) - 300 and . < $(date +%s) + 300)"
    jq -e '.resourceSpans[0].resource.attributes[0] == {key: "service.name", value: {stringValue: "berth"}}' "$BATS_TEST_TMPDIR/spans"
}

@test "a hook is a child of the span of its step" {
    hooks 'env: ["A=1"]'
    in_trace "00-$TRACE-$SPAN-01" a=1 run_c --trace "$BATS_TEST_TMPDIR/spans" --trace-format otlp
    assert_status 0
    local kind parent
    for kind in prestart createRuntime createContainer startContainer; do
        parent=$(sed -n "s/^TRACEPARENT=00-$TRACE-\([0-9a-f]*\)-01\$/\1/p" "$LOGS/$kind")
        spans "[\$spans[] | select(.spanId == \"$parent\")] | length == 1 and .[0].name == \"run-hook\"
            and any(.[0].attributes[]; .value.stringValue == \"hooks.${kind}[0]\")"
    done
}

@test "without a caller's trace a new one begins with a random ID, and hooks belong to it" {
    hooks ''
    run_c --trace "$BATS_TEST_TMPDIR/spans" --trace-format otlp
    assert_status 0
    spans '$spans[0] | has("parentSpanId") or has("traceState") | not'
    spans '$spans | map(.traceId) | unique | length == 1 and (.[0] | test("^[0-9a-f]{32}$"))'
    local first
    first=$(jq -r '.resourceSpans[0].scopeSpans[0].spans[0].traceId' "$BATS_TEST_TMPDIR/spans")
    grep -q "^TRACEPARENT=00-$first-[0-9a-f]*-01" "$LOGS/createRuntime"
    TRACEPARENT=nonsense run_c --trace "$BATS_TEST_TMPDIR/spans" --trace-format otlp
    assert_status 0
    assert_equal "$(grep -c ^TRACEPARENT "$LOGS/createRuntime")" 1
    [ "$(jq -r '.resourceSpans[0].scopeSpans[0].spans[0].traceId' "$BATS_TEST_TMPDIR/spans")" != "$first" ] || fail_with "the same ID twice"
}

@test "create and exec write spans, too" {
    set_args payload pause
    in_trace "00-$TRACE-$SPAN-00" '' create_c --trace "$BATS_TEST_TMPDIR/spans" --trace-format otlp
    spans '$spans[0].name == "berth create" and $spans[0].flags == 0'
    rt start "$ID"
    in_trace "00-$TRACE-$SPAN-01" '' run_ok exec --trace "$BATS_TEST_TMPDIR/spans" --trace-format otlp "$ID" true
    spans "\$spans[0].name == \"berth exec\" and \$spans[0].parentSpanId == \"$SPAN\" and (\$spans | length > 3)"
}

@test "a command that fails writes its spans, and says in that of the step what failed" {
    local kind parent
    for kind in prestart createRuntime createContainer startContainer; do
        rm -f "$BATS_TEST_TMPDIR/spans"
        config ".hooks = {$kind: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"env >$LOGS/$kind; exit 3\"]}]}"
        in_trace "00-$TRACE-$SPAN-01" '' run_fails run --bundle "$BUNDLE" --trace "$BATS_TEST_TMPDIR/spans" --trace-format otlp "$ID"
        assert_output "hooks.${kind}.0.*3"
        parent=$(sed -n "s/^TRACEPARENT=00-$TRACE-\([0-9a-f]*\)-01\$/\1/p" "$LOGS/$kind")
        spans "[\$spans[] | select(.status != null)] | map(.spanId) == [\$spans[0].spanId, \"$parent\"]"
        spans "\$spans[0].name == \"berth run\" and \$spans[0].parentSpanId == \"$SPAN\""
        spans "all(\$spans[].status | select(. != null); .code == 2 and (.message | contains(\"hooks.${kind}[0]\")))"
        spans 'all($spans[]; .startTimeUnixNano <= .endTimeUnixNano)'
    done
}

@test "the span of the step that does not find the program has the error" {
    set_args /no/such/program
    run_rt run --bundle "$BUNDLE" --trace "$BATS_TEST_TMPDIR/spans" --trace-format otlp "$ID"
    assert_status 127
    spans '$spans[0].status.code == 2 and ($spans[0].status.message | contains("/no/such/program"))'
    spans '[$spans[1:][] | select(.status != null)] | length == 1 and .[0].name == "find-program"'
}

@test "a Chrome trace of a command that fails has the error, too" {
    config '.hooks = {createRuntime: [{path: "/bin/false"}]}'
    run_fails run --bundle "$BUNDLE" --trace "$BATS_TEST_TMPDIR/trace" "$ID"
    jq -e '[.traceEvents[] | select(.args.error)] | length == 1 and .[0].name == "run-hook"
        and (.[0].args.error | contains("hooks.createRuntime[0]"))' "$BATS_TEST_TMPDIR/trace"
}

@test "a trace that cannot be written does not hide why the command failed" {
    config '.hooks = {createRuntime: [{path: "/bin/false"}]}'
    run_fails --debug run --bundle "$BUNDLE" --trace "$BATS_TEST_TMPDIR/no/trace" "$ID"
    assert_equal "${lines[-1]}" 'hooks.createRuntime[0]: error running createRuntime hook #0: run the hook /bin/false: exit status 1'
    assert_output 'warning: write the trace .*no/trace'
}

@test "--trace-format without --trace, or with another value, is an error" {
    run_fails run --bundle "$BUNDLE" --trace-format otlp "$ID"
    assert_output 'needs --trace'
    run_fails run --bundle "$BUNDLE" --trace "$BATS_TEST_TMPDIR/spans" --trace-format zipkin "$ID"
    [ ! -e "$BATS_TEST_TMPDIR/spans" ]
}
