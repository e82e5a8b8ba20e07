# SPDX-License-Identifier: Apache-2.0
# podman and conmon as root.

load helpers
load helpers-podman

setup_file() { podman_start "$WORK/podman" "$WORK/podman/run"; }

# --- run --------------------------------------------------------------------------------------

@test "podman info names the runtime" {
    pod_ok info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}'
    assert_output "^$KIND $ENGINE_RUNTIME"
}

@test "podman run prints the program's output, and its errors apart" {
    run_apart "${PODMAN[@]}" run --rm box:1 sh -c 'echo out; echo err >&2'
    [ "$status" -eq 0 ] && [ "$output" = out ] && [ "$stderr" = err ]
}

@test "podman run ends with the program's status" { pod_status 7 run --rm box:1 sh -c 'exit 7'; }

@test "podman run of a program killed by a signal ends with 128 + the signal" { pod_status 137 run --rm --init box:1 sh -c 'kill -9 $$'; }

@test "podman run of a missing program ends with 127" {
    pod_status 127 run --rm box:1 no-such-program
    assert_output 'no-such-program'
}

@test "podman run of a file that cannot be executed ends with 126" { pod_status 126 run --rm box:1 /usr/bin/plain; }

@test "podman run of a directory ends with 126" { pod_status 126 run --rm box:1 /etc; }

@test "podman run -i passes its input" {
    run bash -c 'echo hello | "$@"' x "${PODMAN[@]}" run --rm -i box:1 tr a-z A-Z
    [ "$output" = HELLO ]
}

@test "podman run -it has a terminal of the caller's size" {
    on_terminal 33x97 'until stty size | grep -q 97; do sleep 0.1; done; stty size; tty; exit 3' -- "${PODMAN[@]}" run --rm -it box:1 sh
    [ "$status" -eq 3 ]
    assert_output '33 97'
    assert_output '/dev/pts/0'
}

@test "podman run -d, wait and logs" {
    pod_ok run -d --name "$C" box:1 sh -c 'echo one; echo two >&2; exit 4'
    pod_ok wait "$C"
    [ "$output" = 4 ]
    pod_ok logs "$C"
    assert_output 'one'
    assert_output 'two'
}

@test "podman --log-level=debug run" {
    run p --log-level=debug run --rm box:1 echo fine
    [ "$status" -eq 0 ]
    assert_output '(^|[[:space:]])fine'
}

@test "podman --runtime-flag passes an option on" {
    pod_ok --runtime-flag "root=$BATS_TEST_TMPDIR/state" run -d --name "$C" box:1 sleep 1000
    [ -n "$(ls "$BATS_TEST_TMPDIR/state")" ]
    pod_ok --runtime-flag "root=$BATS_TEST_TMPDIR/state" rm -f -t 0 "$C"
}

@test "podman run --rm leaves no container" {
    pod_ok run --rm --name "$C" box:1 true
    pod_ok ps -aq
    [ -z "$output" ]
}

@test "podman run --rootfs" {
    pod_ok run --rm --rootfs "$WORK/images/rootfs:O" /bin/echo from-rootfs
    [ "$output" = from-rootfs ]
}

@test "podman create, start --attach, start again" {
    pod_ok create --name "$C" box:1 sh -c 'echo again; exit 5'
    pod_status 5 start --attach "$C"
    [ "$output" = again ]
    pod_status 5 start --attach "$C"
}

@test "podman attach shows the output" {
    pod_ok run -d --name "$C" box:1 sh -c 'until [ -e /tmp/go ]; do echo tick; sleep 0.1; done; echo late'
    p attach --no-stdin "$C" </dev/null >"$BATS_TEST_TMPDIR/attached" 2>&1 3>&- &
    local attached=$!
    wait_for grep -q tick "$BATS_TEST_TMPDIR/attached"
    pod_ok exec "$C" touch /tmp/go
    wait "$attached"
    grep -qx late "$BATS_TEST_TMPDIR/attached"
}

