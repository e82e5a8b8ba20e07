# SPDX-License-Identifier: Apache-2.0
# podman and conmon as root: the options of run that say what a container may and has.

load helpers
load helpers-podman

setup_file() { podman_start "$WORK/podman" "$WORK/podman/run"; }

# --- resources --------------------------------------------------------------------------------

@test "podman run --memory: the limit is set" {
    pod_ok run --rm --memory 64m box:1 cat "$(cgroup_file memory/memory.limit_in_bytes memory.max)"
    [ "$output" = 67108864 ]
}

@test "podman run --memory: too much ends with 137" {
    pod_status 137 run --name "$C" --memory 16m --memory-swap 16m box:1 tail /dev/zero
}

@test "podman run --cpus" {
    pod_ok run --rm --cpus 0.5 box:1 cat "$(cgroup_file cpu/cpu.cfs_quota_us cpu.max)"
    assert_output '^50000'
}

@test "podman run --cpu-shares and --cpuset-cpus" {
    pod_ok run --rm --cpu-shares 512 --cpuset-cpus 0 box:1 grep Cpus_allowed_list /proc/self/status
    assert_output 'list:[[:space:]]0$'
}

@test "podman run --pids-limit stops forks" {
    run p run --rm --pids-limit 5 box:1 sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done'
    [ "$status" -ne 0 ]
    assert_output "can't fork|Resource temporarily"
}

@test "podman update --memory --cpus --cpu-shares" {
    v1_only
    up
    pod_ok update --memory 80m --cpus 0.3 --cpu-shares 77 "$C"
    pod_ok exec "$C" cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.shares
    [ "${lines[*]}" = '83886080 30000 77' ]
}

@test "podman run --ulimit, --oom-score-adj, --shm-size" {
    pod_ok run --rm --ulimit nofile=333:444 --ulimit nproc=4096:4096 --oom-score-adj 500 --shm-size 3m box:1 \
        sh -c 'ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj; df -k /dev/shm | tail -n 1'
    [ "${lines[*]:0:3}" = '333 444 500' ]
    assert_output 'shm +3072'
}

@test "podman run --device-cgroup-rule" {
    pod_ok run --rm --cap-add MKNOD --device-cgroup-rule 'c 42:* rmw' box:1 sh -c 'mknod /tmp/d c 42 1 && head -c 1 /tmp/d 2>&1 || true'
    refute_output 'not permitted'
}

@test "podman run --cgroupns private and host" {
    v1_only
    pod_ok run --rm --cgroupns private box:1 grep memory /proc/self/cgroup
    assert_output ':memory:/$'
    pod_ok run --rm --cgroupns host box:1 grep memory /proc/self/cgroup
    assert_output 'libpod'
}

@test "podman run --cgroup-parent" {
    v1_only
    up --cgroup-parent /some/parent
    pod_ok inspect -f '{{.State.Pid}}' "$C"
    grep ':memory:' "/proc/$output/cgroup" | grep -q /some/parent/
}

@test "podman run --cgroups=disabled leaves the container in the caller's cgroups" {
    pod_ok run --rm --cgroups=disabled box:1 echo ok
    [ "$output" = ok ]
}

# --- files ------------------------------------------------------------------------------------

