# SPDX-License-Identifier: Apache-2.0
# linux.resources.hugepageLimits: the limit of use and that of reservation, and page sizes that there are not.
load helpers
load helpers-cgroups

test_setup() {
    needs hugetlb
    SIZE=
    local dir
    for dir in /sys/kernel/mm/hugepages/hugepages-*kB; do
        SIZE=${dir##*-} SIZE=${SIZE%kB}
        break
    done
    [ -n "$SIZE" ] || skip "no huge pages"
    NAME=$(name_of_pages "$SIZE")
}

usage_is() { value_is hugetlb "hugetlb.$1.limit_in_bytes" "hugetlb.$1.max" "$2" "$2"; }
reservation_is() {
    local dir
    dir=$(cgroup_dir hugetlb)
    in_ns test -e "$dir/hugetlb.$1.rsvd.max" || in_ns test -e "$dir/hugetlb.$1.rsvd.limit_in_bytes" || return 0
    value_is hugetlb "hugetlb.$1.rsvd.limit_in_bytes" "hugetlb.$1.rsvd.max" "$2" "$2"
}

@test "the limit of use" {
    local limit=$((SIZE * 1024 * 4))
    resources "hugepageLimits: [{pageSize: \"$NAME\", limit: $limit}]"
    started
    usage_is "$NAME" $limit
}

@test "the limit of reservation" {
    local limit=$((SIZE * 1024 * 4))
    resources "hugepageLimits: [{pageSize: \"$NAME\", limit: $limit}]"
    started
    reservation_is "$NAME" $limit
}

@test "a limit of 0" {
    resources "hugepageLimits: [{pageSize: \"$NAME\", limit: 0}]"
    started
    usage_is "$NAME" 0
}

@test "every page size has its own limit" {
    local dir size list=
    for dir in /sys/kernel/mm/hugepages/hugepages-*kB; do
        size=${dir##*-} size=${size%kB}
        list+="${list:+,}{pageSize: \"$(name_of_pages "$size")\", limit: $((size * 1024 * 2))}"
    done
    resources "hugepageLimits: [$list]"
    started
    for dir in /sys/kernel/mm/hugepages/hugepages-*kB; do
        size=${dir##*-} size=${size%kB}
        usage_is "$(name_of_pages "$size")" $((size * 1024 * 2))
    done
}

@test "a program cannot use more than its limit" {
    [ "$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 2>/dev/null || echo 0)" -ge 4 ] || skip "no free huge pages"
    resources 'hugepageLimits: [{pageSize: "2MB", limit: 4194304}]'
    set_args payload huge 2
    run_c
    assert_output 'touched 2'
    set_args payload huge 3
    run_c
    [ "$status" -ne 0 ]
    refute_output touched
}

@test "a page size that the kernel does not have is an error" {
    refused_resources 'hugepageLimits[0]' 'hugepageLimits: [{pageSize: "3MB", limit: 3145728}]'
}

@test "a page size in another unit than the kernel's, and none at all, are errors" {
    local name
    for name in 2048KB 2M 2MiB huge '' '../x'; do
        refused_resources 'hugepageLimits[0]' "hugepageLimits: [{pageSize: \"$name\", limit: 2097152}]"
    done
}

@test "an invalid second entry is named" {
    refused_resources 'hugepageLimits[1]' "hugepageLimits: [{pageSize: \"$NAME\", limit: 0}, {pageSize: \"3MB\", limit: 0}]"
}
