# SPDX-License-Identifier: Apache-2.0
# A user namespace that the configuration leaves open: the caller is mapped, and an unprivileged caller gets one.
load helpers

USER_ID=54321

# as_user RUNTIME ARGS, by an unprivileged user
as_user() {
    status=0
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid $USER_ID --regid $USER_ID --clear-groups \
        env -u XDG_RUNTIME_DIR "$RUNTIME" --root "$ROOT" "$@" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

# The group tty of devpts is not mapped: crun cannot pass over that.
test_setup() {
    [ "$RT_KIND" = berth ] || config '.mounts |= map(.options |= map(select(. != "gid=5")))'
}

of_user() {
    config 'del(.linux.resources)' '.mounts |= map(select(.type != "cgroup"))' '.linux.namespaces |= map(select(.type != "cgroup"))'
    own_bundle "$USER_ID"
}

maps() { tail -n 3 <<<"$output" | xargs; }

@test "root's user namespace without mappings is an error: it would map root itself" {
    host_snapshot
    config '.linux.namespaces += [{type: "user"}]' '.process.user = {uid: 7, gid: 8}'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "an unprivileged caller's user namespace without mappings maps the caller to the process's user" {
    of_user
    config '.linux.namespaces += [{type: "user"}]' '.process.user = {uid: 7, gid: 8}'
    set_sh 'id -u; cat /proc/self/uid_map /proc/self/gid_map'
    as_user run --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_equal "$(maps)" "7 7 $USER_ID 1 8 $USER_ID 1"
}

@test "an unprivileged caller without a user namespace in the config gets one" {
    of_user
    set_sh 'id -u; cat /proc/self/uid_map /proc/self/gid_map'
    as_user run --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_equal "$(maps)" "0 0 $USER_ID 1 0 $USER_ID 1"
}

@test "files that an unprivileged caller's container writes without a user namespace in the config belong to the caller" {
    of_user
    set_sh 'touch /written'
    as_user run --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_equal "$(stat -c %u:%g rootfs/written)" $USER_ID:$USER_ID
}

@test "exec in the container of an unprivileged caller without a user namespace in the config" {
    of_user
    set_args sleep 100
    as_user run --detach --bundle "$BUNDLE" "$ID"
    assert_status 0
    as_user exec "$ID" sh -c 'id -u; touch /written'
    assert_status 0
    assert_output '^0$'
    assert_equal "$(stat -c %u:%g rootfs/written)" $USER_ID:$USER_ID
    as_user delete --force "$ID"
}

@test "subordinate ids are mapped in addition to the caller" {
    command -v newuidmap >/dev/null || skip "needs newuidmap"
    of_user
    local file
    { cat /etc/passwd; echo "berthtest:x:$USER_ID:$USER_ID::/:/bin/sh"; } >"$BATS_TEST_TMPDIR/passwd"
    echo "berthtest:700000:1000" | tee "$BATS_TEST_TMPDIR/subuid" >"$BATS_TEST_TMPDIR/subgid"
    for file in passwd subuid subgid; do in_ns mount --bind "$BATS_TEST_TMPDIR/$file" "/etc/$file"; done
    config '.process.user = {uid: 5, gid: 0}'
    set_sh 'cat /proc/self/uid_map; id -u'
    as_user run --bundle "$BUNDLE" "$ID"
    for file in passwd subuid subgid; do in_ns umount "/etc/$file"; done
    assert_status 0
    assert_equal "$(tail -n 4 <<<"$output" | xargs)" "0 700000 5 5 $USER_ID 1 6 700005 995 5"
}

@test "only uidMappings or only gidMappings is an error" {
    host_snapshot
    config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
    run_fails run --bundle "$BUNDLE" "$ID"
    assert_host_unchanged
}