@test "podman cp into a container and out of it" {
    up
    echo content >"$BATS_TEST_TMPDIR/in"
    pod_ok cp "$BATS_TEST_TMPDIR/in" "$C:/tmp/file"
    pod_ok exec "$C" cat /tmp/file
    [ "$output" = content ]
    pod_ok cp "$C:/tmp/file" "$BATS_TEST_TMPDIR/out"
    cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "podman volumes: named, kept between containers" {
    pod_ok run --rm -v "vol$BATS_TEST_NUMBER:/data" box:1 sh -c 'echo kept >/data/file'
    pod_ok run --rm -v "vol$BATS_TEST_NUMBER:/data" box:1 cat /data/file
    [ "$output" = kept ]
    pod_ok volume rm "vol$BATS_TEST_NUMBER"
}

@test "podman volumes: bind, read-only bind, propagation" {
    echo host >"$BATS_TEST_TMPDIR/file"
    pod_ok run --rm -v "$BATS_TEST_TMPDIR:/data:ro" box:1 cat /data/file
    [ "$output" = host ]
    pod_status 1 run --rm -v "$BATS_TEST_TMPDIR:/data:ro" box:1 touch /data/other
    pod_ok run --rm -v "$BATS_TEST_TMPDIR:/data:rw,rslave,nosuid" box:1 grep ' /data ' /proc/self/mountinfo
    assert_output 'nosuid'
}

@test "podman run --volumes-from" {
    up -v /shared
    pod_ok exec "$C" sh -c 'echo word >/shared/file'
    pod_ok run --rm --volumes-from "$C" box:1 cat /shared/file
    [ "$output" = word ]
}

@test "podman run --read-only: the root is, /tmp and /run are not" {
    pod_ok run --rm --read-only box:1 sh -c 'touch /file 2>&1; touch /tmp/file /run/file && echo fine'
    assert_output 'Read-only file system'
    assert_output 'fine'
}

@test "podman run --tmpfs with options" {
    pod_ok run --rm --tmpfs /scratch:size=1m,mode=1700,noexec box:1 sh -c 'grep " /scratch " /proc/mounts; stat -c %a /scratch'
    assert_output 'noexec'
    assert_output 'size=1024k'
    [ "${lines[1]}" = 1700 ]
}

@test "podman run --mount type=bind, tmpfs and image" {
    pod_ok run --rm --mount type=bind,src="$BATS_TEST_TMPDIR",dst=/b,ro --mount type=tmpfs,dst=/t,tmpfs-size=1m --mount type=image,src=box:1,dst=/i box:1 \
        sh -c 'ls /i/bin/busybox; grep -c " /[bti] " /proc/mounts'
    [ "${lines[*]}" = '/i/bin/busybox 3' ]
}

@test "podman run --device, and devices that are not given" {
    pod_ok run --rm --device /dev/null:/dev/nothing:rw box:1 sh -c 'echo x >/dev/nothing && ls -l /dev/nothing'
    assert_output '1, +3'
    pod_ok run --rm --cap-add MKNOD box:1 sh -c 'mknod /tmp/d c 1 2 2>&1; head -c 1 /tmp/d 2>&1; true'
    assert_output 'not permitted'
}

@test "podman commit, diff and export" {
    pod_ok run --name "$C" box:1 sh -c 'echo new >/new'
    pod_ok diff "$C"
    assert_output 'A /new'
    pod_ok commit -q "$C" committed
    pod_ok run --rm committed cat /new
    [ "$output" = new ]
}

@test "podman build runs its steps" {
    printf 'FROM box:1\nRUN echo built >/built && id -u >>/built\nUSER 1000\nRUN id -u >/tmp/user\nCMD ["cat", "/built", "/tmp/user"]\n' >"$BATS_TEST_TMPDIR/Containerfile"
    run_ok "${PODMAN[@]}" build -q --runtime "$ENGINE_RUNTIME" -t built "$BATS_TEST_TMPDIR"
    pod_ok run --rm built
    [ "${lines[*]}" = 'built 0 1000' ]
}

# --- security ---------------------------------------------------------------------------------

@test "podman run: podman's own set of capabilities" {
    pod_ok run --rm box:1 grep CapEff /proc/self/status
    case $(p --version) in
    *' 4.'*) assert_output '00000000a80425fb' ;;
    *) assert_output '00000000800405fb' ;; # without MKNOD, AUDIT_WRITE and NET_RAW
    esac
}

@test "podman run --cap-drop all --cap-add" {
    pod_ok run --rm --cap-drop all --cap-add chown box:1 grep Cap /proc/self/status
    assert_output 'CapEff:[[:space:]]0000000000000001'
    assert_output 'CapBnd:[[:space:]]0000000000000001'
}

@test "podman run: the default seccomp profile is in force" {
    pod_ok run --rm box:1 grep Seccomp: /proc/self/status
    assert_output 'Seccomp:[[:space:]]2'
}

@test "podman run with a custom seccomp profile" {
    echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}' \
        >"$BATS_TEST_TMPDIR/profile"
    pod_status 1 run --rm --security-opt "seccomp=$BATS_TEST_TMPDIR/profile" box:1 mkdir /tmp/d
    assert_output 'No space left'
}

@test "podman run --security-opt seccomp=unconfined" {
    pod_ok run --rm --security-opt seccomp=unconfined box:1 grep Seccomp: /proc/self/status
    assert_output 'Seccomp:[[:space:]]0'
}

@test "podman run --security-opt no-new-privileges" {
    pod_ok run --rm --security-opt no-new-privileges box:1 grep NoNewPrivs /proc/self/status
    assert_output '1$'
}

