#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Kernels and sandboxes that refuse newer system calls: with ENOSYS, as an old kernel does, or with EPERM, as seccomp filters of older
# engines do.
load helpers

lives() {
    local bundle=$BUNDLE
    echo "# $1 for $2"
    refuse "$1" "$2"
    set_sh 'grep -q "^Seccomp" /proc/self/status && touch /tmp/in && exec sleep 100'
    config '.root.readonly = false'
    run_ok create -b "$bundle" "$ID"
    run_ok start "$ID"
    run_ok exec "$ID" sh -c 'until [ -e /tmp/in ]; do sleep 0.01; done; mount | grep -q "proc on /proc " && ! touch /sys/x 2>/dev/null'
    run_ok pause "$ID"
    run_ok resume "$ID"
    run_ok kill "$ID" KILL
    wait_status stopped
    run_ok delete "$ID"
    rm "$bundle/rootfs/tmp/in"
    RUNTIME=$RUNTIME_ITSELF
}

runs() {
    lives ENOSYS "$1"
    lives EPERM "$1"
}

@test "execveat is refused" { runs execveat; }

@test "memfd_create is refused" { runs memfd_create; }

@test "pidfd_send_signal is refused" { runs pidfd_send_signal; }

@test "pidfd_open is refused" { runs pidfd_open; }

@test "clone3 is refused" { runs clone3; }

@test "faccessat2 is refused" { runs faccessat2; }

@test "close_range is refused" { runs close_range; }

@test "openat2 is refused" { runs openat2; }

@test "statx is refused" { runs statx; }

@test "statx is refused and the container has no /proc: its root is recognized as a read-only or masked path" {
    config '.mounts |= map(select(.destination != "/proc"))' 'del(.linux.sysctl)' '.root.readonly = false' '.linux.maskedPaths = []' \
        '.linux.readonlyPaths = ["/"]'
    own_rootfs
    refuse ENOSYS statx
    set_sh 'touch /written 2>/dev/null || echo read-only'
    run_c
    assert_status 0
    assert_equal "$output" read-only
    config '.linux.maskedPaths = ["/"]' '.linux.readonlyPaths = []'
    UNCHECKED=1 run_c
    assert_failed
    refute_output read-only
}

@test "open_tree is refused" { runs open_tree; }

@test "move_mount is refused" { runs move_mount; }

@test "fsopen is refused" { runs fsopen; }

@test "fsconfig is refused" { runs fsconfig; }

@test "fsmount is refused" { runs fsmount; }

@test "mount_setattr is refused" { runs mount_setattr; }

@test "all calls newer than Linux 5.4 are refused" { runs '>5.4'; }

@test "all calls newer than Linux 4.18 are refused" { runs '>4.18'; }

@test "faccessat is refused: /dev/core is created as if the kernel had /proc/kcore" {
    berth_only
    refuse EPERM faccessat,faccessat2
    run_ok run --dry-run -b "$BUNDLE" "$ID"
    assert_output '/proc/kcore .*/dev/core|/dev/core .*/proc/kcore'
}

# Observable properties of a container, without the numbers of mounts and devices.
census() {
    set_sh 'cut -d" " -f4- /proc/self/mountinfo | sed "s/master:[0-9]*/master/; s/shared:[0-9]*/shared/; s/inode64//" | sort
        ls -ln /dev /proc/kcore /proc/timer_list | sed "s/[A-Z][a-z][a-z] .. ..:..//"; ls -A /proc/scsi /sys/firmware
        cat /proc/self/status | grep -E "^(Cap|NoNew|Uid|Groups)"; pwd; umask'
    rt run "$1" >"$BATS_TEST_TMPDIR/$1" 2>&1 </dev/null || { cat "$BATS_TEST_TMPDIR/$1"; return 1; }
    sed -i "s/$1/ID/g" "$BATS_TEST_TMPDIR/$1"
}

