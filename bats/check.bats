#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `check`: all that is wrong at once, each with its place; nothing on the host is changed. tests/bad has the wrong configurations.

load helpers
load helpers-fs

test_setup() { berth_only; }

check() { run_rt check --bundle "$BUNDLE" "$@"; }

# found FILTER: one finding, of the JSON in $output, for which it holds
found() { jq -e "any(.[]; $1)" <<<"$output" >/dev/null || fail_with "nothing found: $1"; }

@test "a valid bundle has no findings" {
    check
    assert_status 0
    assert_equal "$output" ""
    check --format json
    assert_status 0
    assert_equal "$output" "[]"
}

@test "the bundle is the current directory by default" {
    run_rt check
    assert_status 0
    config '.process.cwd = "x"'
    run_rt check
    assert_status 1
    assert_output '^config.json:[0-9]+:[0-9]+: error: process.cwd: must be absolute, got "x"$'
}

@test "another config file in the bundle" {
    jq '.process.cwd = "x"' config.json >other.json
    check
    assert_status 0
    check -f other.json
    assert_status 1
    assert_output "^$BUNDLE/other.json:[0-9]+:[0-9]+: error: process.cwd: "
}

@test "line and column are the property's" {
    printf '{"ociVersion": "1.0.2",\n "root": {"path": "rootfs"},\n "process": {"args": ["true"], "cwd": "/", "user": {"uid": 0, "gid": 0}},\n  "linux":\n   {"maskedPaths": ["/proc/kcore", "x"],\n    "namespaces": [{"type": "mount"}, {"type": "mount"}]}}' >config.json
    check
    assert_status 1
    assert_output ':5:36: error: linux.maskedPaths\[1\]: '
    assert_output ':6:48: error: linux.namespaces\[1\].type: '
}

@test "a property that the specification does not have is a warning that suggests the right one, at any depth" {
    config '.linux.maskedPath = ["/x"]' '.mounts[2].option = []' '.process.usr = {uid: 0, deep: [{usr: 1}]}' \
        '.linux.resources.cpu = {share: 3}' '.nothingLikeIt = {args: 1}' '.linux.netDevices = {eth0: {nam: "x"}}'
    check --format json
    found '.severity == "warning" and .path == "linux.maskedPath" and .hint == "did you mean maskedPaths?" and .line > 0'
    found '.path == "mounts[2].option" and .hint == "did you mean options?"'
    found '.path == "process.usr" and .hint == "did you mean user?"'
    found '.path == "linux.resources.cpu.share" and .hint == "did you mean shares?"'
    found '.path == "linux.netDevices[\"eth0\"].nam" and .hint == "did you mean name?"'
    found '.path == "nothingLikeIt" and (has("hint") | not)'
    jq -e '[.[] | select(.message | contains("no such property"))] | length == 6' <<<"$output" >/dev/null
}

@test "free-form keys and properties of other platforms are not unknown properties" {
    config '.annotations = {"a.b/c": "d"}' '.vm = {}' '.windows = {x: 1}' '.process.user.username = "x"' '.process.commandLine = "x"' \
        '.linux.resources.unified = {}' '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
    check
    refute_output 'no such property'
}

@test "a system call that no kernel has is a warning that suggests the right one" {
    config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{names: ["opne", "statmount", "mkdir", "arm_fadvise64_64", "nothing_like_it"], action: "SCMP_ACT_ERRNO"}]}'
    check --format json
    assert_status 0
    found '.severity == "warning" and .path == "linux.seccomp.syscalls[0].names[0]" and .hint == "did you mean open?"'
    found '.path == "linux.seccomp.syscalls[0].names[4]" and (has("hint") | not)'
    jq -e '[.[] | select(.message | contains("no known kernel"))] | length == 2' <<<"$output" >/dev/null
}

@test "broken rules and problems of the host are reported together" {
    config '.process.cwd = "x"' '.mounts += [{destination: "/a", source: "/no/such", options: ["bind"]}]' \
        '.hooks.prestart = [{path: "/no/hook"}]' '.process.args = ["/no/program"]' '.linux.resources.unified = {"bogus.max": "1"}' \
        '.linux.sysctl = {"kernel.panic": "1", "net.core.bogus": "1"}' '.process.capabilities.bounding += ["CAP_BOGUS"]'
    check --format json
    assert_status 1
    found '.path == "process.cwd" and .line > 0 and .column > 0'
    found '.path == "mounts[7]" and (.message | endswith("no such file or directory")) and (.hint | contains("there is no /no"))'
    found '.path == "hooks.prestart[0]"'
    found '.path == "process.args[0]"'
    found '.path == "linux.resources.unified[bogus.max]"'
    found '.path == "linux.sysctl[\"kernel.panic\"]"'
    found '.path == "linux.sysctl[\"net.core.bogus\"]"'
    found '.severity == "warning" and .path == "process.capabilities.bounding[14]"'
}

