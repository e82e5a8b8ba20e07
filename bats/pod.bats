# SPDX-License-Identifier: Apache-2.0
# The annotation run.berth.pod: a container that holds its namespaces without any process, and containers that join them.
load helpers
load helpers-cgroups
load helpers-exec
load helpers-pod

test_setup() {
    berth_only
    POD=$ID-pod
    PODS=$BATS_TEST_TMPDIR/p
    mkdir -p "$PODS/rootfs"
    jq -n '{ociVersion: "1.3.0", root: {path: "rootfs"}, hostname: "inside", annotations: {"run.berth.pod": "namespaces"},
        linux: {namespaces: [{type: "network"}, {type: "ipc"}, {type: "uts"}],
                sysctl: {"net.ipv4.ip_forward": "1", "kernel.shmmax": "65536"}}}' >"$PODS/config.json"
}

@test "a pod holds new namespaces, and no process is left in them" {
    local file
    host_snapshot
    run_ok check --bundle "$PODS"
    [ -z "$output" ] || fail_with "check complains"
    create_pod
    [ -z "$output" ] || fail_with "create complains"
    assert_equal "$(state_of "$POD")" created
    assert_equal "$(state_of "$POD" pid)" 0
    assert_equal "$(state_of "$POD" 'namespaces | map(.type) | sort | join(" ")')" 'ipc network uts'
    for file in net ipc uts; do
        [ "$(held $file)" != "$(readlink "/proc/self/ns/$file")" ] || fail_with "the $file namespace is the host's"
        [ -z "$(members $file)" ] || fail_with "in the $file namespace: $(members $file)"
    done
    assert_equal "$(pin network)" "$ROOT/$POD/ns/net"
    [ -z "$(left_behind | grep '^process')" ] || fail_with "left: $(left_behind)"
    run_ok delete "$POD"
    assert_host_unchanged
}

@test "containers that join a pod have its namespaces, hostname and sysctls" {
    local namespaces
    host_snapshot
    create_pod
    join_pod
    namespaces=$(held net)$'\n'$(held ipc)$'\n'$(held uts)
    set_sh 'hostname; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax; for n in net ipc uts; do readlink /proc/self/ns/$n; done'
    run_c
    assert_status 0
    assert_equal "$output" "inside"$'\n'"1"$'\n'"65536"$'\n'"$namespaces"
    run_c
    assert_equal "${lines[3]}" "$(held net)"
    run_ok delete "$POD"
    assert_host_unchanged
}

@test "two containers share a pod, which outlives them and they it" {
    local first net
    create_pod
    join_pod
    set_args payload pause
    create_c
    rt start "$ID"
    first=$ID
    ID=${ID}b
    create_c
    rt start "$ID"
    assert_equal "$(readlink "/proc/$(init_pid "$first")/ns/net")" "$(readlink "/proc/$(init_pid)/ns/net")"
    assert_equal "$(readlink "/proc/$(init_pid "$first")/ns/net")" "$(held net)"
    assert_equal "$(members net | wc -l)" 2
    run_ok delete --force "$ID"
    net=$(held net)
    run_ok delete "$POD"
    assert_equal "$(readlink "/proc/$(init_pid "$first")/ns/net")" "$net"
    run_ok exec "$first" hostname
    assert_equal "$output" inside
    run_ok delete --force "$first"
}

