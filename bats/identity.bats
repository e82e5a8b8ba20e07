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
    timeout --foreground -k 2 20 "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv "${options[@]}" \
        env -u XDG_RUNTIME_DIR "$RUNTIME" --root "$ROOT" "$@" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

# The bundle of an unprivileged user who has no subordinate ids.
rootless() {
    config '.linux.namespaces += [{type: "user"}] | .linux.namespaces |= map(select(.type != "cgroup" and .type != "network"))' \
        "del(.linux.resources) | .linux.uidMappings = [{containerID: 0, hostID: $USER_ID, size: 1}]" '.linux.gidMappings = .linux.uidMappings' \
        '.mounts |= map(select(.type != "cgroup") | .options |= map(select(. != "gid=5"))
            | if .type == "sysfs" then .type = "none" | .source = "/sys" | .options = ["rbind", "nosuid", "noexec", "nodev", "ro"] else . end)'
    chown -R -h $USER_ID:$USER_ID rootfs
    chown $USER_ID:$USER_ID .
    mkdir -p "$ROOT"
    chown $USER_ID:$USER_ID "$ROOT"
}

@test "the caller's supplementary groups do not stay when CAP_SETGID is missing" {
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

@test "exec: the caller's supplementary groups do not stay when CAP_SETGID is missing" {
    set_args sleep 100
    create_c
    rt start "$ID"
    run_as --groups 6,4242 --inh-caps -setgid --bounding-set -setgid -- exec "$ID" grep Groups /proc/self/status
    assert_failed
    refute_output 4242
}

@test "additionalGids are passed over where setgroups is denied" {
    rootless
    config '.process.user.additionalGids = [0, 5]'
    set_sh 'cat /proc/self/setgroups; echo ran'
    run_as --reuid $USER_ID --regid $USER_ID --groups 4242 -- run --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_equal "$(tail -n 2 <<<"$output" | xargs)" "deny ran"
}

@test "exec: additional groups are passed over where setgroups is denied" {
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

@test "a user with CAP_DAC_OVERRIDE runs a program that is root's alone" {
    cp --remove-destination rootfs/bin/payload rootfs/bin/own
    chown 0:0 rootfs/bin/own
    chmod 0100 rootfs/bin/own
    config '.process.user = {uid: 1000, gid: 1000}' \
        '.process.capabilities = ({bounding: ["CAP_DAC_OVERRIDE"]} | .effective = .bounding | .permitted = .bounding | .inheritable = .bounding | .ambient = .bounding)'
    set_args /bin/own exit 7
    run_c
    assert_status 7
}

@test "a user without CAP_DAC_OVERRIDE is refused a program that is root's alone, by create" {
    cp --remove-destination rootfs/bin/payload rootfs/bin/own
    chown 0:0 rootfs/bin/own
    chmod 0100 rootfs/bin/own
    config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
    set_args /bin/own exit 7
    run_fails create --bundle "$BUNDLE" "$ID"
    assert_output '[pP]ermission denied'
}

@test "root without CAP_DAC_OVERRIDE is refused another user's program, by create" {
    cp --remove-destination rootfs/bin/payload rootfs/bin/own
    chown 1000:1000 rootfs/bin/own
    chmod 0100 rootfs/bin/own
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

@test "more groups than the kernel takes are told so" {
    berth_only "the words are berth's"
    config '.process.user.additionalGids = [range(1; 65538)]'
    UNCHECKED=1 run_c
    assert_status 1
    assert_output 'process.user.additionalGids: the kernel takes at most 65536 groups, got 65537'
}

@test "65536 groups are set" {
    config '.process.user.additionalGids = [range(1; 65537)]'
    set_sh 'grep Groups /proc/self/status | wc -w'
    run_c
    assert_status 0
    assert_equal "$output" 65537
}
