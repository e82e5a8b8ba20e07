# SPDX-License-Identifier: Apache-2.0
# What the CRI plugin of containerd 2 has that containerd 1.6 had not: pods with user namespaces, CDI devices, statistics of a pod, recursively
# read-only mounts, strict supplementary groups.

load helpers
load helpers-containerd
load helpers-cri

eval "cri_$(declare -f setup_file)"
setup_file() { ! containerd_is_2 || cri_setup_file; }
teardown_file() { ! containerd_is_2 || containerd_stop; }
eval "cri_$(declare -f setup)"
setup() {
    containerd_is_2 || skip "containerd 2 has it"
    cri_setup
}

MAP='[{"host_id": 300000, "container_id": 0, "length": 65536}]'
USERNS="{\"security_context\": {\"namespace_options\": {\"userns_options\": {\"mode\": \"POD\", \"uids\": $MAP, \"gids\": $MAP}}}}"

# userns_pod JSON: a pod with a user namespace and one container, which has the JSON's parts, too
userns_pod() {
    run_pod "$USERNS"
    create one "$(jq -n --argjson linux "$USERNS" --argjson more "${1:-{\}}" '{linux: $linux} * $more')" "${UP[@]}"
    start
}

host_pid() { cri ContainerStatus "{\"container_id\": \"$1\", \"verbose\": true}" | jq -r '.info.info | fromjson | .pid'; }

@test "CRI: the runtime's features are told: user namespaces, recursively read-only mounts" {
    cri_ok Status
    [ "$(field '.runtime_handlers[] | select(.name == "engine").features | "\(.user_namespaces) \(.recursive_read_only_mounts)"')" = 'true true' ]
    [ "$(field .features.supplemental_groups_policy)" = true ]
}

@test "CRI: a pod with a user namespace: maps, owners, who it is on the host" {
    userns_pod
    exec_in "$CTR" sh -c 'echo $(cat /proc/self/uid_map) $(cat /proc/self/gid_map); id -u; stat -c %u:%g / /etc /proc/1 /dev/null; touch /file && stat -c %u:%g /file'
    [ "${output//$'\n'/ }" = '0 300000 65536 0 300000 65536 0 0:0 0:0 0:0 65534:65534 0:0' ] || [ "${output//$'\n'/ }" = '0 300000 65536 0 300000 65536 0 0:0 0:0 0:0 0:0 0:0' ]
    [ "$(stat -c %u:%g "/proc/$(host_pid "$CTR")")" = 300000:300000 ]
}

@test "CRI: the containers of a pod with a user namespace share it, and the pod's other namespaces belong to it" {
    userns_pod
    local first=$CTR
    create two "{\"linux\": $USERNS}" "${UP[@]}"
    start
    exec_in "$first" readlink /proc/1/ns/user
    local own=$output
    exec_in "$CTR" readlink /proc/1/ns/user
    [ "$output" = "$own" ]
    [ "$output" != "$(readlink /proc/self/ns/user)" ]
    # Only the network namespace's owner may do that.
    create three "$(jq -n --argjson linux "$USERNS" '{linux: ($linux * {security_context: {capabilities: {add_capabilities: ["NET_ADMIN", "SYS_ADMIN"]}}})}')" "${UP[@]}"
    start
    exec_in "$CTR" sh -c 'ip link add d0 type dummy 2>&1 || ip link set lo down 2>&1 && ip link set lo up && hostname other && hostname'
    [ "$status" -eq 0 ] || fail "$output $errors"
    assert_output 'other'
}

@test "CRI: a mount with mappings in a pod with a user namespace: owners are those of the host" {
    local data=$BATS_TEST_TMPDIR/data
    mkdir -m 755 "$data" && echo x >"$data/file" && chown 0:0 "$data/file" && echo y >"$data/other" && chown 1000:1000 "$data/other"
    userns_pod "{\"mounts\": [{\"host_path\": \"$data\", \"container_path\": \"/data\", \"uidMappings\": $MAP, \"gidMappings\": $MAP}]}"
    exec_in "$CTR" sh -c 'stat -c %u:%g /data/file /data/other; echo z >/data/new'
    [ "$status" -eq 0 ] && [ "${output//$'\n'/ }" = '0:0 1000:1000' ] || fail "$output $errors"
    [ "$(stat -c %u:%g "$data/new")" = 0:0 ]
}

