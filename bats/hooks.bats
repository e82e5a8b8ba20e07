# SPDX-License-Identifier: Apache-2.0
# hooks: when and where they run, what they are given, and what their failures do.
load helpers

KINDS="prestart createRuntime createContainer startContainer poststart poststop"

# The log's directory has one name on both sides: hooks of either kind of place can write there.
test_setup() {
    LOGS=$BATS_TEST_TMPDIR/logs
    LOG=$LOGS/log
    mkdir -p "$LOGS"
    config ".mounts += [{destination: \"$LOGS\", source: \"$LOGS\", options: [\"rbind\", \"rw\"]}]"
}

# hook KIND SCRIPT [MORE]: one more hook of that kind that runs SCRIPT, with more properties as jq
hook() {
    local script
    script=$(jq -Rs . <<<"$2")
    config ".hooks.$1 += [{path: \"/bin/sh\", args: [\"sh\", \"-c\", $script]} + {${3:-}}]"
}

hook_all() {
    local kind
    for kind in $KINDS; do hook "$kind" "${1//KIND/$kind}"; done
}

log_is() { assert_equal "$(xargs <"$LOG")" "$1"; }
whole_life() {
    create_c
    rt start "$ID" || return 1
    wait_status stopped
    rt delete "$ID"
}
gone() { ! rt state "$ID" >/dev/null 2>&1 || fail_with "the container is still there"; }

@test "the six kinds run in their order" {
    hook_all "echo KIND >>$LOG"
    set_sh "echo program >>$LOG; exec sleep 100"
    create_c
    log_is "prestart createRuntime createContainer"
    rt start "$ID"
    wait_until file_has program "$LOG"
    assert_equal "$(grep -v program "$LOG" | xargs)" "prestart createRuntime createContainer startContainer poststart"
    assert_equal "$(grep -n startContainer "$LOG" | cut -d: -f1)" 4
    rt kill "$ID" KILL
    wait_status stopped
    rt delete "$ID"
    assert_equal "$(tail -1 "$LOG")" poststop
    assert_equal "$(wc -l <"$LOG")" 7
}

@test "run runs all of them" {
    hook_all "echo KIND >>$LOG"
    run_c
    assert_status 0
    assert_equal "$(sort "$LOG" | xargs)" "createContainer createRuntime poststart poststop prestart startContainer"
}

@test "hooks of one kind run in the listed order" {
    local i kind
    for kind in createRuntime startContainer poststop; do
        for i in 1 2 3; do hook $kind "sleep 0.0$((4 - i)); echo $kind$i >>$LOG"; done
    done
    run_c
    assert_status 0
    log_is "createRuntime1 createRuntime2 createRuntime3 startContainer1 startContainer2 startContainer3 poststop1 poststop2 poststop3"
}

@test "every hook gets the state on stdin" {
    hook_all "cat >$LOGS/KIND"
    config '.annotations = {"org.example": "note"}'
    set_args sleep 0.05
    whole_life
    local kind
    for kind in $KINDS; do
        jq -e --arg id "$ID" --arg bundle "$BUNDLE" '.id == $id and .bundle == $bundle and .annotations == {"org.example": "note"}
            and (.ociVersion | test("^1[.][0-9]+[.][0-9]+"))' "$LOGS/$kind" >/dev/null || fail_with "$kind: $(cat "$LOGS/$kind")"
    done
}

@test "the state's status is that of the phase" {
    local kind
    hook_all "cat >$LOGS/KIND"
    set_sh 'while [ ! -e /go ]; do sleep 0.02; done'
    create_c
    rt start "$ID"
    touch rootfs/go
    wait_status stopped
    rt delete "$ID"
    # runtime.md, "State" and "Lifecycle": creating is step 2, created is after step 2; hooks begin with step 3.
    for kind in prestart createRuntime createContainer startContainer; do
        assert_equal "$kind $(jq -r .status "$LOGS/$kind")" "$kind created"
    done
    assert_equal "$(jq -r .status "$LOGS/poststart")" running
    assert_equal "$(jq -r .status "$LOGS/poststop")" stopped
}

