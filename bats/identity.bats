# SPDX-License-Identifier: Apache-2.0
# process.user and process.capabilities where the caller, the host or the file system is not what it usually is: nothing of the caller's stays.
load helpers

USER_ID=54321

# run_as SETPRIV OPTION... -- RUNTIME ARGS: the runtime of a caller with less, or more, than root has
run_as() {
    local options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    status=0
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv "${options[@]}" \
        env -u XDG_RUNTIME_DIR "$RUNTIME" --root "$ROOT" "$@" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

# The bundle of an unprivileged user who has no subordinate ids.
rootless() {
    config '.linux.namespaces += [{type: "user"}] | .linux.namespaces |= map(select(.type != "cgroup" and .type != "network"))' \
        "del(.linux.resources) | .linux.uidMappings = [{containerID: 0, hostID: $USER_ID, size: 1}]" '.linux.gidMappings = .linux.uidMappings' \
        '.mounts |= map(select(.type != "cgroup") | .options |= map(select(. != "gid=5"))
            | if .type == "sysfs" then .type = "none" | .source = "/sys" | .options = ["rbind", "nosuid", "noexec", "nodev", "ro"] else . end)'
    own_bundle "$USER_ID"
}

@test "the caller's supplementary groups are not kept if CAP_SETGID is missing" {
    set_sh 'grep Groups /proc/self/status'
    run_as --groups 6,4242 --inh-caps -setgid --bounding-set -setgid -- run --bundle "$BUNDLE" "$ID"
    assert_failed
    refute_output 4242
}

@test "without CAP_SETGID a caller without supplementary groups runs a container" {
    set_sh 'id -u; grep Groups /proc/self/status'
    run_as --clear-groups --inh-caps -setgid --bounding-set -setgid -- run --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_output '^0$'
}

@test "exec: the caller's supplementary groups are not kept if CAP_SETGID is missing" {
    set_args sleep 100
    create_c
    rt start "$ID"
    run_as --groups 6,4242 --inh-caps -setgid --bounding-set -setgid -- exec "$ID" grep Groups /proc/self/status
    assert_failed
    refute_output 4242
}

@test "additionalGids are ignored where setgroups is denied" {
    rootless
    config '.process.user.additionalGids = [0, 5]'
    set_sh 'cat /proc/self/setgroups; echo ran'
    run_as --reuid $USER_ID --regid $USER_ID --groups 4242 -- run --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_equal "$(tail -n 2 <<<"$output" | xargs)" "deny ran"
}

@test "exec: additional groups are ignored where setgroups is denied" {
    berth_only "crun has no such option"
    rootless
    set_args sleep 100
    run_as --reuid $USER_ID --regid $USER_ID --clear-groups -- run --detach --bundle "$BUNDLE" "$ID"
    assert_status 0
    run_as --reuid $USER_ID --regid $USER_ID --clear-groups -- exec --additional-gids 5 "$ID" echo ran
    assert_status 0
    assert_output '^ran$'
    run_as --reuid $USER_ID --regid $USER_ID --clear-groups -- delete --force "$ID"
}

# /bin/own may be executed by its owner alone: program_of UID:GID
program_of() {
    cp --remove-destination rootfs/bin/payload rootfs/bin/own
    chown "$1" rootfs/bin/own
    chmod 0100 rootfs/bin/own
}

@test "a user with CAP_DAC_OVERRIDE may run a program that only root may run" {
    program_of 0:0
    config '.process.user = {uid: 1000, gid: 1000}' \
        '.process.capabilities = ({bounding: ["CAP_DAC_OVERRIDE"]} | .effective = .bounding | .permitted = .bounding | .inheritable = .bounding | .ambient = .bounding)'
    set_args /bin/own exit 7
    run_c
    assert_status 7
}

@test "create refuses a program that only root may run to a user without CAP_DAC_OVERRIDE" {
    program_of 0:0
    config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
    set_args /bin/own exit 7
    run_fails create --bundle "$BUNDLE" "$ID"
    assert_output '[pP]ermission denied'
}

@test "create refuses another user's program to root without CAP_DAC_OVERRIDE" {
    program_of 1000:1000
    config '.process.capabilities = {}'
    set_args /bin/own exit 7
    run_fails create --bundle "$BUNDLE" "$ID"
    assert_output '[pP]ermission denied'
}

