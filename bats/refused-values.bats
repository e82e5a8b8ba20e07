# SPDX-License-Identifier: Apache-2.0
# linux.resources and update: values that the kernel refuses with no more than "invalid argument". berth says what the kernel accepts.
# (update-refused.bats has what all runtimes do about them.)
load helpers
load helpers-cgroups

test_setup() { berth_only "the words are berth's"; }
test_after() { in_ns find $(hierarchies) -depth -type d -name "$ID-parent" -exec rmdir {} \; 2>/dev/null || true; }

# Controller, layout (v1, v2 or any), property, linux.resources, what berth says. The kernel's ranges are those of kernel/sched/core.c,
# kernel/cgroup/pids.c and Documentation/admin-guide/cgroup-v2.rst.
numbers='
cpu    any cpu.quota            {"cpu":{"quota":1}}                             1000 to 17592186044415 microseconds, or (-1|max)
cpu    any cpu.quota            {"cpu":{"quota":999}}                           1000 to 17592186044415 microseconds, or (-1|max)
cpu    any cpu.quota            {"cpu":{"quota":17592186044416}}                1000 to 17592186044415 microseconds, or (-1|max)
cpu    any cpu.period           {"cpu":{"period":999}}                          1000 to 1000000 microseconds
cpu    any cpu.period           {"cpu":{"period":1000001}}                      1000 to 1000000 microseconds
cpu    any cpu                  {"cpu":{"quota":5000,"period":999}}             1000 to 1000000 microseconds
pids   any pids.limit           {"pids":{"limit":4194305}}                      0 to 4194304, or max
cpu    v2  unified[cpu.max]     {"unified":{"cpu.max":"5"}}                     a quota of 1000 to 17592186044415 microseconds, or max
cpu    v2  unified[cpu.max]     {"unified":{"cpu.max":"max\u00205"}}                 a period of 1000 to 1000000 microseconds
cpu    v2  unified[cpu.weight]  {"unified":{"cpu.weight":"0"}}                  1 to 10000
cpu    v2  unified[cpu.weight]  {"unified":{"cpu.weight":"10001"}}              1 to 10000
cpu    v2  unified[cpu.weight.nice] {"unified":{"cpu.weight.nice":"20"}}        -20 to 19
cpu    v2  unified[cpu.idle]    {"unified":{"cpu.idle":"2"}}                    0 to 1
pids   v2  unified[pids.max]    {"unified":{"pids.max":"many"}}                 0 to 4194304, or max
memory v2  unified[memory.oom.group] {"unified":{"memory.oom.group":"2"}}       0 to 1
io     v2  unified[io.weight]   {"unified":{"io.weight":"10001"}}               1 to 10000, or default
io     v2  unified[io.bfq.weight] {"unified":{"io.bfq.weight":"1001"}}          1 to 1000, or default
cgroup v2  unified[cgroup.max.depth] {"unified":{"cgroup.max.depth":"-1"}}      0 to 2147483647, or max
cgroup v2  unified[cgroup.max.descendants] {"unified":{"cgroup.max.descendants":"x"}} 0 to 2147483647, or max
'
# What only the kernel finds out, since it depends on other values or is no number.
others='
cpu    any cpu.burst            {"cpu":{"burst":20001}}                         must not exceed the quota, which is 20000
cpuset any cpu.mems             {"cpu":{"mems":"900"}}                          has 0
memory v2  unified[memory.max]  {"unified":{"memory.max":"lots"}}               a number of bytes
memory v2  unified[memory.high] {"unified":{"memory.high":"lots"}}              a number of bytes
cpuset v2  unified[cpuset.cpus.partition] {"unified":{"cpuset.cpus.partition":"all"}} member
cpu    v2  unified[cpu.uclamp.min] {"unified":{"cpu.uclamp.min":"101"}}         0 to 100 percent
cpu    v1  cpu.realtimeRuntime  {"cpu":{"realtimeRuntime":1000001}}             must not exceed the period
'

# A controller of version 1 has no file of version 2, and a kernel may have been built without one.
applies() {
    local controller=$1 layout=$2 field=$3 file
    case $layout in
    v1) is_v1 "$controller" || return 1 ;;
    v2) cg_is_v2 || return 1 ;;
    esac
    [ "$controller" = cgroup ] || has_controller "$controller" || return 1
    case $field in
    unified*) file=${field#unified[} && has_file "$controller" "${file%]}" ;;
    cpu.burst) has_file cpu cpu.cfs_burst_us || has_file cpu cpu.max.burst ;;
    cpu.realtime*) has_file cpu cpu.rt_runtime_us ;;
    esac
}