@test "the state's pid is the container's process in the hook's PID namespace" {
    hook_all "cat >$LOGS/KIND"
    set_args sleep 1000
    create_c
    local pid kind
    pid=$(init_pid)
    rt start "$ID"
    for kind in prestart createRuntime poststart; do assert_equal "$kind $(jq .pid "$LOGS/$kind")" "$kind $pid"; done
    for kind in createContainer startContainer; do assert_equal "$kind $(jq .pid "$LOGS/$kind")" "$kind 1"; done
}

@test "prestart, createRuntime, poststart and poststop run in the runtime's namespaces" {
    hook_all "readlink /proc/self/ns/{mnt,net,pid,uts,ipc} /proc/self/ns/mnt /proc/self/ns/net /proc/self/ns/pid | sort -u >$LOGS/KIND"
    whole_life
    local kind
    in_ns sh -c "readlink /proc/self/ns/mnt /proc/self/ns/net /proc/self/ns/pid | sort -u" >"$LOGS/host"
    for kind in prestart createRuntime poststart poststop; do diff "$LOGS/host" "$LOGS/$kind"; done
}

@test "createContainer runs in the container's namespaces before pivot_root" {
    hook createContainer "readlink /proc/self/ns/mnt /proc/self/ns/net /proc/self/ns/uts /proc/self/ns/ipc >$LOGS/hook
        [ -e $BUNDLE/config.json ] && echo host-paths >>$LOGS/where; [ -e $BUNDLE/rootfs/proc/version ] && echo mounts >>$LOGS/where"
    set_args sleep 100
    create_c
    local pid
    pid=$(init_pid)
    readlink /proc/"$pid"/ns/mnt /proc/"$pid"/ns/net /proc/"$pid"/ns/uts /proc/"$pid"/ns/ipc | diff - "$LOGS/hook"
    assert_equal "$(xargs <"$LOGS/where")" "host-paths mounts"
}

@test "startContainer resolves and runs inside the container" {
    # The host has no such program.
    config '.hooks.startContainer = [{path: "/bin/payload-hook", args: ["payload", "exit", "0"]}]'
    ln -s payload rootfs/bin/payload-hook
    hook startContainer "(readlink /proc/self/ns/mnt; readlink /proc/self/ns/pid) >$LOGS/hook; ls / >$LOGS/root"
    set_args sleep 100
    create_c
    rt start "$ID"
    local pid
    pid=$(init_pid)
    readlink "/proc/$pid/ns/mnt" "/proc/$pid/ns/pid" | diff - "$LOGS/hook"
    grep -qx mnt "$LOGS/root"
    [ ! -e "/bin/payload-hook" ]
}

@test "a createRuntime hook can reach the new network namespace" {
    hook createRuntime "pid=\$(grep -o '\"pid\": *[0-9]*' | tr -dc 0-9); readlink /proc/self/ns/net /proc/\$pid/ns/net >$LOG"
    whole_life
    assert_equal "$(sort -u "$LOG" | wc -l)" 2
}

@test "the environment is exactly what the hook's env says" {
    local kind
    for kind in $KINDS; do
        hook $kind "tr '\\0' '\\n' </proc/self/environ >$LOGS/$kind" 'env: ["A=1", "B=two words"]'
    done
    SECRET=1 run_c
    assert_status 0
    for kind in $KINDS; do assert_equal "$(cat "$LOGS/$kind")" $'A=1\nB=two words'; done
}

@test "an empty env is an empty environment" {
    hook createRuntime "wc -c </proc/self/environ >$LOGS/a" 'env: []'
    hook startContainer "wc -c </proc/self/environ >$LOGS/b" 'env: []'
    SECRET=1 run_c
    assert_status 0
    assert_equal "$(cat "$LOGS/a" "$LOGS/b" | xargs)" "0 0"
}

