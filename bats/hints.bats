#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hints of berth after the commonest failures; where check can report the failure beforehand, it gives the same hint.

load helpers
load helpers-fs

test_setup() { berth_only; }

# hinted WORDS: run fails and says this.
hinted() {
    run_c
    [ "$status" -ne 0 ] || fail_with "it was accepted"
    assert_says "$1"
}

assert_says() { grep -Fq -- "$1" <<<"$output" || fail_with "nothing says '$1'"; }

# foreseen WORDS: so does check, before; then run.
foreseen() {
    run_rt check --bundle "$BUNDLE"
    assert_status 1
    assert_says "$1"
    hinted "$1"
}

# faulty OP ERRNO WORDS: the first step of this kind fails with ERRNO.
faulty() {
    local step
    run_ok run --dry-run --bundle "$BUNDLE" "$ID"
    step=$(awk -v op="$1:" '$3 == op {print $1; exit}' <<<"$output")
    [ -n "$step" ] || fail_with "no step $1"
    run_rt run --fault "$step:$2" --bundle "$BUNDLE" "$ID"
    [ "$status" -ne 0 ] || fail_with "it was accepted"
    assert_says "$3"
}

mapped() {
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = .linux.uidMappings'
}

# as_user COMMAND...: the runtime as an ordinary user with a user namespace of his own
as_user() {
    local root=$BATS_TEST_TMPDIR/user-root
    mkdir -p "$root" && chown 1000 "$root"
    status=0
    timeout "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid=1000 --regid=1000 --clear-groups \
        env XDG_RUNTIME_DIR="$root" "${USER_ENV[@]}" "$RUNTIME" --root "$root" "$@" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- ||
        status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}
USER_ENV=(A=)

@test "an unprivileged user without XDG_RUNTIME_DIR and --root" {
    config '.linux.namespaces |= map(select(.type != "cgroup" and .type != "network")) | .linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}] | .linux.gidMappings = .linux.uidMappings' \
        '.mounts |= map(select(.type == "proc"))'
    # The suite's /run is open to all, and other tests may have what they like below it.
    local words in_own_run="mount -t tmpfs -o mode=755 tmpfs /run && mkdir -m 700 /run/berth && exec \"\$@\""
    for words in list "state $ID" "create --bundle $BUNDLE $ID"; do
        status=0
        timeout "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" unshare -m sh -c "$in_own_run" sh setpriv --reuid=1000 --regid=1000 --clear-groups \
            env -u XDG_RUNTIME_DIR "$RUNTIME" $words </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
        read_output "$BATS_TEST_TMPDIR/run-out"
        assert_status 1
        assert_says "permission denied (it is root's: set XDG_RUNTIME_DIR, or give --root)"
    done
}

script() {
    printf '%b' "$1" >rootfs/script && chmod 755 rootfs/script
    set_args /script
}

# ---- programs

@test "a script whose interpreter is missing" {
    script '#!/no/such/interpreter\n'
    foreseen 'the script exists, but not its interpreter "/no/such/interpreter"'
    assert_status 127
}

@test "a script with Windows line endings" {
    script '#!/bin/sh\r\necho\r\n'
    foreseen "the script's lines end with CR LF"
}

@test "a script without #!" {
    script 'echo hello\n'
    foreseen 'neither a program for Linux (ELF) nor a script that begins with "#!"'
    assert_status 126
}

@test "an empty script" {
    script ''
    foreseen 'the file is empty'
}

@test "a program for another machine" {
    cp rootfs/bin/payload rootfs/bin/other
    printf '\362\0' | dd of=rootfs/bin/other bs=1 seek=18 conv=notrunc 2>/dev/null # e_machine
    set_args other
    foreseen 'use an image for this machine, or register qemu with binfmt_misc'
}

@test "a program for a machine with the other byte order" {
    local order='\2' machine='\0\26' name=s390x # EI_DATA and e_machine
    cp rootfs/bin/payload rootfs/bin/other
    [ "$(od -An -tu1 -j5 -N1 rootfs/bin/other)" -eq 1 ] || order='\1' machine='\76\0' name=x86-64
    printf '%b' "$order" | dd of=rootfs/bin/other bs=1 seek=5 conv=notrunc 2>/dev/null
    printf '%b' "$machine" | dd of=rootfs/bin/other bs=1 seek=18 conv=notrunc 2>/dev/null
    set_args other
    foreseen "it is a program for $name and this kernel runs"
}

