# SPDX-License-Identifier: Apache-2.0
# create, start, state, kill, delete, list, spec: what each does in each state of a container.
load helpers

# A program that writes a word and stays.
long() { set_sh 'echo began; exec payload pause'; }
running() { long; create_c "$@"; rt start "$ID"; wait_until file_has ready "$BATS_TEST_TMPDIR/out"; }
stopped() { set_args true; create_c; rt start "$ID"; wait_status stopped; }
create_second() {
    ! by_systemd || config ".linux.cgroupsPath = \":berth:$ID-2\""
    rt create --bundle "$BUNDLE" "$ID-2" </dev/null >/dev/null 2>&1
}
status_now() { assert_equal "$(state_of)" "$1"; }

@test "state has no scope without systemd" {
    by_systemd && skip "it has"
    berth_only "crun has an empty one"
    create_c
    assert_equal "$(rt state "$ID" | jq 'has("systemd-scope")')" false
}

@test "create prepares the container without running its program" {
    long
    create_c
    status_now created
    time_for_faults 0.05
    assert_equal "$(out)" ""
}

@test "start runs the program, and the container is stopped when it ends" {
    set_sh 'echo began'
    create_c
    run_ok start "$ID"
    wait_status stopped
    assert_equal "$(out)" began
}

@test "state has the required fields while created" {
    config '.annotations = {"org.example.a": "1", "b": "zwei"}'
    long
    create_c
    local json
    json=$(rt state "$ID")
    jq -e --arg id "$ID" --arg bundle "$BUNDLE" '.id == $id and .bundle == $bundle and .status == "created"
        and (.ociVersion | startswith("1.")) and (.pid | type == "number" and . > 0)
        and .annotations == {"org.example.a": "1", "b": "zwei"}' <<<"$json" || fail_with "$json"
    kill -0 "$(jq .pid <<<"$json")"
}

@test "state reports the version that it complies with, in full" {
    long
    create_c
    [[ $(state_of "$ID" ociVersion) =~ ^1\.[0-9]+\.[0-9]+ ]]
}

@test "state has the pid of the container's process while running" {
    running
    status_now running
    local pid
    pid=$(init_pid)
    assert_equal "$(cat "/proc/$pid/comm")" payload
    [[ $(grep NSpid "/proc/$pid/status") =~ [[:space:]]1$ ]]
}

@test "the pid of a stopped container is 0 or gone" {
    stopped
    [[ $(state_of "$ID" pid) =~ ^(0|null)$ ]]
}

@test "state gives an absolute bundle for a relative --bundle" {
    long
    cd "$BATS_TEST_TMPDIR"
    rt create --bundle ./b "$ID" </dev/null >/dev/null 2>&1
    assert_equal "$(state_of "$ID" bundle)" "$BUNDLE"
}

@test "the bundle is the current directory by default" {
    set_args echo here
    run rt run "$ID"
    assert_status 0
    assert_equal "$output" here
}

@test "state of an unknown container fails with \"does not exist\"" {
    run_fails state "$ID"
    assert_output 'does not exist'
}

@test "start of an unknown container fails with \"does not exist\"" {
    run_fails start "$ID"
    assert_output 'does not exist'
}

@test "kill of an unknown container fails with \"does not exist\"" {
    run_fails kill "$ID" KILL
    assert_output 'does not exist'
}

@test "delete of an unknown container fails with \"does not exist\"" {
    run_fails delete "$ID"
    assert_output 'does not exist'
}

@test "delete --force of an unknown container succeeds" {
    run_ok delete --force "$ID"
}

@test "an id in use is refused and its container is left alone" {
    running
    local pid
    pid=$(init_pid)
    host_snapshot
    run_fails create --bundle "$BUNDLE" "$ID"
    run_fails run --bundle "$BUNDLE" "$ID"
    assert_host_unchanged
    assert_equal "$(init_pid)" "$pid"
    status_now running
}

@test "the id of a stopped container is still in use" {
    stopped
    run_fails run --bundle "$BUNDLE" "$ID"
    status_now stopped
}

@test "ids of letters, digits and _ + - . are accepted" {
    local id
    set_args true
    for id in "$ID.A_b+c-0" "$ID..x" "_$ID" "+$ID" ".$ID"; do
        run_ok run --bundle "$BUNDLE" "$id"
    done
}

@test "other ids are refused without a trace" {
    local id
    host_snapshot
    for id in "" . .. "$ID/x" "../$ID" "/$ID" "$ID x" "$ID:x" "$ID@x" "$IDé" "$ID"$'\n' "$ID\\x"; do
        run_fails run --bundle "$BUNDLE" "$id"
    done
    assert_host_unchanged
}

@test "the config is frozen at create" {
    config '.process.env += ["A=old"]'
    set_sh 'echo $A'
    create_c
    config '.process.args = ["echo", "new"]' '.process.env = ["A=new"]'
    run_ok start "$ID"
    wait_status stopped
    assert_equal "$(out)" old
}

