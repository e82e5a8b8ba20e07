# SPDX-License-Identifier: Apache-2.0
# A configuration without a property that the specification calls REQUIRED is refused, and nothing is done.
load helpers
load helpers-errors

# user_namespace EXPR: with mappings for both kinds of ids, then EXPR
user_namespace() {
    refused "$1" '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = .linux.uidMappings' "$2"
}

resources() { refused "linux.resources.$1" ".linux.resources = $2"; }

condition() {
    refused "linux.seccomp.syscalls[0].args[0].$1" '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"],
        action: "SCMP_ACT_ERRNO", args: [{index: 1, value: 511, op: "SCMP_CMP_EQ"}]}]}' "del(.linux.seccomp.syscalls[0].args[0].$1)"
}

# ---- config.md

@test "missing: root" {
    refused 'root' 'del(.root)'
}

@test "missing: process.consoleSize.height" {
    refused 'process.consoleSize.height' '.process.consoleSize = {width: 80}'
}

@test "missing: process.consoleSize.width" {
    refused 'process.consoleSize.width' '.process.consoleSize = {height: 25}'
}

@test "missing: process.rlimits[].type" {
    refused 'process.rlimits[0].type' 'del(.process.rlimits[0].type)'
}

@test "missing: process.rlimits[].soft" {
    refused 'process.rlimits[0].soft' 'del(.process.rlimits[0].soft)'
}

@test "missing: process.rlimits[].hard" {
    refused 'process.rlimits[0].hard' 'del(.process.rlimits[0].hard)'
}

@test "missing: process.user.uid" {
    tolerated 'process.user.uid' 'del(.process.user.uid)'
}

@test "missing: process.user.gid" {
    tolerated 'process.user.gid' 'del(.process.user.gid)'
}

@test "missing: process.scheduler.policy" {
    refused 'process.scheduler.policy' '.process.scheduler = {nice: 5}'
}

@test "missing: process.ioPriority.class" {
    refused 'process.ioPriority.class' '.process.ioPriority = {priority: 4}'
}

@test "missing: process.ioPriority.priority" {
    tolerated 'process.ioPriority.priority' '.process.ioPriority = {class: "IOPRIO_CLASS_BE"}'
}

@test "missing: hooks.prestart[].path" {
    refused 'hooks.prestart[0].path' '.hooks = {prestart: [{args: ["true"]}]}'
}

@test "missing: the path of hooks of the other kinds" {
    local kind
    for kind in createRuntime createContainer startContainer poststart poststop; do
        refused "hooks.${kind}[0].path" ".hooks = {$kind: [{args: [\"true\"]}]}"
    done
}

@test "a relative path of a hook of any kind is an error" {
    local kind
    for kind in prestart createRuntime createContainer startContainer poststart poststop; do
        refused "hooks.${kind}[0].path" ".hooks = {$kind: [{path: \"bin/true\"}]}"
    done
}

@test "a timeout of 0 of a hook of any kind is an error" {
    local kind
    for kind in prestart createRuntime createContainer startContainer poststart poststop; do
        refused "hooks.${kind}[0].timeout" ".hooks = {$kind: [{path: \"/bin/true\", timeout: 0}]}"
    done
}

@test "annotations as a list are an error" {
    refused 'annotations' '.annotations = ["a", "b"]'
}

@test "gidMappings of a mount without uidMappings are an error" {
    refused 'mounts[7]' '.mounts += [{destination: "/a", source: "/tmp", options: ["bind", "idmap"],
        gidMappings: [{containerID: 0, hostID: 5, size: 1}]}]'
}

# ---- config-linux.md

@test "missing: uidMappings[].containerID" {
    user_namespace 'linux.uidMappings[0].containerID' 'del(.linux.uidMappings[0].containerID)'
}

@test "missing: uidMappings[].hostID" {
    user_namespace 'linux.uidMappings[0].hostID' 'del(.linux.uidMappings[0].hostID)'
}

@test "missing: uidMappings[].size" {
    user_namespace 'linux.uidMappings[0].size' 'del(.linux.uidMappings[0].size)'
}

@test "missing: containerID, hostID and size of gidMappings" {
    local name
    for name in containerID hostID size; do
        user_namespace "linux.gidMappings[0].$name" "del(.linux.gidMappings[0].$name)"
        config '.linux.namespaces |= map(select(.type != "user"))'
    done
}

@test "missing: devices[].type" {
    refused 'linux.devices[0].type' '.linux.devices = [{path: "/dev/x", major: 1, minor: 3}]'
}

@test "missing: devices[].path" {
    refused 'linux.devices[0].path' '.linux.devices = [{type: "c", major: 1, minor: 3}]'
}

@test "missing: resources.devices[].allow" {
    resources 'devices[0].allow' '{devices: [{type: "c", major: 1, minor: 3, access: "rw"}]}'
}

@test "missing: blockIO.weightDevice[].major and minor" {
    resources 'blockIO.weightDevice[0].major' '{blockIO: {weightDevice: [{minor: 0, weight: 500}]}}'
    resources 'blockIO.weightDevice[0].minor' '{blockIO: {weightDevice: [{major: 7, weight: 500}]}}'
}