@test "podman restart starts it once more" {
    up
    local before
    before=$(p inspect -f '{{.State.Pid}}' "$C")
    pod_ok restart -t 2 "$C"
    state_is running
    [ "$(p inspect -f '{{.State.Pid}}' "$C")" != "$before" ]
}

@test "podman run --restart=on-failure:2 tries three times" {
    pod_ok run -d --name "$C" --restart on-failure:2 -v "$BATS_TEST_TMPDIR:/data" box:1 sh -c 'echo x >>/data/tries; exit 1'
    wait_for output_of 3 sh -c "wc -l <$BATS_TEST_TMPDIR/tries"
}

# --- exec -------------------------------------------------------------------------------------

@test "podman exec: output and status" {
    up
    pod_status 9 exec "$C" sh -c 'echo in; exit 9'
    assert_output '^in'
}

@test "podman exec of a missing program ends with 127" {
    up
    pod_status 127 exec "$C" no-such-program
}

@test "podman exec of a file that cannot be executed ends with 126" {
    up
    pod_status 126 exec "$C" /usr/bin/plain
}

@test "podman exec -i passes its input" {
    up
    run bash -c 'echo hello | "$@"' x "${PODMAN[@]}" exec -i "$C" tr a-z A-Z
    [ "$output" = HELLO ]
}

@test "podman exec -it through a pty" {
    up
    on_terminal 21x77 'until stty size | grep -q 77; do sleep 0.1; done; stty size; tty; exit 6' -- "${PODMAN[@]}" exec -it "$C" sh
    [ "$status" -eq 6 ]
    assert_output '21 77'
    assert_output '/dev/pts/'
}

@test "podman exec -d goes on by itself" {
    up
    pod_ok exec -d "$C" sh -c 'sleep 0.2; echo done >/tmp/mark'
    wait_for p exec "$C" test -s /tmp/mark
}

@test "podman exec with user, directory and environment" {
    up
    pod_ok exec -u 1000:2000 -w /home/user -e WORD=a=b "$C" sh -c 'echo $(id -u):$(id -g) $(pwd) $WORD'
    [ "$output" = '1000:2000 /home/user a=b' ]
}

@test "podman exec --privileged has all capabilities" {
    up
    pod_ok exec --privileged "$C" sh -c 'unshare -m true && grep CapEff /proc/self/status'
}

@test "podman exec fails in a container that is stopped" {
    pod_ok create --name "$C" box:1 true
    pod_status 255 exec "$C" true
}

# --- signals and states -----------------------------------------------------------------------

@test "podman stop sends TERM" {
    up
    pod_ok stop -t 30 "$C"
    pod_ok inspect -f '{{.State.Status}} {{.State.ExitCode}}' "$C"
    [ "$output" = 'exited 0' ]
}

@test "podman stop kills a container that ignores TERM" {
    pod_ok run -d --name "$C" box:1 sleep 1000
    pod_ok stop -t 1 "$C"
    pod_ok inspect -f '{{.State.ExitCode}}' "$C"
    [ "$output" = 137 ]
}

@test "podman kill -s USR1" {
    pod_ok run -d --name "$C" box:1 sh -c 'trap "echo got; exit 0" USR1; while :; do sleep 0.1; done'
    wait_for handles USR1
    pod_ok kill -s USR1 "$C"
    wait_for state_is exited
    pod_ok logs "$C"
    [ "$output" = got ]
}

@test "podman pause and unpause" {
    up
    pod_ok pause "$C"
    state_is paused
    pod_status 255 exec "$C" true
    pod_ok unpause "$C"
    state_is running
    pod_ok exec "$C" true
}

@test "podman rm --force of a paused container" {
    up
    pod_ok pause "$C"
    pod_ok rm -f -t 0 "$C"
}

@test "podman top, with the fields of podman and of ps" {
    up
    pod_ok top "$C"
    assert_output 'sleep 0.1|while'
    pod_ok top "$C" pid user args
    assert_output '^PID +USER'
}