@test "CRI: user, capabilities, read-only root, sysctl and exec in a pod with a user namespace" {
    run_pod "$(jq -n --argjson linux "$USERNS" '$linux + {sysctls: {"net.ipv4.ip_forward": "1"}}')"
    create one "$(jq -n --argjson linux "$USERNS" '{linux: ($linux * {security_context: {run_as_user: {value: "1000"}, run_as_group: {value: "2000"}, supplemental_groups: ["4321"],
        readonly_rootfs: true, no_new_privs: true, seccomp: {profile_type: "RuntimeDefault"}}})}')" "${UP[@]}"
    start
    exec_in "$CTR" sh -c 'id; touch /tmp/file 2>&1; cat /proc/self/status /proc/sys/net/ipv4/ip_forward'
    assert_output 'uid=1000.* gid=2000.*4321'
    assert_output 'Read-only'
    assert_output 'NoNewPrivs:[[:space:]]1'
    assert_output 'Seccomp:[[:space:]]2'
    [ "$(stat -c %u:%g "/proc/$(host_pid "$CTR")")" = 301000:302000 ]
}

@test "CRI: limits and statistics of a container in a pod with a user namespace" {
    hierarchies_stay
    userns_pod '{"linux": {"resources": {"memory_limit_in_bytes": "67108864", "cpu_shares": "512"}}}'
    exec_in "$CTR" cat "$(cgroup_file memory/memory.limit_in_bytes memory.max)"
    [ "$output" = 67108864 ]
    cri_ok UpdateContainerResources "{\"container_id\": \"$CTR\", \"linux\": {\"memory_limit_in_bytes\": \"80000000\"}}"
    exec_in "$CTR" cat "$(cgroup_file memory/memory.limit_in_bytes memory.max)"
    [ "$output" = 79998976 ]
    cri_ok ContainerStats "{\"container_id\": \"$CTR\"}"
    [ "$(field '.stats.memory.working_set_bytes.value | tonumber > 0')" = true ]
}

# A CDI specification with everything that a vendor's may ask for.
cdi_device() {
    local hook=$BATS_TEST_TMPDIR/hook
    printf '#!/bin/sh\necho "$@" "$(head -c 6000)" >>%s\n' "$BATS_TEST_TMPDIR/hooks" >"$hook"
    chmod 755 "$hook"
    echo library >"$BATS_TEST_TMPDIR/library"
    mknod -m 666 "$BATS_TEST_TMPDIR/node" c 1 5
    mkdir -p /run/cdi
    jq -n --arg node "$BATS_TEST_TMPDIR/node" --arg hook "$hook" --arg library "$BATS_TEST_TMPDIR/library" '{cdiVersion: "0.7.0", kind: "vendor.com/device",
        containerEdits: {env: ["ALL=yes"]},
        devices: [{name: "host", containerEdits: {deviceNodes: [{path: $node}], mounts: [{hostPath: $library, containerPath: "/usr/lib/vendor/library", options: ["ro", "bind"]}]}},
            {name: "one", containerEdits: {
            env: ["DEVICE=one"],
            deviceNodes: [{path: "/dev/one", hostPath: "/dev/zero", permissions: "rw"}, {path: "/dev/vendor/made", type: "c", major: 1, minor: 5, fileMode: 438, uid: 1000, gid: 2000}],
            mounts: [{hostPath: $library, containerPath: "/usr/lib/vendor/library", options: ["ro", "nosuid", "nodev", "bind"]}],
            hooks: [{hookName: "createRuntime", path: $hook, args: ["hook", "createRuntime"]}, {hookName: "createContainer", path: $hook, args: ["hook", "createContainer"]},
                {hookName: "poststop", path: $hook, args: ["hook", "poststop"], env: ["PATH=/usr/bin:/bin"], timeout: 10}],
            additionalGids: [4242]}}]}' >/run/cdi/vendor.json
}

