# SPDX-License-Identifier: Apache-2.0
# linux.seccomp: what a filter does to the program. The program's own calls are: see `payload syscall`.
load helpers
load helpers-seccomp

errno_rule() { filter SCMP_ACT_ALLOW "[{names: $1, action: \"SCMP_ACT_ERRNO\"$2}]"; }

# call NAME [ARG...]: what the system call says inside
call() {
    set_args payload syscall "$@"
    run_c
    assert_status 0
}

@test "no seccomp, no filter" {
    set_args payload caps
    run_c
    assert_output 'Seccomp:.0'
}

@test "a filter is in effect" {
    errno_rule '["getppid"]' ''
    set_args payload caps
    run_c
    assert_output 'Seccomp:.2'
}

@test "ERRNO returns EPERM by default" {
    errno_rule '["getppid"]' ''
    call getppid
    assert_equal "$output" EPERM
    call getpgid 0
    assert_equal "$output" 1
}

@test "errnoRet sets the errno" {
    errno_rule '["getppid"]' ', errnoRet: 38'
    call getppid
    assert_equal "$output" ENOSYS
}

@test "errnoRet may be 0: success without the call" {
    errno_rule '["getpgid"]' ', errnoRet: 0'
    call getpgid 999999
    assert_equal "$output" 0
}

@test "a rule has many names" {
    errno_rule '["getpgid", "getsid", "getppid"]' ''
    local name
    for name in getppid getpgid getsid; do
        call "$name" 0
        assert_equal "$output" EPERM
    done
}

@test "two rules with different errnoRet both count" {
    filter SCMP_ACT_ALLOW '[{names: ["getppid"], action: "SCMP_ACT_ERRNO", errnoRet: 13},
        {names: ["getsid"], action: "SCMP_ACT_ERRNO", errnoRet: 22}]'
    call getppid
    assert_equal "$output" EACCES
    call getsid 0
    assert_equal "$output" EINVAL
}

@test "filters that differ in errnoRet alone are told apart" {
    errno_rule '["getppid"]' ', errnoRet: 13'
    call getppid
    assert_equal "$output" EACCES
    errno_rule '["getppid"]' ', errnoRet: 22'
    call getppid
    assert_equal "$output" EINVAL
}

@test "names unknown on this machine are left out" {
    errno_rule '["no_such_call", "getppid"]' ''
    call getppid
    assert_equal "$output" EPERM
}

@test "KILL_PROCESS ends the program with SIGSYS" {
    filter SCMP_ACT_ALLOW '[{names: ["getppid"], action: "SCMP_ACT_KILL_PROCESS"}]'
    set_args payload syscall getppid
    run_c
    assert_status 159
}

@test "KILL ends the program with SIGSYS" {
    filter SCMP_ACT_ALLOW '[{names: ["getppid"], action: "SCMP_ACT_KILL"}]'
    set_args payload syscall getppid
    run_c
    assert_status 159
}

@test "KILL_THREAD ends the program with SIGSYS" {
    filter SCMP_ACT_ALLOW '[{names: ["getppid"], action: "SCMP_ACT_KILL_THREAD"}]'
    set_args payload syscall getppid
    run_c
    assert_status 159
}

@test "TRAP ends the program with SIGSYS unless it is caught" {
    filter SCMP_ACT_ALLOW '[{names: ["getppid"], action: "SCMP_ACT_TRAP"}]'
    set_args payload syscall getppid
    run_c
    assert_status 159
}

@test "TRACE without a tracer fails with ENOSYS" {
    filter SCMP_ACT_ALLOW '[{names: ["getppid"], action: "SCMP_ACT_TRACE", errnoRet: 5}]'
    call getppid
    assert_equal "$output" ENOSYS
}

@test "LOG allows the call" {
    filter SCMP_ACT_ALLOW '[{names: ["getppid"], action: "SCMP_ACT_LOG"}]'
    call getppid
    assert_equal "$output" 0
}

allow_list() { filter SCMP_ACT_ERRNO "[{names: $(cat "$BATS_TEST_DIRNAME/allowed-calls.json"), action: \"SCMP_ACT_ALLOW\"}]"; }