# each TABLE COMMAND...: with the property, the resources and what berth says, for every row that applies
each() {
    local controller layout field json words count=0
    while read -r controller layout field json words; do
        [ -n "$words" ] && applies "$controller" "$layout" "$field" || continue
        count=$((count + 1))
        "${@:2}" "$field" "$json" "$words" || return 1
    done <<<"$1"
    [ "$1" != "$others" ] || [ "$count" -gt 0 ] || skip "no row applies here"
    [ "$1" != "$numbers" ] || [ "$count" -ge 5 ] || fail_with "only $count rows"
}

says() { assert_output ": (invalid argument|numerical result out of range|permission denied) \\(.*$1"; }

update_fails() { update_json_refused "$1" "$2" && says "$3"; }

create_fails() {
    config ".linux.resources = $2"
    UNCHECKED=1 run_c
    assert_failed && says "$3"
}

check_reports() {
    create_fails "$@" || return 1
    run_rt check --bundle "$BUNDLE"
    assert_status 1 && says "$3"
}

@test "update says which numbers the kernel accepts" {
    needs cpu pids
    resources 'cpu: {quota: 20000, period: 50000}, pids: {limit: 50}'
    started
    each "$numbers" update_fails
}

@test "update says what the kernel takes where other values decide" {
    needs cpu pids
    resources 'cpu: {quota: 20000, period: 50000}, pids: {limit: 50}'
    started
    each "$others" update_fails
}

@test "run says which numbers the kernel accepts, and check reports them beforehand" {
    needs cpu pids
    each "$numbers" check_reports
}

@test "an idle cgroup has no share" {
    needs cpu
    has_file cpu cpu.idle || skip "the kernel has no cpu.idle"
    started
    update_json '{"cpu": {"idle": 1}}'
    update_json_refused cpu.shares '{"cpu": {"shares": 500}}'
    says 'cpu.idle is 1'
}

# made_below QUOTA: the container will be in a cgroup of version 1 that has this quota.
made_below() {
    needs_v1 cpu
    cgroupfs_only
    in_ns mkdir "/sys/fs/cgroup/cpu/$ID-parent"
    in_ns sh -c "echo $1 >/sys/fs/cgroup/cpu/$ID-parent/cpu.cfs_quota_us"
    config ".linux.cgroupsPath = \"/$ID-parent/$ID\""
}

@test "a share above the parent's is refused with the parent's" {
    made_below 20000
    resources 'cpu: {quota: 30000}'
    UNCHECKED=1 run_c
    assert_failed
    says "$ID-parent has a quota of 20000 for a period of 100000"
}

@test "a quota above the burst and the parent's share is refused with the parent's share" {
    has_file cpu cpu.cfs_burst_us || skip "the kernel has no cpu.cfs_burst_us"
    made_below 50000
    resources 'cpu: {quota: 20000, burst: 10000}'
    started
    update_refused cpu.quota --cpu-quota 90000
    says "$ID-parent has a quota of 50000 for a period of 100000"
    update_refused cpu.quota --cpu-quota 5000
    says 'the quota must not be less than the burst, which is 10000'
}

# Before 5.11 the kernel also accepted 0.
@test "where the kernel refuses useHierarchy, berth says that it accepts only 1" {
    needs_v1 memory
    config '.linux.resources = {memory: {useHierarchy: false}}'
    UNCHECKED=1 run_c
    [ "$status" -ne 0 ] || skip "this kernel accepts 0"
    says 'the kernel accepts only 1'
}

@test "an IOPS limit beyond 32 bits is not cut" {
    is_v1 blkio || skip "for version 1"
    local device
    device=$(lsblk -dnro MAJ:MIN,TYPE 2>/dev/null | awk '$2 == "disk" && $1 !~ /^253:/ {print $1; exit}')
    [ -n "$device" ] || skip "no disk here"
    resources "blockIO: {throttleReadIOPSDevice: [{major: ${device%:*}, minor: ${device#*:}, rate: 5000000000}]}"
    create_c
    value_is blkio blkio.throttle.read_iops_device none ""
}