@test "a program whose loader is missing" {
    local program loader='ld-linux|/ld64\.so' # ppc64le and s390x have the latter
    program=$(command -v gojq || command -v jq)
    for program in "$program" /bin/ls; do
        ! grep -qE "$loader" "$program" || break
    done
    grep -qE "$loader" "$program" || skip "every program here is static"
    cp "$program" rootfs/bin/dynamic
    set_args dynamic
    foreseen 'the program exists, but not the loader "/lib'
}

@test "a program on a noexec mount" {
    add_mount /opt none "$BUNDLE/rootfs/bin" bind,noexec
    set_args /opt/payload
    foreseen 'it is on a mount of this config with the option noexec'
}

@test "a program on a noexec file system" {
    mkdir bin && cp rootfs/bin/payload bin
    host_mount --bind "$BUNDLE/bin" "$BUNDLE/bin"
    in_ns mount -o remount,bind,noexec "$BUNDLE/bin"
    add_mount /opt none "$BUNDLE/bin" bind
    set_args /opt/payload
    foreseen '/opt/payload is on a file system that is mounted noexec'
}

@test "a program without execute permission" {
    script '#!/bin/sh\n'
    chmod 644 rootfs/script
    foreseen 'nobody may execute it: chmod +x'
}

@test "a hook whose interpreter is missing" {
    printf '#!/no/such\n' >hook && chmod 755 hook
    config ".hooks.createRuntime = [{path: \"$BUNDLE/hook\"}]"
    foreseen 'the script exists, but not its interpreter "/no/such"'
}

# ---- mounts

@test "a bind source that is missing" {
    mkdir data
    add_mount /a none "$BUNDLE/data/missing/x" rbind
    foreseen "there is $BUNDLE/data on the host, but no missing in it"
}

@test "a bind source that is missing and ends with a slash" {
    mkdir data
    add_mount /a none "$BUNDLE/data/missing/" rbind
    foreseen "there is $BUNDLE/data on the host, but no missing in it"
}

@test "a bind source below the root that is missing and ends with a slash" {
    add_mount /a none /no-such-source/ rbind
    foreseen 'there is no /no-such-source on the host'
}

@test "a bind source in /proc/self" {
    add_mount /a none /proc/self/fd/77 rbind
    foreseen '/proc/self is the process that opens it'
}

@test "a file system that the kernel does not have" {
    add_mount /a bogusfs x
    foreseen 'the kernel does not support this file system'
}

@test "proc in a user namespace where a part of it is hidden outside" {
    mapped
    host_mount --bind /dev/null /proc/cpuinfo
    foreseen '/proc/cpuinfo hides part of /proc here, so no user namespace may mount proc'
}

@test "proc in a user namespace without a pid namespace" {
    mapped
    config '.linux.namespaces |= map(select(.type != "pid"))'
    foreseen 'a user namespace needs a pid namespace of its own to mount proc'
}

@test "a file system that no user namespace may mount" {
    mapped
    add_mount /a debugfs debugfs
    grep -qw debugfs /proc/filesystems || skip "no debugfs"
    foreseen 'root of a user namespace may not mount debugfs: mount it on the host and bind it'
}

@test "a mount point that is missing in a read-only root file system" {
    host_mount --bind "$BUNDLE/rootfs" "$BUNDLE/rootfs"
    in_ns mount -o remount,bind,ro "$BUNDLE/rootfs"
    add_mount /missing tmpfs tmpfs
    foreseen 'it does not exist and cannot be created: create it in the root file system beforehand'
}

@test "a root file system below a directory without search permission" {
    mapped
    mkdir -m 700 closed && mv rootfs closed
    config '.root.path = "closed/rootfs"'
    foreseen "root of the user namespace may not search $BUNDLE/closed: add execute permission"
}

@test "a device node in a user namespace" {
    faulty make-node 1 'device nodes need CAP_MKNOD outside a user namespace: bind the host'
}

# ---- namespaces, ids

