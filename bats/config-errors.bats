#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A bad configuration: one clear message, a status that is not 0, and an unchanged host.

load helpers
load helpers-fs
load helpers-errors

# ---- JSON

@test "JSON: an empty file" {
    refused_text 'config.json:1:' ''
}

@test "JSON: not an object" {
    refused_text 'config.json:1:1' '[]'
}

@test "JSON: truncated" {
    refused_text 'broken JSON' "$(head -c 300 "$SUITE_DIR/config.json")"
}

@test "JSON: an extra comma, with line and column" {
    refused_text 'config.json:3:' $'{\n"ociVersion": "1.0.2",\n,"root": {}}'
}

@test "JSON: a comma before a closing brace" {
    refused_text 'config.json:3:' $'{\n"ociVersion": "1.0.2",\n}'
    [ "$RT_KIND" != berth ] || assert_output 'remove the comma before it'
}

@test "JSON: text after the end" {
    refused_text 'broken JSON' "$(cat "$SUITE_DIR/config.json") {}"
}

@test "JSON: binary" {
    refused_text 'config.json:1:' $'\x7fELF\x02\x01\xff\xfe'
}

@test "JSON: nested very deeply" {
    refused_text 'config.json:1:' "$(printf '[%.0s' {1..5000})"
}

@test "JSON: invalid UTF-8" {
    refused_text 'config.json:' $'{"ociVersion": "1.0.2", "hostname": "\xff\xfe"}'
}

@test "JSON: a NUL in a string" {
    refused 'process.cwd' '.process.cwd = "/\u0000etc"'
}

# ---- types and missing properties

@test "type: a number for a string" {
    refused 'mounts[1].source: expected a string, got a number' '.mounts[1].source = 5'
}

@test "type: a string for a number" {
    refused 'process.user.uid' '.process.user.uid = "0"'
}

@test "type: a string for an array" {
    refused 'process.args' '.process.args = "true"'
}

@test "type: an object for an array" {
    refused 'mounts' '.mounts = {}'
}

@test "type: an array for an object" {
    refused 'process' '.process = []'
}

@test "type: a string for a boolean" {
    refused 'root.readonly' '.root.readonly = "yes"'
}

@test "type: a fraction for an integer" {
    refused 'process.user.uid' '.process.user.uid = 1.5'
}

@test "type: a negative uid" {
    refused 'process.user.uid' '.process.user.uid = -1'
}

@test "type: a uid beyond 32 bits" {
    refused 'process.user.uid' '.process.user.uid = 4294967296'
}

@test "type: a number beyond 64 bits" {
    refused_text 'linux.resources.memory.limit' \
    '{"ociVersion":"1.0.2","root":{"path":"rootfs"},"process":{"cwd":"/","args":["true"],"user":{"uid":0,"gid":0}},
      "linux":{"namespaces":[{"type":"mount"}],"resources":{"memory":{"limit":99999999999999999999999}}}}'
}

@test "type: an annotation that is not a string" {
    refused 'annotations' '.annotations = {"a": 1}'
}

@test "missing: ociVersion" {
    refused 'ociVersion' 'del(.ociVersion)'
}

@test "missing: root.path" {
    refused 'root.path' 'del(.root.path)'
}

@test "missing: process.cwd" {
    refused 'process.cwd' 'del(.process.cwd)'
}

@test "missing: process.args" {
    refused 'process.args' 'del(.process.args)'
}

@test "missing: mounts[].destination" {
    refused 'mounts[7].destination' '.mounts += [{type: "tmpfs", source: "tmpfs"}]'
}

@test "missing: namespaces[].type" {
    refused 'linux.namespaces[6].type' '.linux.namespaces += [{}]'
}

# both_refused WORDS WORDS EXPR
both_refused() {
    refused "$1" "$3"
    [ "$RT_KIND" != berth ] || grep -Fq -- "$2" <<<"$output" || fail_with "the message does not say '$2'"
}

@test "two type errors are both reported" {
    both_refused 'mounts[1].source' 'mounts[2].type' '.mounts[1].source = 5 | .mounts[2].type = []'
}

@test "two broken rules are both reported" {
    both_refused 'process.cwd' 'linux.namespaces[6]' '.process.cwd = "relative" | .linux.namespaces += [{type: "pid"}]'
}

@test "a type error and a broken rule are both reported" {
    both_refused 'mounts[1].source' 'process.cwd' '.process.cwd = "relative" | .mounts[1].source = 5'
}

# ---- values

@test "value: ociVersion abc" {
    refused 'ociVersion' '.ociVersion = "abc"'
}

@test "value: ociVersion 9.9.9" {
    tolerated 'ociVersion' '.ociVersion = "9.9.9"'
}