@test "a pod holds user, time and cgroup namespaces, too" {
    local uid_map='0 100000 65536'
    [ -e /proc/self/ns/time ] || skip "no time namespaces"
    ! by_systemd || skip "a pod of systemd's has no cgroup"
    host_snapshot
    pod '.linux.namespaces += [{type: "user"}, {type: "time"}, {type: "cgroup"}]' ".linux.cgroupsPath = \"/$ID-pod\"" \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings' \
        '.linux.timeOffsets = {boottime: {secs: 864000}}'
    create_pod
    assert_equal "$(state_of "$POD" 'namespaces | length')" 6
    for file in user time cgroup; do
        [ "$(held $file)" != "$(readlink "/proc/self/ns/$file")" ] || fail_with "the $file namespace is the host's"
        [ -z "$(members $file)" ] || fail_with "in the $file namespace: $(members $file)"
    done
    join_pod
    config '.mounts |= map(select(.type != "cgroup"))'
    chmod 755 rootfs
    set_sh 'echo $(cat /proc/self/uid_map); for n in user time cgroup; do readlink /proc/self/ns/$n; done; cut -d. -f1 /proc/uptime'
    run_c
    assert_status 0
    assert_equal "${lines[0]}" "$uid_map"
    assert_equal "${lines[1]} ${lines[2]} ${lines[3]}" "$(held user) $(held time) $(held cgroup)"
    [ "${lines[4]}" -gt 864000 ] || fail_with "uptime is ${lines[4]}"
    run_ok delete "$POD"
    assert_host_unchanged
}

@test "a pod holds a namespace that it has joined" {
    host_snapshot
    create_pod
    local other=$POD net
    net=$(held net)
    POD=$ID-pod2
    pod ".linux.namespaces[0].path = \"$ROOT/$other/ns/net\" | del(.linux.sysctl)"
    create_pod
    assert_equal "$(held net)" "$net"
    run_ok delete "$other"
    assert_equal "$(held net)" "$net"
    run_ok delete "$POD"
    assert_host_unchanged
}

# ---- cgroups

@test "a pod gets a cgroup only if linux.cgroupsPath asks for one" {
    host_snapshot
    create_pod
    [ -z "$(left_behind | grep '^cgroup')" ] || fail_with "$(left_behind)"
    run_fails update --memory 64M "$POD"
    assert_output 'has no cgroup of its own: it is a pod without linux.cgroupsPath'
    run_ok delete "$POD"
    assert_host_unchanged
}

@test "containers can be in the cgroup of a pod, which has its limits, and is kept until they are gone" {
    ! by_systemd || skip "a pod of systemd's has no cgroup"
    has_controller pids || skip "no pids controller"
    local dir
    host_snapshot
    pod ".linux.cgroupsPath = \"/$ID-pod\" | .linux.resources = {pids: {limit: 50}}"
    create_pod
    join_pod
    config ".linux.cgroupsPath = \"/$ID-pod/$ID\"" 'del(.linux.resources.pids)'
    set_args payload pause
    create_c
    rt start "$ID"
    dir=$(cgroup_dir pids)
    assert_equal "$(in_ns cat "$(dirname "$dir")/pids.max")" 50
    run_ok update --pids-limit 40 "$POD"
    assert_equal "$(in_ns cat "$(dirname "$dir")/pids.max")" 40
    run_fails delete "$POD"
    assert_output "cannot delete container \"$POD\": process $(init_pid) is in its cgroup"
    assert_output 'delete the containers in it first'
    assert_equal "$(state_of "$POD")" created
    assert_equal "$(state_of)" running
    run_ok delete --force "$ID"
    run_ok delete "$POD"
    assert_host_unchanged
}

@test "a pod is not deleted while a process is in its cgroup of one hierarchy alone" {
    ! cg_is_v2 || skip "version 2 has one hierarchy"
    local dir pid
    host_snapshot
    pod ".linux.cgroupsPath = \"/$ID-pod\""
    create_pod
    for dir in $(in_ns find $(hierarchies) -maxdepth 2 -type d -name "$ID-pod" ! -path '*cpuset*'); do
        "$SUITE_DIR/payload" pause >/dev/null 3>&- </dev/null &
        pid=$!
        in_ns sh -c "echo $pid >$dir/cgroup.procs"
        run_fails delete "$POD"
        assert_output "process $pid is in its cgroup $dir"
        kill -KILL "$pid"
        wait "$pid" || true
    done
    [ -n "$dir" ] || fail_with "the pod has no cgroup"
    run_ok delete "$POD"
    assert_host_unchanged
}

