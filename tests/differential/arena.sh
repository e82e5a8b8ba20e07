#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# arena.sh FOLDER UID COMMAND...: runs COMMAND where runtimes can be let loose: in a mount namespace of its own with a private /dev and /run (peers damage
# the host's nodes), and a tmpfs on FOLDER. On a hybrid host with a controller on the v2 hierarchy crun refuses to work: hugetlb becomes a hierarchy of v1
# there, which each arena mounts, since the one that made it may end first; the v2 hierarchy is left out while it is in use. With a UID that is not 0 COMMAND runs as that user, in his delegated cgroup if he has one.
set -e
if [ "${1:-}" != --inside ]; then exec unshare -m --propagation slave "$0" --inside "$@"; fi
folder=$2 user=$3
shift 3

mount -t tmpfs -o mode=755 differential "$folder"
cd "$folder"
mkdir new

private_dev() {
    mount -t tmpfs -o mode=755 dev new
    for node in null zero full random urandom tty console fuse kmsg net; do
        [ ! -e "/dev/$node" ] || cp -a "/dev/$node" new
    done
    ln -s pts/ptmx new/ptmx
    ln -s /proc/self/fd new/fd
    for name in stdin:0 stdout:1 stderr:2; do ln -s "/proc/self/fd/${name#*:}" "new/${name%:*}"; done
    mkdir new/pts new/shm new/mqueue
    mount --bind /dev/pts new/pts
    mount -t tmpfs -o mode=1777 shm new/shm
    mount -n --move new /dev
}

private_run() {
    mount -t tmpfs -o mode=755 run new
    mkdir new/user
    if [ -d /run/systemd/system ]; then
        for name in systemd dbus user; do mkdir -p "new/$name" && mount -n --rbind "/run/$name" "new/$name"; done
    fi
    [ -d "new/user/$user" ] || { mkdir -m 700 "new/user/$user" && chown "$user:$user" "new/user/$user"; }
    mount -n --move new /run
}

cgroups_for_crun() {
    [ -e /sys/fs/cgroup/unified/cgroup.controllers ] || return 0
    ! mountpoint -q /sys/fs/cgroup/hugetlb || return 0
    mount -t tmpfs cgroup new
    for path in /sys/fs/cgroup/*/; do
        name=$(basename "$path")
        [ "$name" = hugetlb ] || ! mountpoint -q "$path" || { mkdir "new/$name" && mount --bind "$path" "new/$name"; }
    done
    mkdir new/hugetlb
    mount -t cgroup -o hugetlb cgroup new/hugetlb 2>/dev/null || rmdir new/hugetlb
    ! grep -q . new/unified/cgroup.controllers || { umount new/unified && rmdir new/unified; }
    mount -n --move new /sys/fs/cgroup
}

# Moving out of a shared parent is refused.
mount --make-rprivate /
private_dev
private_run
cgroups_for_crun
rmdir new
[ "$user" != 0 ] || exec "$@"

chown "$user:$user" "$folder"
group=/sys/fs/cgroup/user.slice/user-$user
if [ -d "$group" ]; then
    mkdir -p "$group/session"
    chown -R "$user:$user" "$group/session"
    echo $$ >"$group/session/cgroup.procs"
fi
exec setpriv --reuid "$user" --regid "$user" --clear-groups env HOME=/ XDG_RUNTIME_DIR="/run/user/$user" "$@"