@test "each finding has the errno that create would fail with, and a hint where berth knows one" {
    config '.process.cwd = "x"' '.mounts += [{destination: "/a", source: "/no/such", options: ["bind"]}]' \
        '.hooks.poststart = [{path: "/no/hook"}]' '.hooks.poststop = [{path: "/etc/passwd"}]' '.linux.resources.unified = {"bogus.max": "1"}'
    check --format json
    assert_status 1
    found '.path == "process.cwd" and .errno == 22 and .message == "must be absolute, got \"x\"" and (has("hint") | not)'
    found '.path == "mounts[7]" and .errno == 2 and (.hint | startswith("there is no /no on the host"))'
    found '.path == "hooks.poststart[0]" and .errno == 2'
    found '.path == "hooks.poststop[0]" and .severity == "warning" and .errno == 13'
    found '.path == "linux.resources.unified[bogus.max]" and .errno > 0 and (.hint | length > 5)'
    config '.linux.maskedPath = []' '.linux.namespaces[0].type = "mnt"'
    check --format json
    found '.path == "linux.maskedPath" and (has("errno") | not)'
    found '.path == "linux.namespaces[0].type" and .message == "unknown value \"mnt\"" and (.hint | startswith("known: pid, "))'
}

@test "findings about files name them" {
    run_rt check --format json --bundle /no/such/bundle
    found '.file == "/no/such/bundle" and .errno == 2 and (has("path") | not)'
    config '.root.path = "none"'
    check --format json
    found '.path == "root.path" and .errno == 2 and (.file | endswith("/none"))'
    config '.root.path = 5'
    check --format json
    found '.path == "root.path" and .errno == 22 and .line > 0 and (has("file") | not)'
}

@test "all of two hundred errors are reported" {
    config '.linux.maskedPaths = [range(200) | "a relative path that is \(.)"]'
    check --format json
    assert_equal "$(jq length <<<"$output")" 200
}

@test "all limits that cannot be applied are reported" {
    config '.linux.resources = {unified: {"bogus.a": "1"}, blockIO: {throttleReadBpsDevice: [{major: 77, minor: 1, rate: 1}]}, cpu: {cpus: "3000"}}'
    check --format json
    assert_status 1
    found '.path == "linux.resources.unified[bogus.a]"'
    ! has_controller blkio || found '.path == "linux.resources.blockIO.throttleReadBpsDevice[0]"'
    ! has_controller cpuset || found '.path == "linux.resources.cpu.cpus"'
}

@test "with wrong types the host is not checked, and check says so" {
    config '.mounts[0].source = 5'
    check
    assert_status 1
    assert_output 'mounts\[0\].source: expected a string, got a number'
    assert_output 'warning: berth has not checked what this host supports [(]fix the errors'
}

@test "warnings alone do not make check fail" {
    config '.process.capabilities.bounding += ["CAP_BOGUS"]'
    check
    assert_status 0
    assert_output ': warning: process.capabilities.bounding\[14\]: unknown capability "CAP_BOGUS": ignored$'
}

@test "a bundle without a process is a warning" {
    config 'del(.process)'
    check
    assert_status 0
    assert_output 'warning: process: missing'
}

@test "no bundle, no configuration, no root file system" {
    run_rt check --bundle /no/such/bundle
    assert_status 1
    assert_output 'bundle /no/such/bundle: no such file or directory'
    check -f none.json
    assert_status 1
    assert_output 'read .*/none.json: no such file or directory'
    config '.root.path = "none"'
    check
    assert_status 1
    assert_output ': error: root.path: .*/none: no such file or directory'
}

@test "without a root file system, bind mounts under a user namespace are checked, too" {
    rm config.json
    rt spec --bundle "$BUNDLE" --rootless
    config '.root.path = "none"' '.mounts += [{destination: "/x", source: "/no/such/source", options: ["bind"]}]'
    check
    assert_status 1
    assert_output ': error: root.path: .*/none: no such file or directory'
    assert_output ': error: mounts\[7\]: open /no/such/source to bind it: no such file or directory'
    refute_output 'process.args' # nobody has looked for the program
}

@test "nothing on the host is changed" {
    config '.linux.cgroupsPath = "/berth-check/a"' '.linux.resources.memory.limit = 100000000' '.mounts += [{destination: "/new/dir", type: "tmpfs", source: "x"}]' \
        '.process.cwd = "/not/there"' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
    host_snapshot
    check
    assert_status 0
    assert_host_unchanged
    [ ! -e rootfs/new ] && [ ! -e rootfs/not ]
}