@test "a config that is gone after create changes nothing" {
    set_sh 'echo $0 fine'
    create_c
    rm config.json
    run_ok start "$ID"
    wait_status stopped
    assert_equal "$(out)" "sh fine"
    run_ok delete "$ID"
}

@test "a second start fails and leaves the container running" {
    running
    run_fails start "$ID"
    status_now running
    assert_equal "$(out)" $'began\nready'
}

@test "start of a stopped container fails" {
    stopped
    run_fails start "$ID"
    status_now stopped
}

@test "start of a container without process fails and it stays created" {
    config 'del(.process)'
    create_c
    status_now created
    run_fails start "$ID"
    status_now created
}

@test "run of a config without process fails" {
    config 'del(.process)'
    host_snapshot
    run_fails run --bundle "$BUNDLE" "$ID"
    rt delete --force "$ID"
    assert_host_unchanged
}

@test "kill sends the named signal to the container's process" {
    set_args payload catch
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    local signal
    for signal in USR1 SIGUSR2 1 WINCH; do
        run_ok kill "$ID" "$signal"
    done
    wait_until file_has WINCH "$BATS_TEST_TMPDIR/out"
    assert_equal "$(out | sort | paste -sd' ')" "caught HUP caught USR1 caught USR2 caught WINCH ready"
}

@test "kill accepts alternative names of signals" {
    berth_only "runc and crun know one name each"
    set_args payload catch
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    run_ok kill "$ID" CLD
    wait_until file_has "caught CHLD" "$BATS_TEST_TMPDIR/out"
}

@test "kill sends TERM when no signal is named" {
    set_args payload catch
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    run_ok kill "$ID"
    wait_status stopped
    assert_equal "$(out)" $'ready\ncaught TERM'
}

@test "kill takes real-time signals by number" {
    set_args payload catch
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    run_ok kill "$ID" 40
    wait_until file_has 'caught ?' "$BATS_TEST_TMPDIR/out"
}

@test "kill refuses unknown signals" {
    running
    local signal
    for signal in NOSUCH SIG 65 999 -1 9x; do
        run_fails kill "$ID" "$signal"
    done
    status_now running
}

@test "kill works on a created container" {
    long
    create_c
    run_ok kill "$ID" KILL
    wait_status stopped
}

@test "kill of a stopped container fails with \"container not running\"" {
    stopped
    run_fails kill "$ID" KILL
    assert_output 'container not running'
}

@test "kill --all of a stopped container does no harm" {
    stopped
    run rt kill --all "$ID" KILL
    status_now stopped
}

@test "delete of a running container fails and leaves it running" {
    running
    run_fails delete "$ID"
    status_now running
}

# The first process of a namespace ends when all others have.
@test "delete may follow right after kill KILL" {
    berth_only "theirs fail now and then"
    set_sh 'i=0; while [ $i -lt 50 ]; do sleep 1000 & i=$((i + 1)); done; payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    rt kill "$ID" KILL
    rt delete "$ID"
}

@test "delete of a created container needs no --force" {
    host_snapshot
    long
    create_c
    run_ok delete "$ID"
    assert_host_unchanged
}

@test "delete --force ends a running container" {
    host_snapshot
    running
    run_ok delete --force "$ID"
    assert_host_unchanged
    run_fails state "$ID"
}

@test "delete removes everything that create made, and the id is free again" {
    host_snapshot
    stopped
    run_ok delete "$ID"
    assert_host_unchanged
    run_c
    assert_status 0
}

@test "delete removes nothing that create did not make" {
    local before
    echo mine >rootfs/mine
    mkdir rootfs/data
    config '.mounts += [{destination: "/data", source: "'"$BATS_TEST_TMPDIR"'", options: ["rbind"]}]'
    before=$(find "$BATS_TEST_TMPDIR/b" | sort)
    stopped
    run_ok delete "$ID"
    assert_equal "$(find "$BATS_TEST_TMPDIR/b" | sort)" "$before"
    assert_equal "$(cat rootfs/mine)" mine
}

@test "a second delete fails" {
    stopped
    run_ok delete "$ID"
    run_fails delete "$ID"
}

@test "a container is not stopped for a caller in another time namespace" {
    [ -e /proc/self/ns/time ] || skip "no time namespaces here"
    local here=$RUNTIME there=$BATS_TEST_TMPDIR/there
    printf '#!/bin/sh\nexec unshare --time --boottime 100000 --fork "%s" "$@"\n' "$here" >"$there"
    chmod +x "$there"
    running
    RUNTIME=$there
    status_now running
    run_fails delete "$ID"
    rt exec "$ID" true
    rt delete --force "$ID"
    create_c
    status_now created
    RUNTIME=$here
    status_now created
}

