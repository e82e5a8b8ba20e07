# SPDX-License-Identifier: Apache-2.0
# dockerd with state of its own and the runtime as its default.

docker_env() {
    export DOCKER_DIR=$WORK/docker DOCKER_HOST=unix://$WORK/docker.sock
}

docker_config() {
    jq -n --arg runtime "$ENGINE_RUNTIME" --arg dir "$DOCKER_DIR" '{"default-runtime": "engine", runtimes: {engine: {path: $runtime}},
        "data-root": ($dir + "/data"), "exec-root": ($dir + "/exec"), pidfile: ($dir + "/pid"), "live-restore": false, experimental: true,
        "exec-opts": ["native.cgroupdriver=\($ENV.MANAGER)"]}
        + if $ENV.MANAGER == "systemd" then {bridge: "none", iptables: false} else {} end'
}

docker_start() {
    docker_env
    mkdir -p "$DOCKER_DIR"
    docker_config >"$DOCKER_DIR/daemon.json"
    dockerd --config-file "$DOCKER_DIR/daemon.json" -H "$DOCKER_HOST" >"$DOCKER_DIR/log" 2>&1 3>&- 4>&- </dev/null &
    export DOCKERD_PID=$!
    wait_for docker version || { tail -n 30 "$DOCKER_DIR/log" >&2; return 1; }
    docker load -i "$WORK/images/image.tar" >&2
}

docker_stop() { end_process "$DOCKERD_PID"; }

setup() {
    docker_env
    C=c$BATS_TEST_NUMBER
}

teardown() {
    local all
    all=$(docker ps -aq)
    # shellcheck disable=SC2086
    [ -z "$all" ] || docker rm -f $all >/dev/null 2>&1 || true
}

up() {
    run_ok docker run -d --name "$C" "$@" box:1 sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
    wait_for handles TERM
}
state_is() { output_of "$1" docker inspect -f '{{.State.Status}}' "$C"; }

# docker_counts CONTAINER: docker stats sees a process. It says 0 when it gets no figures within two seconds.
docker_counts() { [ "$(docker stats --no-stream --format '{{.PIDs}}' "$1")" -ge 1 ]; }