@test "a container in the cgroup of a pod does not take it away when it goes" {
    ! by_systemd || skip "a pod of systemd's has no cgroup"
    local path dirs dir
    host_snapshot
    for path in "$ID-pod" "/berth/$ID-pod" "$ID-pod/b"; do
        pod ".linux.cgroupsPath = \"$path\""
        create_pod
        join_pod
        config ".linux.cgroupsPath = \"${path#/berth/}/a\""
        set_args true
        dirs=$(in_ns find $(hierarchies) -type d -path "*/berth/${path#/berth/}")
        [ -n "$dirs" ] || fail_with "the pod has no cgroup"
        run_c
        assert_status 0
        for dir in $dirs; do in_ns [ -d "$dir" ] || fail_with "$dir is gone"; done
        run_ok delete "$POD"
        assert_host_unchanged
    done
}

@test "with systemd a pod has no cgroup, and linux.cgroupsPath is an error" {
    pod '.linux.cgroupsPath = "system.slice:berth:pod"'
    run_fails --systemd-cgroup create --bundle "$PODS" "$POD"
    assert_output 'linux.cgroupsPath: systemd removes a scope without a process'
    assert_output 'leave it out'
    pod 'del(.linux.cgroupsPath)'
    run_ok --systemd-cgroup create --bundle "$PODS" "$POD"
    run_ok delete "$POD"
}

# ---- the other commands

@test "commands that need a process say that a pod has none" {
    local words
    create_pod
    for words in "exec $POD true" "kill $POD" "kill $POD KILL" "kill --all $POD KILL" "pause $POD" "resume $POD" "events --stats $POD" \
        "events $POD" "checkpoint --image-path $BATS_TEST_TMPDIR/image $POD"; do
        # shellcheck disable=SC2086 # the words of a command
        run_rt $words
        assert_failed
        assert_output "container not running: \"$POD\" holds namespaces without a process .*berth state $POD"
    done
    echo '{"mounts": [{"destination": "/tmp", "type": "tmpfs"}]}' >mounts.json
    run_fails mounts add "$POD" mounts.json
    assert_output 'holds namespaces without a process'
    run_fails start "$POD"
    assert_output 'has no process to start'
    run_fails run --bundle "$PODS" "$ID"
    assert_output 'process: there is none to run'
    assert_equal "$(state_of "$POD")" created
}

@test "list, ps, explain and features show a pod" {
    create_pod
    run_ok list
    assert_output "^$POD +0 +created "
    run_ok list --quiet
    assert_output "^$POD$"
    assert_equal "$(rt list --format json | jq -r ".[] | select(.id == \"$POD\") | \"\(.pid) \(.status)\"")" '0 created'
    run_ok ps --format json "$POD"
    assert_equal "$output" '[]'
    run_ok explain "$POD"
    assert_output 'is created'
    assert_output 'It is a pod: it holds namespaces and has no process'
    assert_equal "$(rt features | jq -r '.annotations["run.berth.pod"]')" namespaces
}

@test "explain says of a pod that is being created only that" {
    pod '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "'"$RUNTIME --root $ROOT explain $POD >$BATS_TEST_TMPDIR/explained"'"]}]'
    create_pod
    read_output "$BATS_TEST_TMPDIR/explained"
    assert_equal "$output" "Container \"$POD\" is being created."
    run_ok explain "$POD"
    assert_output 'It is a pod'
}

@test "a pod is created where procfs is not mounted, too" {
    create_pod
    without_proc() { in_ns unshare --mount sh -c 'umount --no-mtab -l /proc && exec "$@"' sh "$RUNTIME" --root "$ROOT" "$@"; }
    assert_equal "$(without_proc state "$POD" | jq -r .status)" created
}

@test "a pod whose namespaces are mounted elsewhere, too, cannot be deleted: the error names the path" {
    local copy=$BATS_TEST_TMPDIR/copy
    host_snapshot
    mkdir "$copy"
    create_pod
    in_ns mount --no-mtab --rbind "$ROOT" "$copy"
    in_ns mount --no-mtab --make-rprivate "$copy"
    run_fails delete "$POD"
    assert_output "remove $ROOT/$POD/ns/[a-z]*: device or resource busy \\(it is mounted at $copy/$POD/ns/[a-z]*, too: unmount that first"
    in_ns umount --no-mtab --recursive "$copy"
    run_ok delete "$POD"
    assert_host_unchanged
}

