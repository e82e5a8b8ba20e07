#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Mounts over a container's procfs: which are accepted, and how the others are reported.

load helpers
load helpers-fs

test_setup() {
    mkdir src
    echo 1 >file
    config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
}

# refused DEST SOURCE
refused_mount() {
    reset_config
    config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
    add_mount "$1" bind "$BUNDLE/$2" rbind
    UNCHECKED=1 run_c
    assert_failed
}

@test "a mount inside /proc is refused" {
    refused_mount /proc/sys src
    refused_mount /proc/self/attr src
    refused_mount /proc/acpi src
    refused_mount /proc/1 src
    refused_mount /proc/version file
    refused_mount /proc/sys/kernel/hostname file
    refused_mount /proc/sysrq-trigger file
}

@test "a mount on /proc/self or below /proc/net is refused" {
    refused_mount /proc/self src
    refused_mount /proc/self/../sys src
    refused_mount /proc/net src
    refused_mount /proc/net/tcp file
    refused_mount /proc/thread-self/attr src
}

@test "a mount inside /proc is refused by whatever path" {
    ln -s /proc/sys rootfs/etc/link
    ln -s proc rootfs/elsewhere
    refused_mount /etc/link src
    refused_mount /elsewhere/sys src
    refused_mount //proc/./sys src
    [ ! -e rootfs/proc/sys ]
}

@test "a mount inside /proc is refused when it is no bind mount" {
    add_mount /proc/sys tmpfs tmpfs
    UNCHECKED=1 run_c
    assert_failed
}

@test "a mount inside /proc: the message names what may be covered" {
    berth_only
    refused_mount /proc/sys src
    assert_output 'mounts\[7\]: open the mount point /proc/sys: .*meminfo'
}

@test "files of /proc that show a container's limits may be covered" {
    local name names="cpuinfo diskstats meminfo stat swaps uptime loadavg slabinfo"
    # A kernel may be built without it.
    [ ! -e /proc/sys/kernel/ns_last_pid ] || names+=" sys/kernel/ns_last_pid"
    for name in $names; do add_mount "/proc/$name" bind "$BUNDLE/file" "bind,ro"; done
    run_sh "cd /proc && cat $names"
    assert_status 0
    assert_equal "$(tr -d '\n' <<<"$output")" "$(printf '1%.0s' $names)"
}

@test "such a file may be covered twice" {
    echo 2 >file2
    add_mount /proc/cpuinfo bind "$BUNDLE/file" bind
    add_mount /proc/cpuinfo bind "$BUNDLE/file2" bind
    run_sh 'cat /proc/cpuinfo'
    assert_equal "$output" 2
}

@test "without a procfs a directory /proc is like any other" {
    config '.mounts |= map(select(.type != "proc"))'
    mkdir -p rootfs/proc/sys
    add_mount /proc bind "$BUNDLE/src" bind
    mkdir src/sys
    add_mount /proc/sys bind "$BUNDLE/src" bind
    berth_only "the others refuse what is no procfs on /proc, or inside it"
    run_c
    assert_status 0
}

# ---- messages

@test "a loop of symbolic links on the way to a mount point" {
    berth_only
    ln -s loop rootfs/loop
    add_mount /loop/x tmpfs tmpfs
    UNCHECKED=1 run_c
    assert_status 1
    assert_output 'open the mount point /loop/x: too many levels of symbolic links \(the symbolic links there form a loop\)'
}

@test "a source below /proc/self of the caller" {
    berth_only
    add_mount /mnt bind /proc/self/fd/7 bind
    rt run --bundle "$BUNDLE" "$ID" 7<src </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
    output=$(<"$BATS_TEST_TMPDIR/out")
    refute_output 'no  in it'
}

@test "a mount of type bind or none without the option bind is refused" {
    local type
    for type in bind none; do
        reset_config
        add_mount /mnt "$type" "$BUNDLE/src" ro
        UNCHECKED=1 run_c
        assert_failed
        [ "$RT_KIND" != berth ] || assert_output 'mounts\[7\].options: .*bind or rbind'
    done
}
