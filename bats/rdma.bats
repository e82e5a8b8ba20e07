# SPDX-License-Identifier: Apache-2.0
# linux.resources.rdma: hardware that most test machines lack (the guests under QEMU have a device in software); where it is missing, nothing is passed over in silence.
load helpers
load helpers-cgroups

@test "rdma: a missing controller or device is an error that names the entry" {
    refused_resources rdma 'rdma: {"nosuch5_1": {hcaHandles: 3, hcaObjects: 10000}}'
    refused_resources rdma 'rdma: {"nosuch5_1": {hcaHandles: 3}}'
    refused_resources rdma 'rdma: {"nosuch5_1": {hcaObjects: 10000}}'
}

@test "rdma: an entry without hcaHandles and hcaObjects is an error" {
    refused_resources rdma 'rdma: {"nosuch5_1": {}}'
}

@test "rdma: no entries are accepted" {
    resources 'rdma: {}'
    run_c
    assert_status 0
}

@test "rdma: the limits of a device" {
    local device
    needs rdma
    device=$(ls /sys/class/infiniband 2>/dev/null | head -1)
    [ -n "$device" ] || skip "no such device"
    resources "rdma: {\"$device\": {hcaHandles: 3, hcaObjects: 10000}}"
    started
    # The kernel ends each of its lines with a space.
    cg_read rdma rdma.max rdma.max | sed 's/ *$//' | grep -qx "$device hca_handle=3 hca_object=10000"
}
