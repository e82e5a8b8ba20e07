# SPDX-License-Identifier: Apache-2.0
# linux.resources.blockIO: weights and throttling, read back, with effect where the test's own disk can be throttled.
load helpers
load helpers-cgroups

test_setup() { has_controller blkio || needs io; }

# MAJOR:MINOR of some disk that has a size.
some_disk() {
    local dir
    for dir in /sys/block/*/; do
        [ "$(cat "$dir/size")" -gt 0 ] && cat "$dir/dev" && return
    done
    return 1
}

needs_disk() {
    DISK=$(some_disk) || skip "no block device here"
    MAJOR=${DISK%:*} MINOR=${DISK#*:}
}

# The whole disk that the bundle is on.
needs_own_disk() {
    local number dir
    number=$(stat -c %d "$BUNDLE")
    dir=/sys/dev/block/$((number >> 8 & 0xfff)):$((number & 0xff))
    [ -e "$dir" ] || skip "the bundle is not on a block device"
    [ ! -e "$dir/partition" ] || dir=$dir/..
    DISK=$(cat "$dir/dev")
    MAJOR=${DISK%:*} MINOR=${DISK#*:}
    payload_disk w 1 || skip "no direct I/O here"
}

payload_disk() { "$SUITE_DIR/payload" disk "$1" "$BUNDLE/probe" "$2" >/dev/null 2>&1; }

needs_weight() {
    local file
    for file in blkio.bfq.weight blkio.weight io.bfq.weight io.weight; do has_file blkio $file && WEIGHT=$file && return; done
    skip "the kernel has no weight of block I/O"
}

# throttle_is V1SUFFIX V2KEY VALUE
throttle_is() {
    if cg_is_v2; then
        cg_read io "" io.max | grep -Eq "^$DISK .*\b$2=$3\b" || fail_with "$(cg_read io "" io.max)"
    else
        assert_equal "$(cg_read blkio "blkio.throttle.$1" "")" "$DISK $3"
    fi
}

device() { echo "{major: $MAJOR, minor: $MINOR, $1}"; }

@test "blockIO.weight" {
    needs_weight
    case $WEIGHT in
    io.weight) limit 'blockIO: {weight: 400}' io "" $WEIGHT "" 'default 3940' ;;
    *bfq*) limit 'blockIO: {weight: 400}' blkio $WEIGHT $WEIGHT 400 'default 400' ;;
    *) limit 'blockIO: {weight: 400}' blkio $WEIGHT "" 400 ;;
    esac
}

@test "blockIO.weight: the minimum and the maximum" {
    needs_weight
    case $WEIGHT in
    io.weight)
        limit 'blockIO: {weight: 10}' io "" $WEIGHT "" 'default 1'
        limit 'blockIO: {weight: 1000}' io "" $WEIGHT "" 'default 10000'
        ;;
    *)
        limit 'blockIO: {weight: 10}' blkio $WEIGHT $WEIGHT 10 'default 10'
        limit 'blockIO: {weight: 1000}' blkio $WEIGHT $WEIGHT 1000 'default 1000'
        ;;
    esac
}

@test "blockIO.weight of 0 is as if unset" {
    resources 'blockIO: {weight: 0}'
    started
}

@test "blockIO.weight outside 10 to 1000 is an error" {
    needs_weight
    refused_resources blockIO.weight 'blockIO: {weight: 5000}'
    refused_resources blockIO.weight 'blockIO: {weight: 5}'
}

@test "blockIO.leafWeight is an error if the kernel does not support it" {
    ! has_file blkio blkio.leaf_weight || skip "the kernel has leaf weights"
    refused_resources blockIO.leafWeight 'blockIO: {leafWeight: 400}'
}

@test "blockIO.weightDevice is written, or is an error that names the entry if the disk has no weights" {
    needs_disk
    needs_weight
    resources "blockIO: {weightDevice: [$(device 'weight: 300')]}"
    host_snapshot
    run_rt run -d "$ID"
    if [ "$status" -eq 0 ]; then
        all_values | grep -Eq "weight[^:]*:$DISK (300|2930)$" || fail_with "$(all_values)"
    else
        sweep_after_crun
        assert_refused 'linux.resources.blockIO.weightDevice[0]'
    fi
}

@test "blockIO.weightDevice without weight and leafWeight is an error" {
    needs_disk
    refused_resources 'blockIO.weightDevice[0]' "blockIO: {weightDevice: [{major: $MAJOR, minor: $MINOR}]}"
}

@test "throttleReadBpsDevice" {
    needs_disk
    resources "blockIO: {throttleReadBpsDevice: [$(device 'rate: 1000000')]}"
    started
    throttle_is read_bps_device rbps 1000000
}

@test "throttleWriteBpsDevice" {
    needs_disk
    resources "blockIO: {throttleWriteBpsDevice: [$(device 'rate: 2000000')]}"
    started
    throttle_is write_bps_device wbps 2000000
}

@test "throttleReadIOPSDevice" {
    needs_disk
    resources "blockIO: {throttleReadIOPSDevice: [$(device 'rate: 300')]}"
    started
    throttle_is read_iops_device riops 300
}

@test "throttleWriteIOPSDevice" {
    needs_disk
    resources "blockIO: {throttleWriteIOPSDevice: [$(device 'rate: 400')]}"
    started
    throttle_is write_iops_device wiops 400
}

@test "all four limits for one device" {
    needs_disk
    resources "blockIO: {throttleReadBpsDevice: [$(device 'rate: 1000000')], throttleWriteBpsDevice: [$(device 'rate: 2000000')],
        throttleReadIOPSDevice: [$(device 'rate: 300')], throttleWriteIOPSDevice: [$(device 'rate: 400')]}"
    started
    throttle_is read_bps_device rbps 1000000
    throttle_is write_bps_device wbps 2000000
    throttle_is read_iops_device riops 300
    throttle_is write_iops_device wiops 400
}

@test "a rate of 0 is as if unset" {
    needs_disk
    resources "blockIO: {throttleReadBpsDevice: [$(device 'rate: 0')], throttleWriteIOPSDevice: [$(device 'rate: 0')]}"
    started
    refute_limit=$(all_values | grep -E "(throttle|io.max).*:$DISK" || true)
    [ -z "$(grep -v 'rbps=max wbps=max riops=max wiops=max' <<<"$refute_limit")" ]
}

@test "throttleWriteBpsDevice slows the program down" {
    needs_own_disk
    resources "blockIO: {throttleWriteBpsDevice: [$(device 'rate: 1048576')]}"
    set_args payload disk w /file 8
    run_c
    assert_status 0
    [ "$(sed -n 's/^disk \([0-9]*\) ms/\1/p' <<<"$output")" -gt 250 ] || fail_with "it was as quick as ever"
}

@test "throttleReadIOPSDevice slows the program down" {
    needs_own_disk
    resources "blockIO: {throttleReadIOPSDevice: [$(device 'rate: 20')]}"
    "$SUITE_DIR/payload" disk w rootfs/file 8
    set_args payload disk r /file 8
    run_c
    assert_status 0
    [ "$(sed -n 's/^disk \([0-9]*\) ms/\1/p' <<<"$output")" -gt 200 ] || fail_with "it was as quick as ever"
}

@test "a device that does not exist is an error that names the entry" {
    needs_disk
    local list
    for list in throttleReadBpsDevice throttleWriteBpsDevice throttleReadIOPSDevice throttleWriteIOPSDevice; do
        refused_resources "blockIO.${list}[1]" "blockIO: {$list: [$(device 'rate: 1000000'), {major: 9, minor: 200, rate: 1000000}]}"
    done
}

@test "update: throttling of a device" {
    needs_disk
    started
    update_json "{\"blockIO\": {\"throttleReadBpsDevice\": [{\"major\": $MAJOR, \"minor\": $MINOR, \"rate\": 3000000}]}}"
    throttle_is read_bps_device rbps 3000000
}