@test "an allow list with a default of ERRNO" {
    allow_list
    call getpgid 0
    assert_equal "$output" 1
    call personality 0xffffffff
    assert_equal "$output" EPERM
}

@test "defaultErrnoRet is the errno of the default action" {
    allow_list
    config '.linux.seccomp.defaultErrnoRet = 22'
    call personality 0xffffffff
    assert_equal "$output" EINVAL
}

# --- calls that are newer than the profile: the kernel's numbers grow, so it is those above all that the profile names

# The newest that allowed-calls.json names is epoll_pwait2. Nobody has the number 999 yet, which is as good as a call of tomorrow.
TOMORROW=999

@test "a call newer than the profile fails with ENOSYS, an older one as the default action says" {
    allow_list
    call $TOMORROW
    assert_equal "$output" ENOSYS
    call mount_setattr -1
    assert_equal "$output" ENOSYS
    call process_madvise
    assert_equal "$output" EPERM
}

@test "the same with a defaultErrnoRet" {
    allow_list
    config '.linux.seccomp.defaultErrnoRet = 22'
    call $TOMORROW
    assert_equal "$output" ENOSYS
    call process_madvise
    assert_equal "$output" EINVAL
}

@test "the same when the default action is to kill" {
    local action
    for action in KILL KILL_PROCESS KILL_THREAD TRAP; do
        allow_list
        config ".linux.seccomp.defaultAction = \"SCMP_ACT_$action\""
        call $TOMORROW
        assert_equal "$output" ENOSYS
        set_args payload syscall process_madvise
        run_c
        assert_status 159
    done
}

@test "a call with a rule of any action counts as known to the profile" {
    allow_list
    config '.linux.seccomp.syscalls += [{names: ["process_mrelease"], action: "SCMP_ACT_ERRNO", errnoRet: 22},
        {names: ["futex_waitv"], action: "SCMP_ACT_ERRNO"}]'
    call mount_setattr -1
    assert_equal "$output" EPERM
    call process_mrelease
    assert_equal "$output" EINVAL
    call futex_waitv
    assert_equal "$output" EPERM
    call $TOMORROW
    assert_equal "$output" ENOSYS
}

@test "what the default action allows stays allowed" {
    errno_rule '["getppid"]' ''
    call mount_setattr -1 0 0 0 0
    assert_equal "$output" EINVAL
    filter SCMP_ACT_LOG '[{names: ["getppid"], action: "SCMP_ACT_ERRNO"}]'
    call mount_setattr -1 0 0 0 0
    assert_equal "$output" EINVAL
}

only_x86_64() { [ "$HOSTTYPE" = x86_64 ] || skip "the calls are those of i386 and x32, which only x86_64 has"; }

# Numbers of i386: process_vm_writev is 348, above all that x86_64 has below 424.
@test "each architecture has its own newest call" {
    only_x86_64
    allow_list
    config '.linux.seccomp.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]' \
        '.linux.seccomp.syscalls[0].names += ["clone"]'
    set_sh 'payload syscall32 24; payload syscall32 440; payload syscall32 442; payload syscall32 999; payload syscall32 348'
    run_c
    assert_equal "$output" '0
EPERM
ENOSYS
ENOSYS
EPERM'
}

# Without x32 in the kernel what a filter lets pass ends with ENOSYS, too: what is EPERM and EINVAL is the filter's.
@test "each architecture has its own newest call: x32" {
    only_x86_64
    local X32=0x40000000
    allow_list
    config '.linux.seccomp.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]' \
        '.linux.seccomp.defaultErrnoRet = 22' '.linux.seccomp.syscalls[0].names += ["clone"]'
    set_sh "payload syscall $((X32 + 440)); payload syscall $((X32 + 442)); payload syscall $((X32 + 999)); payload syscall $((X32 + 536)) 0"
    run_c
    assert_equal "$output" 'EINVAL
ENOSYS
ENOSYS
EINVAL'
}

