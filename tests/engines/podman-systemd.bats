# SPDX-License-Identifier: Apache-2.0
# podman with systemd as the manager of cgroups, as every distribution has it: for a guest with systemd and cgroup version 2. The root's, and at
# the end the ordinary user's with his own systemd.

load helpers
load helpers-podman
load helpers-systemd

setup_file() {
    needs_systemd
    podman_start "$WORK/podman" "$WORK/podman/run"
    # Units that start podman are to find the same configuration.
    systemctl set-environment "HOME=$PODMAN_HOME" "CONTAINERS_CONF=$PODMAN_HOME/containers.conf" "XDG_RUNTIME_DIR=$PODMAN_RUN" "TMPDIR=$PODMAN_HOME/tmp"
}

scope_of() { echo "libpod-$(p inspect -f '{{.Id}}' "${1:-$C}").scope"; }

@test "podman with systemd: a container is a scope of machine.slice, with its limits" {
    up --memory 64m --cpus 0.5 --pids-limit 33
    local scope
    scope=$(scope_of)
    [[ $(own_cgroup) == /machine.slice/$scope* ]]
    unit_has "$scope" Slice=machine.slice Delegate=yes MemoryMax=67108864 CPUQuotaPerSecUSec=500ms TasksMax=33
    [ "$(cat "/sys/fs/cgroup/machine.slice/$scope/pids.max")" = 33 ]
}

@test "podman with systemd: update changes the scope, and a reload of systemd keeps it" {
    up --memory 64m
    pod_ok update --memory 100m --cpus 0.25 "$C"
    systemctl daemon-reload
    local scope
    scope=$(scope_of)
    [ "$(cat "/sys/fs/cgroup$(own_cgroup)/memory.max")" = 104857600 ] || [ "$(cat "/sys/fs/cgroup/machine.slice/$scope/memory.max")" = 104857600 ]
    [ "$KIND" = crun ] || unit_has "$scope" MemoryMax=104857600 CPUQuotaPerSecUSec=250ms
}

@test "podman with systemd: exec, stats, top, pause, unpause" {
    up
    pod_ok exec "$C" cat /proc/self/cgroup
    [ "$output" = 0::/ ]
    pod_ok stats --no-stream --format '{{.PIDs}}' "$C"
    [ "${lines[0]}" -ge 1 ]
    pod_ok top "$C" pid comm
    pod_ok pause "$C"
    state_is paused
    pod_ok unpause "$C"
    state_is running
}

@test "podman with systemd: stop and rm leave no unit" {
    up
    local scope
    scope=$(scope_of)
    pod_ok stop -t 30 "$C"
    pod_ok inspect -f '{{.State.ExitCode}}' "$C"
    [ "$output" = 0 ]
    pod_ok rm "$C"
    wait_for no_unit "$scope"
}

@test "podman with systemd: rm --force of a paused container" {
    up
    local scope
    scope=$(scope_of)
    pod_ok pause "$C"
    pod_ok rm -f -t 0 "$C"
    wait_for no_unit "$scope"
}

@test "podman with systemd: run --cgroup-parent" {
    up --cgroup-parent own.slice
    [[ $(own_cgroup) == /own.slice/$(scope_of)* ]]
}

@test "podman with systemd: run --cgroups=split, no-conmon and disabled" {
    local mode
    for mode in split no-conmon disabled; do
        pod_ok run --rm --cgroups=$mode box:1 sh -c 'echo ran'
        [ "$output" = ran ]
    done
}

@test "podman with systemd: run --systemd=always gives the container its cgroup" {
    # shellcheck disable=SC2016
    pod_ok run --rm --systemd=always box:1 sh -c 'mkdir /sys/fs/cgroup/below && echo 1 >/sys/fs/cgroup/below/cgroup.procs && cat /proc/1/cgroup && echo $container'
    [ "${lines[*]}" = '0::/below podman' ]
}

@test "podman with systemd: a pod is a slice with the scopes of its containers" {
    pod_ok pod create --name "pod$C" --memory 50m
    pod_ok run -d --pod "pod$C" --name "$C" box:1 sleep 1000
    [[ $(own_cgroup) == /machine.slice/machine-libpod_pod_*.slice/$(scope_of)* ]]
    pod_ok pod stats --no-stream "pod$C"
    pod_ok pod rm -f -t 0 "pod$C"
}

@test "podman with systemd: health checks by timers" {
    up --health-cmd 'test ! -e /tmp/ill' --health-interval 1s --health-retries 1
    wait_for output_of healthy p inspect -f '{{.State.Health.Status}}' "$C"
    pod_ok exec "$C" touch /tmp/ill
    wait_for output_of unhealthy p inspect -f '{{.State.Health.Status}}' "$C"
}

@test "podman generate systemd: the unit starts, is notified, restarts and stops" {
    pod_ok create --name "$C" box:1 sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
    p generate systemd --new --name "$C" >"/run/systemd/system/$C.service"
    pod_ok rm "$C"
    systemctl daemon-reload
    run_ok systemctl start "$C"
    unit_has "$C" Type=notify ActiveState=active
    local first
    first=$(p inspect -f '{{.State.Pid}}' "$C")
    kill -KILL "$first"
    wait_for restarted "$first"
    run_ok systemctl stop "$C"
    wait_for output_of '' p ps -aq --filter "name=$C"
}

restarted() { local now; now=$(p inspect -f '{{.State.Pid}}' "$C") && [ "$now" != 0 ] && [ "$now" != "$1" ]; }

@test "podman with systemd: every option of its calls is known" { assert_calls_known; }
