# SPDX-License-Identifier: Apache-2.0
# What the files on resources share; the same tests are for version 1, version 2 and scopes of systemd.
#
#   resources JSON-FIELDS             linux.resources = {...}
#   started [WORD...]                 a running container of those words (payload pause)
#   needs CONTROLLER...               skip without them;  needs_v1 CONTROLLER, needs_v2
#   cgroupfs_only                     skip where systemd keeps the cgroups
#   limit RESOURCES CONTROLLER V1FILE V2FILE VALUE [V2VALUE]    the value in the file of a created container
#   value_is CONTROLLER V1FILE V2FILE VALUE [V2VALUE]           of the container that there is
#   refused_resources FIELD RESOURCES       create fails without a trace; berth's one line names the field
#   update ARGS...                    must succeed;  update_json JSON: by `-r -`
#   update_refused FIELD ARGS...      must fail and leave every value;  update_json_refused FIELD JSON
#   all_values                        every limit of the container in every hierarchy
#   own_groups                        the container's directories, one a line
#   hierarchies_stay, hierarchies_change    for this test, or this file: criu opens every hierarchy that there is, and fails with one
#                                     that is just going
load helpers-errors

hierarchies_stay() { exec 7<"$BATS_TEST_DIRNAME/helpers-cgroups.bash" && flock -s 7; }
hierarchies_change() { exec 7<"$BATS_TEST_DIRNAME/helpers-cgroups.bash" && flock 7; }

# hierarchy_is_gone OPTION DIR: whether the hierarchy that was mounted with this option no longer exists. It goes a moment after it is
# unmounted; when a cgroup in it has hardly gone it stays until it is mounted (on DIR) and unmounted once more.
hierarchy_lingers() { grep -q ":${1#none,}:" /proc/self/cgroup; }
hierarchy_is_gone() {
    ! hierarchy_lingers "$1" || time_for_faults 0.5
    hierarchy_lingers "$1" || return 0
    unshare -m mount -t cgroup -o "$1" cgroup "$2" 2>/dev/null || true
    return 1
}

# The options of the file system of version 2, which all its mounts share.
v2_options() { in_ns awk '$(NF - 2) == "cgroup2" {print $NF; exit}' /proc/self/mountinfo; }

resources() { config ".linux.resources = {$1}"; }