@test "without env hooks of the host inherit the runtime's environment, startContainer hooks the process's" {
    local kind
    config 'del(.process.env[] | select(startswith("HOME="))) | .process.env += ["OF_PROCESS=1"]'
    for kind in $KINDS; do hook $kind "tr '\\0' '\\n' </proc/self/environ >$LOGS/$kind"; done
    OF_CALLER=1 run_c
    assert_status 0
    for kind in prestart createRuntime poststart poststop; do grep -qx OF_CALLER=1 "$LOGS/$kind" || fail_with "$kind"; done
    assert_equal "$(grep -c OF_CALLER "$LOGS/startContainer")" 0
    grep -qx OF_PROCESS=1 "$LOGS/startContainer"
    grep -qx HOME=/root "$LOGS/startContainer"
}

@test "a createContainer hook without env gets nothing of the runtime's environment" {
    hook createContainer "tr '\\0' '\\n' </proc/self/environ >$LOG"
    OF_CALLER=1 run_c
    assert_status 0
    ! grep -q OF_CALLER "$LOG" || fail_with "leaked: $(cat "$LOG")"
}

@test "hooks of the host run in the bundle, createContainer in the root file system, startContainer in process.cwd" {
    hook_all "pwd >$LOGS/KIND"
    config '.process.cwd = "/tmp"'
    cd /
    run_c
    assert_status 0
    local kind
    for kind in prestart createRuntime poststart poststop; do assert_equal "$kind $(cat "$LOGS/$kind")" "$kind $BUNDLE"; done
    assert_equal "$(cat "$LOGS/createContainer")" "$BUNDLE/rootfs"
    assert_equal "$(cat "$LOGS/startContainer")" /tmp
}

@test "poststop hooks run even if the bundle is gone" {
    hook poststop "echo poststop >>$LOG"
    create_c
    mv "$BUNDLE" "$BUNDLE.gone"
    rt delete --force "$ID"
    mv "$BUNDLE.gone" "$BUNDLE"
    log_is poststop
}

# status FIELD...: these of /proc/self/status
@test "a startContainer hook is confined as the program is" {
    local fields='Uid|Gid|Groups|Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp|Umask'
    local script="grep -E '^($fields):' /proc/self/status" nnp
    chmod 777 "$LOGS"
    config '.process.user = {uid: 1000, gid: 1001, additionalGids: [7, 8], umask: 23}
        | .process.capabilities = ({bounding: ["CAP_KILL", "CAP_CHOWN"]} | .effective = .bounding | .permitted = .bounding | .inheritable = .bounding | .ambient = ["CAP_KILL"])
        | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
    hook startContainer "$script >$LOGS/hook"
    set_sh "$script >$LOGS/program"
    for nnp in true false; do
        config ".process.noNewPrivileges = $nnp"
        run_c
        assert_status 0
        diff "$LOGS/hook" "$LOGS/program"
        grep -q 'Seccomp:.*2' "$LOGS/hook"
    done
}

@test "a filter that kills mkdir also applies to a startContainer hook, and start fails" {
    config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_KILL_PROCESS"}]}'
    hook startContainer "mkdir $LOGS/made"
    run_rt run --bundle "$BUNDLE" "$ID"
    [ ! -e "$LOGS/made" ]
}

@test "descriptors of --preserve-fds reach the program, not its startContainer hooks" {
    hook startContainer "(cd /proc/self/fd; for f in *; do [ ! -h \$f ] || printf '%s ' \$f; done) >$LOG"
    echo kept >"$BATS_TEST_TMPDIR/kept"
    set_sh 'cat <&7'
    run rt run --preserve-fds 5 "$ID" 7<"$BATS_TEST_TMPDIR/kept" </dev/null
    assert_status 0
    assert_output '^kept$'
    assert_equal "$(cat "$LOG")" "0 1 2 "
}

@test "the error of a failed hook has runc's words and ours" {
    berth_only "the words are berth's"
    local kind
    for kind in prestart createRuntime createContainer startContainer poststart; do
        config 'del(.hooks)'
        hook "$kind" true
        hook "$kind" 'exit 3'
        set_args sleep 100
        run_fails run "$ID"
        assert_output "hooks[.]$kind\[1\]: error running $kind hook #1: run the hook /bin/sh: exit status 3"
    done
}

