# SPDX-License-Identifier: Apache-2.0
# podman for podman.bats and podman-rootless.bats: p ARGUMENT... is podman with this run's storage, as $PODMAN_USER when that is set.

podman_config() { # podman_config FILE: no journal; limits that hold without CAP_SYS_RESOURCE
    cat >"$1" <<END
[containers]
$([ "$MANAGER" != systemd ] || echo 'netns = "host"')
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
log_driver = "k8s-file"
init_path = "$(command -v catatonit)"
[engine]
cgroup_manager = "$MANAGER"
events_logger = "file"
runtime = "$KIND"
runtime_supports_json = ["berth", "crun", "runc"]
runtime_supports_nocgroup = ["berth", "crun"]
$([ -z "$ENGINES" ] || printf '%s\n' "conmon_path = [\"$ENGINES/bin/conmon\"]" "helper_binaries_dir = [\"$ENGINES/bin\"]")
[engine.runtimes]
$KIND = ["$ENGINE_RUNTIME"]
[network]
network_backend = "netavark"
END
}

podman_command() {
    local as=()
    [ -z "${PODMAN_USER:-}" ] || as=(setpriv --reuid "$PODMAN_USER" --regid "$PODMAN_USER" --clear-groups)
    PODMAN=("${as[@]}" env -u BATS_RUN_TMPDIR "HOME=$PODMAN_HOME" "XDG_RUNTIME_DIR=$PODMAN_RUN" "CONTAINERS_CONF=$PODMAN_HOME/containers.conf"
        "TMPDIR=$PODMAN_HOME/tmp" podman --log-level=error)
}

p() { "${PODMAN[@]}" "$@"; }

podman_start() {
    export PODMAN_HOME=$1 PODMAN_RUN=$2
    mkdir -p "$PODMAN_HOME/tmp" "$PODMAN_RUN"
    podman_config "$PODMAN_HOME/containers.conf"
    mkdir -p /etc/containers
    echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
    [ -z "${PODMAN_USER:-}" ] || chown -R "$PODMAN_USER:$PODMAN_USER" "$PODMAN_HOME"
    podman_command
    cd / && p import -c 'CMD ["sh"]' -c 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin' "$WORK/images/rootfs.tar" box:1 >&2
}

setup() {
    podman_command
    cd /
    C=c$BATS_TEST_NUMBER
}

teardown() {
    case $BATS_TEST_DESCRIPTION in *pod:*|*"pod with"*|*"play kube"*) p pod rm -fa -t 0 >/dev/null 2>&1 ;; esac
    p rm -fa -t 0 >/dev/null 2>&1 || true
}

# up OPTION...: a container $C that runs until it is stopped, at once
up() {
    run_ok "${PODMAN[@]}" run -d --name "$C" "$@" box:1 sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
    wait_for handles TERM
}
pod_ok() { run_ok "${PODMAN[@]}" "$@"; }
pod_status() { local want=$1; shift; run_status "$want" "${PODMAN[@]}" "$@"; }
own_cgroup() { sed -n 's/^0:://p' "/proc/$(p inspect -f '{{.State.Pid}}' "$C")/cgroup"; } # of version 2
state_is() { output_of "$1" p inspect -f '{{.State.Status}}' "${2:-$C}"; }
