# SPDX-License-Identifier: Apache-2.0
# --systemd-cgroup: each container is a scope of systemd's, its limits are properties of that, and systemd's own acts do it no harm.
load helpers
load helpers-cgroups

export CGROUP_MANAGER=systemd

test_setup() {
    [ -d /run/systemd/system ] || case $BATS_TEST_DESCRIPTION in *"not run"*) ;; *) skip "systemd does not run here" ;; esac
    SCOPE=berth-$ID.scope
}

property() { systemctl show -p "$1" --value "${2:-$SCOPE}"; }
property_is() { assert_equal "$(property "$1")" "$2"; }
is_active() { [ "$(property ActiveState)" = active ]; }
unit_gone() { [ "$(property LoadState "${1:-$SCOPE}")" = not-found ]; }
path_of() { cut -d: -f3 "/proc/$(init_pid)/cgroup" | head -1; }
cgroups_path() { config ".linux.cgroupsPath = \"$1\""; }

test_after() {
    [ -z "${SLICE:-}" ] || { systemctl stop "$SLICE" && systemctl revert "$SLICE"; } 2>/dev/null || true
}

# crun 1.8 has the limits in a group below the scope.
limits_in_scope() { [ "$RT_KIND" != crun ] || skip "crun 1.8 has the limits in a group below the scope"; }

# ---- where

@test "slice:prefix:name is prefix-name.scope in that slice" {
    cgroups_path "user.slice:pre:$ID"
    started
    [[ $(path_of) == /user.slice/pre-$ID.scope* ]] || fail_with "$(path_of)"
    assert_equal "$(property ActiveState "pre-$ID.scope")" active
    assert_equal "$(property Slice "pre-$ID.scope")" user.slice
}

@test "an empty slice is system.slice for root" {
    cgroups_path ":pre:$ID"
    started
    [[ $(path_of) == /system.slice/pre-$ID.scope* ]] || fail_with "$(path_of)"
}

@test "state and list name the scope" {
    [ "$RT_KIND" != runc ] || skip "runc does not"
    cgroups_path ":pre:$ID"
    started
    assert_equal "$(state_of "$ID" '"systemd-scope"')" "pre-$ID.scope"
    assert_equal "$(state_of "$ID" owner)" root
    [[ $(state_of "$ID" created) =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T ]]
    [ "$RT_KIND" != berth ] || assert_equal "$(rt list --format json | jq -r '.[0]["systemd-scope"]')" "pre-$ID.scope"
}

@test "without cgroupsPath the scope is in system.slice and has the id in its name" {
    config 'del(.linux.cgroupsPath)'
    started
    [[ $(path_of) =~ ^/system.slice/[a-z]+-$ID.scope ]] || fail_with "$(path_of)"
}

@test "an empty cgroupsPath is as if unset" {
    cgroups_path ""
    started
    [[ $(path_of) =~ ^/system.slice/[a-z]+-$ID.scope ]] || fail_with "$(path_of)"
}

@test "a nested slice a-b.slice is below a.slice" {
    SLICE=berthx-inner.slice
    cgroups_path "$SLICE:pre:$ID"
    started
    [[ $(path_of) == /berthx.slice/berthx-inner.slice/pre-$ID.scope* ]] || fail_with "$(path_of)"
    assert_equal "$(property Slice "pre-$ID.scope")" "$SLICE"
}

@test "an empty prefix: -name.scope" {
    cgroups_path "system.slice::$ID"
    started
    [[ $(path_of) =~ ^/system.slice/-$ID.scope ]] || fail_with "$(path_of)"
}

@test "slice:name is name.scope in that slice" {
    [ "$RT_KIND" != runc ] || skip "runc takes three parts alone"
    cgroups_path "user.slice:$ID"
    started
    [[ $(path_of) =~ ^/user.slice/$ID.scope ]] || fail_with "$(path_of)"
    assert_equal "$(property Slice "$ID.scope")" user.slice
}