@test "value: ociVersion empty" {
    refused 'ociVersion' '.ociVersion = ""'
}

@test "value: empty args" {
    refused 'process.args' '.process.args = []'
}

@test "value: an empty program name" {
    refused 'process.args[0]' '.process.args = [""]'
}

@test "value: a relative cwd" {
    refused 'process.cwd' '.process.cwd = "tmp"'
}

@test "value: an unknown namespace type" {
    refused 'linux.namespaces[6].type' '.linux.namespaces += [{type: "bogus"}]'
}

@test "value: a duplicate namespace" {
    refused 'linux.namespaces[6]' '.linux.namespaces += [{type: "pid"}]'
}

@test "value: a relative namespace path" {
    refused 'linux.namespaces[6].path' '.linux.namespaces += [{type: "user", path: "proc/self/ns/user"}]'
}

@test "value: an unknown rlimit" {
    refused 'process.rlimits[0].type' '.process.rlimits = [{type: "RLIMIT_BOGUS", soft: 1, hard: 1}]'
}

@test "value: a duplicate rlimit" {
    refused 'process.rlimits[1].type' '.process.rlimits += .process.rlimits'
}

@test "value: an rlimit with soft above hard" {
    refused 'process.rlimits[0].soft' '.process.rlimits[0].soft = 2000'
}

@test "value: an empty annotation key" {
    refused 'annotations' '.annotations = {"": "x"}'
}

@test "value: hook timeout 0" {
    refused 'hooks.createRuntime[0].timeout' '.hooks.createRuntime = [{path: "/bin/true", timeout: 0}]'
}

@test "value: hook timeout negative" {
    refused 'hooks.createRuntime[0].timeout' '.hooks.createRuntime = [{path: "/bin/true", timeout: -5}]'
}

@test "value: a relative hook path" {
    refused 'hooks.poststop[0].path' '.hooks.poststop = [{path: "bin/true"}]'
}

@test "value: device type x" {
    refused 'linux.devices[0].type' '.linux.devices = [{path: "/dev/x", type: "x", major: 1, minor: 3}]'
}

@test "value: a relative device path" {
    refused 'linux.devices[0].path' '.linux.devices = [{path: "dev/x", type: "c", major: 1, minor: 3}]'
}

@test "value: device major out of range" {
    refused 'linux.devices[0].major' '.linux.devices = [{path: "/dev/x", type: "c", major: 123456789, minor: 3}]'
}

@test "value: ioPriority 9" {
    refused 'process.ioPriority.priority' '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 9}'
}

@test "value: an unknown ioPriority class" {
    refused 'process.ioPriority.class' '.process.ioPriority = {class: "IOPRIO_CLASS_BOGUS", priority: 1}'
}

@test "value: an unknown scheduler policy" {
    refused 'process.scheduler.policy' '.process.scheduler = {policy: "SCHED_BOGUS"}'
}

@test "value: rootfsPropagation bogus" {
    refused 'linux.rootfsPropagation' '.linux.rootfsPropagation = "bogus"'
}

@test "value: personality with flags" {
    refused 'linux.personality.flags[0]' '.linux.personality = {domain: "LINUX", flags: ["X"]}'
}

@test "value: an unknown personality" {
    refused 'linux.personality.domain' '.linux.personality = {domain: "BOGUS"}'
}

@test "value: oomScoreAdj 2000" {
    refused 'process.oomScoreAdj' '.process.oomScoreAdj = 2000'
}

@test "value: cgroupsPath that leads upwards" {
    refused 'linux.cgroupsPath' '.linux.cgroupsPath = "/../../../tmp/x"'
}

@test "value: a relative masked path" {
    refused 'linux.maskedPaths[0]' '.linux.maskedPaths = ["proc/kcore"]'
}

@test "value: a relative read-only path" {
    refused 'linux.readonlyPaths[0]' '.linux.readonlyPaths = ["proc/sys"]'
}

@test "value: seccomp with an unknown action" {
    refused 'linux.seccomp.defaultAction' '.linux.seccomp = {defaultAction: "SCMP_ACT_BOGUS"}'
}

@test "value: seccomp without a default action" {
    refused 'linux.seccomp.defaultAction' '.linux.seccomp = {syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
}

@test "value: seccomp rule without names" {
    refused 'linux.seccomp.syscalls[0].names' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: [], action: "SCMP_ACT_ERRNO"}]}'
}

@test "value: seccomp errno for an action that takes none" {
    refused 'linux.seccomp.defaultErrnoRet' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 5}'
}

@test "value: seccomp with an unknown architecture" {
    refused 'linux.seccomp.architectures[0]' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_BOGUS"]}'
}