# op OP VALUE [TWO]: a rule on lseek's offset (argument 1) of a bad descriptor: EBADF is the kernel's answer, EPERM the filter's.
op() {
    filter SCMP_ACT_ALLOW "[{names: [\"lseek\"], action: \"SCMP_ACT_ERRNO\",
        args: [{index: 1, value: $2, valueTwo: ${3:-0}, op: \"SCMP_CMP_$1\"}]}]"
}

# seek OFFSET WORD
seek() {
    call lseek 77 "$1" 0
    assert_equal "$output" "$2"
}

@test "EQ compares an argument" {
    op EQ 10
    seek 10 EPERM
    seek 11 EBADF
}

@test "NE compares an argument" {
    op NE 10
    seek 10 EBADF
    seek 11 EPERM
}

@test "LT and LE compare an argument" {
    op LT 10
    seek 9 EPERM
    seek 10 EBADF
    op LE 10
    seek 10 EPERM
    seek 11 EBADF
}

@test "GT and GE compare an argument" {
    op GT 10
    seek 11 EPERM
    seek 10 EBADF
    op GE 10
    seek 10 EPERM
    seek 9 EBADF
}

@test "MASKED_EQ compares the masked argument: value is the mask, valueTwo the bits" {
    op MASKED_EQ 240 32
    seek 0x2f EPERM
    seek 0x3f EBADF
}

@test "64 bits of an argument count" {
    case $HOSTTYPE in arm | x86) skip "an argument has 32 bits, and libseccomp ignores the others" ;; esac
    op EQ 4294967298
    seek 0x100000002 EPERM
    seek 2 EBADF
}

@test "conditions on several arguments must all hold" {
    filter SCMP_ACT_ALLOW '[{names: ["lseek"], action: "SCMP_ACT_ERRNO", args: [
        {index: 1, value: 10, op: "SCMP_CMP_EQ"}, {index: 2, value: 1, op: "SCMP_CMP_EQ"}]}]'
    call lseek 77 10 1
    assert_equal "$output" EPERM
    call lseek 77 10 2
    assert_equal "$output" EBADF
    call lseek 77 11 1
    assert_equal "$output" EBADF
}

@test "two rules on one call: either may hold" {
    filter SCMP_ACT_ALLOW '[
        {names: ["lseek"], action: "SCMP_ACT_ERRNO", args: [{index: 1, value: 10, op: "SCMP_CMP_EQ"}]},
        {names: ["lseek"], action: "SCMP_ACT_ERRNO", args: [{index: 1, value: 20, op: "SCMP_CMP_EQ"}]}]'
    seek 10 EPERM
    seek 20 EPERM
    seek 30 EBADF
}

@test "two conditions on one argument: either may hold" {
    filter SCMP_ACT_ALLOW '[{names: ["lseek"], action: "SCMP_ACT_ERRNO", args: [
        {index: 1, value: 10, op: "SCMP_CMP_EQ"}, {index: 1, value: 20, op: "SCMP_CMP_EQ"}]}]'
    seek 10 EPERM
    seek 20 EPERM
    seek 30 EBADF
}

@test "further architectures may be listed" {
    errno_rule '["getppid"]' ''
    config ".linux.seccomp.architectures = $(architectures)"
    call getppid
    assert_equal "$output" EPERM
}

@test "the native architecture is included even if it is not listed" {
    errno_rule '["getppid"]' ''
    config 'del(.linux.seccomp.architectures)'
    call getppid
    assert_equal "$output" EPERM
}

@test "an unknown architecture is an error" {
    errno_rule '["getppid"]' ''
    config '.linux.seccomp.architectures = ["SCMP_ARCH_NOSUCH"]'
    host_snapshot
    run_fails run "$ID"
    assert_host_unchanged
}

@test "the flags TSYNC, LOG and SPEC_ALLOW are accepted" {
    errno_rule '["getppid"]' ''
    config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"]'
    call getppid
    assert_equal "$output" EPERM
}

@test "SPEC_ALLOW leaves speculation alone" {
    errno_rule '["getppid"]' ''
    config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]'
    set_args grep Speculation_Store_Bypass /proc/self/status
    run_c
    refute_output 'force mitigated'
}