@test "args are the hook's whole argv" {
    printf 'tr "\\0" : </proc/$$/cmdline >%s\n' "$LOG" >script
    config ".hooks.createRuntime = [{path: \"/bin/sh\", args: [\"any name\", \"$BUNDLE/script\", \"x y\"]}]"
    run_c
    assert_status 0
    assert_equal "$(cat "$LOG")" "any name:$BUNDLE/script:x y:"
}

@test "without args the argv is the path alone" {
    printf '#!/bin/sh\ntr "\\0" "|" </proc/$$/cmdline >%s\n' "$LOG" >"$BATS_TEST_TMPDIR/script"
    chmod 755 "$BATS_TEST_TMPDIR/script"
    config ".hooks.createRuntime = [{path: \"$BATS_TEST_TMPDIR/script\"}]"
    run_c
    assert_status 0
    assert_equal "$(cat "$LOG")" "/bin/sh|$BATS_TEST_TMPDIR/script|"
}

@test "a hook has only descriptors 0, 1 and 2" {
    local kind
    for kind in $KINDS; do hook $kind "(cd /proc/self/fd; for f in *; do [ ! -h \$f ] || printf '%s ' \$f; done) >$LOGS/$kind"; done
    run rt run "$ID" 7</etc/group
    assert_status 0
    for kind in $KINDS; do assert_equal "$(cat "$LOGS/$kind")" "0 1 2 "; done
}

