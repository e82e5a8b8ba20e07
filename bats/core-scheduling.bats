# SPDX-License-Identifier: Apache-2.0
# The annotation run.berth.core-scheduling: prctl(2), PR_SCHED_CORE. Which kernels have it, `berth doctor` says.
load helpers
load helpers-exec

test_setup() { berth_only; }

has_core_scheduling() { rt doctor --format json | jq -e '.[] | select(.name == "core scheduling") | .state == "yes"' >/dev/null; }
needs_core_scheduling() { has_core_scheduling || skip "the kernel has no core scheduling, or no core runs several threads"; }

# cookie VALUE: the annotation's value
cookie() { config ".annotations[\"run.berth.core-scheduling\"] = \"$1\""; }

# cookie_of PID: as the host sees it; 0: none
cookie_of() { "$SUITE_DIR/hosttool" cookie "$1"; }

cookie_of_c() { cookie_of "$(pid_c "$1")"; }
pid_c() { rt state "$1" | jq .pid; }

# other VALUE: a second container with the annotation's value; its ID in $ID, the first's in $FIRST
other() {
    FIRST=$ID
    next_id
    cookie "$1"
    living
}

# refused ERRNO: what berth says about the annotation where prctl(2) answers that.
refused() {
    refuse "$1" core-scheduling
    cookie new
    host_snapshot
    run_fails run "$ID"
    assert_output '^annotations\["run\.berth\.core-scheduling"\]: ask the kernel for core scheduling: '"$2"
    assert_host_unchanged
    run_fails check
    assert_output 'annotations\["run\.berth\.core-scheduling"\]: ask the kernel for core scheduling: '"$2"
}

@test "a kernel without core scheduling is an error" {
    refused EINVAL 'invalid argument \(use a kernel with CONFIG_SCHED_CORE \(Linux 5\.14\)\)'
}

@test "a machine whose cores run one thread each is an error" {
    refused ENODEV 'no such device \(no core of this machine runs several threads.* switch SMT on in /sys/devices/system/cpu/smt/control\)'
}

@test "a sandbox that forbids core scheduling is an error" {
    refused EPERM 'operation not permitted \(a seccomp filter'
}

@test "a sandbox that pretends to have core scheduling gets no container" {
    refuse 0 core-scheduling
    cookie new
    host_snapshot
    run_fails run "$ID"
    assert_output 'annotations\["run\.berth\.core-scheduling"\]: take a new core-scheduling cookie: .*pretends that system calls succeed'
    assert_host_unchanged
}

# As if the kernel had core scheduling, whatever it has: each process reads 7 as its own cookie, and others read 8.
pretend() {
    printf '#!/bin/sh\nexec "%s" pretend "%s" "$@"\n' "$SUITE_DIR/hosttool" "$RUNTIME_ITSELF" >"$BATS_TEST_TMPDIR/pretending"
    chmod +x "$BATS_TEST_TMPDIR/pretending"
    RUNTIME=$BATS_TEST_TMPDIR/pretending
}

@test "a new cookie that is the caller's gets no container" {
    pretend
    cookie new
    host_snapshot
    run_fails run "$ID"
    assert_output 'annotations\["run\.berth\.core-scheduling"\]: take a new core-scheduling cookie: .*pretends that system calls succeed'
    assert_host_unchanged
}

@test "a shared cookie that is not the other container's gets no container" {
    living
    FIRST=$ID
    next_id
    pretend
    cookie "container:$FIRST"
    set_args true
    run_fails run "$ID"
    assert_output 'annotations\["run\.berth\.core-scheduling"\]: take the core-scheduling cookie of container "'"$FIRST"'": .*pretends that system calls succeed'
}

@test "doctor says beforehand whether the kernel has core scheduling" {
    refuse ENODEV core-scheduling
    run_rt doctor
    assert_output 'core scheduling +no'
    assert_output 'run\.berth\.core-scheduling is refused \(no core of this machine'
    refuse EINVAL core-scheduling
    run_rt doctor
    assert_output 'run\.berth\.core-scheduling is refused \(use a kernel with CONFIG_SCHED_CORE'
    refuse EPERM core-scheduling
    run_rt doctor
    assert_output 'core scheduling +unknown'
}

@test "without the annotation it does not matter what the kernel has" {
    refuse EPERM core-scheduling
    set_args true
    run_c
    assert_status 0
    living
    in_c -- true
    assert_status 0
}

@test "a value that is not understood is an error" {
    local value
    for value in '' New container: container true; do
        cookie "$value"
        run_fails run "$ID"
        assert_output 'annotations\["run\.berth\.core-scheduling"\]: must be "new" or "container:ID", got "'"$value"'"'
    done
}