@test "value: seccomp listenerMetadata without listenerPath" {
    refused 'linux.seccomp.listenerMetadata' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerMetadata: "x"}'
}

@test "value: mappings without a user namespace" {
    tolerated 'linux.uidMappings' '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}] | .linux.gidMappings = .linux.uidMappings'
}

@test "value: timeOffsets without a time namespace" {
    refused 'linux.timeOffsets' '.linux.timeOffsets = {boottime: {secs: 5}}'
}

@test "value: an unknown clock" {
    refused 'linux.timeOffsets' '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {bogus: {secs: 5}}'
}

@test "value: a memory swap below its limit" {
    refused 'linux.resources.memory.swap' '.linux.resources.memory = {limit: 104857600, swap: 52428800}'
}

@test "value: idmap with only one of the mappings" {
    refused 'mounts[7]' '.mounts += [{destination: "/a", type: "bind", source: "/tmp", options: ["bind", "idmap"], uidMappings: [{containerID: 0, hostID: 5, size: 1}]}]'
}

# ---- host facts

@test "host: a missing root file system" {
    refused 'nowhere' '.root.path = "nowhere"'
}

@test "host: a bind source that does not exist" {
    refused 'mounts[7]' '.mounts += [{destination: "/a", type: "bind", source: "/no/such/file", options: ["bind"]}]'
}

@test "host: an unknown file system" {
    refused 'mounts[7]' '.mounts += [{destination: "/a", type: "bogusfs", source: "x"}]'
}

@test "host: an invalid file system option" {
    refused 'mounts[7]' '.mounts += [{destination: "/a", type: "tmpfs", source: "x", options: ["size=lots"]}]'
}

@test "host: a mount target below a file" {
    refused 'mounts[7]' '.mounts += [{destination: "/etc/passwd/sub", type: "tmpfs", source: "x"}]'
}

@test "host: a sysctl that no namespace has" {
    refused 'linux.sysctl' '.linux.sysctl = {"kernel.panic": "5"}'
}

@test "host: a sysctl that does not exist" {
    refused 'linux.sysctl' '.linux.sysctl = {"net.ipv4.bogus": "5"}'
}

@test "host: hostname without a uts namespace" {
    refused 'hostname' '.linux.namespaces |= map(select(.type != "uts"))'
}

@test "host: a cwd that is a file" {
    refused 'process.cwd' '.process.cwd = "/etc/passwd"'
}

@test "host: a namespace path that does not exist" {
    refused 'linux.namespaces[6]' '.linux.namespaces += [{type: "user", path: "/no/such/ns"}]'
}

@test "host: a namespace path of another type" {
    refused 'linux.namespaces[1]' '(.linux.namespaces[] | select(.type == "network")).path = "/proc/1/ns/ipc"'
}

@test "host: a namespace path that is not a namespace" {
    refused 'linux.namespaces[1]' '(.linux.namespaces[] | select(.type == "network")).path = "/etc/passwd"'
}

@test "host: a uid that is not mapped" {
    refused 'process.user.uid' '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10}] |
        .linux.gidMappings = .linux.uidMappings | .process.user.uid = 500'
}

@test "host: mappings that overlap" {
    refused 'linux.uidMappings' '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10},
        {containerID: 5, hostID: 200000, size: 10}] | .linux.gidMappings = .linux.uidMappings'
}

@test "host: an AppArmor profile that cannot be applied" {
    [ ! -d /sys/kernel/security/apparmor ] || skip "AppArmor is here"
    refused 'process.apparmorProfile' '.process.apparmorProfile = "no-such-profile"'
}

@test "host: a hook that does not exist" {
    refused 'hooks.createRuntime[0]' '.hooks.createRuntime = [{path: "/no/such/hook"}]'
}

@test "host: a hook that fails" {
    refused 'hooks.createRuntime[0]' '.hooks.createRuntime = [{path: "/bin/false"}]'
}

@test "host: a hook in the container that fails" {
    refused 'hooks.startContainer[0]' '.hooks.startContainer = [{path: "/bin/false"}]'
}

@test "host: a seccomp listener that nobody listens on" {
    refused 'linux.seccomp' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/no/such/socket",
        syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NOTIFY"}]}'
}

@test "host: a network device that does not exist" {
    refused 'linux.netDevices' '.linux.netDevices = {"nosuchdev0": {}}'
}

@test "host: an unknown cgroup file in unified" {
    refused 'linux.resources.unified' '.linux.resources.unified = {"bogus.file/../x": "5"}'
}

@test "host: intelRdt without resctrl" {
    [ ! -e /sys/fs/resctrl/schemata ] || skip "resctrl is here"
    refused 'linux.intelRdt' '.linux.intelRdt = {l3CacheSchema: "L3:0=ff"}'
}
