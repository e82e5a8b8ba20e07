# SPDX-License-Identifier: Apache-2.0
# The properties of a container, shown one by one: the demonstrations that a paper on the subject would make.
load helpers

resources() { config ".linux.resources = {$1}"; }

mapped() {
    config '.linux.namespaces += [{type: "user"}]' \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
}

# start_c: the container in the background, until its program has said "ready"
start_c() {
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
}

test_after() {
    local mount
    for mount in ${OVERLAYS:-}; do in_ns umount "$mount"; done
}

@test "echo prints" {
    set_args echo hello world
    run_c
    assert_status 0
    assert_equal "$output" "hello world"
}

@test "ps shows only the container's processes, including process 1" {
    set_sh 'payload pause >/ready & while [ ! -s /ready ]; do sleep 0.02; done; ps -o pid,args; true'
    run_c
    assert_status 0
    assert_output '^ *1 sh -c'
    assert_output 'payload pause'
    # The heading, and three processes.
    [ "${#lines[@]}" -eq 4 ]
}

@test "ls /proc shows only the container's processes" {
    set_sh 'ls /proc | grep "^[0-9]" | sort -n | head -1; ls /proc | grep -c "^[0-9]"'
    run_c
    assert_equal "${lines[0]}" 1
    [ "${lines[1]}" -le 4 ]
}

@test "a process of the container cannot signal one of the host" {
    sleep 1000 3>&- &
    local outside=$!
    set_sh "kill -9 $outside 2>&1; kill -0 $outside 2>&1"
    run_c
    kill -0 $outside
    kill $outside
    assert_output 'No such process'
}

@test "the host sees the container's processes under other numbers" {
    set_sh 'payload pause'
    start_c
    local pid
    pid=$(init_pid)
    [ "$pid" -gt 1 ]
    assert_equal "$(awk '/^NSpid/ {print $NF}' "/proc/$pid/status")" 1
}

@test "a hostname set inside stays inside" {
    local before
    before=$(hostname)
    config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
    set_sh 'hostname changed && hostname'
    run_c
    assert_equal "$output" changed
    assert_equal "$(hostname)" "$before"
}

@test "an interactive shell on a real terminal" {
    config '.process.terminal = true'
    set_args sh
    run timeout --foreground "$PATIENCE" "$SUITE_DIR/hosttool" pty "$SUITE_DIR/hosttool" ns "$SUITE_NS" \
        "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&- <<<$'echo one-$((1+1))\n@wait one-2\ntty\n@wait /dev/\nexit 3'
    assert_status 3
    assert_output '^one-2'
    assert_output '^/dev/(pts/0|console)'
}

@test "System V objects of the container are its own, and the host's are not visible" {
    local key=0x6265
    ipcrm -M $key 2>/dev/null || true
    "$SUITE_DIR/payload" ipc $key >/dev/null
    set_args payload ipc $key
    run_c
    local mine
    mine=$(ipcs -m | grep -c -- "00006265" || true)
    ipcrm -M $key
    assert_status 0
    assert_equal "$output" "segments 1"
    assert_equal "$mine" 1
}

@test "mounts made inside stay inside" {
    local before
    before=$(in_ns cat /proc/self/mountinfo)
    config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
    set_sh 'mount -t tmpfs tmpfs /mnt && echo x >/mnt/file && ls /mnt; payload pause'
    start_c
    assert_equal "$(out)" $'file\nready'
    assert_equal "$(in_ns cat /proc/self/mountinfo)" "$before"
    assert_equal "$(ls rootfs/mnt)" ""
}

@test "the host's mounts are not visible inside" {
    set_sh 'cat /proc/self/mountinfo'
    run_c
    refute_output ' /(home|work|sys/kernel/debug) '
    assert_equal "$(awk '$5 == "/" {print}' <<<"$output" | wc -l)" 1
}

@test "the network devices are the container's own" {
    set_sh 'ls /sys/class/net; ip route | wc -l'
    run_c
    assert_equal "$output" $'lo\n0'
}

@test "root inside is an unprivileged user outside" {
    mapped
    echo secret >"$BATS_TEST_TMPDIR/secret"
    chmod 600 "$BATS_TEST_TMPDIR/secret"
    config ".mounts += [{destination: \"/secret\", source: \"$BATS_TEST_TMPDIR/secret\", options: [\"bind\"]}]"
    : >rootfs/secret
    set_sh 'id -u; cat /secret 2>&1; echo ready; exec sleep 1000'
    start_c
    assert_equal "$(awk '/^Uid/ {print $2}' "/proc/$(init_pid)/status")" 100000
    assert_equal "$(out | head -1)" 0
    out | grep -q 'Permission denied'
}