@test "a namespace file of another type" {
    config '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/uts"'
    foreseen 'the file is a uts namespace'
}

@test "the limit of namespaces is reached" {
    run_rt check --bundle "$BUNDLE"
    assert_status 0
    status=0
    in_ns unshare --user --map-root-user --mount sh -c \
        'echo 0 >/proc/sys/user/max_uts_namespaces && exec "$@"' sh \
        "$RUNTIME" --root "$BATS_TEST_TMPDIR/inner" --cgroup-manager disabled check --bundle "$BUNDLE" >"$BATS_TEST_TMPDIR/run-out" 2>&1 || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_says 'user.max_uts_namespaces is 0: raise it with sysctl'
    faulty launch 28 'the limit of namespaces is reached, or they are nested 32 deep: see user.max_pid_namespaces and'
}

@test "user namespaces are not allowed" {
    mapped
    faulty unshare 1 'the caller is confined by a seccomp filter, a security module'
}

@test "ids that do not belong to the user" {
    local user
    user=$(id -un 1000 2>/dev/null || echo 1000)
    ! grep -qs "^1000:\|^$user:" /etc/subuid || skip "user 1000 has ids"
    mapped
    as_user check --bundle "$BUNDLE"
    assert_says "/etc/subuid does not give them to user $user: usermod --add-subuids 100000-165535 $user, as root"
    as_user run --bundle "$BUNDLE" "$ID"
    [ "$status" -ne 0 ]
    assert_says "/etc/subuid does not give them to user $user"
}

@test "newuidmap is missing" {
    mapped
    USER_ENV=(PATH=/nowhere)
    as_user check --bundle "$BUNDLE"
    assert_says 'newuidmap is not in PATH: install uidmap (Debian)'
    as_user run --bundle "$BUNDLE" "$ID"
    [ "$status" -ne 0 ]
    assert_says 'newuidmap is not in PATH'
}

# ---- limits

@test "a hard limit above the caller's" {
    config '.process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 5000000}]'
    local words="the caller's own hard limit is 4096, and only CAP_SYS_RESOURCE"
    for command in check "run $ID"; do
        status=0
        # shellcheck disable=SC2086
        prlimit --core=4096 "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --bounding-set -sys_resource --inh-caps -sys_resource \
            "$RUNTIME" --root "$ROOT" $command --bundle "$BUNDLE" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
        read_output "$BATS_TEST_TMPDIR/run-out"
        assert_status 1
        assert_says "$words"
    done
}

@test "more open files than the kernel allows" {
    config '.process.rlimits[0].hard = 4000000000'
    foreseen 'fs.nr_open is '
}

@test "too many processes" {
    local cgroup=/sys/fs/cgroup/pids/hint-$ID
    [ -d /sys/fs/cgroup/pids ] || skip "for cgroup v1"
    mkdir "$cgroup" && echo 1 >"$cgroup/pids.max"
    status=0
    sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$cgroup" "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" \
        run --bundle "$BUNDLE" "$ID" </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    rmdir "$cgroup"
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 1
    assert_says "too many processes: pids.max of the cgroup $cgroup is 1"
}

@test "too many processes for the container of exec" {
    [ -d /sys/fs/cgroup/pids ] || [ -e /sys/fs/cgroup/cgroup.controllers ] || skip "no pids controller"
    local limit
    set_args payload pause
    create_c
    rt start "$ID"
    for limit in 1 0; do
        run_ok update --pids-limit "$limit" "$ID"
        run_fails exec "$ID" true
        assert_output "too many processes: pids\\.max of the cgroup /[^ ]* is $limit\\)"
    done
}

@test "a memory limit that is too small for any process" {
    config '.linux.resources.memory = {limit: 4096, swap: 4096}'
    hinted 'linux.resources.memory.limit'
}

@test "a filter that kills the program at once" {
    config '.linux.seccomp = {defaultAction: "SCMP_ACT_KILL_PROCESS", syscalls: [{names: ["execve", "write"], action: "SCMP_ACT_ALLOW"}]}'
    hinted 'linux.seccomp: the filter has killed the container'
    assert_status 159
}

# ---- the rest

@test "a sysctl that belongs to the host" {
    config '.linux.sysctl = {"vm.swappiness": "5"}'
    foreseen 'is in no namespace, so it would change the host'
}