@test "a pod whose namespaces were unmounted has stopped, and can be deleted" {
    local words
    host_snapshot
    create_pod
    in_ns umount --no-mtab "$ROOT/$POD/ns/uts"
    assert_equal "$(state_of "$POD")" stopped
    assert_equal "$(state_of "$POD" 'namespaces')" null
    for words in "exec $POD true" "kill $POD KILL" "checkpoint --image-path $BATS_TEST_TMPDIR/image $POD"; do
        # shellcheck disable=SC2086 # the words of a command
        run_fails $words
        assert_output "container not running: \"$POD\" is stopped"
    done
    run_ok explain "$POD"
    assert_output 'not held any more'
    run_ok delete "$POD"
    assert_host_unchanged
}

@test "delete removes the namespaces from other mount namespaces, too" {
    local other
    create_pod
    "$SUITE_DIR/hosttool" ns "$SUITE_NS" unshare --mount --propagation private sleep 1000 >/dev/null 2>&1 3>&- 4>&- &
    other=$!
    wait_until eval 'file_has sleep "/proc/$other/comm" && file_has "$ROOT/$POD/ns/net" "/proc/$other/mountinfo"'
    run_ok delete "$POD"
    ! grep -F "$POD" "/proc/$other/mountinfo" || fail_with "it is still held"
    kill "$other"
    wait "$other" || true
}

# ---- hooks

@test "hooks see the process that is there until create ends, and the namespaces" {
    host_snapshot
    pod ".hooks = {createRuntime: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >$BATS_TEST_TMPDIR/runtime\"]}],
                   createContainer: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"pwd; hostname\"]}],
                   poststop: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"cat >$BATS_TEST_TMPDIR/poststop\"]}]}" \
        ".annotations[\"run.oci.hooks.stdout\"] = \"$BATS_TEST_TMPDIR/out\""
    create_pod
    [ "$(jq .pid "$BATS_TEST_TMPDIR/runtime")" -gt 0 ]
    [ ! -e "/proc/$(jq .pid "$BATS_TEST_TMPDIR/runtime")" ]
    assert_equal "$(jq -r '.namespaces | length' "$BATS_TEST_TMPDIR/runtime")" 3
    assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" "$PODS/rootfs"$'\n'"inside"
    run_ok delete "$POD"
    assert_equal "$(jq -r '.status, .namespaces' "$BATS_TEST_TMPDIR/poststop")" stopped$'\n'null
    assert_host_unchanged
}

# ---- failures

fail_every_step() {
    local step names
    mapfile -t names < <(rt create --dry-run --bundle "$PODS" "$POD" | awk '{print $3}')
    [ "${#names[@]}" -gt 12 ] || fail_with "only ${#names[@]} steps"
    for step in "${!names[@]}"; do
        run_fails create --bundle "$PODS" --fault "$step:5" "$POD"
        assert_output 'input/output error'
        [ "${#lines[@]}" -eq 1 ] || fail_with "step $step: more than one line"
        [ ! -e "$ROOT/$POD" ] || fail_with "step $step: the state is still there"
    done
}

@test "whichever step fails, the host is as before" {
    host_snapshot
    fail_every_step
    assert_host_unchanged
}

@test "the same with a user namespace, hooks and a cgroup" {
    ! by_systemd || skip "a pod of systemd's has no cgroup"
    pod '.linux.namespaces += [{type: "user"}, {type: "cgroup"}]' ".linux.cgroupsPath = \"/$ID-pod\"" \
        '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings' \
        '.hooks = {createRuntime: [{path: "/bin/true"}], createContainer: [{path: "/bin/true"}], poststop: [{path: "/bin/true"}]}'
    host_snapshot
    fail_every_step
    assert_host_unchanged
}

