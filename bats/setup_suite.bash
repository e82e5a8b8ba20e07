# SPDX-License-Identifier: Apache-2.0
# Runs once for each call of bats: finds the runtime, builds the tools and the root file system that every test copies, and opens the private
# mount namespace in which all calls of the runtime happen.

suite_find_runtime() {
    local here=$1 candidate

    if [ -z "${RUNTIME:-}" ]; then
        for candidate in "${BERTH:-}" "$here/../build/src/cli/berth" "$(command -v berth)"; do
            [ -n "$candidate" ] && [ -x "$candidate" ] && RUNTIME=$candidate && break
        done
    fi
    [ -n "${RUNTIME:-}" ] || { echo "no runtime: set RUNTIME or build berth" >&2; return 1; }
    RUNTIME=$(realpath "$(command -v "$RUNTIME")") || return 1
    # A copy, since a build below /root is out of reach for the ordinary users that some tests play.
    mkdir "$SUITE_DIR/bin" && cp "$RUNTIME" "$SUITE_DIR/bin" && chmod 755 "$SUITE_DIR/bin" "$SUITE_DIR/bin/"* || return 1
    RUNTIME=$SUITE_DIR/bin/${RUNTIME##*/}
    export RUNTIME

    local version
    version=$("$RUNTIME" --version) || return 1
    RT_VERSION=${version%%$'\n'*}
    RT_KIND=${RT_VERSION%% *}
    RT_VERSION=${RT_VERSION##* }
    # A runtime may call itself runc for its callers' sake: the rest of its words tell.
    case $version in *berth*) RT_KIND=berth ;; esac
    export RT_KIND RT_VERSION
}

# SUITE_TOOLS names a folder that has them already: a guest takes up to half a minute to make them.
suite_tools() {
    [ -z "${SUITE_TOOLS:-}" ] || { cp "$SUITE_TOOLS"/{payload,hosttool,seccomp-agent} "$SUITE_DIR" && return; }
    suite_build_tools "$1" "$SUITE_DIR"
}

suite_build_tools() {
    local here=$1 to=$2 tool

    for tool in payload hosttool; do
        ${CC:-gcc} -static -O1 -Wall -Wextra -o "$to/$tool" "$here/$tool"*.c || return 1
    done
    ${CC:-gcc} -static -O1 -Wall -Wextra -o "$to/seccomp-agent" "$here/../contrib/seccomp-agent.c" -lseccomp
}

# Not every applet of busybox: each test makes a copy of all the links.
suite_build_rootfs() {
    local root=$SUITE_DIR/rootfs
    local applets="[ ash awk basename cat chmod chown cp cut date dd df dirname dmesg echo env expr false find grep head hostname id
        ifconfig ip ipcs kill killall ln ls mkdir mkfifo mknod mktemp mount mountpoint mv nc nproc od pidof ping printf ps pwd readlink
        realpath rm rmdir route sed seq setsid sh sleep sort stat stty swapoff sync tail tee test timeout top touch tr true tty umount
        uname unlink unshare uptime usleep wc which whoami xargs yes"

    mkdir -p "$root"/{bin,dev,etc,home,proc,root,sys,tmp,usr/bin,var,run,mnt,lib,sbin}
    chmod 1777 "$root/tmp"
    cp "$(command -v busybox)" "$root/bin/busybox"
    (cd "$root/bin" && for applet in $applets; do ln -s busybox "$applet"; done)
    cp "$SUITE_DIR/payload" "$root/bin/payload"
    printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\nuser:x:1000:\n' >"$root/etc/group"
}

# The private view of /sys/fs/cgroup for crun, which refuses a hybrid layout with a controller on the v2 hierarchy: the same hierarchies
# and hugetlb as one more of version 1, on a tmpfs of our own (a directory made in the host's would be in others' way). While hugetlb is
# in use on the v2 hierarchy, that hierarchy is left out instead.
suite_cgroup_view='
    mkdir -p "$1/cgroup" && mount -t tmpfs tmpfs "$1/cgroup" &&
    for h in /sys/fs/cgroup/*/; do
        mountpoint -q "$h" || continue
        n=$(basename "$h"); mkdir "$1/cgroup/$n" && mount --bind "$h" "$1/cgroup/$n" || exit 1
    done &&
    mkdir "$1/cgroup/hugetlb" && {
        mount -t cgroup -o hugetlb cgroup "$1/cgroup/hugetlb" || { umount "$1/cgroup/unified" && rmdir "$1/cgroup/unified"; }
    } &&
    mount --rbind "$1/cgroup" /sys/fs/cgroup && umount -l "$1/cgroup"'

# The ways to systemd: its private socket, the bus and the buses of users.
suite_systemd_view='
    mkdir -p "$1/run/systemd" "$1/run/dbus" "$1/run/user" && mount --rbind /run/systemd "$1/run/systemd" &&
    mount --rbind /run/dbus "$1/run/dbus" && mount --rbind /run/user "$1/run/user" && mount --rbind "$1/run" /run && umount -l "$1/run"'

# All calls of the runtime happen in one mount namespace of the suite's own with an empty /run, so that what is left there is the
# runtime's.
suite_open_namespace() {
    local script='mount -t tmpfs tmpfs /run'

    [ ! -d /run/systemd/system ] || script="mkdir -p \"\$1/run\" && mount -t tmpfs -o mode=755 tmpfs \"\$1/run\" && $suite_systemd_view"

    if [ "$RT_KIND" = crun ] && [ -d /sys/fs/cgroup/unified ] && grep -q ^hugetlb /proc/cgroups &&
        ! mountpoint -q /sys/fs/cgroup/hugetlb; then
        script+=" && $suite_cgroup_view"
    fi
    mkfifo "$SUITE_DIR/ready"
    unshare -m --propagation slave sh -c "$script && echo ok >\"\$1/ready\"; exec sleep 100000" sh "$SUITE_DIR" \
        3>&- 4>&- </dev/null >/dev/null 2>&1 &
    export SUITE_NS=$!
    local ok
    read -r -t 300 ok <>"$SUITE_DIR/ready" || { echo "no private mount namespace" >&2; return 1; }
}

setup_suite() {
    local here
    here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    export SUITE_DIR=$BATS_RUN_TMPDIR/suite
    mkdir -p "$SUITE_DIR"
    chmod 755 "$BATS_RUN_TMPDIR" "$SUITE_DIR"
    suite_find_runtime "$here" || return 1
    suite_tools "$here" || return 1
    suite_build_rootfs || return 1
    jq -n -f "$here/config.jq" >"$SUITE_DIR/config.json" || return 1
    suite_open_namespace
}

teardown_suite() {
    [ -z "${SUITE_NS:-}" ] || kill "$SUITE_NS"
}
