# SPDX-License-Identifier: Apache-2.0
# containerd's CRI plugin with the runtime as its default, called as the kubelet calls it.

load helpers
load helpers-containerd
load helpers-cri

@test "CRI: the plugin is ready" {
    cri_ok Status
    [ "$(field '[.status.conditions[] | select(.type == "RuntimeReady").status] | all')" = true ]
}

@test "CRI: a sandbox is ready and has an address" {
    run_pod
    cri_ok PodSandboxStatus "{\"pod_sandbox_id\": \"$POD\"}"
    [ "$(field .status.state)" = SANDBOX_READY ] || [ "$(field '.status.state // "SANDBOX_READY"')" = SANDBOX_READY ]
    [[ "$(field .status.network.ip)" =~ ^10\.88\. ]]
    cri_ok StopPodSandbox "{\"pod_sandbox_id\": \"$POD\"}"
    cri_ok PodSandboxStatus "{\"pod_sandbox_id\": \"$POD\"}"
    [ "$(field .status.state)" = SANDBOX_NOTREADY ]
}

@test "CRI: a container runs, stops by TERM, and is removed" {
    run_pod
    create one '{}' "${UP[@]}"
    start
    [ "$(state_of "$CTR")" = CONTAINER_RUNNING ]
    wait_for handles TERM
    cri_ok StopContainer "{\"container_id\": \"$CTR\", \"timeout\": 30}"
    cri_ok ContainerStatus "{\"container_id\": \"$CTR\"}"
    [ "$(field .status.state) $(field '.status.exit_code // 0')" = 'CONTAINER_EXITED 0' ]
    cri_ok RemoveContainer "{\"container_id\": \"$CTR\"}"
}

@test "CRI: a container that ignores TERM is killed after its timeout" {
    run_pod
    create one '{}' sh -c 'trap "" TERM; echo ready; while :; do sleep 1; done'
    start
    wait_for grep -q ready "$BATS_TEST_TMPDIR/log/one.log"
    cri_ok StopContainer "{\"container_id\": \"$CTR\", \"timeout\": 1}"
    cri_ok ContainerStatus "{\"container_id\": \"$CTR\"}"
    [ "$(field .status.exit_code)" = 137 ]
}

@test "CRI: the status and the log of a container that ends" {
    run_pod
    create one '{}' sh -c 'echo out; echo err >&2; exit 4'
    start
    wait_for exited "$CTR"
    cri_ok ContainerStatus "{\"container_id\": \"$CTR\"}"
    [ "$(field .status.exit_code)" = 4 ]
    wait_for grep -q 'stderr F err' "$BATS_TEST_TMPDIR/log/one.log"
    wait_for grep -q 'stdout F out' "$BATS_TEST_TMPDIR/log/one.log"
}

@test "CRI: exec: output, errors, status" {
    run_pod
    create one '{}' "${UP[@]}"
    start
    exec_in "$CTR" sh -c 'echo out; echo err >&2; exit 9'
    [ "$output $errors $status" = 'out err 9' ]
}

@test "CRI: exec of a missing program says so" {
    run_pod
    create one '{}' "${UP[@]}"
    start
    run cri ExecSync "{\"container_id\": \"$CTR\", \"cmd\": [\"no-such-program\"]}"
    [ "$status" -ne 0 ]
    assert_output 'executable file not found|no such file or directory'
}

@test "CRI: exec ends at its timeout" {
    run_pod
    create one '{}' "${UP[@]}"
    start
    run cri ExecSync "{\"container_id\": \"$CTR\", \"timeout\": 1, \"cmd\": [\"sleep\", \"30\"]}"
    [ "$status" -ne 0 ]
    assert_output 'DEADLINE|timeout'
}

@test "CRI: a missing program: the start fails with a message" {
    run_pod
    create one '{}' no-such-program
    run cri StartContainer "{\"container_id\": \"$CTR\"}"
    [ "$status" -ne 0 ]
    assert_output 'executable file not found|no such file or directory'
}

@test "CRI: containers of a pod share network, IPC and host name, not processes" {
    run_pod '{"security_context": {"namespace_options": {"pid": "CONTAINER"}}}'
    local pids='{"linux": {"security_context": {"namespace_options": {"pid": "CONTAINER"}}}}' first
    create one "$pids" "${UP[@]}"
    start
    first=$CTR
    create two "$pids" "${UP[@]}"
    start
    exec_in "$first" sh -c 'hostname; readlink /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/uts'
    local shared=$output own
    exec_in "$CTR" sh -c 'hostname; readlink /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/uts'
    [ "$output" = "$shared" ]
    assert_output podhost
    exec_in "$first" readlink /proc/1/ns/pid
    own=$output
    exec_in "$CTR" readlink /proc/1/ns/pid
    [ "$output" != "$own" ]
}

@test "CRI: a pod with shared processes" {
    run_pod '{"security_context": {"namespace_options": {"pid": "POD"}}}'
    create one '{"linux": {"security_context": {"namespace_options": {"pid": "POD"}}}}' "${UP[@]}"
    start
    exec_in "$CTR" sh -c 'test $$ -gt 1 && ls -d /proc/[0-9]* | wc -l'
    [ "$status" -eq 0 ] && [ "$output" -ge 3 ]
}

@test "CRI: a pod in the host's network, processes and IPC" {
    local options='{"security_context": {"namespace_options": {"network": "NODE", "pid": "NODE", "ipc": "NODE"}}}'
    run_pod "$options"
    create one "{\"linux\": $options}" "${UP[@]}"
    start
    exec_in "$CTR" readlink /proc/self/ns/net
    [ "$output" = "$(readlink /proc/self/ns/net)" ]
    exec_in "$CTR" cat /proc/1/comm
    [ "$output" = catatonit ]
}

