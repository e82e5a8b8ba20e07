# SPDX-License-Identifier: Apache-2.0
# linux.intelRdt. Few machines have resctrl: here a directory plays it, which the runtime finds in its mountinfo. What the kernel does
# there when a directory is made is for tests/unit/rdt.c.
load helpers

# RESCTRL: with the class of service "gold".
fake_resctrl() {
    berth_only "other runtimes look for the hardware"
    RESCTRL=$BATS_TEST_TMPDIR/resctrl
    mkdir -p "$RESCTRL"/{info,mon_groups,gold/mon_groups}
    printf '    MB:0=100\n    L3:0=fff\n' | tee "$RESCTRL/schemata" >"$RESCTRL/gold/schemata"
    : >"$RESCTRL/tasks"
    : >"$RESCTRL/gold/tasks"
    echo 'mask out of range' >"$RESCTRL/info/last_cmd_status"
    find "$RESCTRL" | sort >"$BATS_TEST_TMPDIR/before"
}

assert_resctrl_unchanged() { diff "$BATS_TEST_TMPDIR/before" <(find "$RESCTRL" | sort); }

# As rt, in a mount namespace whose list of mounts has the fake. The shell's process id is the runtime's.
rt_rdt() {
    local device
    device=$(stat -c '%Hd:%Ld' "$RESCTRL")
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" unshare -m --propagation slave sh -c '
        { cat /proc/self/mountinfo; echo "9999 1 $2 / $1 rw - resctrl resctrl rw"; } >"$1.mounts" &&
        mount --bind "$1.mounts" /proc/$$/mountinfo && shift 2 && exec "$@"' sh "$RESCTRL" "$device" \
        "$RUNTIME" --root "$ROOT" "$@" 3>&- 4>&-
}

