# SPDX-License-Identifier: Apache-2.0
# config-linux.md, "Cgroup ownership": which files of the group belong to the container's user, by the kernel's list and without one.
load helpers
load helpers-cgroups

test_setup() {
    needs_v2
    # The mount below would keep the user namespace from a sysfs of its own.
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' '.mounts |= map(
            if .type == "cgroup" then .options = ["nosuid", "noexec", "nodev", "relatime", "rw"]
            elif .type == "sysfs" then .type = "none" | .source = "/sys" | .options = ["rbind", "nosuid", "noexec", "nodev", "ro"] else . end)'
    find rootfs -type d -exec chown 100000:100000 {} +
    in_ns mount -t tmpfs tmpfs /sys/kernel/cgroup
}

test_after() { in_ns umount /sys/kernel/cgroup; }

# owner_is NUMBER FILE...
owner_is() {
    local dir file uid=$1
    dir=$(cgroup_dir pids)
    shift
    for file in "$@"; do assert_equal "$file $(stat -c %u "$dir/$file")" "$file $uid"; done
}

@test "a file of the kernel's list that the cgroup lacks is skipped" {
    in_ns sh -c 'printf "%s\n" cgroup.procs no.such.file cgroup.subtree_control cgroup.threads >/sys/kernel/cgroup/delegate'
    started
    owner_is 100000 . cgroup.procs cgroup.subtree_control cgroup.threads
}

@test "without the kernel's list the three files of the specification belong to the container's user" {
    started
    owner_is 100000 . cgroup.procs cgroup.subtree_control cgroup.threads
    owner_is 0 pids.max cgroup.max.depth cgroup.freeze
}
