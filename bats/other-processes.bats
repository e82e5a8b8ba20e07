# SPDX-License-Identifier: Apache-2.0
# Processes that are not the container's, in cgroups that it has to do with, are left alone.
load helpers
load helpers-cgroups

test_setup() {
    cgroupfs_only
    TREE=$ID-tree
}

test_teardown() {
    [ -z "${FOREIGN:-}" ] || kill -KILL "$FOREIGN" 2>/dev/null || true
    [ -z "${FOREIGN:-}" ] || wait "$FOREIGN" 2>/dev/null || true
}

test_after() { in_ns find /sys/fs/cgroup -depth -type d -path "*$TREE*" -exec rmdir {} + 2>/dev/null || true; }

# foreign GROUP: a process of nobody's in that cgroup of every hierarchy, which is made
foreign() {
    local dir
    sleep 100 3>&- 4>&- &
    FOREIGN=$!
    while read -r dir; do
        in_ns mkdir -p "$dir/$1"
        cpuset_of_parents "$dir" "$1"
        in_ns sh -c 'echo "$1" >"$2/cgroup.procs"' sh "$FOREIGN" "$dir/$1" || skip "cannot be put into $dir/$1"
    done < <(hierarchies)
}

# On version 1 a new cpuset has nothing to run on.
cpuset_of_parents() {
    local path=$1 name
    [ -e "$1/cpuset.cpus" ] && [ -e "$1/cgroup.clone_children" ] || return 0
    while read -r -d/ name; do
        in_ns sh -c 'cat "$1/cpuset.cpus" >"$1/$2/cpuset.cpus"; cat "$1/cpuset.mems" >"$1/$2/cpuset.mems"' sh "$path" "$name"
        path+=/$name
    done <<<"$2/"
}

lives() { [ -e "/proc/$FOREIGN" ] && [ "$(awk '/^State/{print $2}' "/proc/$FOREIGN/status")" != Z ]; }

@test "a cgroup with a process in a child cgroup is refused, and the process lives on" {
    foreign "$TREE/below"
    config ".linux.cgroupsPath = \"/$TREE\""
    run_fails create --bundle "$BUNDLE" "$ID"
    [ "$RT_KIND" != berth ] || assert_output 'linux.cgroupsPath: .*holds processes already'
    lives
}

@test "a container's cgroup cannot be an ancestor of another container's" {
    config ".linux.cgroupsPath = \"/$TREE/sub\""
    started
    config ".linux.cgroupsPath = \"/$TREE\""
    run_fails create --bundle "$BUNDLE" "$ID-above"
    assert_equal "$(state_of)" running
    run_ok delete --force "$ID"
}

@test "the runtime's own cgroup cannot be a container's" {
    berth_only "others have none"
    local path
    for path in . ./ .//; do
        config ".linux.cgroupsPath = \"$path\""
        UNCHECKED=1 run_fails create --bundle "$BUNDLE" "$ID"
        assert_output 'linux.cgroupsPath: '
    done
}

@test "delete of a stopped container leaves another one in the same cgroup alone" {
    config ".linux.cgroupsPath = \"/$TREE\""
    started
    rt kill "$ID" KILL
    wait_status stopped
    rt run -d --bundle "$BUNDLE" "$ID-other" </dev/null >/dev/null 2>&1 || skip "the second one is refused"
    run_rt delete "$ID"
    assert_equal "$(state_of "$ID-other")" running
    run_ok delete --force "$ID-other"
    run_rt delete --force "$ID"
}

@test "kill --all reaches the process of a container whose cgroups are gone" {
    berth_only
    started
    local pid dir
    pid=$(init_pid)
    for dir in $(own_groups); do
        in_ns sh -c 'echo "$1" >"$2/../cgroup.procs" && rmdir "$2"' sh "$pid" "$dir" || skip "it cannot be moved out of $dir"
    done
    run_fails ps "$ID"
    assert_output 'is gone'
    run_ok kill --all "$ID" KILL
    wait_status stopped
}

@test "unified: files that act on processes are refused" {
    berth_only "others write them"
    local file
    for file in cgroup.procs cgroup.threads cgroup.kill cgroup.freeze cgroup.type; do
        config ".linux.resources = {unified: {\"$file\": \"1\"}}"
        UNCHECKED=1 run_fails create --bundle "$BUNDLE" "$ID"
        assert_output "linux.resources.unified\[\"?$file\"?\]: limits nothing"
    done
}

@test "--cgroup-manager=disabled: a limit that is not applied is a warning" {
    berth_only
    config '.linux.resources = {memory: {limit: 33554432}}'
    set_args true
    run_rt --cgroup-manager=disabled run --bundle "$BUNDLE" "$ID"
    assert_status 0
    assert_output 'warning: .*linux.resources.memory.limit'
}