@test "a slice that existed before create remains after delete, with its limits" {
    SLICE=berthy.slice
    systemctl start "$SLICE"
    systemctl set-property --runtime "$SLICE" TasksMax=1000
    cgroups_path "$SLICE:pre:$ID"
    started
    run_ok delete --force "$ID"
    assert_equal "$(property ActiveState "$SLICE")" active
    assert_equal "$(property TasksMax "$SLICE")" 1000
}

@test "a name that ends in .slice is a slice" {
    [ "$RT_KIND" != crun ] || skip "crun makes a scope of it"
    SLICE=$ID.slice
    cgroups_path "system.slice:pre:$ID.slice"
    run_rt run -d "$ID"
    [ "$status" -ne 0 ] || [[ $(path_of) == *"$ID.slice"* ]]
}

@test "a cgroupsPath of another form is an error" {
    local path
    for path in "/$ID" "$ID" "a:b" "a.slice:b:c:d" "/a.slice:b:$ID" "a/b.slice:c:$ID" "noslice:b:$ID" "a--b.slice:c:$ID" \
        "-a.slice:b:$ID" "system.slice:b/c:$ID" "system.slice:b:../$ID"; do
        refused 'linux.cgroupsPath' ".linux.cgroupsPath = \"$path\""
    done
}

@test "an existing scope of that name is left alone" {
    systemd-run --scope --unit "$SCOPE" --quiet sleep 1000 3>&- 4>&- </dev/null >/dev/null 2>&1 &
    local job=$!
    wait_until is_active
    run_rt create "$ID"
    [ "$status" -ne 0 ] || fail_with "it was accepted"
    is_active
    systemctl stop "$SCOPE"
    wait $job || true
}

# ---- properties

@test "MemoryMax, MemoryLow and MemorySwapMax" {
    needs memory
    limits_in_scope
    resources 'memory: {limit: 67108864, reservation: 33554432, swap: 100663296}'
    started
    property_is MemoryMax 67108864
    property_is MemoryLow 33554432
    property_is MemorySwapMax 33554432
}

@test "TasksMax" {
    needs pids
    limits_in_scope
    resources 'pids: {limit: 50}'
    started
    property_is TasksMax 50
}

@test "unlimited pids: TasksMax is infinity" {
    needs pids
    limits_in_scope
    resources 'pids: {limit: -1}'
    started
    property_is TasksMax infinity
}

@test "without pids the default TasksMax of systemd applies" {
    started
    property_is TasksMax "$(systemctl show --property DefaultTasksMax --value)"
}

@test "no task besides the container's own: TasksMax and pids.max agree" {
    needs pids
    limits_in_scope
    resources 'pids: {limit: 0}'
    started
    property_is TasksMax 1
    value_is pids pids.max pids.max 1
    # Version 1 does not count a process that joins.
    if cg_is_v2; then
        run_rt exec "$ID" true
        [ "$status" -ne 0 ] || fail_with "a second process was made"
    fi
    update --pids-limit 44
    property_is TasksMax 44
    value_is pids pids.max pids.max 44
}

@test "update of the period alone: CPUQuotaPerSecUSec and cpu.max agree" {
    needs cpu
    limits_in_scope
    resources 'cpu: {quota: 20000, period: 50000}'
    started
    update --cpu-period 100000
    property_is CPUQuotaPerSecUSec 200ms
    property_is CPUQuotaPeriodUSec 100ms
    value_is cpu cpu.cfs_quota_us cpu.max 20000 "20000 100000"
    systemctl daemon-reload
    value_is cpu cpu.cfs_quota_us cpu.max 20000 "20000 100000"
}

