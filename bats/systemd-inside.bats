#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# systemd as process 1 of a container, as podman run --systemd=always asks for it: the host's own tree with a layer over it.

load helpers
load helpers-fs

test_setup() {
    [ -x /lib/systemd/systemd ] || skip "no systemd to start"
    cg_is_v2 || [ "$(/lib/systemd/systemd --version | awk 'NR == 1 {print $2 + 0}')" -lt 258 ] || skip "systemd 258 and later need cgroup v2"
}

has_booted() {
    case $(rt exec "$ID" systemctl is-system-running 2>/dev/null) in running | degraded) ;; *) return 1 ;; esac
}

# The root file system system: this machine's, with all that is written to it in memory.
make_system() {
    mkdir layer system
    host_mount -t tmpfs tmpfs "$BUNDLE/layer"
    in_ns mkdir "$BUNDLE/layer/upper" "$BUNDLE/layer/work"
    host_mount -t overlay -o "lowerdir=/,upperdir=$BUNDLE/layer/upper,workdir=$BUNDLE/layer/work" overlay "$BUNDLE/system"
    config '.root.path = "system"' '.process.env += ["container=oci"]' '(.mounts[] | select(.type == "cgroup")).options -= ["ro"]' \
        '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
    add_mount /run tmpfs tmpfs mode=755
    add_mount /tmp tmpfs tmpfs
    set_args /lib/systemd/systemd
}

boots() {
    create_c
    rt start "$ID"
    local i
    for i in 1 2 3 4 5 6; do
        wait_until has_booted && break
    done
    has_booted
}

@test "systemd boots in a container without a cgroup namespace" {
    make_system
    config '.linux.namespaces |= map(select(.type != "cgroup"))'
    boots
}

@test "systemd boots in a container with a cgroup namespace" {
    make_system
    config '.linux.namespaces |= map(select(.type != "cgroup")) + [{type: "cgroup"}]'
    boots
}