@test "podman stats" {
    up
    pod_ok stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemUsage}}' "$C"
    assert_output "^$C [1-9]"
}

@test "podman rename, and inspect by the new name" {
    up
    pod_ok rename "$C" other
    pod_ok exec other true
}

# --- health, pods, play -----------------------------------------------------------------------

@test "podman healthcheck run: healthy and not" {
    up --health-cmd 'test ! -e /tmp/ill' --health-interval disable --health-retries 1
    pod_ok healthcheck run "$C"
    pod_ok exec "$C" touch /tmp/ill
    pod_status 1 healthcheck run "$C"
}

@test "podman healthcheck by systemd's timers" {
    [ -d /run/systemd/system ] || skip "no systemd here, and its timers drive podman's health checks"
    up --health-cmd 'true' --health-interval 1s
    wait_for output_of healthy p inspect -f '{{.State.Health.Status}}' "$C"
}

@test "podman pod: containers share network, IPC and host name" {
    pod_ok pod create --name "pod$C" --hostname podhost --network none
    pod_ok run -d --pod "pod$C" --name "$C" box:1 sh -c 'trap "exit 0" TERM; echo page >/tmp/index.html; httpd -p 8080 -h /tmp; while :; do sleep 0.1; done'
    pod_ok run --rm --pod "pod$C" box:1 sh -c 'hostname; until wget -q -O - http://127.0.0.1:8080/ 2>/dev/null; do sleep 0.2; done'
    [ "${lines[*]}" = 'podhost page' ]
    local a b
    a=$(p exec "$C" readlink /proc/self/ns/ipc)
    b=$(p run --rm --pod "pod$C" box:1 readlink /proc/self/ns/ipc)
    [ "$a" = "$b" ]
}

@test "podman pod: pause, unpause, stats, top, stop, rm" {
    pod_ok pod create --name "pod$C" --network none
    pod_ok run -d --pod "pod$C" --name "$C" box:1 sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
    pod_ok pod pause "pod$C"
    state_is paused
    pod_ok pod unpause "pod$C"
    state_is running
    pod_ok pod top "pod$C"
    pod_ok pod stats --no-stream "pod$C"
    pod_ok pod stop -t 2 "pod$C"
    state_is exited
    pod_ok pod rm "pod$C"
}

@test "podman pod with a shared PID namespace and limits of the pod" {
    pod_ok pod create --name "pod$C" --network none --share pid,ipc,uts,net --cpus 1
    pod_ok run --rm --pod "pod$C" box:1 sh -c 'cat /proc/1/comm; echo $$'
    assert_output 'catatonit|sleep|pause'
}

@test "podman play kube: up, exec, down" {
    cat >"$BATS_TEST_TMPDIR/pod.yaml" <<END
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  restartPolicy: Never
  volumes: [{name: scratch, emptyDir: {}}]
  initContainers:
  - {name: first, image: "localhost/box:1", command: [sh, -c, "echo made >/scratch/file"], volumeMounts: [{name: scratch, mountPath: /scratch}]}
  containers:
  - name: main
    image: localhost/box:1
    command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.1; done"]
    env: [{name: WORD, value: kube}]
    securityContext: {runAsUser: 1000, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    resources: {limits: {memory: 64Mi, cpu: 500m}}
    volumeMounts: [{name: scratch, mountPath: /scratch}]
END
    pod_ok play kube --network podman "$BATS_TEST_TMPDIR/pod.yaml"
    pod_ok exec web-main sh -c 'id -u; echo $WORD; cat /scratch/file; grep CapEff /proc/self/status'
    assert_output '^1000'
    assert_output 'kube'
    assert_output 'made'
    assert_output '0000000000000000'
    pod_ok play kube --down "$BATS_TEST_TMPDIR/pod.yaml"
    pod_ok ps -aq
    [ -z "$output" ]
}

@test "podman generate kube of a running container" {
    up --memory 64m
    pod_ok generate kube "$C"
    assert_output 'kind: Pod'
}

@test "podman: every option of its calls is known" { assert_calls_known; }
