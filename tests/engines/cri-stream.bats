# SPDX-License-Identifier: Apache-2.0
# exec and attach by way of the addresses that the CRI gives, as kubectl's go.

load helpers
load helpers-containerd
load helpers-cri

@test "CRI: exec with a terminal, its size, what is typed, the status" {
    run_pod
    create one '{}' "${UP[@]}"
    start
    cri_ok Exec "{\"container_id\": \"$CTR\", \"cmd\": [\"sh\"], \"tty\": true, \"stdin\": true, \"stdout\": true}"
    run timeout "$PATIENCE" "$BATS_TEST_DIRNAME/cri-stream" "$(field .url)" 21x77 'until stty size | grep -q 77; do sleep 0.1; done; stty size' 'tty' 'exit 6' </dev/null
    [ "$status" -eq 6 ]
    assert_output '21 77'
    assert_output '/dev/pts/'
}

@test "CRI: exec without a terminal, with streams" {
    run_pod
    create one '{}' "${UP[@]}"
    start
    cri_ok Exec "{\"container_id\": \"$CTR\", \"cmd\": [\"sh\", \"-c\", \"echo out; echo err >&2; exit 9\"], \"stdout\": true, \"stderr\": true}"
    run timeout "$PATIENCE" "$BATS_TEST_DIRNAME/cri-stream" "$(field .url)" - </dev/null
    [ "$status" -eq 9 ]
    assert_output 'out'
    assert_output 'err'
}

@test "CRI: a container with a terminal, and attach" {
    run_pod
    create one '{"tty": true, "stdin": true}' sh
    start
    cri_ok Attach "{\"container_id\": \"$CTR\", \"tty\": true, \"stdin\": true, \"stdout\": true}"
    run timeout "$PATIENCE" "$BATS_TEST_DIRNAME/cri-stream" "$(field .url)" 21x77 'until stty size | grep -q 77; do sleep 0.1; done; stty size' 'exit 3' </dev/null
    assert_output '21 77'
    wait_for exited "$CTR"
    cri_ok ContainerStatus "{\"container_id\": \"$CTR\"}"
    [ "$(field .status.exit_code)" = 3 ]
}

@test "CRI: every option of its calls for streams is known" { assert_calls_known; }