@test "CRI: limits, an update of them, statistics" {
    v1_only
    hierarchies_stay
    run_pod
    create one '{"linux": {"resources": {"memory_limit_in_bytes": "67108864", "cpu_period": "100000", "cpu_quota": "50000", "cpu_shares": "512", "oom_score_adj": "500"}}}' "${UP[@]}"
    start
    exec_in "$CTR" sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.shares /proc/self/oom_score_adj'
    [ "${output//$'\n'/ }" = '67108864 50000 512 500' ]
    cri_ok UpdateContainerResources "{\"container_id\": \"$CTR\", \"linux\": {\"memory_limit_in_bytes\": \"80000000\", \"cpu_quota\": \"30000\"}}"
    exec_in "$CTR" sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us'
    [ "${output//$'\n'/ }" = '79998976 30000' ]
    cri_ok ContainerStats "{\"container_id\": \"$CTR\"}"
    [ "$(field '.stats.memory.working_set_bytes.value | tonumber > 0')" = true ]
}

@test "CRI: a container that takes too much memory: OOMKilled" {
    run_pod
    create one '{"linux": {"resources": {"memory_limit_in_bytes": "16777216"}}}' tail /dev/zero
    start
    wait_for exited "$CTR"
    cri_ok ContainerStatus "{\"container_id\": \"$CTR\"}"
    [ "$(field .status.exit_code)" = 137 ]
    wait_for sh -c "\"$BATS_TEST_DIRNAME/cri\" \"$SOCKET\" ContainerStatus '{\"container_id\": \"$CTR\"}' | grep OOMKilled"
}

@test "CRI: user, groups, capabilities, read-only root, no new privileges" {
    run_pod
    create one '{"linux": {"security_context": {"run_as_user": {"value": "1000"}, "run_as_group": {"value": "2000"}, "supplemental_groups": ["4321"],
        "capabilities": {"drop_capabilities": ["ALL"], "add_capabilities": ["CHOWN"]}, "readonly_rootfs": true, "no_new_privs": true,
        "seccomp": {"profile_type": "RuntimeDefault"}}}}' "${UP[@]}"
    start
    exec_in "$CTR" sh -c 'id; touch /file 2>&1; cat /proc/self/status'
    assert_output 'uid=1000.* gid=2000.*4321'
    assert_output 'Read-only'
    assert_output 'CapBnd:[[:space:]]0000000000000001'
    assert_output 'NoNewPrivs:[[:space:]]1'
    assert_output 'Seccomp:[[:space:]]2'
}

@test "CRI: a privileged container" {
    run_pod '{"security_context": {"privileged": true}}'
    create one '{"linux": {"security_context": {"privileged": true}}}' "${UP[@]}"
    start
    exec_in "$CTR" mount -t tmpfs x /mnt
    [ "$status" -eq 0 ]
}

@test "CRI: mounts, environment, directory" {
    run_pod
    echo content >"$BATS_TEST_TMPDIR/file"
    create one "{\"mounts\": [{\"host_path\": \"$BATS_TEST_TMPDIR\", \"container_path\": \"/data\", \"readonly\": true}], \"envs\": [{\"key\": \"WORD\", \"value\": \"x\"}], \"working_dir\": \"/home\"}" "${UP[@]}"
    start
    exec_in "$CTR" sh -c 'cat /data/file; echo $WORD; pwd; touch /data/other 2>&1'
    assert_output 'content.x./home'
    assert_output 'Read-only'
}

@test "CRI: the log goes on in a new file after it was moved" {
    run_pod
    create one '{}' sh -c 'while :; do echo tick; sleep 0.1; done'
    start
    wait_for grep -q tick "$BATS_TEST_TMPDIR/log/one.log"
    mv "$BATS_TEST_TMPDIR/log/one.log" "$BATS_TEST_TMPDIR/log/old.log"
    cri_ok ReopenContainerLog "{\"container_id\": \"$CTR\"}"
    wait_for grep -q tick "$BATS_TEST_TMPDIR/log/one.log"
}

@test "CRI: a container of the same pod once more after its end" {
    run_pod
    create one '{}' false
    start
    wait_for exited "$CTR"
    create one '{"metadata": {"attempt": 1}}' "${UP[@]}"
    start
    [ "$(state_of "$CTR")" = CONTAINER_RUNNING ]
}

@test "CRI: sysctls of the pod" {
    run_pod '{"sysctls": {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4096"}}'
    create one '{}' "${UP[@]}"
    start
    exec_in "$CTR" cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax
    [ "${output//$'\n'/ }" = '1 4096' ]
}

@test "CRI: exec with streams and a terminal gives an address to go to" {
    run_pod
    create one '{}' "${UP[@]}"
    start
    cri_ok Exec "{\"container_id\": \"$CTR\", \"cmd\": [\"sh\"], \"tty\": true, \"stdin\": true, \"stdout\": true}"
    assert_output 'http://127.0.0.1'
}

@test "CRI: removing a sandbox removes what runs in it" {
    run_pod
    create one '{}' "${UP[@]}"
    start
    cri_ok StopPodSandbox "{\"pod_sandbox_id\": \"$POD\"}"
    cri_ok RemovePodSandbox "{\"pod_sandbox_id\": \"$POD\"}"
    cri_ok ListContainers
    [ "$(field '.containers | length')" = 0 ]
}

@test "CRI: every option of its calls is known" { assert_calls_known; }
