#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Default devices and links in /dev, linux.devices, masked and read-only paths, sysctl, host name and domain name.

load helpers
load helpers-fs

default_devices='^/dev/null: c 0666 0 0 1:3 0$
^/dev/zero: c 0666 0 0 1:5 0$
^/dev/full: c 0666 0 0 1:7 0$
^/dev/random: c 0666 0 0 1:8 0$
^/dev/urandom: c 0666 0 0 1:9 0$
^/dev/tty: c 0666 0 0 5:0 0$'

assert_default_devices() {
    local pattern
    assert_status 0
    while read -r pattern; do assert_output "$pattern"; done <<<"$default_devices"
}

@test "the default devices exist" {
    run_payload stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
    assert_default_devices
}

@test "the default devices exist without a mount on /dev" {
    config '.mounts |= map(select(.destination | startswith("/dev") | not))'
    run_payload stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
    assert_default_devices
}

@test "the default devices exist in a read-only root without a mount on /dev" {
    config '.mounts |= map(select(.destination | startswith("/dev") | not))' '.root.readonly = true'
    run_payload stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
    assert_default_devices
}

@test "the default devices have their modes whatever the umask" {
    umask 077
    run_payload stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
    assert_default_devices
}

@test "the default devices belong to group root whatever the caller's group" {
    set_sh 'stat -c %u:%g /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty | sort -u'
    run in_ns setpriv --regid 2 --clear-groups "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null
    assert_status 0
    assert_equal "$output" 0:0
    config '.mounts |= map(select(.destination | startswith("/dev") | not))'
    run in_ns setpriv --regid 2 --clear-groups "$RUNTIME" --root "$ROOT" run --bundle "$BUNDLE" "$ID" </dev/null
    assert_status 0
    assert_equal "$output" 0:0
}

@test "the default devices work for an unprivileged user" {
    config '.process.user = {uid: 1000, gid: 1000}'
    run_sh 'echo x >/dev/null && head -c 4 /dev/zero | wc -c && head -c 4 /dev/urandom | wc -c; echo x >/dev/full'
    assert_equal "${lines[0]} ${lines[1]}" "4 4"
    assert_output 'No space left'
}

@test "/dev holds nothing else" {
    run_sh 'ls /dev'
    assert_equal "$(grep -vx core <<<"$output" | sort | tr '\n' ' ')" \
        "$(printf '%s\n' fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero | sort | tr '\n' ' ')"
}

@test "/dev/ptmx is the container's own" {
    run_payload stat /dev/ptmx /dev/pts/ptmx
    assert_output '^/dev/ptmx: (l|c .* 5:2)'
    assert_output '^/dev/pts/ptmx: c 0666 .* 5:2 '
    run_payload open /dev/ptmx
    assert_equal "$output" "/dev/ptmx: ok"
}

@test "/dev/fd, stdin, stdout and stderr are links" {
    run_sh 'for f in fd stdin stdout stderr; do readlink /dev/$f; done'
    assert_equal "$output" $'/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2'
}

@test "/dev/core is a link to /proc/kcore if the kernel has one" {
    run_sh 'readlink /dev/core || [ ! -e /dev/core ]'
    if [ -e /proc/kcore ]; then assert_equal "$output" /proc/kcore; else assert_equal "$output" ""; fi
}

@test "/dev/stdout can be written" {
    run_sh 'echo hello >/dev/stdout'
    assert_equal "$output" hello
    run_sh 'echo oops >/dev/stderr'
    assert_equal "$output" oops
}

@test "existing links in the root file system are accepted" {
    config '.mounts |= map(select(.destination | startswith("/dev") | not))'
    ln -s /proc/self/fd rootfs/dev/fd
    ln -s /proc/self/fd/1 rootfs/dev/stdout
    run_sh 'readlink /dev/fd; readlink /dev/stdout'
    assert_equal "$output" $'/proc/self/fd\n/proc/self/fd/1'
}

@test "without a terminal there is no /dev/console" {
    run_payload stat /dev/console
    assert_equal "$output" "/dev/console: ENOENT"
}

@test "linux.devices: the types c, b, u and p" {
    config '.linux.devices = [{path: "/dev/my-c", type: "c", major: 10, minor: 229},
        {path: "/dev/my-b", type: "b", major: 7, minor: 5}, {path: "/dev/my-u", type: "u", major: 1, minor: 8},
        {path: "/dev/my-p", type: "p"}]'
    run_payload stat /dev/my-c /dev/my-b /dev/my-u /dev/my-p
    assert_output '^/dev/my-c: c .* 10:229 '
    assert_output '^/dev/my-b: b .* 7:5 '
    assert_output '^/dev/my-u: c .* 1:8 '
    assert_output '^/dev/my-p: p '
}