@test "a group that the user namespace does not map is named" {
    berth_only "the words are berth's"
    config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] | .linux.gidMappings = .linux.uidMappings' \
        '.process.user.additionalGids = [5, 1000]'
    UNCHECKED=1 run_c
    assert_status 1
    assert_output 'process.user.additionalGids\[1\]: 1000 is not mapped in linux.gidMappings'
}

@test "exec: a group that the user namespace does not map is named" {
    berth_only "the words are berth's"
    config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] | .linux.gidMappings = .linux.uidMappings'
    set_args sleep 100
    create_c
    rt start "$ID"
    run_fails exec --additional-gids 1000 "$ID" true
    assert_output 'process.user.additionalGids\[0\]: 1000 is not mapped in linux.gidMappings'
}

@test "more groups than the kernel accepts are an error that says so" {
    berth_only "the words are berth's"
    config '.process.user.additionalGids = [range(1; 65538)]'
    UNCHECKED=1 run_c
    assert_status 1
    assert_output 'process.user.additionalGids: the kernel accepts at most 65536 groups, got 65537'
}

@test "65536 groups are set" {
    config '.process.user.additionalGids = [range(1; 65537)]'
    set_sh 'grep Groups /proc/self/status | wc -w'
    run_c
    assert_status 0
    assert_equal "$output" 65537
}

@test "an empty HOME= counts as unset" {
    printf 'user:x:1000:1000::/home/user:/bin/sh\n' >"$BATS_TEST_TMPDIR/passwd"
    cp --remove-destination "$BATS_TEST_TMPDIR/passwd" rootfs/etc/passwd
    config '.process.user = {uid: 1000, gid: 1000} | .process.env = ["PATH=/bin", "HOME=", "A=1"]'
    set_sh 'env | grep -c ^HOME=; echo $HOME'
    run_c
    assert_status 0
    assert_equal "$(xargs <<<"$output")" "1 /home/user"
}

@test "an /etc/passwd that cannot be read is an error" {
    berth_only "others make it HOME=/ in silence"
    config 'del(.process.env[] | select(startswith("HOME=")))' '.mounts += [{destination: "/etc/passwd", source: "/proc/1/mem", options: ["bind"]}]'
    set_args true
    # Root may open this file, and the kernel refuses to read from address 0 of it.
    run_c
    assert_failed
    assert_output 'find the home directory of user 0'
}

@test "exec --cap makes the capability ambient where the container has it inheritable" {
    config '.process.capabilities = {bounding: ["CAP_KILL"], effective: [], permitted: ["CAP_KILL"], inheritable: ["CAP_KILL"], ambient: []}'
    set_args sleep 100
    create_c
    rt start "$ID"
    run_ok exec --user 1000 --cap CAP_KILL "$ID" grep -E 'Cap(Eff|Amb)' /proc/self/status
    assert_equal "$(xargs <<<"$output")" "CapEff: 0000000000000020 CapAmb: 0000000000000020"
}

@test "exec --cap makes nothing ambient where the container has nothing inheritable" {
    config '.process.capabilities = {bounding: ["CAP_KILL"], effective: [], permitted: [], inheritable: [], ambient: []}'
    set_args sleep 100
    create_c
    rt start "$ID"
    run_ok exec --user 1000 --cap CAP_KILL "$ID" grep -E 'Cap(Eff|Amb)' /proc/self/status
    assert_equal "$(tail -n 2 <<<"$output" | xargs)" "CapEff: 0000000000000000 CapAmb: 0000000000000000"
}

@test "capabilities that the caller's bounding set lacks: one line at create, none at exec" {
    berth_only "the words are berth's"
    local all='["CAP_KILL", "CAP_SYS_TIME", "CAP_SYS_BOOT"]'
    config ".process.capabilities = {bounding: $all, effective: $all, permitted: $all, inheritable: $all, ambient: $all}"
    set_args sleep 100
    run_as --inh-caps -sys_time,-sys_boot --bounding-set -sys_time,-sys_boot -- run --detach --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_equal "$output" "warning: process.capabilities: leaving out CAP_SYS_BOOT, CAP_SYS_TIME, which the caller's bounding set lacks"
    run_as --inh-caps -sys_time,-sys_boot --bounding-set -sys_time,-sys_boot -- exec --cap CAP_SYS_TIME "$ID" echo ran
    assert_status 0
    assert_equal "$output" ran
}

