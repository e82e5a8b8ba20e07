# SPDX-License-Identifier: Apache-2.0
# containerd with state of its own; its CRI plugin with CNI networks and the runtime as its default.

containerd_env() {
    export SOCKET=$WORK/containerd.sock CONTAINERD_DIR=$WORK/containerd
}

containerd_is_2() { [[ $(containerd --version) == *' '2.* ]]; }

# The tables of the CRI plugin have other names since version 3 of the configuration, which containerd 2 has.
containerd_config() {
    local version=2 runtime='plugins."io.containerd.grpc.v1.cri"' cri sandbox='sandbox_image = "docker.io/library/box:1"'
    cri=$runtime
    ! containerd_is_2 || { version=3 runtime='plugins."io.containerd.cri.v1.runtime"' sandbox=''; }
    cat <<END
version = $version
root = "$CONTAINERD_DIR/root"
state = "$CONTAINERD_DIR/state"
[grpc]
  address = "$SOCKET"
[plugins."io.containerd.internal.v1.opt"]
  path = "$CONTAINERD_DIR/opt"
[$cri]
  $sandbox
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
$([ $version = 2 ] || printf '%s\n' '[plugins."io.containerd.cri.v1.images".pinned_images]' '  sandbox = "docker.io/library/box:1"' "[$runtime]")
  restrict_oom_score_adj = true
[$runtime.cni]
  $(if [ $version = 2 ]; then echo 'bin_dir = "/usr/lib/cni"'; else echo "bin_dirs = [\"${ENGINES:-/usr/lib}/cni\"]"; fi)
  conf_dir = "$CONTAINERD_DIR/cni"
[$runtime.containerd]
  default_runtime_name = "engine"
[$runtime.containerd.runtimes.engine]
  runtime_type = "io.containerd.runc.v2"
[$runtime.containerd.runtimes.engine.options]
  BinaryName = "$ENGINE_RUNTIME"
  SystemdCgroup = $(if [ "$MANAGER" = systemd ]; then echo true; else echo false; fi)
END
}

cni_config() {
    cat <<END
{"cniVersion": "0.4.0", "name": "engines", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.88.0.0/16"}]],
    "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
END
}

containerd_start() {
    containerd_env
    mkdir -p "$CONTAINERD_DIR/cni" "$CONTAINERD_DIR/opt"
    containerd_config >"$CONTAINERD_DIR/config.toml"
    cni_config >"$CONTAINERD_DIR/cni/10-engines.conflist"
    containerd --config "$CONTAINERD_DIR/config.toml" >"$CONTAINERD_DIR/log" 2>&1 3>&- 4>&- </dev/null &
    export CONTAINERD_PID=$!
    wait_for ctr version || { tail -n 30 "$CONTAINERD_DIR/log" >&2; return 1; }
}

containerd_stop() { end_process "$CONTAINERD_PID"; }

ctr() { command ctr -a "$SOCKET" "$@"; }
