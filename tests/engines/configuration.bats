# SPDX-License-Identifier: Apache-2.0
# The files of contrib/engines as they stand, with berth in the engine's PATH. What comes with them keeps the engine in its place.

load helpers
load helpers-docker
load helpers-containerd
load helpers-cri
load helpers-podman

FILES=$BATS_TEST_DIRNAME/../../contrib/engines

setup_file() { :; }
teardown_file() { :; }

setup() {
    [ "$KIND" = berth ] || skip "the files name berth"
    PATH=$(dirname "$ENGINE_RUNTIME"):$PATH
    CALLS=$(wc -l <"$WORK/calls")
}

teardown() {
    [ -z "${STOP:-}" ] || "$STOP"
}

is_called() { tail -n +$((CALLS + 1)) "$WORK/calls" | grep -qw create; }

@test "docker: daemon.json" {
    docker_config() {
        jq --arg dir "$WORK/docker-configured" '. + {"data-root": ($dir + "/data"), "exec-root": ($dir + "/exec"), pidfile: ($dir + "/pid")}' \
            "$FILES/daemon.json"
    }
    docker_start
    STOP=docker_stop
    run_ok docker info --format '{{.DefaultRuntime}}'
    [ "$output" = berth ]
    run_ok docker run --rm box:1 echo hello
    [ "$output" = hello ]
    run_ok docker run --rm --runtime berth box:1 echo again
    [ "$output" = again ]
    is_called
}

@test "podman: containers.conf" {
    mkdir -p /etc/containers/containers.conf.d
    podman_start "$WORK/podman-configured" "$WORK/podman-configured/run"
    sed '/^runtime/d; /^\[engine.runtimes\]/d; /^berth = /d' "$PODMAN_HOME/containers.conf" >/etc/containers/containers.conf
    cp "$FILES/containers.conf" /etc/containers/containers.conf.d/10-berth.conf
    PODMAN=(env -u CONTAINERS_CONF "${PODMAN[@]/#CONTAINERS_CONF=*/A=}")
    run_ok "${PODMAN[@]}" info --format '{{.Host.OCIRuntime.Name}}'
    [ "$output" = berth ]
    run_ok "${PODMAN[@]}" run --rm box:1 echo hello
    [ "$output" = hello ]
    rm -r /etc/containers/containers.conf.d /etc/containers/containers.conf
    is_called
}

@test "podman: --runtime with the path" {
    podman_start "$WORK/podman-configured" "$WORK/podman-configured/run"
    sed -i '/^runtime/d; /^\[engine.runtimes\]/d; /^berth = /d' "$PODMAN_HOME/containers.conf"
    run_ok "${PODMAN[@]}" --runtime "$(command -v berth)" run --rm box:1 echo hello
    [ "$output" = hello ]
    is_called
}

@test "containerd: config.toml" {
    containerd_is_2() { false; }
    eval "base_$(declare -f containerd_config)"
    containerd_config() {
        base_containerd_config | sed "s,/usr/lib/cni,${ENGINES:-/usr/lib}/cni,; /containerd\]\$/,\$d"
        grep -v '^version' "$FILES/containerd-config.toml"
    }
    containerd_start
    STOP=containerd_stop
    ctr -n k8s.io image import "$WORK/images/image.tar" >&2
    export CRI_MESSAGES=$WORK/cri-configured
    mkdir -p "$CRI_MESSAGES"
    protoc -I "$BATS_TEST_DIRNAME" --python_out "$CRI_MESSAGES" cri.proto
    wait_for cri Status
    # shellcheck disable=SC2034 # for run_pod
    N=configured
    run_pod
    create c1 '{}' sh -c 'echo hello; sleep 100'
    start
    is_called
    cri_ok StopPodSandbox "{\"pod_sandbox_id\": \"$POD\"}"
    cri_ok RemovePodSandbox "{\"pod_sandbox_id\": \"$POD\"}"
    run_ok ctr -a "$SOCKET" -n k8s.io run --rm --runc-binary berth docker.io/library/box:1 c2 echo hello
    [ "$output" = hello ]
}