@test "a cgroup that has processes" {
    # Under systemd a scope of that name would be another matter.
    ! by_systemd || skip "for cgroupfs"
    config '.linux.cgroupsPath = "/berth-check-'"$ID"'"'
    set_args sleep 1000
    create_c
    check
    assert_status 1
    assert_output 'error: linux.cgroupsPath: .*/berth-check-.* holds processes already'
}

@test "systemd is not running" {
    [ ! -d /run/systemd/system ] || skip "systemd is here"
    run_rt --systemd-cgroup check --bundle "$BUNDLE"
    assert_status 1
    assert_output 'error: connect to systemd: '
}

@test "programs are found through the container's mounts" {
    mkdir bin && mv rootfs/bin/payload bin/tool
    add_mount /usr/tools none "$BUNDLE/bin" bind
    ln -s usr/tools rootfs/opt
    set_args /opt/tool true
    check
    assert_status 0
    set_args /opt/none
    check
    assert_status 1
    assert_output 'process.args\[0\]: exec: "/opt/none": no such file or directory'
}

@test "the content of a new file system is unknown" {
    add_mount /opt tmpfs tmpfs
    set_args /opt/program
    check
    assert_status 0
}

@test "symbolic links of the root file system do not lead to the host" {
    ln -s /etc rootfs/link
    rm -r rootfs/etc && mkdir rootfs/etc
    set_args /link/passwd
    check
    assert_status 1
    assert_output 'exec: "/link/passwd": no such file or directory'
}

@test "a FIFO or device at the program's path is not opened" {
    mkfifo -m 755 rootfs/bin/fifo
    set_args fifo
    check
    assert_status 1
    assert_output 'it is not a regular file'
}

@test "an unknown format" {
    check --format xml
    assert_status 1
    assert_output 'text or json'
}

@test "the configurations of the plan tests are valid" {
    local file
    mkdir -p src data x
    ln -sf busybox rootfs/bin/sh
    for file in "$BATS_TEST_DIRNAME"/../tests/plan/*.json; do
        # The hostname of one needs a namespace that it does not have; others name what only some hosts have, or are for `mounts`.
        case ${file##*/} in *add-mounts* | remove-mounts* | inherited-mount-namespace.json | *mapped-* | *net-devices* | *seccomp-notify* | *cookie* | labels.json | *rdt*) continue ;; esac
        [ -e "$file" ] || skip "the plan's tests are not here"
        ! grep -q '^error: ' "${file%.json}.plan" || continue
        # The property names a file or feature that this host must have.
        jq '(.hooks[]?[]?.path) |= "/bin/true" | (.linux.namespaces[]? | select(.path != null)) |= del(.path) |
            del(.process.oomScoreAdj)' "$file" >config.json
        [ -e /proc/self/ns/time ] || config '.linux.namespaces |= map(select(.type != "time")) | del(.linux.timeOffsets)'
        check
        [ "$status" -eq 0 ] || fail_with "${file##*/}"
    done
}

@test "a missing poststop hook is a warning, a missing poststart hook an error" {
    config '.hooks.poststop = [{path: "/no/such/hook"}]'
    check
    assert_status 0
    assert_output ': warning: hooks.poststop\[0\]: run the hook /no/such/hook: no such file or directory$'
    config '.hooks.poststart = .hooks.poststop'
    check
    assert_status 1
    assert_output ': error: hooks.poststart\[0\]: '
}

# mapped: a user namespace
mapped() {
    config '.linux.namespaces += [{type: "user"}]' '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' \
        '.linux.gidMappings = .linux.uidMappings'
}

@test "a root file system below a directory that is mapped into the container is reached" {
    mapped
    mkdir -m 700 closed && mv rootfs closed && chown 100005:100005 closed
    config '.root.path = "closed/rootfs"'
    set_args true
    run_c
    assert_status 0
    chown 5:5 closed
    check
    assert_status 1
    assert_output 'root of the user namespace may not search .*/closed: '
}

@test "proc may be mounted if it is fully visible at another mount point" {
    mapped
    mkdir whole
    host_mount --bind /dev/null /proc/cpuinfo
    host_mount -t proc proc "$BUNDLE/whole"
    set_args true
    run_c
    assert_status 0
    check
    assert_status 0
}

@test "a hard limit cannot be raised in a user namespace, whoever the caller is" {
    mapped
    config '.process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 8192}]'
    local command
    for command in check "run $ID"; do
        status=0
        # shellcheck disable=SC2086
        prlimit --core=4096 "$SUITE_DIR/hosttool" ns "$SUITE_NS" "$RUNTIME" --root "$ROOT" $command --bundle "$BUNDLE" \
            </dev/null >"$BATS_TEST_TMPDIR/run-out" 2>&1 3>&- 4>&- || status=$?
        read_output "$BATS_TEST_TMPDIR/run-out"
        assert_status 1
        assert_output 'process.rlimits\[0\]: .*the caller.s own hard limit is 4096'
    done
}
