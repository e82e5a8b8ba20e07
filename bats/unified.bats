# SPDX-License-Identifier: Apache-2.0
# linux.resources.unified: files of version 2 by their names.
load helpers
load helpers-cgroups

unified_is() { assert_equal "$(cg_read memory "" "$1" | xargs)" "$2"; }

@test "files of several controllers" {
    needs_v2
    needs memory pids
    resources 'unified: {"memory.high": "50331648", "pids.max": "77"}'
    started
    unified_is memory.high 50331648
    unified_is pids.max 77
}

@test "a file of the hierarchy itself" {
    needs_v2
    resources 'unified: {"cgroup.max.descendants": "7"}'
    started
    unified_is cgroup.max.descendants 7
}

@test "a value of several words" {
    needs_v2
    needs cpu
    resources 'unified: {"cpu.max": "30000 60000"}'
    started
    unified_is cpu.max "30000 60000"
}

@test "unified overrides the same limit set by its own property" {
    needs_v2
    needs memory pids
    resources 'memory: {limit: 67108864}, pids: {limit: 50}, unified: {"memory.max": "50331648", "pids.max": "60"}'
    started
    unified_is memory.max 50331648
    unified_is pids.max 60
}

@test "max is written unchanged" {
    needs_v2
    needs pids
    resources 'unified: {"pids.max": "max"}'
    started
    unified_is pids.max max
}

@test "the limit holds" {
    needs_v2
    needs pids
    resources 'unified: {"pids.max": "20"}'
    set_args payload forks 30
    run_c
    assert_equal "$output" "forks 19 EAGAIN"
}

@test "a file that the controller does not have is tried, and an error" {
    needs_v2
    needs pids
    refused_resources 'unified[pids.nosuch]' 'unified: {"pids.nosuch": "5"}'
}

@test "a missing controller is an error" {
    refused_resources 'unified[nosuch.max]' 'unified: {"nosuch.max": "5"}'
}

@test "a controller that is on v1 here is an error" {
    needs_v1 memory
    refused_resources 'unified[memory.max]' 'unified: {"memory.max": "67108864"}'
}

@test "a value that the kernel refuses is an error" {
    needs_v2
    needs pids
    refused_resources 'unified[pids.max]' 'unified: {"pids.max": "many"}'
}

@test "a name with a slash is an error, and so is an empty one" {
    refused_resources unified 'unified: {"../pids.max": "5"}'
    refused_resources unified 'unified: {"/pids.max": "5"}'
    refused_resources unified 'unified: {"sub/pids.max": "5"}'
    refused_resources unified 'unified: {"": "5"}'
}

@test "an empty unified is accepted everywhere" {
    resources 'unified: {}'
    run_c
    assert_status 0
}

@test "update: unified" {
    needs_v2
    needs pids
    started
    update_json '{"unified": {"pids.max": "33"}}'
    unified_is pids.max 33
}