@test "an unknown flag, action, operator is an error" {
    host_snapshot
    errno_rule '["getppid"]' ''
    config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_NOSUCH"]'
    run_fails run "$ID"
    filter SCMP_ACT_ALLOW '[{names: ["getppid"], action: "SCMP_ACT_NOSUCH"}]'
    run_fails run "$ID"
    filter SCMP_ACT_NOSUCH '[]'
    run_fails run "$ID"
    op NOSUCH 1
    run_fails run "$ID"
    assert_host_unchanged
}

@test "errnoRet with an action that takes none is an error" {
    host_snapshot
    filter SCMP_ACT_ALLOW '[{names: ["getppid"], action: "SCMP_ACT_KILL_PROCESS", errnoRet: 1}]'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "defaultErrnoRet with an action that takes none is an error" {
    host_snapshot
    filter SCMP_ACT_ALLOW '[]'
    config '.linux.seccomp.defaultErrnoRet = 1'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "a rule without names is an error" {
    host_snapshot
    filter SCMP_ACT_ALLOW '[{names: [], action: "SCMP_ACT_ERRNO"}]'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "a rule without action is an error" {
    host_snapshot
    filter SCMP_ACT_ALLOW '[{names: ["getppid"]}]'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "seccomp without defaultAction is an error" {
    host_snapshot
    config '.linux.seccomp = {syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "an argument's index above 5 is an error" {
    host_snapshot
    filter SCMP_ACT_ALLOW '[{names: ["lseek"], action: "SCMP_ACT_ERRNO", args: [{index: 6, value: 1, op: "SCMP_CMP_EQ"}]}]'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "listenerMetadata without listenerPath is an error" {
    host_snapshot
    errno_rule '["getppid"]' ''
    config '.linux.seccomp.listenerMetadata = "x"'
    run_fails run "$ID"
    assert_host_unchanged
}

@test "a filter works for an unprivileged user without noNewPrivileges" {
    errno_rule '["getppid"]' ''
    config '.process.noNewPrivileges = false' '.process.user = {uid: 1000, gid: 1000}' '.process.capabilities |= map_values([])'
    call getppid
    assert_equal "$output" EPERM
}

@test "with noNewPrivileges a filter may forbid calls that the setup needs" {
    errno_rule '["mount", "umount2", "pivot_root", "unshare", "setns", "clone3", "mkdirat", "mknodat", "setresuid", "setuid",
        "setgroups", "capset", "sethostname", "openat2", "move_mount", "fsopen"]' ''
    config '.process.user = {uid: 1000, gid: 1000}'
    call getppid
    assert_equal "$output" 0
    call mount 0 0 0 0 0
    assert_equal "$output" EPERM
}

@test "a profile as engines send it: hundreds of names, three architectures, conditions" {
    local names flags=0
    [ "$HOSTTYPE" != s390x ] || flags=1 # of the arguments of clone(2)
    names=$(jq -nc '[range(0; 330) | "call_of_tomorrow_\(.)"]')
    filter SCMP_ACT_ERRNO '[]'
    config ".linux.seccomp.architectures = $(architectures)" \
        ".linux.seccomp.syscalls = [
            {names: ($names + $(cat "$BATS_TEST_DIRNAME/allowed-calls.json")), action: \"SCMP_ACT_ALLOW\"},
            {names: [\"personality\"], action: \"SCMP_ACT_ALLOW\", args: [{index: 0, value: 0, op: \"SCMP_CMP_EQ\"}]},
            {names: [\"personality\"], action: \"SCMP_ACT_ALLOW\", args: [{index: 0, value: 4294967295, op: \"SCMP_CMP_EQ\"}]},
            {names: [\"clone\"], action: \"SCMP_ACT_ALLOW\", args: [{index: $flags, value: 2114060288, op: \"SCMP_CMP_MASKED_EQ\"}]},
            {names: [\"clone3\"], action: \"SCMP_ACT_ERRNO\", errnoRet: 38}]"
    set_sh 'echo shell; ls / >/dev/null && echo ls; (sleep 0.01; echo child) & wait; payload syscall personality 0xffffffff
        payload syscall personality 8; payload syscall pivot_root 0 0; payload syscall clone3 0 0'
    run_c
    assert_status 0
    assert_equal "$output" 'shell
ls
child
0
EPERM
EPERM
ENOSYS'
}
