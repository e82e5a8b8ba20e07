# SPDX-License-Identifier: Apache-2.0
# linux.resources.rdma: hardware that test machines lack; what can be shown is that nothing is passed over in silence.
load helpers
load helpers-cgroups

@test "rdma: an absent controller, or a device that there is not, is an error that names the entry" {
    refused_resources rdma 'rdma: {"nosuch5_1": {hcaHandles: 3, hcaObjects: 10000}}'
    refused_resources rdma 'rdma: {"nosuch5_1": {hcaHandles: 3}}'
    refused_resources rdma 'rdma: {"nosuch5_1": {hcaObjects: 10000}}'
}

@test "rdma: an entry without hcaHandles and hcaObjects is an error" {
    refused_resources rdma 'rdma: {"nosuch5_1": {}}'
}

@test "rdma: no entry at all is fine" {
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
    cg_read rdma rdma.max rdma.max | grep -qx "$device hca_handle=3 hca_object=10000"
}
