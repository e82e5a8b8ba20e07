# SPDX-License-Identifier: Apache-2.0
# linux.resources.devices: which devices the program may use, by what it gets when it opens them.
load helpers
load helpers-cgroups

test_setup() {
    cg_is_v2 || needs_v1 devices
    # No driver has the major 240: what may be used is ENXIO, what may not is EPERM. No runtime allows it by default.
    mknod rootfs/null c 1 3
    mknod rootfs/one c 240 1
    mknod rootfs/two c 240 2
}

deny='{allow: false, access: "rwm"}'
# The default devices, as engines write them.
defaults='{allow: true, type: "c", major: 1, minor: 3, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 8, access: "rwm"},
    {allow: true, type: "c", major: 5, minor: 0, access: "rwm"}'

rules() { resources "devices: [$1]"; }

opens() {
    set_args payload open "$@"
    run_c
    assert_status 0
}

@test "access that no rule allows is refused" {
    rules "$deny"
    opens /one
    assert_equal "$output" "/one: EPERM"
}

@test "a rule allows only its device" {
    rules "$deny, $defaults, {allow: true, type: \"c\", major: 240, minor: 1, access: \"rwm\"}"
    opens /one
    assert_equal "$output" "/one: ENXIO"
}

@test "the host's console is not a default device" {
    [ "$RT_KIND" != crun ] || skip "crun allows it"
    mknod rootfs/console c 5 1
    mknod rootfs/ptmx c 5 2
    rules "$deny"
    opens /console /ptmx
    assert_equal "${lines[0]}" "/console: EPERM"
    refute_output 'ptmx: EPERM'
}

@test "a later rule wins: allow, then deny" {
    rules "$deny, {allow: true, type: \"c\", major: 240, minor: 1, access: \"rwm\"}, {allow: false, type: \"c\", major: 240, minor: 1, access: \"rwm\"}"
    opens /one
    assert_equal "$output" "/one: EPERM"
}

@test "a later rule wins: deny, then allow" {
    rules "$deny, {allow: false, type: \"c\", major: 240, minor: 1, access: \"rwm\"}, {allow: true, type: \"c\", major: 240, minor: 1, access: \"rwm\"}"
    opens /one
    assert_equal "$output" "/one: ENXIO"
}

@test "a rule for every device allows all that is not denied" {
    rules '{allow: true, access: "rwm"}, {allow: false, type: "c", major: 240, minor: 1, access: "rwm"}'
    opens /null /two /one
    assert_equal "$output" $'/null: ok\n/two: ENXIO\n/one: EPERM'
}

@test "a rule without major and minor covers all devices of its type" {
    rules "$deny, {allow: true, type: \"c\", access: \"rwm\"}"
    opens /null /one
    assert_equal "$output" $'/null: ok\n/one: ENXIO'
}

@test "a rule with a minor of -1 covers the whole major" {
    rules "$deny, {allow: true, type: \"c\", major: 240, minor: -1, access: \"rwm\"}"
    opens /one /two
    assert_equal "$output" $'/one: ENXIO\n/two: ENXIO'
}

@test "a rule for block devices does not cover character devices" {
    rules "$deny, {allow: true, type: \"b\", major: 240, minor: 1, access: \"rwm\"}"
    opens /one
    assert_equal "$output" "/one: EPERM"
}

@test "access r only, and w only" {
    rules "$deny, $defaults, {allow: true, type: \"c\", major: 240, minor: 1, access: \"r\"}, {allow: true, type: \"c\", major: 240, minor: 2, access: \"w\"}"
    set_sh 'cat </one; echo x >/one; echo x >/two; cat </two'
    run_c
    assert_equal "$(grep -o '/.*' <<<"$output" | tr '\n' ,)" \
        "/one: No such device or address,/one: Operation not permitted,/two: No such device or address,/two: Operation not permitted,"
}

