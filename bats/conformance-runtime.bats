# SPDX-License-Identifier: Apache-2.0
# Sentences of bundle.md, glossary.md, runtime.md and config.md that no other file has a test for.
load helpers
load helpers-errors

KINDS="prestart createRuntime createContainer startContainer poststart poststop"

# The log's directory has one name on both sides: hooks of either kind of place can write there.
log_inside() {
    LOGS=$BATS_TEST_TMPDIR/logs
    mkdir -p "$LOGS"
    config ".mounts += [{destination: \"$LOGS\", source: \"$LOGS\", options: [\"rbind\", \"rw\"]}]"
}

# hook KIND SCRIPT
hook() {
    local script
    script=$(jq -Rs . <<<"$2")
    config ".hooks.$1 += [{path: \"/bin/sh\", args: [\"sh\", \"-c\", $script]}]"
}

# The pid in the state that a hook has on stdin.
GET_PID='pid=$(sed "s/.*\"pid\": *\([0-9]*\).*/\1/")'

stopped() {
    create_c
    rt start "$ID"
    wait_status stopped
}

# ---- bundle.md, glossary.md

@test "config.json is looked for only in the root of the bundle" {
    mkdir "$BUNDLE/sub"
    mv "$BUNDLE/config.json" "$BUNDLE/sub/config.json"
    run_fails create --bundle "$BUNDLE" "$ID"
    mv "$BUNDLE/sub/config.json" "$BUNDLE/Config.json"
    run_fails create --bundle "$BUNDLE" "$ID"
    mv "$BUNDLE/Config.json" "$BUNDLE/config.json"
    run_c
    assert_status 0
}

@test "a duplicate name in an object is an error" {
    refused_text 'hostname' "$(jq -c . config.json | sed 's/^{/{"hostname": "other",/')"
}

@test "a key of an object that is not a string is an error" {
    refused_text 'config.json:1:' "$(jq -c . config.json | sed 's/^{/{"annotations": {1: "a"},/')"
}

# ---- runtime.md