# The parent of a hook is berth.
@test "a pod whose create is killed while it holds namespaces can be deleted" {
    local flag
    host_snapshot
    for flag in '' --force; do
        pod '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "kill -9 $PPID"]}]'
        run_rt create --bundle "$PODS" "$POD"
        assert_status 137
        in_ns grep -q "$ROOT/$POD/ns/net" /proc/self/mountinfo || fail_with "nothing is held"
        # The init notices that berth is gone.
        wait_until status_is stopped "$POD"
        run_ok explain "$POD"
        assert_output 'Its creation was interrupted: berth delete removes what it left'
        # shellcheck disable=SC2086 # or no option
        run_ok delete $flag "$POD"
        assert_host_unchanged
    done
}

@test "a pod whose delete is killed can be deleted" {
    host_snapshot
    pod ".hooks.poststop = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"[ -e $BATS_TEST_TMPDIR/once ] || { >$BATS_TEST_TMPDIR/once; kill -9 \$PPID; }\"]}]"
    create_pod
    run_rt delete "$POD"
    assert_status 137
    assert_equal "$(state_of "$POD")" stopped
    run_ok delete "$POD"
    assert_host_unchanged
}

@test "delete --force removes a pod whose record is lost" {
    host_snapshot
    create_pod
    rm "$ROOT/$POD/state.json"
    run_ok delete --force "$POD"
    assert_host_unchanged
    create_pod
    echo '{' >"$ROOT/$POD/state.json"
    run_ok delete --force "$POD"
    assert_host_unchanged
}

@test "a caller that may not mount is told so, before or after" {
    own_bundle 1000
    chmod 755 "$PODS" "$PODS/rootfs"
    pod '.linux.namespaces += [{type: "user"}]'
    around_user() {
        status=0
        timeout "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" setpriv --reuid=1000 --regid=1000 --clear-groups "$@" </dev/null \
            >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
        read_output "$BATS_TEST_TMPDIR/run-out"
    }
    around_user "$RUNTIME" --root "$ROOT" create --bundle "$PODS" "$POD"
    assert_status 1
    assert_output 'annotations\["run.berth.pod"\]: an unprivileged user cannot hold namespaces without a process.*operation not permitted.*unshare'
    pod 'del(.linux.sysctl)'
    unshare --user --map-root-user true 2>/dev/null || skip "no user namespaces"
    pod '.linux.namespaces |= map(select(.type != "user"))'
    around_user unshare --user --map-root-user "$RUNTIME" --root "$ROOT" create --bundle "$PODS" "$POD"
    assert_status 1
    assert_output 'linux.namespaces\[0\]: hold the network namespace in ns/net: operation not permitted.*unshare --mount'
    [ ! -e "$ROOT/$POD" ]
    around_user unshare --user --map-root-user --mount sh -ec "\"\$@\" create --bundle $PODS $POD
        \"\$@\" state $POD
        stat -fc %T $ROOT/$POD/ns/net
        \"\$@\" delete $POD" sh "$RUNTIME" --root "$ROOT"
    assert_status 0
    assert_output '"pid": 0'
    assert_output '^nsfs$'
    [ ! -e "$ROOT/$POD" ]
}

# ---- what a pod cannot have

@test "a pod cannot have what needs a process" {
    local expr
    host_snapshot
    refused_pod 'annotations["run.berth.pod"]: must be "namespaces", got "yes"' '.annotations["run.berth.pod"] = "yes"'
    refused_pod 'annotations["run.berth.pod"]: must be "namespaces", got ""' '.annotations["run.berth.pod"] = ""'
    refused_pod 'process: a pod (annotation run.berth.pod) has no process: leave it out' '.process = {args: ["true"], cwd: "/"}'
    refused_pod 'root.readonly: a pod (annotation run.berth.pod) has no process' '.root.readonly = true'
    refused_pod 'mounts: a pod (annotation run.berth.pod) has no process' '.mounts = [{destination: "/tmp", type: "tmpfs"}]'
    for expr in 'seccomp = {defaultAction: "SCMP_ACT_ALLOW"}' 'maskedPaths = ["/proc"]' 'readonlyPaths = ["/proc"]' \
        'rootfsPropagation = "slave"' 'personality = {domain: "LINUX"}' 'memoryPolicy = {mode: "MPOL_LOCAL"}' 'intelRdt = {}' \
        'devices = [{path: "/dev/a", type: "c", major: 1, minor: 3}]' 'mountLabel = "a"'; do
        refused_pod "linux.${expr%% *}: a pod (annotation run.berth.pod) has no process: leave it out" ".linux.$expr"
    done
    refused_pod 'hooks.poststart: a pod (annotation run.berth.pod) never starts' '.hooks.poststart = [{path: "/bin/true"}]'
    refused_pod 'hooks.startContainer: a pod (annotation run.berth.pod) never starts' '.hooks.startContainer = [{path: "/bin/true"}]'
    refused_pod 'annotations["run.oci.pidfd_receiver"]: a pod (annotation run.berth.pod) has no process' '.annotations["run.oci.pidfd_receiver"] = "/socket"'
    assert_host_unchanged
}