# crun refuses such a rule on version 1, and runc refuses each: what allows more than they do is none of these.
@test "an allow rule without access allows nothing" {
    local rule
    berth_only "the peers do not run such a rule everywhere"
    for rule in '{allow: true}' '{allow: true, type: "c"}' '{allow: true, type: "c", major: 240, minor: 1}'; do
        rules "$deny, $rule"
        set_args payload open /null /one
        UNCHECKED=1 run_c
        assert_status 0
        assert_equal "$(sort <<<"$output")" $'/null: ok\n/one: EPERM\nwarning: linux.resources.devices[1].access: is missing: the rule allows nothing'
    done
}

@test "a deny rule without access denies every access" {
    berth_only "runc refuses such a rule, crun denies nothing"
    rules '{allow: true, access: "rwm"}, {allow: false, type: "c", major: 240, minor: 1}'
    opens /null /one /two
    assert_equal "$output" $'/null: ok\n/one: EPERM\n/two: ENXIO'
    rules '{allow: true, access: "rwm"}, {allow: false}'
    opens /null /one
    assert_equal "$output" $'/null: ok\n/one: EPERM'
}

# The runtimes let every node be made, so the other way round cannot be shown.
@test "access m: a node can be created but not opened" {
    rules "$deny, $defaults, {allow: true, type: \"c\", major: 240, minor: 2, access: \"m\"}"
    set_sh 'mknod /made c 240 2; echo x >/made'
    run_c
    assert_output '/made: Operation not permitted'
    [ -c rootfs/made ]
}

@test "the default devices work whatever the rules deny" {
    [ "$RT_KIND" != runc ] || skip "runc: a list of rules takes the place of its own"
    rules "$deny"
    opens /dev/null /dev/zero /dev/full /dev/random /dev/urandom
    refute_output 'EPERM'
}

@test "no rules at all: the default devices work, others are refused" {
    local without
    for without in 'del(.linux.resources)' '.linux.resources = {}' '.linux.resources = {pids: {limit: 50}}' '.linux.resources = {devices: []}'; do
        config "$without"
        opens /one /null /dev/null /dev/zero /dev/full /dev/random /dev/urandom
        assert_equal "${lines[0]}" "/one: EPERM"
        assert_equal "$(grep -c 'EPERM' <<<"$output")" 1
    done
}

@test "no rules at all: devices of linux.devices are created but cannot be opened" {
    config 'del(.linux.resources)' '.linux.devices = [{path: "/dev/my-one", type: "c", major: 240, minor: 1, fileMode: 438}]'
    opens /dev/my-one
    assert_equal "$output" "/dev/my-one: EPERM"
}

@test "no rules at all: update of other values leaves the default devices alone" {
    needs pids
    config 'del(.linux.resources)'
    set_sh 'while [ ! -e /go ]; do sleep 0.02; done; payload open /one /null'
    create_c
    rt start "$ID"
    update --pids-limit 44
    touch rootfs/go
    wait_status stopped
    assert_equal "$(out)" $'/one: EPERM\n/null: ok'
}

@test "rules that do not start with deny all: access that no rule allows is refused" {
    rules '{allow: true, type: "c", major: 240, minor: 1, access: "rwm"}'
    opens /one /two /null
    assert_equal "$output" $'/one: ENXIO\n/two: EPERM\n/null: ok'
    rules '{allow: false, type: "c", major: 240, minor: 1, access: "rwm"}'
    opens /one /two /null
    assert_equal "$output" $'/one: EPERM\n/two: EPERM\n/null: ok'
}

@test "devices of linux.devices need their own rule" {
    rules "$deny, $defaults"
    config '.linux.devices = [{path: "/dev/my-one", type: "c", major: 240, minor: 1, fileMode: 438}]'
    opens /dev/my-one
    assert_equal "$output" "/dev/my-one: EPERM"
}

@test "the rules hold for root with every capability" {
    rules "$deny, $defaults"
    config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN", "CAP_SYS_RAWIO", "CAP_DAC_READ_SEARCH"] | unique)'
    opens /one
    assert_equal "$output" "/one: EPERM"
}