@test "a sysctl that does not exist" {
    config '.linux.sysctl = {"net.core.nosuch": "5"}'
    foreseen 'this kernel has no such parameter'
}

@test "a sysctl with a bad value" {
    config '.linux.sysctl = {"net.ipv4.ip_forward": "many"}'
    hinted 'the kernel does not accept this value'
}

@test "a hostname that is too long" {
    config '.hostname = "h" * 65'
    foreseen 'hostname: must not be longer than 64 bytes'
}

@test "a missing controller" {
    has_controller rdma && skip "rdma is here"
    config '.linux.resources.rdma = {mlx5: {hcaHandles: 3}}'
    foreseen 'controller "rdma"'
}

@test "cgroups that are mounted read-only" {
    local dir words='mount it to be written to, or use --cgroup-manager=disabled'
    for dir in /sys/fs/cgroup/ /sys/fs/cgroup/*/; do
        [ -e "$dir/cgroup.procs" ] && mountpoint -q "$dir" || continue
        host_mount --bind "$dir" "${dir%/}"
        in_ns mount -o remount,bind,ro "${dir%/}"
    done
    foreseen '--cgroup-manager=disabled'
}

@test "launching the init is refused: permissions or a filter around the runtime" {
    faulty launch 1 'need CAP_SYS_ADMIN or a user namespace; a seccomp filter around berth may refuse clone'
}

# make_jail: the directory jail has what berth needs to be run there as the root, with the bundle in /b.
make_jail() {
    ! readelf -lW "$RUNTIME" | grep -q INTERP || skip "the program needs its libraries"
    mkdir -p jail/b jail/dev jail/proc jail/sys jail/tmp
    cp "$RUNTIME" jail/berth
    cp -a rootfs config.json jail/b
    # The jail is a part of a mount, whatever the bundle is on.
    host_mount -t tmpfs tmpfs "$BUNDLE/jail/tmp"
    host_mount --rbind /dev "$BUNDLE/jail/dev"
    host_mount --rbind /proc "$BUNDLE/jail/proc"
    host_mount --rbind /sys "$BUNDLE/jail/sys"
}

# chrooted ARGS...: berth in the jail
chrooted() {
    status=0
    in_ns chroot jail /berth --root /tmp/state "$@" </dev/null >run-out 2>&1 || status=$?
    read_output run-out
}

@test "a root that is not a mount point, as in a chroot, and how to make it one" {
    set_args echo works
    make_jail
    chrooted run --bundle /b "$ID"
    [ "$status" -ne 0 ] || fail_with "it was accepted"
    assert_says "set the mount propagation of /: invalid argument (/ is not a mount point here, as in a chroot: mount --rbind DIR DIR before chroot DIR makes it one)"
    host_mount --rbind "$BUNDLE/jail" "$BUNDLE/jail"
    chrooted run --bundle /b "$ID"
    assert_status 0
    assert_output '^works$'
}

# setns(2) goes to the root of the mount namespace: the host's.
@test "exec and mounts in a container that was created inside a chroot: nothing happens outside of it" {
    local mark=/tmp/mark-$ID
    set_args payload pause
    make_jail
    host_mount --rbind "$BUNDLE/jail" "$BUNDLE/jail"
    chrooted create --bundle /b "$ID"
    assert_status 0
    chrooted exec "$ID" touch "$mark"
    [ "$status" -ne 0 ] || fail_with "exec was accepted"
    assert_says "verify that the namespaces are the container's: invalid cross-device link (the container was created inside a chroot, so this would lead out of it: create it outside)"
    [ ! -e "$mark" ]
    printf '[{"destination": "%s", "type": "tmpfs"}]' "$mark" >jail/b/mounts.json
    chrooted mounts add "$ID" /b/mounts.json
    [ "$status" -ne 0 ] || fail_with "mounts was accepted"
    assert_says "verify that the namespaces are the container's: invalid cross-device link"
    [ ! -e "$mark" ]
    chrooted delete --force "$ID"
    assert_status 0
}

@test "a full directory of states: free it, or use another" {
    local step
    for step in save-state record-init commit; do
        faulty "$step" 28 'no room in the directory of --root'
    done
}