@test "a relative path is an error" {
    host_snapshot
    config '.hooks.createRuntime = [{path: "bin/true"}]'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "a timeout of 0 or less is an error" {
    host_snapshot
    local timeout
    for timeout in 0 -1; do
        config ".hooks = {poststop: [{path: \"/bin/true\", timeout: $timeout}]}"
        run_fails create "$ID"
    done
    assert_host_unchanged
}

@test "a hook within its timeout is fine" {
    hook createRuntime "sleep 0.05; echo done >$LOG" "timeout: $PATIENCE"
    run_c
    assert_status 0
    log_is "done"
}

@test "a hook that exceeds its timeout is killed and counts as failed" {
    host_snapshot
    hook createRuntime "echo \$\$ >$LOG; exec sleep 1000" 'timeout: 1'
    run_fails create "$ID"
    ! kill -0 "$(cat "$LOG")" 2>/dev/null || fail_with "the hook lives on"
    assert_host_unchanged
}

@test "a failing prestart, createRuntime or createContainer hook fails create without a trace" {
    host_snapshot
    local kind
    for kind in prestart createRuntime createContainer; do
        config 'del(.hooks)'
        hook $kind 'exit 3'
        run_fails create "$ID"
        gone
    done
    assert_host_unchanged
}

@test "the error of a failing hook names the hook" {
    hook createRuntime true
    hook createRuntime 'exit 3'
    run_fails create "$ID"
    assert_output 'hook'
}

@test "after a failing hook no more of its kind run, but poststop hooks do" {
    hook createRuntime "echo one >>$LOG; exit 1"
    hook createRuntime "echo two >>$LOG"
    hook createContainer "echo three >>$LOG"
    hook poststop "echo poststop >>$LOG"
    run_fails create "$ID"
    log_is "one poststop"
}

@test "a failing createContainer hook is followed by the poststop hooks" {
    hook createContainer "exit 1"
    hook poststop "echo poststop >>$LOG"
    run_fails create "$ID"
    log_is poststop
}

@test "a hook killed by a signal has failed" {
    hook createRuntime 'kill -9 $$'
    host_snapshot
    run_fails create "$ID"
    assert_host_unchanged
}

@test "a hook whose program is missing has failed" {
    config '.hooks.createRuntime = [{path: "/no/such/hook"}]'
    host_snapshot
    run_fails create "$ID"
    assert_output '/no/such/hook'
    assert_host_unchanged
}

@test "a failing startContainer hook makes start fail, and the program never runs" {
    hook startContainer 'exit 1'
    set_sh "echo ran >>$LOG"
    create_c
    run_fails start "$ID"
    time_for_faults 0.05
    [ ! -e "$LOG" ]
}

@test "a failing startContainer hook destroys the container and poststop hooks run" {
    host_snapshot
    hook startContainer 'exit 1'
    hook poststop "echo poststop >>$LOG"
    create_c
    run_fails start "$ID"
    gone
    log_is poststop
    assert_host_unchanged
}

@test "a failing poststart hook makes start fail and destroys the container" {
    host_snapshot
    hook poststart 'exit 1'
    hook poststop "echo poststop >>$LOG"
    set_args sleep 100
    create_c
    run_fails start "$ID"
    gone
    log_is poststop
    assert_host_unchanged
}

@test "a failing hook makes run fail without a trace" {
    local kind
    host_snapshot
    for kind in prestart createRuntime createContainer startContainer poststart; do
        config 'del(.hooks)'
        hook $kind 'exit 1'
        set_args sleep 100
        run_fails run "$ID"
        gone
    done
    assert_host_unchanged
}

@test "a failing poststop hook is a warning, and the others run" {
    hook poststop 'exit 1'
    hook poststop "echo second >>$LOG"
    create_c
    run_ok delete --force "$ID"
    log_is second
    gone
}

@test "poststop hooks run once" {
    hook poststop "echo poststop >>$LOG"
    whole_life
    rt delete "$ID" 2>/dev/null || true
    rt delete --force "$ID"
    log_is poststop
}

@test "poststop hooks run when the cgroups are gone" {
    hook poststop "find /sys/fs/cgroup -name '*$ID*' | wc -l >$LOG"
    whole_life
    log_is 0
}

@test "a hook need not read its stdin" {
    # More than a pipe holds.
    config '.annotations = {big: ("x" * 200000)}'
    hook_all "exec </dev/null; echo KIND >>$LOG"
    whole_life
    assert_equal "$(wc -l <"$LOG")" 6
}

@test "a hook may leave a process behind without blocking the runtime" {
    hook createRuntime "sleep 1000 & echo \$! >$LOG"
    run_c
    assert_status 0
    kill "$(cat "$LOG")"
}

@test "empty lists of hooks are accepted" {
    config '.hooks = {prestart: [], createRuntime: [], createContainer: [], startContainer: [], poststart: [], poststop: []}'
    run_c
    assert_status 0
}

@test "prestart and createRuntime hooks work with the host's /dev and masked paths" {
    local kind
    config '.mounts |= map(select(.destination | startswith("/dev") | not)) +
                [{destination: "/dev", source: "/dev", type: "bind", options: ["rbind"]}]' \
           '.linux.maskedPaths = ["/proc/timer_list"]'
    for kind in prestart createRuntime; do
        config '.hooks = {}'
        hook "$kind" "echo $kind >$LOG"
        whole_life
        log_is "$kind"
    done
}

@test "delete --force of a created container runs the poststop hooks" {
    hook poststop "echo poststop >>$LOG"
    create_c
    run_ok delete --force "$ID"
    log_is poststop
}

@test "delete --force of a container kills a hook that never ends" {
    berth_only "others wait for it"
    config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo $$ >'"$BATS_TEST_TMPDIR"'/hook; exec sleep 1000"]}]'
    rt create --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/created" 2>&1 3>&- 4>&- &
    local creator=$!
    wait_until test -s "$BATS_TEST_TMPDIR/hook"
    run_ok delete --force "$ID"
    status=0
    wait "$creator" || status=$?
    assert_status 1
    read_output "$BATS_TEST_TMPDIR/created"
    assert_output 'hooks.createRuntime\[0\]: .*killed meanwhile'
    ! kill -0 "$(cat "$BATS_TEST_TMPDIR/hook")" 2>/dev/null || fail_with "the hook lives on"
}

@test "a poststart hook that freezes the container and fails does not block run" {
    berth_only "others wait for the end of what is frozen"
    has_controller freezer || skip "needs a freezer"
    hook poststart "$RUNTIME --root $ROOT pause $ID; exit 1"
    set_args sleep 100
    run_fails run --bundle "$BUNDLE" "$ID"
    assert_output 'hooks.poststart'
    gone
}