# same_as_without ERRNO CALLS [OPTION]: the container is as it is where nothing is refused
same_as_without() {
    local bundle=$BUNDLE
    mkdir -p "$BATS_TEST_TMPDIR/source/sub" rootfs/old
    touch "$BATS_TEST_TMPDIR/source/file" rootfs/old/file
    config ".mounts += [
        {destination: \"/all\", source: \"$BATS_TEST_TMPDIR/source\", type: \"bind\", options: [\"rbind\", \"ro\", \"nosuid\"$3]},
        {destination: \"/deep\", source: \"/dev/shm\", type: \"bind\", options: [\"rbind\", \"rro\", \"rslave\"]},
        {destination: \"/one/file\", source: \"$BATS_TEST_TMPDIR/source/file\", type: \"bind\", options: [\"bind\", \"ro\", \"noexec\"]},
        {destination: \"/scratch\", source: \"tmpfs\", type: \"tmpfs\", options: [\"noexec\", \"size=64k\", \"mode=711\"]},
        {destination: \"/old\", source: \"tmpfs\", type: \"tmpfs\", options: [\"tmpcopyup\", \"ro\"]}]"
    census "${ID}a"
    refuse "$1" "$2"
    census "${ID}a"'b'
    RUNTIME=$RUNTIME_ITSELF
    diff <(sed "s/${ID}ab\|${ID}a\|IDb/ID/g" "$BATS_TEST_TMPDIR/${ID}a") <(sed "s/${ID}ab\|${ID}a\|IDb/ID/g" "$BATS_TEST_TMPDIR/${ID}ab")
    BUNDLE=$bundle
}

@test "a container looks the same where calls newer than Linux 5.4 are refused" { same_as_without ENOSYS '>5.4' ', "noatime"'; }

@test "a container looks the same where calls newer than Linux 4.18 are refused" { same_as_without EPERM '>4.18' ', "noatime"'; }

@test "a container in a user namespace looks the same where newer calls are refused" {
    chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"/..
    config '.linux.namespaces += [{type: "user"}] |
        .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
    own_rootfs 100000
    # Access times are locked in a user namespace's copy of the host's mounts.
    same_as_without ENOSYS '>5.4'
}

@test "a container with --no-pivot runs where newer calls are refused" {
    refuse ENOSYS '>5.4'
    set_sh 'cat /proc/self/mountinfo; ls -A /proc/scsi; wc -c </proc/timer_list'
    run_rt run --no-pivot "$ID"
    [ "$status" -eq 0 ]
    assert_output '^0$'
}

@test "rro makes submounts read-only where newer calls are refused" {
    mkdir -p "$BATS_TEST_TMPDIR/from/sub dir"
    in_ns mount -t tmpfs from "$BATS_TEST_TMPDIR/from/sub dir"
    refuse ENOSYS mount_setattr
    config ".mounts += [{destination: \"/x\", source: \"$BATS_TEST_TMPDIR/from\", type: \"bind\", options: [\"rbind\", \"rro\"]}]"
    set_sh 'touch "/x/sub dir/file" || touch /x/file || echo both'
    run_c
    in_ns umount "$BATS_TEST_TMPDIR/from/sub dir"
    assert_output '^both$'
}

@test "a terminal works where newer calls are refused" {
    refuse ENOSYS '>5.4'
    config '.process.terminal = true'
    set_sh 'tty; grep -c " /dev/console " /proc/self/mountinfo; exit 3'
    run "$SUITE_DIR/hosttool" pty "$RUNTIME" --root "$ROOT" run "$ID" </dev/null
    [ "$status" -eq 3 ]
    assert_output '/dev/pts/0'
}

@test "links in the image do not lead out where newer calls are refused" {
    local canary=$BATS_TEST_TMPDIR/canary
    mkdir -p "$canary/dir"
    refuse ENOSYS '>5.4'
    ln -s "$canary/dir" rootfs/abs
    ln -s ../../../../../../../../../../../../../..$canary/dir rootfs/up
    ln -s up rootfs/twice
    config '.mounts += (["abs", "up", "twice"] | map({destination: ("/" + . + "/made"), source: "tmpfs", type: "tmpfs"}))'
    set_sh "ls -d $canary/dir/made && grep -c made /proc/self/mountinfo"
    run_c
    [ "$status" -eq 0 ]
    [ -z "$(ls -A "$canary/dir")" ]
}

@test "what a stage cannot do is an error that names the call and what refuses it" {
    berth_only
    refuse ENOSYS mount_setattr
    set_args true
    config '.mounts += [{destination: "/x", source: "/etc", type: "bind", options: ["bind", "idmap=uids=0-1000-10;gids=0-1000-10"]}]'
    run_fails run "$ID"
    assert_output 'mounts\[[0-9]*\].*idmapped mount needs the system call mount_setattr.*seccomp filter'
    config '.mounts[-1].options = ["bind", "shared"]'
    run_fails run "$ID"
    assert_output 'shared bind mount needs the system call mount_setattr'
    config 'del(.mounts[-1]) | .linux.namespaces |= map(select(.type != "mount"))'
    run_fails run "$ID"
    assert_output 'without a new mount namespace needs the system call mount_setattr'
}

@test "doctor reports which calls are refused, and by what" {
    berth_only
    refuse EPERM statx,clone3
    run_rt doctor
    assert_output 'statx  *no  *a seccomp filter'
    assert_output 'clone3  *no  *a seccomp filter'
    assert_output 'openat2  *yes'
}

@test "a hook runs and ends in time where calls are refused" {
    refuse EPERM clone3,pidfd_open,pidfd_send_signal,memfd_create,close_range
    config ".hooks = {createRuntime: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >$BATS_TEST_TMPDIR/state\"]}],
        prestart: [{path: \"/bin/sleep\", args: [\"sleep\", \"100\"], timeout: 1}]}"
    set_args true
    run_fails run "$ID"
    assert_output "hook"
    config 'del(.hooks.prestart)'
    run_c
    [ "$status" -eq 0 ]
    grep -q "$ID" "$BATS_TEST_TMPDIR/state"
}

@test "no descriptor of the caller's gets in where close_range is refused" {
    refuse ENOSYS close_range
    set_args ls /proc/self/fd
    ulimit -Sn "$(ulimit -Hn)"
    exec 1234<"$BUNDLE/config.json" 77<"$BUNDLE/config.json"
    run_c
    exec 1234<&- 77<&-
    [ "$status" -eq 0 ]
    refute_output '^(1234|77)$'
}

@test "doctor and --systemd-cgroup end where pidfd_send_signal is refused" {
    berth_only
    refuse EPERM pidfd_send_signal,pidfd_open
    run_rt doctor
    [ "$status" -lt 124 ]
    set_args true
    by_systemd || { run_rt --systemd-cgroup run "$ID" && [ "$status" -lt 124 ]; }
}

# Its state would say for ever that the container has not started.
@test "start fails and ends the container where renameat is refused" {
    berth_only
    create_c
    refuse EPERM renameat,renameat2
    run_fails start "$ID"
    assert_output 'write down that container "[^"]*" starts: operation not permitted'
    RUNTIME=$RUNTIME_ITSELF
    run_fails state "$ID"
}

@test "state and delete fail, and list warns, where they cannot tell whether a container has started" {
    berth_only
    create_c
    refuse EPERM faccessat2,faccessat
    run_ok list
    assert_output "^$ID +0 +unknown "
    assert_output "warning: find out whether container \"$ID\" has started: operation not permitted"
    run_fails state "$ID"
    assert_output "find out whether container \"$ID\" has started: operation not permitted"
    run_fails delete "$ID"
    RUNTIME=$RUNTIME_ITSELF
}