run_rdt() {
    status=0
    rt_rdt run "$ID" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

create_rdt() {
    rt_rdt create "$ID" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 || {
        output=$(out)
        fail_with "create failed"
    }
}

refuses_rdt() {
    host_snapshot
    run_rdt
    [ "$status" -ne 0 ] || fail_with "should have failed"
    assert_output "$1"
    assert_host_unchanged
    assert_resctrl_unchanged
}

@test "intelRdt without resctrl is an error" {
    config '.linux.intelRdt = {l3CacheSchema: "L3:0=f"}'
    host_snapshot
    run_fails run "$ID"
    assert_output '[Rr]dt|RDT|resctrl'
    assert_host_unchanged
}

@test "without intelRdt resctrl is left alone" {
    fake_resctrl
    run_rdt
    assert_status 0
    assert_resctrl_unchanged
    [ ! -s "$RESCTRL/tasks" ] || fail_with "something has joined"
}

@test "an existing closID is joined, and stays" {
    fake_resctrl
    config '.linux.intelRdt = {closID: "gold"}'
    set_args sleep 100
    create_rdt
    assert_equal "$(cat "$RESCTRL/gold/tasks")" "$(init_pid)"
    run_ok delete --force "$ID"
    assert_resctrl_unchanged
}

@test "the closID / is the root" {
    fake_resctrl
    config '.linux.intelRdt = {closID: "/"}'
    set_args sleep 100
    create_rdt
    assert_equal "$(cat "$RESCTRL/tasks")" "$(init_pid)"
    run_ok delete --force "$ID"
    assert_resctrl_unchanged
}

@test "an existing class with the container's name is joined, and stays" {
    fake_resctrl
    cp -r "$RESCTRL/gold" "$RESCTRL/$ID"
    config '.linux.intelRdt = {}'
    run_rdt
    assert_status 0
    [ -s "$RESCTRL/$ID/tasks" ] || fail_with "nothing has joined"
}

@test "a user namespace does not prevent the process from joining" {
    fake_resctrl
    chmod 755 rootfs
    # With the fake on it /proc is not one that a user namespace may mount anew.
    config 'del(.mounts[] | select(.destination == "/proc"))' '.linux.maskedPaths = [] | .linux.readonlyPaths = []'
    config '.linux.intelRdt = {closID: "gold"}' '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    run_rdt
    assert_status 0
    [ -s "$RESCTRL/gold/tasks" ] || fail_with "nothing has joined"
}

@test "an existing closID with the same schemata is joined, with others it is an error" {
    fake_resctrl
    config '.linux.intelRdt = {closID: "gold", l3CacheSchema: "L3:0=FFF", memBwSchema: "MB:0=100", schemata: ["L3:0=0fff"]}'
    run_rdt
    assert_status 0
    config '.linux.intelRdt.memBwSchema = "MB:0=50"'
    refuses_rdt 'linux\.intelRdt\.memBwSchema: .*gold'
}

@test "a missing closID is an error without a schema" {
    fake_resctrl
    config '.linux.intelRdt = {closID: "silver", enableMonitoring: true}'
    refuses_rdt 'linux\.intelRdt\.closID: .*silver'
}

@test "a closID that is not a class of service is an error" {
    fake_resctrl
    config '.linux.intelRdt = {closID: "info"}'
    refuses_rdt 'linux\.intelRdt\.closID: .*info'
}

@test "a new class is removed if its schema is refused" {
    fake_resctrl
    config '.linux.intelRdt = {closID: "silver", schemata: ["L3:0=f", "MB:0=50"]}'
    refuses_rdt 'linux\.intelRdt\.schemata\[0\]: write "L3:0=f" to .*silver/schemata: .*\(mask out of range\)'
}

@test "class and monitoring group are removed if the process cannot join" {
    fake_resctrl
    config '.linux.intelRdt = {closID: "gold", enableMonitoring: true}'
    refuses_rdt "linux\.intelRdt: write .* to .*gold/mon_groups/$ID/tasks"
    config '.linux.intelRdt = {}'
    refuses_rdt "linux\.intelRdt: write .* to .*$ID/tasks"
}

@test "whichever step fails, resctrl is as before" {
    fake_resctrl
    local step names
    config '.linux.intelRdt = {closID: "gold"}'
    mapfile -t names < <(rt_rdt create --dry-run "$ID" | awk '{print $3}')
    grep -qx join-rdt: <<<"$(printf '%s\n' "${names[@]}")" || fail_with "no step for resctrl"
    config '.linux.intelRdt = {}'
    mapfile -t names < <(rt_rdt create --dry-run "$ID" | awk '{print $3}')
    host_snapshot
    for step in "${!names[@]}"; do
        case ${names[step]} in make-rdt: | make-cgroup: | launch: | record-init: | join-rdt:) ;; *) continue ;; esac
        run rt_rdt create --fault "$step" "$ID"
        [ "$status" -eq 1 ] || fail_with "step $step: status $status"
        assert_resctrl_unchanged
        [ ! -e "$ROOT/$ID" ] || fail_with "step $step: the state is still there"
    done
    assert_host_unchanged
}

@test "update sets the schemata of the container's class" {
    fake_resctrl
    config '.linux.intelRdt = {closID: "gold"}'
    set_args sleep 100
    create_rdt
    : >"$RESCTRL/gold/schemata"
    run_ok update --mem-bw-schema MB:0=50 "$ID"
    assert_equal "$(cat "$RESCTRL/gold/schemata")" MB:0=50
    run_ok update --l3-cache-schema L3:0=ff --cpu-share 512 "$ID"
    assert_equal "$(cat "$RESCTRL/gold/schemata")" "L3:0=ff"
    run_fails update --mem-bw-schema L3:0=1 "$ID"
    assert_output 'memBwSchema: must start with MB:'
}

@test "update of schemata without intelRdt is an error" {
    berth_only
    set_args sleep 100
    create_c
    run_fails update --l3-cache-schema L3:0=ff "$ID"
    assert_output 'no class of service'
}

@test "an invalid intelRdt is an error" {
    local bad
    host_snapshot
    for bad in '{closID: ""}' '{closID: ".."}' '{closID: "a/b"}' '{memBwSchema: "L3:0=1"}' '{memBwSchema: "MB:0=1\nMB:1=2"}' \
        '{schemata: ["a\nb"]}' '{schemata: "a"}' '{enableMonitoring: 1}'; do
        config ".linux.intelRdt = $bad"
        run_fails run "$ID"
        assert_output '[Rr]dt|RDT'
    done
    assert_host_unchanged
}