@test "linux.devices: fileMode, uid and gid" {
    config '.linux.devices = [{path: "/dev/one", type: "c", major: 10, minor: 229, fileMode: 416, uid: 3, gid: 4},
        {path: "/dev/two", type: "p", fileMode: 511, uid: 5, gid: 6}]'
    run_payload stat /dev/one /dev/two
    assert_output '^/dev/one: c 0640 3 4 10:229 '
    assert_output '^/dev/two: p 0777 5 6 '
}

@test "linux.devices: the type bits of fileMode are ignored" {
    config '.linux.devices = [{path: "/dev/one", type: "c", major: 10, minor: 229, fileMode: 8630}]'
    run_payload stat /dev/one
    assert_output '^/dev/one: c 0666 0 0 10:229 '
}

@test "linux.devices: in subdirectories and outside /dev" {
    config '.linux.devices = [{path: "/dev/net/tun", type: "c", major: 10, minor: 200}, {path: "/other/place/dev", type: "c", major: 1, minor: 5}]'
    run_payload stat /dev/net/tun /other/place/dev
    assert_output '^/dev/net/tun: c .* 10:200 '
    assert_output '^/other/place/dev: c .* 1:5 '
}

@test "linux.devices may list a default device" {
    config '.linux.devices = [{path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 438, uid: 0, gid: 0}]'
    run_payload stat /dev/null
    assert_equal "$output" "/dev/null: c 0666 0 0 1:3 0"
}

@test "linux.devices: the link /dev/ptmx is kept if it is listed, as by podman --privileged" {
    config '.linux.devices = [{path: "/dev/ptmx", type: "c", major: 5, minor: 2, fileMode: 438, uid: 0, gid: 5}]'
    set_sh 'readlink /dev/ptmx'
    run_c
    assert_status 0
    assert_output '^pts/ptmx$'
}

@test "linux.devices: an existing device that matches is kept" {
    mknod rootfs/node c 10 229
    config '.linux.devices = [{path: "/node", type: "c", major: 10, minor: 229}]'
    run_payload stat /node
    assert_output '^/node: c .* 10:229 '
}

@test "linux.devices: a slash after the path" {
    config '.linux.devices = [{path: "/dev/net/tun/", type: "c", major: 10, minor: 200}]'
    run_payload stat /dev/net/tun
    assert_output '^/dev/net/tun: c .* 10:200 '
}

device_mismatch() {
    config "$1"
    host_snapshot
    run_c
    [ "$status" -ne 0 ] || fail_with "it was accepted"
    assert_host_unchanged
}

@test "linux.devices: an existing regular file is an error" {
    echo data >rootfs/node
    device_mismatch '.linux.devices = [{path: "/node", type: "c", major: 10, minor: 229}]'
    assert_equal "$(cat rootfs/node)" data
}

@test "linux.devices: an existing device with other numbers is an error" {
    mknod rootfs/node c 1 5
    device_mismatch '.linux.devices = [{path: "/node", type: "c", major: 10, minor: 229}]'
}

@test "linux.devices: an existing device of another type is an error" {
    mknod rootfs/node b 10 229
    device_mismatch '.linux.devices = [{path: "/node", type: "c", major: 10, minor: 229}]'
}

@test "linux.devices: an unknown type is an error" {
    device_mismatch '.linux.devices = [{path: "/dev/node", type: "x", major: 1, minor: 3}]'
}

@test "linux.devices: c without major and minor is an error" {
    device_mismatch '.linux.devices = [{path: "/dev/node", type: "c"}]'
}

# ---- masked and read-only paths

@test "a masked file is empty" {
    echo secret >rootfs/etc/secret
    config '.linux.maskedPaths = ["/etc/secret"]'
    run_sh 'cat /etc/secret; echo x >/etc/secret; cat /etc/secret'
    assert_status 0
    refute_output secret
    assert_equal "$(cat rootfs/etc/secret)" secret
}

@test "a masked directory is empty and read-only" {
    mkdir rootfs/secrets && echo secret >rootfs/secrets/file
    config '.linux.maskedPaths = ["/secrets"]'
    run_sh 'ls -A /secrets; touch /secrets/new'
    assert_output 'Read-only file system'
    refute_output '^file'
    assert_equal "$(ls rootfs/secrets)" file
}

@test "a masked path that does not exist is no error" {
    config '.linux.maskedPaths = ["/nowhere/at/all", "/etc/nothing"]'
    run_c
    assert_status 0
}

