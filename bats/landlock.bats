# SPDX-License-Identifier: Apache-2.0
# The annotation run.berth.landlock: landlock(7).
load helpers
load helpers-exec

test_setup() {
    berth_only
    config '.root.readonly = false'
}

# needs ABI: skips the test where the kernel's Landlock is older.
needs() {
    local abi
    abi=$(rt doctor --format json | jq -er '.[] | select(.name == "Landlock") | .value') || fail_with "doctor has no line for Landlock"
    abi=$(tr -dc 0-9 <<<"$abi")
    [ "${abi:-0}" -ge "$1" ] || skip "the kernel's Landlock has ABI ${abi:-0}, not $1"
}

# landlock JQ-EXPRESSION: the annotation's value
landlock() { config ".annotations[\"run.berth.landlock\"] = ($1 | tojson)"; }

# Paths that a program needs to be executed and to look around, and /tmp to write to.
FILES='{ruleset: {handledAccessFS: ["execute", "read_file", "read_dir", "write_file", "make_reg", "make_dir", "remove_file"]},
        rules: {pathBeneath: [
            {allowedAccess: ["execute", "read_file", "read_dir"], paths: ["/bin", "/proc", "/etc/passwd"]},
            {allowedAccess: ["read_file", "write_file", "make_reg", "remove_file"], paths: ["/tmp", "/dev/null"]}]}}'

confined='cat /etc/passwd >/dev/null && echo in >/tmp/in && cat /tmp/in && rm /tmp/in || exit 1
    cat /etc/group 2>/dev/null && exit 2
    ls / 2>/dev/null && exit 3
    mkdir /tmp/d 2>/dev/null && exit 4
    echo out >/root/out 2>/dev/null && exit 5
    exit 0'

@test "the process can do to files what the rules allow, and no more" {
    needs 1
    landlock "$FILES"
    set_sh "$confined"
    run_c
    assert_status 0
    assert_output '^in$'
    [ ! -e rootfs/root/out ]
}

@test "without the annotation it can do all of it" {
    set_sh 'cat /etc/group && ls / && mkdir /tmp/d && echo out >/root/out'
    run_c
    assert_status 0
    rm -r rootfs/tmp/d rootfs/root/out
}

@test "the rules hold for a user without capabilities and no_new_privs" {
    needs 1
    landlock "$FILES"
    config '.process.user = {uid: 1000, gid: 1000} | .process.noNewPrivileges = false | del(.process.capabilities)'
    set_sh "$confined"
    run_c
    assert_status 0
}