@test "a pod cannot hold every namespace" {
    host_snapshot
    refused_pod 'linux.namespaces[3]: a pod (annotation run.berth.pod) cannot hold a pid namespace' '.linux.namespaces += [{type: "pid"}]'
    refused_pod 'linux.namespaces[3]: a pod (annotation run.berth.pod) holds no mount namespace' '.linux.namespaces += [{type: "mount"}]'
    refused_pod 'linux.namespaces[3]: a pod (annotation run.berth.pod) has a cgroup, the root of this namespace, only with linux.cgroupsPath' \
        '.linux.namespaces += [{type: "cgroup"}]'
    refused_pod 'linux.resources: a pod (annotation run.berth.pod) has a cgroup only with linux.cgroupsPath' '.linux.resources = {pids: {limit: 5}}'
    refused_pod 'linux.namespaces: a pod (annotation run.berth.pod) holds the namespaces of this list, and there are none' \
        '.linux.namespaces = []' 'del(.linux.sysctl, .hostname)'
    assert_host_unchanged
}

@test "options of create that need a process are errors" {
    host_snapshot
    run_fails create --bundle "$PODS" --pid-file pid "$POD"
    assert_output "--pid-file: a pod \\(annotation run.berth.pod\\) has no process"
    run_fails create --bundle "$PODS" --pidfd-socket socket "$POD"
    assert_output '--pidfd-socket: a pod'
    run_fails create --bundle "$PODS" --preserve-fds 1 "$POD"
    assert_output '--preserve-fds: a pod'
    assert_host_unchanged
}

@test "a pod ignores the NOTIFY_SOCKET of its creator" {
    host_snapshot
    NOTIFY_SOCKET=/nowhere create_pod
    [ ! -e "$ROOT/$POD/notify" ]
    run_ok delete "$POD"
    assert_host_unchanged
}

@test "a misspelt annotation of berth is a warning" {
    config '.annotations = {"run.berth.pods": "namespaces"}'
    set_args true
    run_c
    assert_status 0
    assert_output 'annotations\["run.berth.pods"\].*is not known and has no effect'
}

@test "the example of a pod in the manual runs" {
    [ -x /bin/busybox ] || skip "no /bin/busybox"
    mv "$BUNDLE" "$BATS_TEST_TMPDIR/demo"
    BUNDLE=$BATS_TEST_TMPDIR/demo
    cd "$BATS_TEST_TMPDIR"
    set_args sleep 1000
    mkdir bin
    printf '#!/bin/sh\nexec %q ns %q %q --root %q "$@"\n' "$SUITE_DIR/hosttool" "$SUITE_NS" "$RUNTIME" "$ROOT" >bin/berth
    chmod +x bin/berth
    sed -n '/^## Pods/,/^## [^P]/s/^    //p' "$BATS_TEST_DIRNAME/../contrib/man/create.md" | sed "s/\bc1\b/$ID/g" >script
    [ "$(grep -c '^berth ' script)" -ge 6 ]
    host_snapshot
    status=0
    PATH=$PWD/bin:$PATH timeout "$PATIENCE" bash -e script </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
    assert_status 0
    assert_equal "$(grep -c '^my-pod$' <<<"$output")" 2
}
