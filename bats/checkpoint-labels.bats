# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore where a security module is active: labels come back, or others in their place.
load helpers
load helpers-criu
load helpers-labels

current_of() { tr -d '\0' <"/proc/$(init_pid)/attr/current"; }

@test "the AppArmor profile comes back, and --lsm-profile gives another" {
    load_profile
    counting
    checkpoint_c
    restore_c
    assert_equal "$(current_of)" "$PROFILE (enforce)"
    IMAGE+=2
    checkpoint_c
    local first=$PROFILE
    load_profile -other
    restore_c "$ID" --lsm-profile "apparmor:$PROFILE"
    assert_equal "$(current_of)" "$PROFILE (enforce)"
    unload_profile "$first"
}

@test "--lsm-profile of a profile that is not loaded is an error, and leaves nothing" {
    load_profile
    counting
    checkpoint_c
    host_snapshot
    run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --lsm-profile apparmor:no-such-profile --detach "$ID"
    [ "$RT_KIND" != berth ] || assert_output 'criu failed: .*restore\.log'
    assert_host_unchanged
}

@test "--lsm-mount-context: mounts that have a context get another" {
    need_policy
    config 'del(.mounts[] | select(.type == "mqueue")) | .linux.mountLabel = "u:object_r:boxfile:s0:c1,c3"'
    counting
    checkpoint_c
    run_rt restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --lsm-mount-context u:object_r:boxfile:s0:c2,c3 --detach "$ID"
    assert_status 0
    run_ok exec "$ID" cat /proc/self/mountinfo
    assert_output '/dev/shm .*context="?u:object_r:boxfile:s0:c2,c3'
    refute_output 'c1,c3'
}