@test "the capabilities that spec of runc 1.1 writes cause no warning" {
    berth_only "the words are berth's"
    local all='["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]'
    config ".process.capabilities = {bounding: $all, effective: $all, permitted: $all, ambient: $all}"
    set_args true
    run_c
    assert_status 0
    assert_equal "$output" ""
}

@test "effective capabilities that are not permitted are named" {
    berth_only "the words are berth's"
    config '.process.capabilities = {bounding: ["CAP_KILL", "CAP_CHOWN"], effective: ["CAP_KILL", "CAP_CHOWN"], permitted: []}'
    set_args true
    run_c
    assert_status 0
    assert_output 'process.capabilities.effective: leaving out CAP_CHOWN, CAP_KILL, which the permitted set lacks'
}

# user_seconds COUNT: of a dry run with so many variables
user_seconds() {
    jq -n --argjson n "$1" '[range($n) | "VARIABLE_\(.)=\(.)"]' >"$BATS_TEST_TMPDIR/variables"
    jq --slurpfile env "$BATS_TEST_TMPDIR/variables" '.process.env = $env[0]' "$SUITE_DIR/config.json" >"$BUNDLE/config.json.new"
    mv "$BUNDLE/config.json.new" "$BUNDLE/config.json"
    local TIMEFORMAT=%U
    { time "$RUNTIME" --root "$ROOT" run --dry-run --bundle "$BUNDLE" "$ID" >/dev/null 2>&1; } 2>&1
}

@test "planning the environment takes linear time" {
    berth_only "others have no dry run"
    wait_until is_linear
}

# Four times as many take four times as long, and 16 times where each is compared with each; a machine with other work may measure that wrongly.
is_linear() {
    local few many
    few=$(user_seconds 50000)
    many=$(user_seconds 200000)
    echo "$few s for 50000, $many s for 200000"
    awk -v few="$few" -v many="$many" 'BEGIN {exit !(many < 8 * few + 0.1)}'
}

pinned() { (taskset -pc 0 "$BASHPID" >/dev/null && rt "$@" </dev/null); }
cpus() { grep Cpus_allowed_list "/proc/${1:-self}/status" | cut -f2; }

@test "the caller's CPU affinity is not the container's" {
    [ "$(nproc)" -gt 1 ] || skip "needs two processors"
    local all
    all=$(cpus)
    set_sh 'grep Cpus_allowed_list /proc/self/status | cut -f2'
    assert_equal "$(pinned run --bundle "$BUNDLE" "$ID" 2>/dev/null)" "$all"
    set_args sleep 100
    pinned create --bundle "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/out" 2>&1
    rt start "$ID"
    assert_equal "$(cpus "$(init_pid)")" "$all"
    assert_equal "$(pinned exec "$ID" grep Cpus_allowed_list /proc/self/status | cut -f2)" "$all"
}

@test "the container's CPU affinity is its cpuset" {
    [ "$(nproc)" -gt 1 ] && has_controller cpuset || skip "needs two processors and cpuset"
    config '.linux.resources.cpu.cpus = "1"'
    set_args sleep 100
    pinned create --bundle "$BUNDLE" "$ID" >"$BATS_TEST_TMPDIR/out" 2>&1
    rt start "$ID"
    assert_equal "$(cpus "$(init_pid)")" 1
    assert_equal "$(pinned exec "$ID" grep Cpus_allowed_list /proc/self/status | cut -f2)" 1
}

@test "execCPUAffinity.final is the affinity of exec, whatever the caller's" {
    [ "$(nproc)" -gt 1 ] || skip "needs two processors"
    config '.process.execCPUAffinity = {final: "1"}'
    set_args sleep 100
    create_c
    rt start "$ID"
    assert_equal "$(pinned exec "$ID" grep Cpus_allowed_list /proc/self/status | cut -f2)" 1
}