@test "memory use is counted" {
    set_args payload alloc 50 stay
    create_c
    [ "$(cg_read memory memory.usage_in_bytes memory.current)" -lt $((40 << 20)) ]
    rt start "$ID"
    wait_until file_has 'got 50 MiB' "$BATS_TEST_TMPDIR/out"
    [ "$(cg_read memory memory.usage_in_bytes memory.current)" -gt $((49 << 20)) ]
}

@test "the content that tmpcopyup copies is the container's memory, also before the cgroups are mounted" {
    mkdir rootfs/data
    truncate -s 4M rootfs/data/file
    config '.mounts = [{destination: "/data", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"]}] + .mounts'
    create_c
    [ "$(cg_read memory memory.stat memory.stat | awk '$1 == "shmem" {print $2}')" -ge $((4 << 20)) ]
}

@test "a process that exceeds the hard memory limit is killed, the host is not" {
    resources 'memory: {limit: 33554432, swap: 33554432}'
    set_args payload alloc 200
    run_c
    assert_status 137
    refute_output 'got 200'
}

@test "within the hard limit memory may be used" {
    resources 'memory: {limit: 67108864, swap: 67108864}'
    set_args payload alloc 40
    run_c
    assert_status 0
    assert_equal "$output" "got 40 MiB"
}

@test "a child that exceeds the limit is killed, the container goes on" {
    resources 'memory: {limit: 33554432, swap: 33554432}'
    set_sh 'payload alloc 200; echo "child ended with $?"'
    run_c
    assert_status 0
    assert_output 'child ended with 137'
}

@test "a soft memory limit does not stop anyone when there is memory" {
    resources 'memory: {reservation: 16777216}'
    set_args payload alloc 60
    run_c
    assert_status 0
    assert_equal "$output" "got 60 MiB"
}

@test "soft and hard limits of memory and swap stand in the group" {
    resources 'memory: {limit: 67108864, reservation: 33554432, swap: 100663296}'
    [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || cg_is_v2 || resources 'memory: {limit: 67108864, reservation: 33554432}'
    set_args true
    create_c
    assert_equal "$(cg_read memory memory.limit_in_bytes memory.max)" 67108864
    assert_equal "$(cg_read memory memory.soft_limit_in_bytes memory.low)" 33554432
}

@test "the cpu limit holds" {
    has_controller cpu || skip "no cpu controller"
    resources 'cpu: {quota: 20000, period: 100000}'
    set_args payload burn 0.5
    run_c
    assert_status 0
    local ms
    ms=$(sed -n 's/^cpu \([0-9]*\) ms$/\1/p' <<<"$output")
    [ "$ms" -lt 250 ] || fail_with "used $ms ms of 500"
}

@test "the pids limit holds and stops a fork bomb" {
    resources 'pids: {limit: 16}'
    set_args payload forks 1000
    run_c
    assert_equal "$output" "forks 15 EAGAIN"
}

@test "two containers share one layered root and do not see each other's writes" {
    local name dir
    echo base >rootfs/shared
    for name in one two; do
        dir=$BATS_TEST_TMPDIR/$name
        mkdir -p "$dir/upper" "$dir/work" "$dir/rootfs"
        in_ns mount -t overlay overlay -o "lowerdir=$BUNDLE/rootfs,upperdir=$dir/upper,workdir=$dir/work" "$dir/rootfs"
        OVERLAYS+="$dir/rootfs "
        jq --arg n $name '.process.args = ["sh", "-c", "cat /shared; echo \($n) >/shared; echo \($n) >/only-\($n); sleep 0.05; cat /shared; ls -d /only-*"]' \
            config.json >"$dir/config.json"
    done
    rt run --bundle "$BATS_TEST_TMPDIR/one" "$ID-a" >"$BATS_TEST_TMPDIR/out-a" 2>&1 </dev/null &
    local first=$!
    rt run --bundle "$BATS_TEST_TMPDIR/two" "$ID-b" >"$BATS_TEST_TMPDIR/out-b" 2>&1 </dev/null ||
        { cat "$BATS_TEST_TMPDIR/out-b"; false; }
    wait $first
    assert_equal "$(cat "$BATS_TEST_TMPDIR/out-a")" $'base\none\n/only-one'
    assert_equal "$(cat "$BATS_TEST_TMPDIR/out-b")" $'base\ntwo\n/only-two'
    assert_equal "$(cat rootfs/shared)" base
}
