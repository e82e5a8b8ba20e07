# SPDX-License-Identifier: Apache-2.0
# dockerd with the cgroup driver systemd, its default on version 2: for a guest with systemd and cgroup version 2.

load helpers
load helpers-docker
load helpers-systemd

setup_file() {
    needs_systemd
    docker_start
}

teardown_file() { [ "$MANAGER" != systemd ] || docker_stop; }

scope_of() { echo "docker-$(docker inspect -f '{{.Id}}' "$C").scope"; }

@test "docker with systemd: a container is a scope of system.slice, with its limits" {
    run_ok docker info --format '{{.CgroupDriver}} {{.CgroupVersion}} {{.DefaultRuntime}}'
    [ "$output" = 'systemd 2 engine' ]
    up --network host --memory 64m --cpus 0.5 --pids-limit 33
    unit_has "$(scope_of)" Slice=system.slice MemoryMax=67108864 CPUQuotaPerSecUSec=500ms TasksMax=33
}

@test "docker with systemd: update, exec, stats, pause, unpause" {
    up --network none --memory 64m
    run_ok docker update --memory 100m --memory-swap 100m "$C"
    [ "$KIND" = crun ] || unit_has "$(scope_of)" MemoryMax=104857600
    run_ok docker exec "$C" cat /proc/self/cgroup
    [ "$output" = 0::/ ]
    wait_for docker_counts "$C"
    run_ok docker pause "$C"
    state_is paused
    run_ok docker unpause "$C"
    state_is running
}

@test "docker with systemd: stop and rm leave no unit" {
    up --network none
    local scope
    scope=$(scope_of)
    run_ok docker stop -t 30 "$C"
    run_ok docker rm "$C"
    wait_for no_unit "$scope"
}

@test "docker with systemd: run --cgroup-parent" {
    up --network none --cgroup-parent own.slice
    unit_has "$(scope_of)" Slice=own.slice
}

@test "docker with systemd: every option of its calls is known" { assert_calls_known; }