@test "CRI: a CDI device: nodes, mounts, environment, hooks, groups" {
    cdi_device
    run_pod
    create one '{"CDI_devices": [{"name": "vendor.com/device=one"}]}' "${UP[@]}"
    start
    exec_in "$CTR" sh -c 'echo $ALL $DEVICE; head -c 3 /dev/one | wc -c; head -c 4 /dev/vendor/made | wc -c; stat -c "%F %a %u:%g" /dev/vendor/made; cat /usr/lib/vendor/library
        touch /usr/lib/vendor/library 2>&1; id -G'
    assert_output 'yes one.3.4.character special file 666 1000:2000.library.*Read-only.*4242'
    grep -q '^createRuntime {' "$BATS_TEST_TMPDIR/hooks"
    grep -q '^createContainer {' "$BATS_TEST_TMPDIR/hooks"
    exec_in "$CTR" sh -c 'mknod /tmp/m c 42 1; head -c 1 /tmp/m 2>&1'
    assert_output 'not permitted'
    cri_ok StopContainer "{\"container_id\": \"$CTR\", \"timeout\": 30}"
    cri_ok RemoveContainer "{\"container_id\": \"$CTR\"}"
    grep -q '^poststop {' "$BATS_TEST_TMPDIR/hooks"
}

# The kernel makes no nodes in a user namespace: that of the host is bound.
@test "CRI: a CDI device in a pod with a user namespace" {
    cdi_device
    userns_pod '{"CDI_devices": [{"name": "vendor.com/device=host"}]}'
    exec_in "$CTR" sh -c "echo \$ALL; stat -c %F $BATS_TEST_TMPDIR/node; head -c 3 $BATS_TEST_TMPDIR/node | wc -c; cat /usr/lib/vendor/library"
    [ "${output//$'\n'/ }" = 'yes character special file 3 library' ] || fail "$output $errors"
}

@test "CRI: an unknown CDI device is an error" {
    run_pod
    run cri CreateContainer "$(jq -n --arg pod "$POD" --argjson sandbox "$POD_JSON" '{pod_sandbox_id: $pod, sandbox_config: $sandbox,
        config: {metadata: {name: "one"}, image: {image: "docker.io/library/box:1"}, command: ["true"], CDI_devices: [{name: "vendor.com/device=none"}]}}')"
    [ "$status" -ne 0 ]
    assert_output 'unresolvable CDI devices'
}

@test "CRI: statistics of a pod and of its containers" {
    hierarchies_stay
    run_pod
    create one '{}' "${UP[@]}"
    start
    cri_ok PodSandboxStats "{\"pod_sandbox_id\": \"$POD\"}"
    [ "$(field '.stats.linux | [(.cpu.usage_core_nano_seconds.value, .memory.usage_bytes.value, .process.process_count.value | tonumber > 0)] | all')" = true ] || fail "$output"
    [ "$(field '.stats.linux.containers[].attributes.id')" = "$CTR" ]
    [ "$(field '.stats.linux.network.default_interface.name')" = eth0 ]
    cri_ok ListPodSandboxStats
    [ "$(field '.stats[].attributes.id')" = "$POD" ]
}

@test "CRI: a recursively read-only mount" {
    local data=$BATS_TEST_TMPDIR/data
    mkdir -p "$data/below" && mount -t tmpfs below "$data/below"
    run_pod
    create one "{\"mounts\": [{\"host_path\": \"$data\", \"container_path\": \"/data\", \"readonly\": true, \"recursive_read_only\": true, \"propagation\": \"PROPAGATION_PRIVATE\"}]}" "${UP[@]}"
    start
    exec_in "$CTR" sh -c 'touch /data/file /data/below/file 2>&1; grep -c " /data" /proc/self/mountinfo'
    umount "$data/below"
    assert_output '/data/file: Read-only.*/data/below/file: Read-only.*2'
}

@test "CRI: strict supplementary groups leave those of the image out" {
    run_pod
    create one '{"linux": {"security_context": {"run_as_user": {"value": "0"}, "supplemental_groups": ["4321"], "supplemental_groups_policy": "Strict"}}}' "${UP[@]}"
    start
    exec_in "$CTR" id -G
    [ "$output" = '0 4321' ]
    cri_ok ContainerStatus "{\"container_id\": \"$CTR\"}"
    [ "$(field '.status.user.linux | "\(.uid // 0) \(.supplemental_groups | join(" "))"')" = '0 0 4321' ]
}

@test "CRI: every option of the calls for such pods is known" { assert_calls_known; }