started() {
    if [ $# -gt 0 ]; then set_args "$@"; else set_args payload pause; fi
    create_c
    rt start "$ID"
}

needs() {
    local controller
    for controller in "$@"; do has_controller "$controller" || skip "no $controller controller here"; done
}

needs_v1() { in_ns test -d "/sys/fs/cgroup/$1" || skip "no $1 hierarchy of version 1 here"; }
needs_v2() { cg_is_v2 || skip "not on cgroup version 1"; }
cgroupfs_only() { ! by_systemd || skip "systemd has its own places for cgroups"; }

# Has the controller a hierarchy of version 1? On a host with both a controller may be version 2's: Debian's kernels since 6.12 have no
# other memory.
is_v1() { ! cg_is_v2 && in_ns test -e "/sys/fs/cgroup/$1/cgroup.procs"; }

# Has a cgroup (not the root) the file? NAME in the hierarchy of CONTROLLER.
has_file() {
    local dir=/sys/fs/cgroup probe
    if is_v1 "$1"; then dir+=/$1; elif ! cg_is_v2; then dir+=/unified; fi
    probe=$dir/$ID-probe
    in_ns mkdir "$probe"
    in_ns test -e "$probe/$2" && status=0 || status=1
    in_ns rmdir "$probe"
    return "$status"
}

has_freezer() { cg_is_v2 || in_ns test -d /sys/fs/cgroup/freezer; }

# The kernel's name of the page size of that many kB.
name_of_pages() { if [ "$1" -ge 1048576 ]; then echo "$(($1 >> 20))GB"; elif [ "$1" -ge 1024 ]; then echo "$(($1 >> 10))MB"; else echo "$1KB"; fi; }

# Commands that come later: skip where the runtime's help does not list the word.
berth_has() { rt --help 2>&1 | grep -Eq "^[[:space:]]+$1\b" || skip "no $1 yet"; }

# The directories of the hierarchies of this host.
hierarchies() {
    local dir
    in_ns awk '$3 ~ /^cgroup2?$/ && $2 ~ "^/sys/fs/cgroup" {print $2}' /proc/mounts | sort -u | while read -r dir; do
        # One that is left out of the view for crun is below that in the table.
        ! in_ns test -e "$dir/cgroup.procs" || echo "$dir"
    done
}

value_is() {
    local dir is want=$4
    dir=$(cgroup_dir "$1")
    if cg_is_v2 || [ -e "$dir/cgroup.controllers" ]; then
        is=$(in_ns cat "$dir/$3" | xargs)
        want=${5:-$4}
    else
        is=$(in_ns cat "$dir/$2" | xargs)
    fi
    assert_equal "$is" "$want"
}

limit() {
    resources "$1"
    set_args true
    create_c
    value_is "${@:2}"
    rt delete --force "$ID"
}

# One line, but for what the runtimes put before it as a warning.
assert_one_line() {
    [ "$RT_KIND" = berth ] || return 0
    [ "$(grep -vc '^warning: ' <<<"$output")" -eq 1 ] || fail_with "not one line"
}

refused_resources() {
    config ".linux.resources = {$2}"
    host_snapshot
    run_c
    sweep_after_crun
    assert_refused "${1:+linux.resources.$1}"
    assert_one_line
}

# crun 1.8 leaves the groups of a create that failed: said once, in cgroups.bats, and not in every test of a bad value.
sweep_after_crun() {
    [ "$RT_KIND" != crun ] ||
        in_ns find $(hierarchies) -depth -type d -path "*$ID*" ! -name "$ID-parent" -exec rmdir {} \; 2>/dev/null || true
}

# By where each hierarchy is mounted; one that is mounted nowhere is left out, and one where the container has no cgroup of its own.
own_groups() {
    local pid
    pid=$(init_pid)
    in_ns awk '
        FNR == NR {
            for (i = 7; $i != "-"; i++);
            if ($(i + 1) ~ /^cgroup2?$/) { count++; point[count] = $5; type[count] = $(i + 1); words[count] = "," $NF "," }
            next
        }
        function shows(mount, names,    list, n) {
            if (names == "") return type[mount] == "cgroup2"
            for (n = split(names, list, ","); n > 0; n--) if (index(words[mount], "," list[n] ",") == 0) return 0
            return type[mount] == "cgroup"
        }
        {
            path = names = $0
            sub(/^[^:]*:[^:]*:/, "", path)
            sub(/^[^:]*:/, "", names)
            sub(/:.*/, "", names)
            for (mount = 1; path != "/" && mount <= count; mount++) if (shows(mount, names)) { print point[mount] path; next }
        }' /proc/self/mountinfo "/proc/$pid/cgroup"
}

limit_files='cpu.shares cpu.cfs_quota_us cpu.cfs_period_us cpu.cfs_burst_us cpu.idle cpu.rt_runtime_us cpu.rt_period_us cpu.weight cpu.max
    cpu.max.burst cpuset.cpus cpuset.mems memory.limit_in_bytes memory.memsw.limit_in_bytes memory.soft_limit_in_bytes memory.swappiness
    memory.kmem.tcp.limit_in_bytes memory.max memory.low memory.swap.max memory.high pids.max blkio.weight blkio.bfq.weight
    blkio.bfq.weight_device blkio.throttle.read_bps_device blkio.throttle.write_bps_device blkio.throttle.read_iops_device
    blkio.throttle.write_iops_device io.weight io.bfq.weight io.max devices.list hugetlb.2MB.max hugetlb.2MB.limit_in_bytes freezer.state
    cgroup.freeze'

all_values() {
    local dir file files=()
    for dir in $(own_groups); do
        for file in $limit_files; do files+=("$dir/$file"); done
    done
    in_ns grep -Hs '' "${files[@]}" || true
}

update() { run_ok update "$@" "$ID"; }

run_update_json() {
    status=0
    rt update -r - "$ID" <<<"$1" >"$BATS_TEST_TMPDIR/run-out" 2>&1 || status=$?
    read_output "$BATS_TEST_TMPDIR/run-out"
}

update_json() {
    run_update_json "$1"
    [ "$status" -eq 0 ] || fail_with "update by '$1' should have succeeded: status $status"
}

# update_must_fail FIELD COMMAND...: and every value stays. What a failed update leaves, one look finds for all of a test.
update_must_fail() {
    local before after
    before=$(all_values)
    [ -e "$BATS_TEST_TMPDIR/host-before" ] || host_snapshot
    "${@:2}"
    assert_refused "${1:+linux.resources.$1}"
    assert_one_line
    after=$(all_values)
    diff <(echo "$before") <(echo "$after") || fail_with "not every value is as it was"
}

update_refused() { update_must_fail "$1" run_rt update "${@:2}" "$ID"; }
update_json_refused() { update_must_fail "$1" run_update_json "$2"; }

# rootless [UID]: the bundle of the ordinary user $USER_ID, without subordinate ids.
rootless() {
    USER_ID=${1:-$USER_ID}
    config '.linux.namespaces |= map(select(.type != "cgroup" and .type != "network")) | .linux.namespaces += [{type: "user"}]' \
        ".linux.uidMappings = [{containerID: 0, hostID: $USER_ID, size: 1}]" \
        ".linux.gidMappings = [{containerID: 0, hostID: $USER_ID, size: 1}]" \
        '.mounts |= map(select(.type != "cgroup") | .options |= map(select(. != "gid=5"))
            | if .type == "sysfs" then .type = "none" | .source = "/sys" | .options = ["rbind", "nosuid", "noexec", "nodev", "ro"] else . end)'
    own_bundle "$USER_ID"
}