@test "a masked path may be listed twice" {
    mkdir rootfs/secrets && echo secret >rootfs/secrets/file && echo secret >rootfs/etc/secret
    config '.linux.maskedPaths = ["/secrets", "/etc/secret", "/secrets", "/etc/secret", "/proc/timer_list", "/proc/timer_list"]' \
        '.linux.readonlyPaths = ["/proc/sys", "/proc/sys"]'
    run_sh 'cat /etc/secret; ls -A /secrets'
    assert_status 0
    assert_equal "$output" ""
}

@test "paths of proc and sys are masked" {
    run_sh 'cat /proc/keys /proc/timer_list; ls -A /sys/firmware /proc/acpi 2>/dev/null; true'
    refute_output '[0-9]'
    run_mountinfo
    mnt /proc/keys
    mnt /proc/timer_list
}

@test "a mask covers a mount" {
    mkdir src && echo secret >src/file
    add_mount /data bind "$BUNDLE/src" bind
    config '.linux.maskedPaths = ["/data/file"]'
    run_sh 'cat /data/file'
    assert_equal "$output" ""
}

@test "a read-only file and a read-only directory" {
    mkdir rootfs/dir && touch rootfs/dir/inside rootfs/file
    config '.linux.readonlyPaths = ["/dir", "/file"]'
    run_sh 'touch /dir/new; echo x >/dir/inside; echo x >/file; touch /elsewhere'
    assert_equal "$(grep -c 'Read-only file system' <<<"$output")" 3
    [ -e rootfs/elsewhere ] && [ ! -s rootfs/file ]
}

@test "a read-only path keeps nosuid, nodev and noexec of its mount" {
    run_mountinfo
    assert_mnt /proc/sys +ro
    add_mount /data tmpfs tmpfs nosuid,nodev,noexec
    config '.linux.readonlyPaths = ["/data"]'
    run_mountinfo
    assert_mnt /data +ro +nosuid +nodev +noexec
}

@test "a read-only path that does not exist is no error" {
    config '.linux.readonlyPaths = ["/nowhere/at/all"]'
    run_c
    assert_status 0
}

@test "/proc/sys of the default configuration cannot be written" {
    run_sh 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    assert_output 'Read-only file system'
}

@test "a relative masked path is an error" {
    host_snapshot
    config '.linux.maskedPaths = ["etc/passwd"]'
    run_c
    [ "$status" -ne 0 ]
    assert_host_unchanged
}

@test "a relative read-only path is an error" {
    host_snapshot
    config '.linux.readonlyPaths = ["etc"]'
    run_c
    [ "$status" -ne 0 ]
    assert_host_unchanged
}

@test "a masked path that is a dangling link is an error" {
    ln -s /nowhere rootfs/etc/link
    host_snapshot
    config '.linux.maskedPaths = ["/etc/link"]'
    run_c
    [ "$status" -ne 0 ]
    assert_host_unchanged
}

# ---- sysctl

@test "sysctl of the network namespace" {
    config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "net.core.somaxconn": "77"}'
    run_sh 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/core/somaxconn'
    assert_equal "$output" $'1\n77'
}

@test "sysctl of the ipc namespace" {
    config '.linux.sysctl = {"kernel.shmmni": "55", "kernel.msgmax": "6666", "kernel.sem": "250 32000 32 99", "fs.mqueue.msg_max": "7"}'
    run_sh 'cd /proc/sys; cat kernel/shmmni kernel/msgmax kernel/sem fs/mqueue/msg_max'
    assert_equal "$(tr '\t' ' ' <<<"$output")" $'55\n6666\n250 32000 32 99\n7'
}

@test "sysctl of the uts namespace" {
    config '.linux.sysctl = {"kernel.domainname": "by.sysctl"}'
    run_sh 'cat /proc/sys/kernel/domainname'
    assert_equal "$output" by.sysctl
}

@test "sysctl does not change the host" {
    before=$(cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_forward)
    config '.linux.sysctl = {"kernel.shmmni": "55", "net.ipv4.ip_forward": "1"}'
    run_c
    assert_status 0
    assert_equal "$(cat /proc/sys/kernel/shmmni /proc/sys/net/ipv4/ip_forward)" "$before"
}

@test "sysctl works without a mount on /proc" {
    config '.linux.sysctl = {"net.core.somaxconn": "77"}' '.mounts |= map(select(.type != "proc"))' \
        '.linux.maskedPaths = []' '.linux.readonlyPaths = []'
    run_c
    assert_status 0
}