@test "a container that does not exist has no cookie to share" {
    refuse 0 core-scheduling
    cookie "container:${ID}x"
    run_fails run "$ID"
    assert_output 'annotations\["run\.berth\.core-scheduling"\]: container "'"${ID}x"'" does not exist'
    run_fails check
    assert_output 'annotations\["run\.berth\.core-scheduling"\]: container "'"${ID}x"'" does not exist'
    cookie "container:a/b"
    run_fails run "$ID"
    assert_output 'annotations\["run\.berth\.core-scheduling"\]: .*a/b'
}

@test "a container without a cookie has none to share" {
    living
    FIRST=$ID
    next_id
    has_core_scheduling || refuse 0 core-scheduling
    cookie "container:$FIRST"
    set_args true
    run_fails run "$ID"
    assert_output 'annotations\["run\.berth\.core-scheduling"\]: container "'"$FIRST"'" has no core-scheduling cookie \(create it with the annotation run\.berth\.core-scheduling = "new"\)'
}

@test "a pod without a process has no cookie to share" {
    local bundle=$BUNDLE
    refuse 0 core-scheduling
    cp "$bundle/config.json" config.before
    config 'del(.process, .mounts, .hostname) | .linux = {namespaces: [{type: "ipc"}]} | .annotations["run.berth.pod"] = "namespaces"'
    create_c
    FIRST=$ID
    next_id
    mv config.before "$bundle/config.json"
    cookie "container:$FIRST"
    run_fails run "$ID"
    assert_output 'annotations\["run\.berth\.core-scheduling"\]: container not running: "'"$FIRST"'" holds namespaces without a process'
}

@test "a stopped container has no cookie to share" {
    needs_core_scheduling
    cookie new
    set_args true
    create_c
    rt start "$ID"
    wait_until stopped
    FIRST=$ID
    next_id
    cookie "container:$FIRST"
    run_fails run "$ID"
    assert_output 'annotations\["run\.berth\.core-scheduling"\]: container not running: "'"$FIRST"'" is stopped'
}
stopped() { rt state "$ID" | jq -e '.status == "stopped"' >/dev/null; }

@test "new is a cookie that neither the host nor another container has" {
    needs_core_scheduling
    local first
    cookie new
    living
    first=$(cookie_of_c "$ID")
    [ "$first" != 0 ] || fail_with "the container has no cookie"
    [ "$first" != "$(cookie_of 0)" ] || fail_with "it is the host's"
    other new
    [ "$(cookie_of_c "$ID")" != 0 ] || fail_with "the second has no cookie"
    [ "$(cookie_of_c "$ID")" != "$first" ] || fail_with "it is the first container's"
}

@test "without the annotation the container keeps the caller's cookie" {
    needs_core_scheduling
    living
    assert_equal "$(cookie_of_c "$ID")" "$(cookie_of 0)"
}

@test "the container's cookie is taken before start and stays after it" {
    needs_core_scheduling
    local before
    cookie new
    set_args payload pause
    create_c
    before=$(cookie_of_c "$ID")
    [ "$before" != 0 ] || fail_with "a created container has no cookie"
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    assert_equal "$(cookie_of_c "$ID")" "$before"
}

@test "the processes and threads of a container have its cookie" {
    needs_core_scheduling
    local pid
    cookie new
    living sh -c 'sleep 1000 & payload pause'
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    [ "$(processes | wc -w)" -ge 2 ] || fail_with "there is only one process"
    for pid in $(processes); do assert_equal "$(cookie_of "$pid")" "$(cookie_of_c "$ID")"; done
}

@test "container:ID shares the cookie of that container" {
    needs_core_scheduling
    cookie new
    living
    other "container:$ID"
    [ "$(cookie_of_c "$ID")" != 0 ] || fail_with "there is no cookie"
    assert_equal "$(cookie_of_c "$ID")" "$(cookie_of_c "$FIRST")"
}

@test "container:ID shares the cookie across PID and user namespaces" {
    needs_core_scheduling
    cookie new
    living
    config '.linux.namespaces |= map(select(.type != "pid"))' '.mounts |= map(select(.type != "proc"))'
    other "container:$ID"
    assert_equal "$(cookie_of_c "$ID")" "$(cookie_of_c "$FIRST")"
    user_namespace
    config '.linux.namespaces += [{type: "pid"}]'
    other "container:$FIRST"
    [ "$(cookie_of_c "$ID")" != 0 ] || fail_with "there is no cookie"
    assert_equal "$(cookie_of_c "$ID")" "$(cookie_of_c "$FIRST")"
}

