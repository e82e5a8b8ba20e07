# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore where a security module is active: labels come back, or others in their place.
load helpers
load helpers-criu
load helpers-labels

current_of() { tr -d '\0' <"/proc/$(init_pid)/attr/current"; }

@test "the AppArmor profile is restored, and --lsm-profile sets another" {
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

# criu would wait for ever.
@test "an unknown --lsm-profile is an error that leaves nothing" {
    berth_only
    mkdir "$IMAGE"
    host_snapshot
    local label
    for label in apparmor:no-such-profile selinux:u:r:t:s0 tomoyo:x name; do
        run_fails restore --bundle "$BUNDLE" --image-path "$IMAGE" --work-path "$WORK" --lsm-profile "$label" --detach "$ID"
        case $label in
        apparmor:*) has_apparmor && assert_output '^.*--lsm-profile: the profile no-such-profile is not loaded' || assert_output 'apparmor is not active' ;;
        selinux:*) has_selinux || assert_output '^.*--lsm-profile: selinux is not active' ;;
        *) assert_output '--lsm-profile is apparmor:NAME or selinux:LABEL' ;;
        esac
    done
    assert_host_unchanged
}

@test "--lsm-mount-context changes the context of mounts that have one" {
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
