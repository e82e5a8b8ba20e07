# SPDX-License-Identifier: Apache-2.0
# podman of an ordinary user with his own systemd: for a guest with systemd and cgroup version 2.

load helpers
load helpers-podman
load helpers-systemd

setup_file() {
    needs_systemd
    export PODMAN_USER=1001 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1001/bus
    mkdir -p /home/engineer
    podman_start /home/engineer /run/user/1001
}

@test "rootless podman with systemd: a container is a scope of the user's manager, with its limits" {
    up --memory 64m --pids-limit 33
    local cgroup
    cgroup=$(own_cgroup)
    [[ $cgroup == /user.slice/user-1001.slice/user@1001.service/user.slice/libpod-*.scope* ]]
    cgroup=${cgroup%.scope*}.scope
    [ "$(cat "/sys/fs/cgroup$cgroup/memory.max" "/sys/fs/cgroup$cgroup/pids.max" | xargs)" = '67108864 33' ]
}

@test "rootless podman with systemd: update, pause, exec, stop, rm" {
    up --memory 64m
    local cgroup
    cgroup=$(own_cgroup)
    cgroup=${cgroup%.scope*}.scope
    pod_ok update --memory 80m "$C"
    pod_ok pause "$C"
    state_is paused
    pod_ok unpause "$C"
    pod_ok exec "$C" cat /proc/self/cgroup
    [ "$output" = 0::/ ]
    pod_ok stop -t 30 "$C"
    pod_ok rm "$C"
    wait_for test ! -e "/sys/fs/cgroup$cgroup"
}

@test "rootless podman with systemd: a pod" {
    pod_ok pod create --name "pod$C"
    pod_ok run -d --pod "pod$C" --name "$C" box:1 sleep 1000
    [[ $(own_cgroup) == */user-libpod_pod_*.slice/libpod-*.scope* ]]
    pod_ok pod rm -f -t 0 "pod$C"
}

@test "rootless podman with systemd: every option of its calls is known" { assert_calls_known; }