@test "run.oci.systemd.subgroup: the container is in a cgroup below the scope, and its limits hold" {
    [ "$RT_KIND" != runc ] || skip "an annotation of crun's"
    needs pids
    needs_v2
    config '.annotations = {"run.oci.systemd.subgroup": "payload/one"}'
    resources 'pids: {limit: 20}'
    set_sh 'payload forks 30; exec payload pause'
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    [[ $(path_of) == */berth-$ID.scope/payload/one ]] || fail_with "$(path_of)"
    out | grep -q '^forks 1[0-9] EAGAIN' || fail_with "$(out)"
    run_ok exec "$ID" cat /proc/self/cgroup
    run_ok kill "$ID" KILL
    wait_status stopped
    run_ok delete "$ID"
    wait_until unit_gone
}

@test "run.oci.delegate-cgroup: the process is in a cgroup below the scope, or below its subgroup" {
    [ "$RT_KIND" != runc ] || skip "an annotation of crun's"
    needs_v2
    resources 'pids: {limit: 20}'
    set_sh 'cat /proc/self/cgroup; payload forks 30; exec payload pause'
    local below
    for below in "" sub; do
        config ".annotations = {\"run.oci.systemd.subgroup\": \"$below\", \"run.oci.delegate-cgroup\": \"payload\"}"
        create_c
        rt start "$ID"
        wait_until file_has ready "$BATS_TEST_TMPDIR/out"
        [[ $(path_of) == */berth-$ID.scope${below:+/$below}/payload ]] || fail_with "$(path_of)"
        out | grep -q '^0::/payload$' || fail_with "$(out)"
        out | grep -q '^forks 1[0-9] EAGAIN' || fail_with "$(out)"
        run_ok exec "$ID" cat /proc/self/cgroup
        assert_output '^0::/payload$'
        systemctl daemon-reload
        run_ok kill "$ID" KILL
        wait_status stopped
        run_ok delete "$ID"
        wait_until unit_gone
    done
}

@test "CPUWeight and CPUQuotaPerSecUSec" {
    needs cpu
    limits_in_scope
    resources 'cpu: {shares: 1024, quota: 20000, period: 50000}'
    started
    property_is CPUQuotaPerSecUSec 400ms
    # The older conversion gives 39.
    if cg_is_v2; then [[ $(property CPUWeight) =~ ^(100|39)$ ]]; else property_is CPUShares 1024; fi
}

@test "AllowedCPUs and AllowedMemoryNodes" {
    needs cpuset
    limits_in_scope
    resources 'cpu: {cpus: "0", mems: "0"}'
    started
    property_is AllowedCPUs 0
    property_is AllowedMemoryNodes 0
}

@test "CPUWeight from unified and other files that have a property" {
    needs memory pids
    needs_v2
    limits_in_scope
    resources 'unified: {"memory.high": "50331648", "pids.max": "44"}'
    started
    property_is MemoryHigh 50331648
    property_is TasksMax 44
}

@test "DevicePolicy and DeviceAllow" {
    limits_in_scope
    resources 'devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 3, access: "rw"}]'
    started
    property_is DevicePolicy strict
    property DeviceAllow | grep -Eq '(/dev/null|/dev/char/1:3) rwm?' || fail_with "$(property DeviceAllow)"
}

@test "DevicePolicy and DeviceAllow without rules: the default devices" {
    limits_in_scope
    config 'del(.linux.resources)'
    started
    property_is DevicePolicy strict
    property DeviceAllow | grep -Eq '(/dev/null|/dev/char/1:3) rwm?' || fail_with "$(property DeviceAllow)"
    update --pids-limit 44
    property_is DevicePolicy strict
}

@test "Delegate and Description" {
    started
    property_is Delegate yes
    property Description | grep -q "$ID"
}

@test "the scope's main limits are in the kernel's files too" {
    needs memory pids cpu
    resources 'memory: {limit: 67108864}, pids: {limit: 50}, cpu: {quota: 20000, period: 50000}'
    started
    value_is memory memory.limit_in_bytes memory.max 67108864
    value_is pids pids.max pids.max 50
    value_is cpu cpu.cfs_quota_us cpu.max 20000 "20000 50000"
}