@test "the kernel's list on version 1" {
    needs_v1 devices
    rules "$deny, $defaults, {allow: true, type: \"c\", major: 240, minor: 1, access: \"rw\"}"
    started
    cg_read devices devices.list "" | grep -qx 'c 240:1 rw'
    [[ $(cg_read devices devices.list "") != *"a *:* "* ]]
}

@test "an invalid type, access or number is an error that names the rule" {
    refused_resources 'devices[0]' 'devices: [{allow: true, type: "x", access: "rwm"}]'
    refused_resources 'devices[1]' "devices: [$deny, {allow: true, type: \"c\", access: \"q\"}]"
    refused_resources 'devices[0]' 'devices: [{allow: true, type: "c", major: 99999999999, access: "r"}]'
}

@test "update: new rules replace the old ones" {
    rules "$deny, $defaults, {allow: true, type: \"c\", major: 240, minor: 1, access: \"rwm\"}"
    set_sh 'while [ ! -e /go ]; do sleep 0.02; done; payload open /one /two'
    create_c
    rt start "$ID"
    update_json '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"},
        {"allow": true, "type": "c", "major": 240, "minor": 2, "access": "rwm"}]}'
    touch rootfs/go
    wait_status stopped
    assert_equal "$(out)" $'/one: EPERM\n/two: ENXIO'
}

@test "update: an allow rule without access allows nothing" {
    berth_only "the peers do not run such a rule everywhere"
    rules "$deny"
    set_args sleep 100
    started
    update_json '{"devices": [{"allow": false}, {"allow": true, "type": "c", "major": 240, "minor": 1}]}'
    run rt exec "$ID" payload open /null /one
    assert_equal "$output" $'/null: ok\n/one: EPERM'
}

@test "update of other values keeps the rules" {
    needs pids
    rules "$deny, $defaults, {allow: true, type: \"c\", major: 240, minor: 1, access: \"rwm\"}"
    set_sh 'while [ ! -e /go ]; do sleep 0.02; done; payload open /one /two'
    create_c
    rt start "$ID"
    update --pids-limit 44
    touch rootfs/go
    wait_status stopped
    assert_equal "$(out | head -1)" '/one: ENXIO'
}

# can_open PATH WORD...: what `payload open` says in the container that runs
can_open() {
    [ "$RT_KIND" = berth ] || skip "runc and crun leave devices alone in update, or replace none"
    run_rt exec "$ID" payload open "$1"
    assert_equal "$output" "$1: $2"
}

@test "update: new rules without deny all replace the old ones, too" {
    rules "$deny, $defaults"
    started
    can_open /one EPERM
    update_json '{"devices": [{"allow": true, "type": "c", "major": 240, "minor": 1, "access": "rwm"}]}'
    can_open /one ENXIO
    can_open /two EPERM
    update_json '{"devices": [{"allow": true, "type": "c", "major": 240, "minor": 2, "access": "rwm"}]}'
    can_open /two ENXIO
    can_open /one EPERM
}

@test "a failing update keeps the exceptions of a rule that allows everything" {
    [ "$RT_KIND" = berth ] || skip "runc and crun leave devices alone in update, or replace none"
    cgroupfs_only
    ! cg_is_v2 || skip "on version 2 the rules are one program, which is there or not"
    config ".linux.cgroupsPath = \"/$ID-top/low\""
    rules '{allow: true, access: "rwm"}, {allow: false, type: "c", major: 240, minor: 1, access: "rwm"}'
    started
    can_open /one EPERM
    in_ns sh -c 'echo "c 240:2 rwm" >"$1/devices.deny"' sh "/sys/fs/cgroup/devices/$ID-top"
    update_must_fail 'devices[1]' run_update_json '{"devices": [{"allow": false, "access": "rwm"},
        {"allow": true, "type": "c", "major": 240, "minor": 2, "access": "rwm"}]}'
    can_open /one EPERM
    can_open /null ok
}