# The schema of the state, in words of jq.
follows_schema() {
    rt state "$ID" | jq -e '(.ociVersion | type == "string") and (.id | type == "string") and (.bundle | type == "string")
        and (.status | . == "creating" or . == "created" or . == "running" or . == "stopped")
        and ((has("pid") | not) or (.pid | type == "number" and . >= 0 and floor == .))
        and (.annotations // {} | (type == "object") and all(.[]; type == "string"))' >/dev/null ||
        fail_with "$(rt state "$ID")"
}

@test "the state follows its schema while created, running and stopped" {
    config '.annotations = {"org.example.a": "1", "empty": ""}'
    set_args payload pause
    create_c
    follows_schema
    rt start "$ID"
    wait_status running
    follows_schema
    rt kill "$ID" KILL
    wait_status stopped
    follows_schema
    run_ok delete "$ID"
    config 'del(.annotations)'
    create_c
    follows_schema
}

@test "two states have two ids, each its own" {
    create_c
    rt create --bundle "$BUNDLE" "$ID-b" </dev/null >/dev/null 2>&1
    assert_equal "$(state_of "$ID" id) $(state_of "$ID-b" id)" "$ID $ID-b"
}

@test "the environment of the configuration exists when create returns, and the program has not run" {
    config '.linux.resources = {pids: {limit: 23}}' '.root.readonly = true' '.process.oomScoreAdj = 77' \
        '.linux.devices = [{path: "/dev/other", type: "c", major: 1, minor: 3}]' '.linux.sysctl = {"kernel.msgmax": "5000"}' \
        '.mounts += [{destination: "/mnt", type: "tmpfs", source: "asked"}]'
    set_sh 'echo ran'
    create_c
    local pid ns
    pid=$(init_pid)
    for ns in pid net ipc uts mnt cgroup; do
        [ "$(readlink "/proc/$pid/ns/$ns")" != "$(in_ns readlink "/proc/self/ns/$ns")" ] || fail_with "the namespace $ns is not new"
    done
    assert_equal "$(nsenter -t "$pid" -u hostname)" berth-test
    assert_equal "$(nsenter -t "$pid" -i cat /proc/sys/kernel/msgmax)" 5000
    grep -q ' /mnt .* - tmpfs asked ' "/proc/$pid/mountinfo"
    grep -q '^[0-9]* [0-9]* [0-9:]* [^ ]* / ro' "/proc/$pid/mountinfo"
    [ -c "/proc/$pid/root/dev/other" ]
    assert_equal "$(cg_read pids pids.max pids.max)" 23
    assert_equal "$(cat "/proc/$pid/oom_score_adj")" 77
    time_for_faults 0.05
    assert_equal "$(out)" ""
}

@test "kill of a stopped container is an error and has no effect" {
    stopped
    host_snapshot
    run_fails kill "$ID" KILL
    assert_equal "$(state_of)" stopped
    assert_host_unchanged
}

@test "start of a stopped container is an error and has no effect" {
    set_sh 'echo once'
    stopped
    host_snapshot
    run_fails start "$ID"
    time_for_faults 0.05
    assert_equal "$(out)" once
    assert_host_unchanged
}

# ---- config.md

@test "unknown properties are ignored at any depth" {
    config '.unknown = {a: [1, null, {}]}' '.process.unknown = 1' '.process.user.unknown = "x"' '.process.capabilities.unknown = []' \
        '.process.rlimits[0].unknown = true' '.root.unknown = 1.5' '.mounts[0].unknown = []' '.linux.unknown = {}' \
        '.linux.namespaces[0].unknown = 1' '.linux.resources = {unknown: {}, pids: {limit: 50, unknown: 1}}' \
        '.hooks = {unknown: [{path: "relative"}], poststop: [{path: "/bin/true", unknown: 1}]}' \
        '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", unknown: "x"}'
    set_args echo ran
    run_c
    assert_status 0
    assert_output '^ran$'
}

@test "sections of other platforms are ignored" {
    config '.windows = {layerFolders: ["C:"]}' '.solaris = {milestone: "none"}' '.vm = {kernel: {path: "/kernel"}}' \
        '.zos = {}' '.freebsd = {jail: {}}' '.process.commandLine = "cmd"'
    set_args echo ran
    run_c
    assert_status 0
    assert_output '^ran$'
}

@test "annotations with any key are accepted and are part of the state" {
    config '.annotations = {"org.opencontainers.image.os": "linux", "org.opencontainers.no-such-key": "x", "plain": "", "a b": "c"}'
    create_c
    rt state "$ID" | jq -e '.annotations == {"org.opencontainers.image.os": "linux", "org.opencontainers.no-such-key": "x",
        "plain": "", "a b": "c"}' >/dev/null || fail_with "$(rt state "$ID")"
}

@test "a capability that cannot be granted is logged" {
    config '.process.capabilities.bounding += ["CAP_NO_SUCH_THING"]'
    run_ok --log "$BATS_TEST_TMPDIR/log" run "$ID"
    grep -q CAP_NO_SUCH_THING "$BATS_TEST_TMPDIR/log" || fail_with "the log: $(cat "$BATS_TEST_TMPDIR/log")"
}

@test "hook paths are resolved on the host, those of startContainer in the container" {
    log_inside
    local kind path=$LOGS/bin/hook
    mkdir "$LOGS/bin"
    printf '#!/bin/sh\necho $1 on the host >>%s\n' "$LOGS/log" >"$path"
    mkdir inside
    printf '#!/bin/sh\necho $1 inside >>%s\n' "$LOGS/log" >inside/hook
    chmod 755 "$path" inside/hook
    config ".mounts += [{destination: \"$LOGS/bin\", source: \"$BUNDLE/inside\", options: [\"bind\"]}]"
    for kind in $KINDS; do config ".hooks.$kind = [{path: \"$path\", args: [\"hook\", \"$kind\"]}]"; done
    run_c
    assert_status 0
    assert_equal "$(grep inside "$LOGS/log")" "startContainer inside"
    assert_equal "$(wc -l <"$LOGS/log")" 6
}