@test "update changes the properties and the files" {
    needs memory pids cpu
    limits_in_scope
    resources 'memory: {limit: 67108864}, pids: {limit: 50}, cpu: {shares: 512}'
    started
    update --memory 50331648 --pids-limit 44 --cpu-quota 30000 --cpu-period 100000
    property_is MemoryMax 50331648
    property_is TasksMax 44
    property_is CPUQuotaPerSecUSec 300ms
    value_is memory memory.limit_in_bytes memory.max 50331648
    value_is pids pids.max pids.max 44
}

# systemd may write devices.list anew: the order of its lines says nothing, nor do those of single devices beside one of the whole MAJOR.
values() { all_values | sort | grep -v "devices.list:c ${1:-no}:[0-9]* rwm$"; }

# reloaded RULE PATH BEFORE [MAJOR]: what the program gets from PATH and /two before a daemon-reload, it gets after it; limits as well.
reloaded() {
    mknod rootfs/kmsg c 1 11
    mknod rootfs/one c 240 1
    mknod rootfs/two c 240 2
    config '.process.capabilities |= map_values(. + ["CAP_SYSLOG"])'
    resources "memory: {limit: 67108864}, pids: {limit: 50}, cpu: {shares: 512, quota: 20000, period: 50000},
        devices: [{allow: false, access: \"rwm\"}, {allow: true, type: \"c\", $1, access: \"rwm\"}]"
    set_sh "payload open $2 /two; echo ready; while [ ! -e /go ]; do sleep 0.05; done; payload open $2 /two"
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    local before
    before=$(values "${4:-}")
    systemctl daemon-reload
    assert_equal "$(values "${4:-}")" "$before"
    touch rootfs/go
    wait_status stopped
    assert_equal "$(out | xargs)" "$2: $3 /two: EPERM ready $2: $3 /two: EPERM"
}

@test "daemon-reload keeps limits and device access" {
    needs memory pids cpu
    reloaded 'major: 1, minor: 11' /kmsg ok
}

@test "daemon-reload keeps the access to a device that the host lacks now" {
    needs memory pids cpu
    reloaded 'major: 240, minor: 1' /one ENXIO
}

@test "daemon-reload keeps the access to a whole major" {
    needs memory pids cpu
    reloaded 'major: 1' /kmsg ok 1
}

@test "daemon-reload after an update keeps the new values" {
    needs memory pids
    resources 'memory: {limit: 67108864}, pids: {limit: 50}'
    started
    update --memory 50331648 --pids-limit 44
    systemctl daemon-reload
    value_is memory memory.limit_in_bytes memory.max 50331648
    value_is pids pids.max pids.max 44
}

# ---- annotations

annotation() { config ".annotations[\"org.systemd.property.$1\"] = \"$2\""; }

@test "annotations set properties: a number and a word" {
    annotation TimeoutStopUSec 'uint64 123456789'
    annotation CollectMode "'inactive-or-failed'"
    started
    property_is TimeoutStopUSec '2min 3.456789s'
    property_is CollectMode inactive-or-failed
}

@test "annotations set properties: a boolean and a list of words" {
    annotation SendSIGHUP true
    annotation After "['basic.target']"
    started
    property_is SendSIGHUP yes
    property After | grep -qw basic.target
}

@test "an unknown property of systemd, or an invalid value, is an error" {
    local pair
    for pair in 'NoSuchProperty=true' 'TimeoutStopUSec=uint64 many' 'TimeoutStopUSec=' 'CollectMode=[' "CollectMode='nonsense'" 'SendSIGHUP=5'; do
        config 'del(.annotations)'
        annotation "${pair%%=*}" "${pair#*=}"
        host_snapshot
        run_c
        assert_refused "org.systemd.property.${pair%%=*}"
    done
}

# ---- the end

@test "delete removes the unit" {
    host_snapshot
    started
    run_ok delete --force "$ID"
    wait_until unit_gone
    assert_host_unchanged
}

@test "delete removes the unit of a container that ended by itself" {
    set_args true
    create_c
    rt start "$ID"
    wait_status stopped
    run_ok delete "$ID"
    wait_until unit_gone
}

@test "a failed container leaves no failed unit" {
    resources 'memory: {limit: 33554432, swap: 33554432}'
    set_args payload alloc 100
    run_c
    wait_until unit_gone
    assert_equal "$(systemctl --failed --plain --no-legend | grep "$ID" || true)" ''
}

@test "systemctl stop ends the container" {
    set_args payload catch
    create_c
    rt start "$ID"
    wait_until file_has ready "$BATS_TEST_TMPDIR/out"
    timeout "$PATIENCE" systemctl stop "$SCOPE"
    wait_status stopped
    run_ok delete "$ID"
}

@test "a create that fails leaves no unit" {
    config '.process.args = ["/no/such/program"]'
    host_snapshot
    run_fails create "$ID"
    wait_until unit_gone
    assert_host_unchanged
}

@test "a limit that the kernel refuses leaves no unit" {
    needs cpu
    resources 'cpu: {period: 5}'
    host_snapshot
    run_c
    [ "$status" -ne 0 ]
    wait_until unit_gone
    assert_host_unchanged
}

@test "the same id can be used again at once" {
    local i
    for i in 1 2 3; do
        started
        run_ok delete --force "$ID"
    done
}

@test "pause and resume" {
    set_args payload count /count
    create_c
    rt start "$ID"
    wait_until file_has '[0-9]' rootfs/count
    run_ok pause "$ID"
    assert_equal "$(state_of)" paused
    run_ok resume "$ID"
    assert_equal "$(state_of)" running
}

# ---- without systemd

@test "where systemd does not run, --systemd-cgroup is an error that says so" {
    [ ! -d /run/systemd/system ] || skip "it runs here"
    host_snapshot
    run_c
    assert_failed
    assert_output 'systemd'
    assert_host_unchanged
}

# hidden SCRIPT: the runtime where /run/systemd and /run/dbus are as SCRIPT leaves them
hidden() {
    status=0
    timeout --foreground -k 2 "$PATIENCE" "$SUITE_DIR/hosttool" ns "$SUITE_NS" unshare -m sh -c "$1"'
        shift; exec "$@"' sh "$BATS_TEST_TMPDIR/bus" "$RUNTIME" --root "$ROOT" --systemd-cgroup run --bundle "$BUNDLE" "$ID" \
        </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

@test "a missing bus is an error" {
    host_snapshot
    hidden 'mount -t tmpfs tmpfs /run/dbus; mount -t tmpfs tmpfs /run/systemd; mkdir /run/systemd/system'
    assert_failed
    assert_output '[Bb]us|systemd'
    assert_host_unchanged
}

@test "a bus that does not answer is an error after a timeout" {
    berth_only "the others' libraries wait for minutes"
    mkdir "$BATS_TEST_TMPDIR/bus"
    "$SUITE_DIR/hosttool" recvtty "$BATS_TEST_TMPDIR/bus/system_bus_socket" /dev/null >/dev/null 2>&1 3>&- 4>&- &
    local one=$!
    "$SUITE_DIR/hosttool" recvtty "$BATS_TEST_TMPDIR/bus/private" /dev/null >/dev/null 2>&1 3>&- 4>&- &
    local two=$!
    wait_until test -S "$BATS_TEST_TMPDIR/bus/private"
    hidden 'mkdir "$1/system"; mount --bind "$1" /run/dbus; mount --bind "$1" /run/systemd'
    kill $one $two 2>/dev/null || true
    assert_failed
    assert_output '[Bb]us|systemd'
}