@test "podman run --security-opt mask and unmask" {
    pod_ok run --rm --security-opt mask=/proc/cpuinfo --security-opt unmask=/proc/kcore box:1 sh -c 'wc -c </proc/cpuinfo'
    [ "$output" = 0 ]
}

@test "podman run --privileged" {
    pod_ok run --rm --privileged box:1 sh -c 'mount -t tmpfs x /mnt && echo mounted'
    [ "$output" = mounted ]
}

@test "podman run --user, --group-add, --workdir, --env, --umask" {
    pod_ok run --rm --user user --group-add 4321 -w /home/user -e A=1 --umask 0077 box:1 sh -c 'id; pwd; echo $A; umask; touch f && ls -l f'
    assert_output 'uid=1000\(user\).*4321'
    assert_output '/home/user'
    assert_output '0077'
    assert_output '-rw------- '
}

@test "podman run --userns=auto" {
    pod_ok run --rm --userns=auto box:1 cat /proc/self/uid_map
    assert_output '^ *0 +1[0-9]{6} '
}

@test "podman run --uidmap and --gidmap" {
    pod_ok run --rm --uidmap 0:100000:5000 --gidmap 0:200000:5000 box:1 sh -c 'cat /proc/self/uid_map /proc/self/gid_map; touch /file; ls -n /file'
    assert_output '100000 +5000'
    assert_output '200000 +5000'
}

# --- namespaces -------------------------------------------------------------------------------

@test "podman run --init" {
    pod_ok run --rm --init box:1 sh -c 'cat /proc/1/comm; echo $$'
    assert_output 'catatonit|podman-init'
    [ "${lines[1]}" != 1 ]
}

@test "podman run --hostname and --sysctl" {
    pod_ok run --rm --hostname other --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=4096 box:1 sh -c 'hostname; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax'
    [ "${lines[*]}" = 'other 1 4096' ]
}

@test "podman run --network none, host and bridge with a port" {
    pod_ok run --rm --network none box:1 ls /sys/class/net
    [ "$output" = lo ]
    pod_ok run --rm --network host box:1 hostname
    pod_ok run -d --name "$C" -p 18080:80 box:1 sh -c 'mkdir /www; echo page >/www/index.html; httpd -f -p 80 -h /www'
    wait_for output_of page busybox wget -q -O - "http://$(p inspect -f '{{.NetworkSettings.IPAddress}}' "$C"):80/"
    run_ok busybox wget -q -O - http://10.88.0.1:18080/
    [ "$output" = page ]
}

@test "podman run --pid host, --pid container, --ipc container" {
    up --ipc shareable
    pod_ok run --rm --pid "container:$C" --ipc "container:$C" --network "container:$C" box:1 sh -c 'cat /proc/1/cmdline | tr "\0" " "'
    assert_output 'trap'
    pod_ok run --rm --pid host box:1 cat /proc/1/comm
    [ "$output" = catatonit ]
}

@test "podman run --preserve-fds passes descriptors on" {
    echo passed >"$BATS_TEST_TMPDIR/file"
    run bash -c 'exec 3<"$0"; "$@"' "$BATS_TEST_TMPDIR/file" "${PODMAN[@]}" run --rm --preserve-fds 1 box:1 sh -c 'cat <&3'
    [ "$output" = passed ]
}

@test "podman run with hooks of --hooks-dir" {
    mkdir "$BATS_TEST_TMPDIR/hooks"
    printf '#!/bin/sh\ncat >%s/state\n' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/hook" && chmod 755 "$BATS_TEST_TMPDIR/hook"
    jq -n --arg path "$BATS_TEST_TMPDIR/hook" '{version: "1.0.0", hook: {path: $path}, when: {always: true}, stages: ["prestart"]}' >"$BATS_TEST_TMPDIR/hooks/a.json"
    pod_ok --hooks-dir "$BATS_TEST_TMPDIR/hooks" run --rm box:1 true
    jq -e '.pid > 0 and .id != ""' "$BATS_TEST_TMPDIR/state"
}

@test "podman run with secrets, a time zone and annotations" {
    echo -n hidden >"$BATS_TEST_TMPDIR/secret"
    p secret create s1 "$BATS_TEST_TMPDIR/secret" >/dev/null
    pod_ok run --rm --secret s1 --annotation org.example.a=b --env-host=false box:1 cat /run/secrets/s1
    [ "$output" = hidden ]
    p secret rm s1
}

@test "podman: every option of the calls for its options is known" { assert_calls_known; }