@test "prestart and createRuntime hooks run after namespaces and mounts are created and before pivot_root" {
    log_inside
    local kind
    for kind in prestart createRuntime; do
        hook $kind "$GET_PID
            [ \$(readlink /proc/\$pid/ns/mnt) = \$(readlink /proc/self/ns/mnt) ] || echo namespace >>$LOGS/$kind
            grep -q ' $BUNDLE/rootfs/proc ' /proc/\$pid/mountinfo && echo mounts >>$LOGS/$kind
            [ -e /proc/\$pid/root$BUNDLE/config.json ] && echo old-root >>$LOGS/$kind; true"
    done
    create_c
    for kind in prestart createRuntime; do assert_equal "$(xargs <"$LOGS/$kind")" "namespace mounts old-root"; done
}

@test "prestart, createRuntime and createContainer hooks run in this order, within create" {
    log_inside
    local kind
    for kind in createContainer createRuntime prestart; do hook $kind "sleep 0.05; echo $kind >>$LOGS/log"; done
    create_c
    assert_equal "$(xargs <"$LOGS/log")" "prestart createRuntime createContainer"
}

@test "startContainer hooks and then poststart hooks run within start" {
    log_inside
    local kind
    for kind in poststart startContainer; do hook $kind "sleep 0.05; echo $kind >>$LOGS/log"; done
    set_args sleep 100
    create_c
    [ ! -e "$LOGS/log" ] || fail_with "have run at create: $(xargs <"$LOGS/log")"
    rt start "$ID"
    assert_equal "$(xargs <"$LOGS/log")" "startContainer poststart"
}

@test "startContainer hooks run before the program, poststart hooks while it runs" {
    log_inside
    hook startContainer "tr '\\0' ' ' </proc/1/cmdline >$LOGS/before"
    # The program's arguments are there a moment after execve(2) can no longer fail.
    hook poststart "$GET_PID; until grep -q . /proc/\$pid/cmdline; do sleep 0.01; done; tr '\\0' ' ' </proc/\$pid/cmdline >$LOGS/after"
    set_args sleep 100
    create_c
    rt start "$ID"
    refute_equal "$(cat "$LOGS/before")" "sleep 100 "
    assert_equal "$(cat "$LOGS/after")" "sleep 100 "
}

@test "a failing prestart hook is followed by the poststop hooks" {
    log_inside
    hook prestart 'exit 1'
    hook poststop "echo poststop >$LOGS/log"
    run_fails create "$ID"
    assert_equal "$(cat "$LOGS/log")" poststop
    run_fails state "$ID"
}

@test "poststop hooks run when the container is gone, before delete returns" {
    log_inside
    hook poststop "$GET_PID; sleep 0.05; find /sys/fs/cgroup -name '*$ID*' >$LOGS/groups; echo done >$LOGS/log"
    stopped
    run_ok delete "$ID"
    assert_equal "$(cat "$LOGS/log" "$LOGS/groups")" "done"
}

@test "a failing poststop hook is logged" {
    log_inside
    hook poststop 'exit 5'
    stopped
    run_ok --log "$BATS_TEST_TMPDIR/log" delete "$ID"
    grep -q hook "$BATS_TEST_TMPDIR/log" || fail_with "the log: $(cat "$BATS_TEST_TMPDIR/log")"
}

# ---- config-linux.md

@test "a mount namespace is joined by path" {
    unshare --mount --propagation private "$SUITE_DIR/payload" pause >"$BATS_TEST_TMPDIR/holder" 3>&- </dev/null &
    HOLDER=$!
    wait_until file_has ready "$BATS_TEST_TMPDIR/holder"
    config ".linux.namespaces |= map(select(.type != \"mount\")) + [{type: \"mount\", path: \"/proc/$HOLDER/ns/mnt\"}]" \
        '.mounts |= map(select(.type == "proc"))' 'del(.linux.maskedPaths, .linux.readonlyPaths)'
    create_c
    assert_equal "$(readlink "/proc/$(init_pid)/ns/mnt")" "$(readlink "/proc/$HOLDER/ns/mnt")"
}

test_teardown() { [ -z "${HOLDER:-}" ] || kill -KILL "$HOLDER" 2>/dev/null || true; }

refute_equal() { [ "$1" != "$2" ] || fail_with "is '$1'"; }