sysctl_refused() {
    local before after
    before=$(cat "/proc/sys/$2" 2>/dev/null) || true
    config ".linux.sysctl = $1"
    host_snapshot
    run_c
    [ "$status" -ne 0 ] || fail_with "it was accepted"
    assert_host_unchanged
    after=$(cat "/proc/sys/$2" 2>/dev/null) || true
    assert_equal "$after" "$before"
}

@test "sysctl that no namespace has is an error" { sysctl_refused '{"kernel.panic": "5"}' kernel/panic; }
@test "sysctl of vm is an error" { sysctl_refused '{"vm.swappiness": "11"}' vm/swappiness; }
@test "sysctl that does not exist is an error" { sysctl_refused '{"net.ipv4.bogus": "1"}' none; }
@test "sysctl with a bad value is an error" { sysctl_refused '{"net.ipv4.ip_forward": "lots"}' net/ipv4/ip_forward; }
@test "sysctl with .. is an error" { sysctl_refused '{"net.ipv4/../../kernel/panic": "5"}' kernel/panic; }

@test "sysctl of the network without a network namespace is an error" {
    config '.linux.namespaces |= map(select(.type != "network"))'
    sysctl_refused '{"net.ipv4.ip_forward": "1"}' net/ipv4/ip_forward
}

@test "sysctl of ipc without an ipc namespace is an error" {
    config '.linux.namespaces |= map(select(.type != "ipc"))'
    sysctl_refused '{"kernel.shmmni": "55"}' kernel/shmmni
}

# The runtime's own namespaces are others than the host's here, which a runtime that gets it wrong must not change.
sysctl_of_runtime_refused() {
    local runtime=$RUNTIME
    printf '#!/bin/sh\nexec unshare --net --ipc --uts sh -c '\''"$@"; status=$?; cat "/proc/sys/%s" >"%s"; exit $status'\'' sh "%s" "$@"\n' \
        "$3" "$BATS_TEST_TMPDIR/after" "$runtime" >"$BATS_TEST_TMPDIR/apart"
    chmod +x "$BATS_TEST_TMPDIR/apart"
    config ".linux.namespaces |= map(if .type == \"$1\" then .path = \"/proc/self/ns/$2\" else . end)" \
        "del(.hostname, .domainname) | .linux.sysctl = {\"${3//\//.}\": \"$4\"}" '.mounts |= map(select(.type != "sysfs" and .type != "mqueue"))'
    RUNTIME=$BATS_TEST_TMPDIR/apart run_c
    [ "$status" -ne 0 ] || fail_with "it was accepted"
    [ "$(cat "$BATS_TEST_TMPDIR/after")" != "$4" ] || fail_with "the namespace of the runtime was changed"
    [ "$RT_KIND" != berth ] || assert_output "linux.sysctl.*would change the host: linux.namespaces\[.*\].path leads to the $1 namespace of the host"
}

@test "sysctl in a network namespace that is the runtime's own is an error" { sysctl_of_runtime_refused network net net/core/somaxconn 77; }
@test "sysctl in an ipc namespace that is the runtime's own is an error" { sysctl_of_runtime_refused ipc ipc kernel/msgmax 5000; }
@test "sysctl in a uts namespace that is the runtime's own is an error" { sysctl_of_runtime_refused uts uts kernel/domainname by.sysctl; }

# ---- host name

@test "hostname and domainname" {
    config '.hostname = "my-host"' '.domainname = "my.domain"'
    run_sh 'hostname; cat /proc/sys/kernel/domainname'
    assert_equal "$output" $'my-host\nmy.domain'
    [ "$(hostname)" != my-host ]
}

@test "hostname may have 64 characters, not 65" {
    local name
    name=$(printf 'x%.0s' {1..64})
    config ".hostname = \"$name\""
    run_sh hostname
    assert_equal "$output" "$name"
    config ".hostname = \"${name}y\""
    run_c
    [ "$status" -ne 0 ]
}

@test "without hostname the namespace starts with the host's name" {
    config 'del(.hostname)'
    run_sh hostname
    assert_equal "$output" "$(hostname)"
}

@test "hostname without a uts namespace is an error" {
    local before
    before=$(hostname)
    config '.linux.namespaces |= map(select(.type != "uts"))'
    host_snapshot
    run_c
    [ "$status" -ne 0 ]
    assert_host_unchanged
    assert_equal "$(hostname)" "$before"
}

@test "domainname without a uts namespace is an error" {
    local before
    before=$(cat /proc/sys/kernel/domainname)
    config '.linux.namespaces |= map(select(.type != "uts"))' 'del(.hostname)' '.domainname = "bad.domain"'
    host_snapshot
    run_c
    [ "$status" -ne 0 ]
    assert_host_unchanged
    assert_equal "$(cat /proc/sys/kernel/domainname)" "$before"
}