@test "missing: major and minor of blockIO.throttleReadBpsDevice[] and throttleWriteBpsDevice[]" {
    local name
    for name in throttleReadBpsDevice throttleWriteBpsDevice; do
        resources "blockIO.${name}[0].major" "{blockIO: {$name: [{minor: 0, rate: 500}]}}"
        resources "blockIO.${name}[0].minor" "{blockIO: {$name: [{major: 7, rate: 500}]}}"
    done
}

@test "missing: rate of blockIO.throttleReadBpsDevice[] and throttleWriteBpsDevice[]" {
    resources 'blockIO.throttleReadBpsDevice[0].rate' '{blockIO: {throttleReadBpsDevice: [{major: 7, minor: 0}]}}'
    resources 'blockIO.throttleWriteBpsDevice[0].rate' '{blockIO: {throttleWriteBpsDevice: [{major: 7, minor: 0}]}}'
}

@test "missing: major and minor of blockIO.throttleReadIOPSDevice[] and throttleWriteIOPSDevice[]" {
    local name
    for name in throttleReadIOPSDevice throttleWriteIOPSDevice; do
        resources "blockIO.${name}[0].major" "{blockIO: {$name: [{minor: 0, rate: 500}]}}"
        resources "blockIO.${name}[0].minor" "{blockIO: {$name: [{major: 7, rate: 500}]}}"
    done
}

@test "missing: rate of blockIO.throttleReadIOPSDevice[] and throttleWriteIOPSDevice[]" {
    resources 'blockIO.throttleReadIOPSDevice[0].rate' '{blockIO: {throttleReadIOPSDevice: [{major: 7, minor: 0}]}}'
    resources 'blockIO.throttleWriteIOPSDevice[0].rate' '{blockIO: {throttleWriteIOPSDevice: [{major: 7, minor: 0}]}}'
}

@test "missing: hugepageLimits[].pageSize" {
    resources 'hugepageLimits[0].pageSize' '{hugepageLimits: [{limit: 2097152}]}'
}

@test "missing: hugepageLimits[].limit" {
    resources 'hugepageLimits[0].limit' '{hugepageLimits: [{pageSize: "2MB"}]}'
}

@test "missing: network.priorities[].name" {
    resources 'network.priorities[0].name' '{network: {priorities: [{priority: 5}]}}'
}

@test "missing: network.priorities[].priority" {
    resources 'network.priorities[0].priority' '{network: {priorities: [{name: "lo"}]}}'
}

@test "missing: memoryPolicy.mode" {
    refused 'linux.memoryPolicy.mode' '.linux.memoryPolicy = {nodes: "0"}'
}

@test "missing: personality.domain" {
    refused 'linux.personality.domain' '.linux.personality = {}'
}

@test "missing: seccomp.syscalls[].names" {
    refused 'linux.seccomp.syscalls[0].names' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{action: "SCMP_ACT_ERRNO"}]}'
}

@test "missing: seccomp.syscalls[].args[].index" { condition index; }

@test "missing: seccomp.syscalls[].args[].value" { condition value; }

@test "missing: seccomp.syscalls[].args[].op" { condition op; }

@test "what other runtimes accept runs with a warning" {
    tolerated process.user '.process.user = {}'
    tolerated process.ioPriority.priority '.process.user = {uid: 0, gid: 0} | .process.ioPriority = {class: "IOPRIO_CLASS_IDLE"}'
    tolerated process.scheduler.nice 'del(.process.ioPriority) | .process.scheduler = {policy: "SCHED_IDLE", nice: 5}'
    tolerated linux.rootfsPropagation 'del(.process.scheduler) | .linux.rootfsPropagation = ""'
    tolerated 'linux.sysctl["kernel.domainname"]' 'del(.linux.rootfsPropagation)' '.domainname = "d" | .linux.sysctl = {"kernel.domainname": "d"}'
    tolerated 'hooks.createRuntime[0].env[0]' 'del(.domainname, .linux.sysctl)' '.hooks.createRuntime = [{path: "/bin/true", env: ["A"]}]'
    tolerated linux.gidMappings 'del(.hooks)' '.linux.uidMappings = [{containerID: 0, hostID: 5, size: 1}] | .linux.gidMappings = .linux.uidMappings'
}

@test "what runc accepts runs with a warning" {
    tolerated linux.seccomp.defaultAction '.linux.seccomp = {}'
    tolerated 'linux.namespaces[0].path' 'del(.linux.seccomp) | .linux.namespaces[0].path = ""'
    tolerated linux.resources.memory.swappiness 'del(.linux.namespaces[0].path)' '.linux.resources.memory = {swappiness: 18446744073709551615}'
    tolerated 'linux.resources.devices[1].access' 'del(.linux.resources.memory)' \
        '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 3, access: "rwa"}]'
    tolerated 'linux.resources.devices[0].type' '.linux.resources.devices = [{allow: false, type: "", access: "rwm"}]'
}

@test "an update with a swappiness of -1, as an unsigned number, leaves it alone" {
    set_args payload pause
    create_c
    echo '{"memory": {"swappiness": 18446744073709551615}}' >resources.json
    run_ok update -r resources.json "$ID"
}