@test "a cookie can be shared with a container that has not started" {
    needs_core_scheduling
    cookie new
    set_args payload pause
    create_c
    other "container:$ID"
    [ "$(cookie_of_c "$ID")" != 0 ] || fail_with "there is no cookie"
    assert_equal "$(cookie_of_c "$ID")" "$(cookie_of_c "$FIRST")"
}

@test "a shared cookie outlives the container that it came from" {
    needs_core_scheduling
    local before
    cookie new
    living
    other "container:$ID"
    before=$(cookie_of_c "$ID")
    rt delete --force "$FIRST"
    assert_equal "$(cookie_of_c "$ID")" "$before"
    in_c -- true
    assert_status 0
}

@test "a process of exec has the container's cookie" {
    needs_core_scheduling
    local process
    cookie new
    living
    detached -- payload pause
    assert_equal "$(cookie_of "$XPID")" "$(cookie_of_c "$ID")"
    other "container:$ID"
    detached -- payload pause
    [ "$(cookie_of "$XPID")" != 0 ] || fail_with "there is no cookie"
    assert_equal "$(cookie_of "$XPID")" "$(cookie_of_c "$FIRST")"
}

@test "a process of exec has the cookie of a container with a user namespace, and of one without a PID namespace" {
    needs_core_scheduling
    user_namespace
    cookie new
    living
    detached -- payload pause
    [ "$(cookie_of "$XPID")" != 0 ] || fail_with "there is no cookie"
    assert_equal "$(cookie_of "$XPID")" "$(cookie_of_c "$ID")"
    config '.linux.namespaces |= map(select(.type != "pid"))' '.mounts |= map(select(.type != "proc"))'
    other new
    detached -- payload pause
    [ "$(cookie_of "$XPID")" != 0 ] || fail_with "there is no cookie"
    assert_equal "$(cookie_of "$XPID")" "$(cookie_of_c "$ID")"
}

@test "an unprivileged user's containers have cookies" {
    needs_core_scheduling
    cookie new
    living_rootless
    local pid
    pid=$(jq -r . <<<"$(pid_rootless)")
    [ "$(cookie_of "$pid")" != 0 ] || fail_with "there is no cookie"
    as_user exec "$ID" true
    assert_status 0
}
pid_rootless() { as_user state "$ID" && jq .pid <<<"$output"; }

@test "exec is refused if the kernel does not say which cookie the container has" {
    needs_core_scheduling
    cookie new
    living
    refuse 0 core-scheduling
    in_c -- true
    [ "$status" -ne 0 ] || fail_with "exec should have failed"
    assert_output 'annotations\["run\.berth\.core-scheduling"\]: container "'"$ID"'" has no core-scheduling cookie'
}

@test "hooks inside the container have its cookie, those of the host do not" {
    needs_core_scheduling
    cookie new
    cp "$SUITE_DIR/hosttool" rootfs/bin/
    config '.hooks = {createRuntime: [{path: "'"$SUITE_DIR/hosttool"'", args: ["hosttool", "cookie", "0"]}],
                      startContainer: [{path: "/bin/hosttool", args: ["hosttool", "cookie", "0"]}]}' \
        '.annotations["run.oci.hooks.stdout"] = "'"$BATS_TEST_TMPDIR/hooks"'"'
    living
    assert_equal "$(head -1 "$BATS_TEST_TMPDIR/hooks")" "$(cookie_of 0)"
    assert_equal "$(tail -1 "$BATS_TEST_TMPDIR/hooks")" "$(cookie_of_c "$ID")"
    rm rootfs/bin/hosttool
}

@test "a step that fails says what helps" {
    needs_core_scheduling
    local step
    cookie new
    run_ok run --dry-run --bundle "$BUNDLE" "$ID"
    step=$(awk '$3 == "set-core-cookie:" {print $1; exit}' <<<"$output")
    run_fails run --fault "$step:12" --bundle "$BUNDLE" "$ID"
    assert_output 'annotations\["run\.berth\.core-scheduling"\]: take a new core-scheduling cookie: cannot allocate memory'
    run_fails run --fault "$step:116" --bundle "$BUNDLE" "$ID"
    assert_output 'take a new core-scheduling cookie: .*pretends that system calls succeed'
}

@test "checkpoint and restore refuse the cookie that criu would lose" {
    needs_core_scheduling
    cookie new
    living
    run_fails checkpoint --image-path "$BATS_TEST_TMPDIR/image" "$ID"
    assert_output 'annotations\["run\.berth\.core-scheduling"\]: criu cannot restore the core-scheduling cookie'
}
