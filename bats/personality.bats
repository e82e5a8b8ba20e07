# SPDX-License-Identifier: Apache-2.0
# linux.personality and linux.memoryPolicy.
load helpers

shows() {
    run_c
    assert_status 0
    assert_equal "$output" "$1"
}

refuses() {
    host_snapshot
    run_fails run "$ID"
    assert_output "$1"
    assert_host_unchanged
}

thirty_two() {
    [ "$(uname -m)" = x86_64 ] || skip "only of a machine whose 32-bit name is known"
    config '.linux.personality = {domain: "LINUX32"}'
    set_args uname -m
}

@test "LINUX32 shows a 32-bit machine" {
    thirty_two
    shows i686
}

@test "LINUX32 with a filter that forbids personality(2)" {
    thirty_two
    config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["personality"], action: "SCMP_ACT_KILL_PROCESS"}]}'
    shows i686
    config '.process.noNewPrivileges = false'
    shows i686
}

@test "LINUX shows the machine as it is, whatever the caller's is" {
    config '.linux.personality = {domain: "LINUX"}'
    set_args uname -m
    run in_ns setarch linux32 "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&-
    assert_status 0
    assert_equal "$output" "$(uname -m)"
}

@test "without a personality the caller's is inherited" {
    thirty_two
    config 'del(.linux.personality)'
    run in_ns setarch linux32 "$RUNTIME" --root "$ROOT" run "$ID" 3>&- 4>&-
    assert_status 0
    assert_equal "$output" i686
}

@test "an unknown domain is an error" {
    config '.linux.personality = {domain: "LINUX16"}'
    refuses LINUX16
}

@test "a personality without a domain is an error" {
    config '.linux.personality = {}'
    refuses domain
}

@test "a flag is an error: none is supported" {
    config '.linux.personality = {domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"]}'
    refuses ADDR_NO_RANDOMIZE
}

# --- linux.memoryPolicy

# As an area of the program's memory shows it (proc(5), numa_maps).
policy() {
    [ -e /proc/self/numa_maps ] || skip "the kernel is built without NUMA"
    config ".linux.memoryPolicy = $1"
    set_sh 'sed -n "1s/^[^ ]* \([^ ]*\) .*/\1/p" /proc/self/numa_maps'
}

@test "MPOL_BIND to a node" {
    policy '{mode: "MPOL_BIND", nodes: "0"}'
    shows bind:0
}

@test "MPOL_INTERLEAVE with a flag" {
    policy '{mode: "MPOL_INTERLEAVE", nodes: "0-0", flags: ["MPOL_F_STATIC_NODES"]}'
    shows interleave=static:0
}

@test "MPOL_PREFERRED_MANY with a flag" {
    policy '{mode: "MPOL_PREFERRED_MANY", nodes: "0", flags: ["MPOL_F_RELATIVE_NODES"]}'
    run_c
    assert_status 0
    assert_output 'prefer \(many\)=relative:0|prefer'
}

@test "MPOL_BIND with MPOL_F_NUMA_BALANCING" {
    policy '{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_NUMA_BALANCING"]}'
    run_c
    assert_status 0
    assert_output '^bind(=balancing)?:0$'
}

@test "MPOL_LOCAL and MPOL_PREFERRED without nodes" {
    policy '{mode: "MPOL_LOCAL"}'
    shows local
    policy '{mode: "MPOL_PREFERRED", nodes: ""}'
    shows local
}

@test "MPOL_DEFAULT" {
    policy '{mode: "MPOL_DEFAULT"}'
    shows default
}

@test "a memory policy with a filter that forbids set_mempolicy(2)" {
    policy '{mode: "MPOL_BIND", nodes: "0"}'
    config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["set_mempolicy"], action: "SCMP_ACT_KILL_PROCESS"}]}'
    shows bind:0
}

@test "a node that the host lacks is an error that names the property" {
    policy '{mode: "MPOL_BIND", nodes: "1023"}'
    refuses 'linux\.memoryPolicy: .*invalid argument'
}

@test "invalid memory policies are errors" {
    local bad
    host_snapshot
    for bad in '{mode: "MPOL_NOSUCH"}' '{mode: "MPOL_BIND"}' '{mode: "MPOL_LOCAL", nodes: "0"}' '{mode: "MPOL_DEFAULT", nodes: "0"}' \
        '{nodes: "0"}' '{mode: "MPOL_BIND", nodes: "a"}' '{mode: "MPOL_BIND", nodes: "1-0"}' '{mode: "MPOL_BIND", nodes: "1024"}' \
        '{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_NOSUCH"]}' \
        '{mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"]}'; do
        policy "$bad"
        run_fails run "$ID"
        assert_output 'linux\.memoryPolicy'
    done
    assert_host_unchanged
}

# --- process.execCPUAffinity

@test "execCPUAffinity does not apply to the container's first process" {
    config '.process.execCPUAffinity = {initial: "0", final: "0"}'
    set_sh 'sed -n "s/^Cpus_allowed_list:.//p" /proc/self/status'
    shows "$(sed -n 's/^Cpus_allowed_list:.//p' /proc/self/status)"
}

@test "an execCPUAffinity that is not a list is an error" {
    local bad
    host_snapshot
    for bad in a 0- 3-1 "0,"; do
        config ".process.execCPUAffinity = {initial: \"$bad\"}"
        run_fails run "$ID"
        assert_output 'execCPUAffinity'
    done
    assert_host_unchanged
}