@test "a container whose process is killed from outside is stopped" {
    running
    kill -9 "$(init_pid)"
    wait_status stopped
    run_ok delete "$ID"
}

@test "two containers do not touch each other" {
    running
    config '.process.args = ["payload", "pause"]'
    create_second
    rt start "$ID-2"
    run_ok delete --force "$ID-2"
    status_now running
}

@test "a create that is killed at any moment can be deleted" {
    local ms pid
    long
    host_snapshot
    for ms in 001 003 005 008 012 018 025 040; do
        rt_exec create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 &
        pid=$!
        time_for_faults "0.$ms"
        kill -9 $pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
        run_ok delete --force "$ID"
        [ ! -e "$ROOT/$ID" ]
    done
    wait_until host_is_unchanged || assert_host_unchanged
}

@test "list shows id, pid, status and bundle" {
    running
    run_ok list
    assert_equal "${#lines[@]}" 2
    [[ ${lines[0]} =~ PID.*STATUS.*BUNDLE ]]
    [[ ${lines[1]} == "$ID "*"$(init_pid)"*running*"$BUNDLE"* ]]
}

@test "list --quiet shows ids only" {
    long
    create_c
    create_second
    run_ok list -q
    assert_equal "$(sort <<<"$output")" "$ID"$'\n'"$ID-2"
    run_ok list --quiet
    assert_equal "$(sort <<<"$output")" "$ID"$'\n'"$ID-2"
}

@test "list --format json is an array of states" {
    long
    create_c
    run_ok list --format json
    jq -e --arg id "$ID" --arg bundle "$BUNDLE" 'length == 1 and (.[0] | .id == $id and .status == "created"
        and .bundle == $bundle and .pid > 0 and (.created | test("^20..-")))' <<<"$output"
    run_ok list -f json
    run_ok list --format=json
}

@test "list has a stopped container with pid 0" {
    stopped
    run_ok list --format json
    jq -e '.[0] | .status == "stopped" and .pid == 0' <<<"$output"
}

@test "list of an empty root is empty" {
    mkdir "$ROOT"
    run_ok list -q
    assert_equal "$output" ""
    run_ok list --format json
    jq -e 'length == 0' <<<"$output"
}

@test "list of a missing root is empty" {
    run_ok list
    assert_equal "${#lines[@]}" 1
    run_ok list -q
    assert_equal "$output" ""
    run_ok list --format json
    jq -e 'length == 0' <<<"$output"
}

@test "list refuses an unknown format" {
    mkdir "$ROOT"
    run_fails list --format yaml
}

@test "spec has a new cgroup namespace on version 2 alone" {
    local option
    for option in "" --rootless; do
        rm -f config.json
        # shellcheck disable=SC2086
        run_ok spec $option
        if cg_is_v2; then
            jq -e 'any(.linux.namespaces[]; .type == "cgroup")' config.json
        else
            jq -e 'all(.linux.namespaces[]; .type != "cgroup")' config.json
        fi
    done
}

@test "spec writes a config that runs" {
    rm config.json
    run_ok spec
    jq -e '(.ociVersion | startswith("1.")) and .process.args == ["sh"] and .root.path == "rootfs"' config.json
    config '.process.terminal = false' '.process.args = ["echo", "from spec"]'
    run_c
    assert_status 0
    assert_equal "$output" "from spec"
}

@test "spec does not overwrite a config" {
    echo mine >config.json.new && mv config.json.new config.json
    run_fails spec
    assert_equal "$(cat config.json)" mine
}

@test "spec --bundle writes to that directory" {
    mkdir other
    run_ok spec --bundle other
    jq -e .ociVersion other/config.json
}

@test "spec --rootless has a user namespace with the caller's ids and no cgroup settings" {
    rm config.json
    run_ok spec --rootless
    jq -e '([.linux.namespaces[].type] | index("user") != null and index("network") == null)
        and .linux.uidMappings == [{hostID: 0, containerID: 0, size: 1}]
        and .linux.gidMappings == [{hostID: 0, containerID: 0, size: 1}]
        and (.linux | has("resources") | not)' config.json
}

@test "a container from spec --rootless runs" {
    rm config.json
    run_ok spec --rootless
    config '.process.terminal = false' '.process.args = ["payload", "ids"]'
    run_c
    assert_status 0
    assert_output '^uid 0 0 0'
}

@test "a missing id, an extra argument, an unknown command or option are errors" {
    host_snapshot
    local words
    for words in create start state kill delete run "state a b" "start a b" "delete a b" nosuch "state --nosuch a" \
        "run --bundle"; do
        # shellcheck disable=SC2086
        run_fails $words
    done
    assert_host_unchanged
}

@test "--help and --version succeed" {
    run_ok --version
    assert_output '^[a-z]+ version [0-9]'
    run_ok --help
    assert_output create
    run_ok create --help
    assert_output bundle
}
