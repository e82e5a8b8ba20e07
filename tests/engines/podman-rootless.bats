# SPDX-License-Identifier: Apache-2.0
# podman and conmon as an ordinary user with subordinate ids.

load helpers
load helpers-podman

setup_file() {
    export PODMAN_USER=54321
    podman_start /home/engineer /run/user/54321
}

@test "rootless podman info: rootless, and the runtime" {
    pod_ok info --format '{{.Host.Security.Rootless}} {{.Host.OCIRuntime.Name}}'
    [ "$output" = "true $KIND" ]
}

@test "rootless podman run: output and status" {
    pod_status 7 run --rm box:1 sh -c 'id -u; cat /proc/self/uid_map; exit 7'
    assert_output '^0'
    assert_output '54321 +1'
}

@test "rootless podman run of a missing program ends with 127" { pod_status 127 run --rm box:1 no-such-program; }

@test "rootless podman run of a file that cannot be executed ends with 126" { pod_status 126 run --rm box:1 /usr/bin/plain; }

@test "rootless podman run -it" {
    on_terminal 33x97 'until stty size | grep -q 97; do sleep 0.1; done; stty size; exit 3' -- "${PODMAN[@]}" run --rm -it box:1 sh
    [ "$status" -eq 3 ]
    assert_output '33 97'
}

@test "rootless podman run -d, logs, exec, stop, rm" {
    up
    pod_ok exec "$C" sh -c 'echo in'
    [ "$output" = in ]
    pod_ok stop -t 30 "$C"
    pod_ok inspect -f '{{.State.ExitCode}}' "$C"
    [ "$output" = 0 ]
    pod_ok rm "$C"
}

@test "rootless podman exec -it through a pty" {
    up
    on_terminal 21x77 'until stty size | grep -q 77; do sleep 0.1; done; stty size; exit 6' -- "${PODMAN[@]}" exec -it "$C" sh
    [ "$status" -eq 6 ]
    assert_output '21 77'
}

@test "rootless podman kill, and the status that inspect has" {
    pod_ok run -d --name "$C" box:1 sleep 1000
    pod_ok kill "$C"
    wait_for state_is exited
    pod_ok inspect -f '{{.State.ExitCode}}' "$C"
    [ "$output" = 137 ]
}

@test "rootless podman run --userns=keep-id" {
    pod_ok run --rm --userns=keep-id -v "$PODMAN_HOME:/data" box:1 sh -c 'id -u; touch /data/mine && stat -c %u /data/mine'
    [ "${lines[*]}" = '54321 54321' ]
    [ "$(stat -c %u "$PODMAN_HOME/mine")" = 54321 ]
}

@test "rootless podman run with an ordinary user of the image" {
    pod_ok run --rm --user user box:1 id
    assert_output 'uid=1000\(user\)'
}

@test "rootless podman run --read-only --tmpfs --cap-drop all" {
    pod_ok run --rm --read-only --tmpfs /scratch:size=1m --cap-drop all box:1 sh -c 'touch /file 2>&1; touch /scratch/file && grep CapEff /proc/self/status'
    assert_output 'Read-only'
    assert_output '0000000000000000'
}

@test "rootless podman volumes" {
    pod_ok run --rm -v "vol$BATS_TEST_NUMBER:/data" box:1 sh -c 'echo kept >/data/file'
    pod_ok run --rm -v "vol$BATS_TEST_NUMBER:/data:ro" box:1 cat /data/file
    [ "$output" = kept ]
}

@test "rootless podman run with the seccomp profile" {
    pod_ok run --rm box:1 grep Seccomp: /proc/self/status
    assert_output '2$'
}

@test "rootless podman run --network none and host" {
    pod_ok run --rm --network none box:1 ls /sys/class/net
    [ "$output" = lo ]
    pod_ok run --rm --network host box:1 true
}

@test "rootless podman cp, top" {
    up
    pod_ok cp "$PODMAN_HOME/containers.conf" "$C:/tmp/file"
    pod_ok exec "$C" grep cgroupfs /tmp/file
    pod_ok top "$C" pid user args
    assert_output '^PID +USER'
}

@test "rootless podman pod" {
    pod_ok pod create --name "pod$C" --network none --hostname podhost
    pod_ok run --rm --pod "pod$C" box:1 hostname
    [ "$output" = podhost ]
    pod_ok pod rm -f -t 0 "pod$C"
}

@test "rootless podman build runs its steps" {
    printf 'FROM box:1\nRUN echo built >/built\nCMD ["cat", "/built"]\n' >"$PODMAN_HOME/Containerfile"
    run_ok "${PODMAN[@]}" build -q --runtime "$ENGINE_RUNTIME" -f "$PODMAN_HOME/Containerfile" -t built "$PODMAN_HOME/tmp"
    pod_ok run --rm built
    [ "$output" = built ]
}

# crun and berth keep the caller's groups, which an annotation asks for.
@test "rootless podman run --group-add keep-groups" {
    run setpriv --reuid 54321 --regid 54321 --groups 54321,54399 "${PODMAN[@]:6}" run --rm --group-add keep-groups box:1 grep Groups /proc/self/status
    [ "$status" -eq 0 ] || fail "$output"
    assert_output '65534'
}

@test "rootless podman run --init and --hostname" {
    pod_ok run --rm --init --hostname other box:1 sh -c 'hostname; cat /proc/1/comm'
    [ "${lines[0]}" = other ]
}

@test "rootless podman: every option of its calls is known" { assert_calls_known; }
