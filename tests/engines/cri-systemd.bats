# SPDX-License-Identifier: Apache-2.0
# containerd's CRI plugin with SystemdCgroup, as the kubelet of every distribution has it: for a guest with systemd and cgroup version 2.

load helpers
load helpers-containerd
load helpers-cri
load helpers-systemd

# The slices of the kubelet.
run_pod_in_slice() {
    SLICE=kubepods-besteffort-pod$N.slice
    run_pod "{\"cgroup_parent\": \"/kubepods.slice/kubepods-besteffort.slice/$SLICE\", \"security_context\": {\"namespace_options\": {\"network\": \"NODE\"}}}"
}

scope_of() { echo "cri-containerd-$1.scope"; }

@test "CRI with systemd: sandbox and container are scopes of the pod's slice, with their limits" {
    run_pod_in_slice
    create one '{"linux": {"resources": {"memory_limit_in_bytes": 67108864, "cpu_quota": 50000, "cpu_period": 100000, "cpu_shares": 512}}}' "${UP[@]}"
    start
    unit_has "$(scope_of "$POD")" "Slice=$SLICE"
    unit_has "$(scope_of "$CTR")" "Slice=$SLICE" MemoryMax=67108864 CPUQuotaPerSecUSec=500ms
}

@test "CRI with systemd: an update, statistics, exec" {
    run_pod_in_slice
    create one '{"linux": {"resources": {"memory_limit_in_bytes": 67108864}}}' "${UP[@]}"
    start
    cri_ok UpdateContainerResources "{\"container_id\": \"$CTR\", \"linux\": {\"memory_limit_in_bytes\": 104857600}}"
    [ "$KIND" = crun ] || unit_has "$(scope_of "$CTR")" MemoryMax=104857600
    cri_ok ContainerStats "{\"container_id\": \"$CTR\"}"
    [ "$(field '.stats.memory.working_set_bytes.value | tonumber > 0')" = true ]
    exec_in "$CTR" cat /proc/self/cgroup
    [ "$output" = 0::/ ]
}

@test "CRI with systemd: stopping and removing leaves no unit" {
    run_pod_in_slice
    create one '{}' "${UP[@]}"
    start
    wait_for handles TERM
    cri_ok StopContainer "{\"container_id\": \"$CTR\", \"timeout\": 30}"
    cri_ok RemoveContainer "{\"container_id\": \"$CTR\"}"
    cri_ok StopPodSandbox "{\"pod_sandbox_id\": \"$POD\"}"
    cri_ok RemovePodSandbox "{\"pod_sandbox_id\": \"$POD\"}"
    wait_for no_unit "$(scope_of "$CTR")"
    wait_for no_unit "$(scope_of "$POD")"
}

@test "CRI with systemd: every option of its calls is known" { assert_calls_known; }
