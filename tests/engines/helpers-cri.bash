# SPDX-License-Identifier: Apache-2.0
# Pods and containers by way of the CRI, for cri.bats and cri-stream.bats.

setup_file() {
    containerd_start
    ctr -n k8s.io image import "$WORK/images/image.tar" >&2
    export CRI_MESSAGES=$WORK/cri
    mkdir -p "$CRI_MESSAGES"
    protoc -I "$BATS_TEST_DIRNAME" --python_out "$CRI_MESSAGES" cri.proto
    # The CRI plugin learns of an image a moment after.
    wait_for cri Status
}

teardown_file() { containerd_stop; }

setup() {
    containerd_env
    N=n$BATS_TEST_NUMBER
    POD_JSON='{}'
}

teardown() {
    local pod
    for pod in $(cri ListPodSandbox | jq -r '.items[]?.id'); do
        cri StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}" >/dev/null 2>&1
        cri RemovePodSandbox "{\"pod_sandbox_id\": \"$pod\"}" >/dev/null 2>&1 || true
    done
}

cri() { "$BATS_TEST_DIRNAME/cri" "$SOCKET" "$@"; }

cri_ok() {
    run cri "$@"
    [ "$status" -eq 0 ] || fail "$1: $output"
}

field() { jq -r "$1" <<<"$output"; }

# run_pod [JSON]: of the pod's linux part; then $POD and $POD_JSON. The image's program is a shell, which would end: a pause image reads on.
run_pod() {
    POD_JSON=$(jq -n --arg name "$N" --arg dir "$BATS_TEST_TMPDIR/log" --argjson linux "${1:-{\}}" '{metadata: {name: $name, uid: $name, namespace: "test", attempt: 0},
        hostname: (if $linux.security_context.namespace_options.network == "NODE" then "" else "podhost" end), log_directory: $dir, labels: {app: $name}, annotations: {a: "b"}, linux: ({cgroup_parent: "/kubepods/\($name)"} + $linux)}')
    mkdir -p "$BATS_TEST_TMPDIR/log"
    cri_ok RunPodSandbox "{\"config\": $POD_JSON}"
    POD=$(field .pod_sandbox_id)
}

# create NAME JSON ARGUMENT...: then $CTR; the JSON is added to the container's configuration
create() {
    local name=$1 more=$2 config
    shift 2
    config=$(jq -n --arg name "$name" --argjson more "$more" '{metadata: {name: $name, attempt: 0}, image: {image: "docker.io/library/box:1"},
        command: $ARGS.positional, log_path: "\($name).log"} * $more' --args -- "$@")
    cri_ok CreateContainer "{\"pod_sandbox_id\": \"$POD\", \"config\": $config, \"sandbox_config\": $POD_JSON}"
    CTR=$(field .container_id)
}

start() { cri_ok StartContainer "{\"container_id\": \"${1:-$CTR}\"}"; }
UP=(sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done')

# exec_in CONTAINER ARGUMENT...: $output, and $status is the program's
exec_in() {
    local answer id=$1
    shift
    answer=$(cri ExecSync "$(jq -n --arg id "$id" '{container_id: $id, timeout: 40, cmd: $ARGS.positional}' --args -- "$@")" 2>&1) || fail "$answer"
    output=$(jq -r '.stdout // ""' <<<"$answer" | base64 -d)
    errors=$(jq -r '.stderr // ""' <<<"$answer" | base64 -d)
    status=$(jq -r '.exit_code // 0' <<<"$answer")
}

state_of() { cri ContainerStatus "{\"container_id\": \"$1\"}" | jq -r .status.state; }
exited() { [ "$(state_of "$1")" = CONTAINER_EXITED ]; }