@test "the rules hold with a seccomp filter that refuses Landlock's calls" {
    needs 1
    landlock "$FILES"
    set_sh "$confined"
    config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
            syscalls: [{names: ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"], action: "SCMP_ACT_KILL_PROCESS"}]}'
    run_c
    assert_status 0
    config '.process.noNewPrivileges = false'
    run_c
    assert_status 0
}

@test "the rules hold in a user namespace" {
    needs 1
    user_namespace
    landlock "$FILES"
    config '.process.noNewPrivileges = false'
    set_sh "$confined"
    run_c
    assert_status 0
}

@test "the rules hold for exec" {
    needs 1
    landlock "$FILES"
    living
    in_c -- sh -c "$confined"
    assert_status 0
}

@test "the rules hold for startContainer hooks" {
    needs 1
    landlock "$FILES"
    config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat /etc/group"]}]'
    run_fails run "$ID"
    assert_output 'hooks\.startContainer\[0\]'
    assert_output 'Permission denied'
}

@test "a program that the rules do not allow to execute is an error" {
    needs 1
    landlock '{ruleset: {handledAccessFS: ["execute"]}, rules: {pathBeneath: [{allowedAccess: ["execute"], paths: ["/usr"]}]}}'
    run_c
    assert_status 126
    assert_output 'process\.args\[0\]: exec: "true": permission denied \(annotations\["run\.berth\.landlock"\] must allow execute and read_file for it, and for the interpreter or loader that it names'
}

@test "rules that do not restrict files are not named when a program cannot be executed" {
    needs 4
    landlock '{ruleset: {handledAccessNet: ["bind_tcp"]}}'
    cp rootfs/bin/sh rootfs/private
    echo '#!/private' >rootfs/script
    chmod 700 rootfs/private
    chmod 755 rootfs/script
    config '.process.user = {uid: 1000, gid: 1000} | del(.process.capabilities)'
    set_args /script
    run_c
    assert_status 126
    assert_output 'permission denied'
    refute_output 'landlock'
    rm rootfs/script rootfs/private
}

@test "TCP ports" {
    needs 4
    landlock '{ruleset: {handledAccessNet: ["bind_tcp", "connect_tcp"]}, rules: {netPort: [{allowedAccess: ["bind_tcp"], ports: [80, 81]}]}}'
    set_sh 'nc -l -p 80 & until grep -qs ":0050 " /proc/net/tcp /proc/net/tcp6; do sleep 0.01; done; kill $!; nc -l -p 82; nc 127.0.0.1 81; ls / >/dev/null'
    run_c
    assert_status 0
    assert_output 'bind: Permission denied'
    assert_output 'connect to remote host \(127\.0\.0\.1\): Permission denied'
}

@test "signals leave the scope only without scoped" {
    needs 6
    landlock '{ruleset: {scoped: ["signal"]}}'
    living
    in_c -- sh -c 'kill -0 1 2>/dev/null && exit 1; kill -0 $$'
    assert_status 0
    rt delete --force "$ID"
    config 'del(.annotations)'
    living
    in_c -- kill -0 1
    assert_status 0
}

@test "rules of directories for a file count as far as files have them" {
    needs 1
    landlock "$FILES | .rules.pathBeneath[0].paths += [\"/dev/zero\"]"
    run_c
    assert_status 0
    landlock "$FILES | .rules.pathBeneath += [{allowedAccess: [\"make_dir\"], paths: [\"/dev/zero\"]}]"
    run_fails run "$ID"
    assert_output 'pathBeneath\[2\]\.paths\[0\]: allow make_dir beneath /dev/zero: not a directory'
}

@test "a path that the container does not have is an error, which check reports beforehand" {
    needs 1
    landlock "$FILES | .rules.pathBeneath[1].paths += [\"/no/such\"]"
    host_snapshot
    run_fails run "$ID"
    assert_output 'annotations\["run\.berth\.landlock"\]\.rules\.pathBeneath\[1\]\.paths\[2\]: allow .* beneath /no/such: no such file or directory'
    assert_host_unchanged
    run_fails check
    assert_output 'pathBeneath\[1\]\.paths\[2\]: allow .* beneath /no/such: no such file or directory'
}

@test "a symbolic link of the image does not lead out of it" {
    needs 1
    ln -s /../../../../etc/hostname rootfs/tmp/link
    landlock "$FILES | .rules.pathBeneath[1].paths += [\"/tmp/link\"]"
    run_fails run "$ID"
    assert_output 'beneath /tmp/link: no such file or directory'
    rm rootfs/tmp/link
}

@test "a kernel without Landlock is a warning" {
    refuse ENOSYS landlock_create_ruleset
    landlock "$FILES"
    set_args cat /etc/group
    run_c
    assert_status 0
    assert_output 'warning: annotations\["run\.berth\.landlock"\]\.ruleset: cannot restrict execute, write_file, read_file.*: this kernel has no Landlock, or a seccomp filter refuses it'
}

@test "a kernel that does not say whether it has Landlock is an error" {
    refuse EPERM landlock_create_ruleset
    landlock "$FILES"
    run_fails run "$ID"
    assert_output 'annotations\["run\.berth\.landlock"\]: ask the kernel .*: operation not permitted \(a seccomp filter'
}

@test "a kernel without Landlock is an error with disableBestEffort" {
    refuse ENOSYS landlock_create_ruleset
    landlock "$FILES + {disableBestEffort: true}"
    run_fails run "$ID"
    assert_output 'annotations\["run\.berth\.landlock"\]\.ruleset: cannot restrict execute.*: this kernel has no Landlock.* [(]remove disableBestEffort to run without these restrictions[)]'
    run_fails check
    assert_output 'no Landlock'
}

@test "a rule that berth cannot add ends the run" {
    needs 1
    refuse ENOSYS landlock_add_rule
    landlock "$FILES"
    run_fails run "$ID"
    assert_output 'pathBeneath\[0\]\.paths\[0\]: allow .* beneath /bin: function not implemented'
}

@test "a ruleset that berth cannot enforce ends the run" {
    needs 1
    refuse ENOSYS landlock_restrict_self
    landlock "$FILES"
    run_fails run "$ID"
    assert_output 'annotations\["run\.berth\.landlock"\]: enforce the Landlock ruleset: function not implemented'
}

@test "an annotation that is not understood is an error, not a container without rules" {
    local value
    for value in '' '{' '[]' '{"ruleset": {"handledAccessFs": ["execute"]}}' '{"ruleset": {"handledAccessFS": ["exec"]}}'; do
        config ".annotations[\"run.berth.landlock\"] = $(jq -n --arg value "$value" '$value')"
        run_fails run "$ID"
        assert_output 'annotations\["run\.berth\.landlock"\]'
    done
}

@test "an annotation that is an object, not a string of JSON, gets one error" {
    config '.annotations["run.berth.landlock"] = {ruleset: {handledAccessFS: ["execute"]}}'
    run_fails run "$ID"
    assert_output 'annotations\["run\.berth\.landlock"\]: expected a string, got an object'
    refute_output 'broken JSON'
}

@test "exec refuses a container whose rules it cannot apply" {
    needs 1
    landlock "$FILES + {disableBestEffort: true}"
    living
    refuse ENOSYS landlock_create_ruleset
    in_c -- ls /
    assert_status 255
    assert_output 'no Landlock'
}

@test "checkpoint refuses it: criu would lose the rules" {
    command -v criu >/dev/null || skip "criu is not installed"
    [ "$(id -u)" = 0 ] || skip "needs root"
    landlock '{ruleset: {handledAccessFS: ["make_sym"]}}'
    living
    run_fails checkpoint --image-path "$BATS_TEST_TMPDIR/image" "$ID"
    assert_output 'annotations\["run\.berth\.landlock"\]: criu cannot restore'
    assert_equal "$(state_of)" running
}

@test "features and doctor tell of it" {
    run_ok features
    jq -e '.annotations["run.berth.landlock.abi"] | tonumber > 0' <<<"$output" >/dev/null
    run_ok doctor
    assert_output '^  Landlock +(yes +ABI [0-9]+|no)'
    refuse EPERM landlock_create_ruleset
    run_ok doctor
    assert_output 'the annotation run\.berth\.landlock restricts nothing, or is refused \(a seccomp filter'
}
