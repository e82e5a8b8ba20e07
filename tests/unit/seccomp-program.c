/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of compiled filters: in an interpreter, call by call against the rules, and in the
 * kernel. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seccomp-run.h"

#define LAST_CALL 450

/* One third of the calls is allowed, one third fails with an errno of its own, one third has no
 * rule. */
static void test_many(void)
{
    static struct spec_syscall rules[LAST_CALL + 1];
    static const char *names[LAST_CALL + 1];
    static const enum spec_seccomp_arch architectures[] = {SPEC_SECCOMP_ARCH_SCMP_ARCH_X86_64,
                                                           SPEC_SECCOMP_ARCH_SCMP_ARCH_X86,
                                                           SPEC_SECCOMP_ARCH_SCMP_ARCH_X32};
    struct spec_seccomp seccomp = {.default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO,
                                   .default_errno_ret = 38,
                                   .has_default_errno_ret = true,
                                   .syscalls = rules,
                                   .architectures = architectures,
                                   .n_architectures =
                                       seccomp_arch_native() == SCMP_ARCH_X86_64 ? 3 : 0};
    static struct program program;
    size_t wrong = 0;
    size_t known = 0;

    for (int i = 0; i <= LAST_CALL; i++) {
        names[i] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
        if (i % 3 == 0 || names[i] == NULL)
            continue;
        rules[seccomp.n_syscalls++] =
            (struct spec_syscall){.names = &names[i],
                                  .n_names = 1,
                                  .has_errno_ret = i % 3 == 2,
                                  .errno_ret = (uint32_t) i,
                                  .action = i % 3 == 1 ? SPEC_SECCOMP_ACTION_SCMP_ACT_ALLOW
                                                       : SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO};
    }
    tap_ok(compile(&seccomp, &program), "%zu rules for three architectures", seccomp.n_syscalls);
    for (int i = 0; i <= LAST_CALL; i++) {
        uint32_t expected = i % 3 == 1 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((unsigned) i);

        if (i % 3 == 0 || names[i] == NULL)
            expected = SCMP_ACT_ERRNO(38);
        known += names[i] != NULL;
        wrong += answer(&program, i, 0, 0) != expected;
    }
    tap_ok(wrong == 0 && known > 300, "every system call has its answer: %zu wrong", wrong);
}

static bool holds(enum spec_seccomp_op op, uint64_t argument, uint64_t value, uint64_t value_two)
{
    switch (op) {
    case SPEC_SECCOMP_OP_SCMP_CMP_NE:
        return argument != value;
    case SPEC_SECCOMP_OP_SCMP_CMP_LT:
        return argument < value;
    case SPEC_SECCOMP_OP_SCMP_CMP_LE:
        return argument <= value;
    case SPEC_SECCOMP_OP_SCMP_CMP_EQ:
        return argument == value;
    case SPEC_SECCOMP_OP_SCMP_CMP_GE:
        return argument >= value;
    case SPEC_SECCOMP_OP_SCMP_CMP_GT:
        return argument > value;
    default:
        return (argument & value) == value_two;
    }
}

static struct spec_syscall rule_for(const char *const *name, const struct spec_seccomp_arg *args,
                                    size_t n_args)
{
    return (struct spec_syscall){.names = name,
                                 .n_names = 1,
                                 .args = args,
                                 .n_args = n_args,
                                 .action = SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO};
}

static const char *const getpgid_name[] = {"getpgid"};

static struct spec_seccomp allowing(const struct spec_syscall *rules, size_t n_rules)
{
    return (struct spec_seccomp){.default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_ALLOW,
                                 .syscalls = rules,
                                 .n_syscalls = n_rules};
}

static void test_operators(void)
{
    static const uint64_t values[] = {0,           1,           2,           0x7fffffff, 0xffffffff,
                                      0x100000000, 0x100000001, 0x200000000, UINT64_MAX};
    /* On 32-bit machines no argument is larger. */
    const size_t n_values = sizeof(long) > 4 ? sizeof(values) / sizeof(values[0]) : 5;
    static struct program program;

    for (enum spec_seccomp_op op = SPEC_SECCOMP_OP_SCMP_CMP_NE;
         op <= SPEC_SECCOMP_OP_SCMP_CMP_MASKED_EQ; op++) {
        size_t wrong = 0;

        for (size_t i = 0; i < n_values; i++) {
            struct spec_seccomp_arg arg = {
                .index = 1, .op = op, .value = values[i], .value_two = values[i] & 0x100000001};
            struct spec_syscall rule = rule_for(getpgid_name, &arg, 1);
            struct spec_seccomp seccomp = allowing(&rule, 1);

            wrong += !compile(&seccomp, &program);
            for (size_t j = 0; j < n_values; j++) {
                uint32_t expected = holds(op, values[j], arg.value, arg.value_two)
                                        ? SCMP_ACT_ERRNO(EPERM)
                                        : SCMP_ACT_ALLOW;
                wrong += answer(&program, SYS_getpgid, 7, values[j]) != expected;
            }
        }
        tap_ok(wrong == 0, "the operator %s compares correctly: %zu wrong",
               spec_seccomp_op_names[op], wrong);
    }
}

static void test_conditions(void)
{
    const struct spec_seccomp_arg both[] = {
        {.index = 0, .op = SPEC_SECCOMP_OP_SCMP_CMP_EQ, .value = 1},
        {.index = 1, .op = SPEC_SECCOMP_OP_SCMP_CMP_EQ, .value = 2}};
    const struct spec_seccomp_arg either[] = {
        {.index = 0, .op = SPEC_SECCOMP_OP_SCMP_CMP_EQ, .value = 1},
        {.index = 0, .op = SPEC_SECCOMP_OP_SCMP_CMP_EQ, .value = 2}};
    struct spec_syscall rule = rule_for(getpgid_name, both, 2);
    struct spec_seccomp seccomp = allowing(&rule, 1);
    static struct program program;

    tap_ok(compile(&seccomp, &program), "conditions on two arguments compile");
    tap_ok(answer(&program, SYS_getpgid, 1, 2) == SCMP_ACT_ERRNO(EPERM),
           "conditions on two arguments match together");
    tap_ok(answer(&program, SYS_getpgid, 1, 3) == SCMP_ACT_ALLOW,
           "one of two conditions alone does not match");
    rule = rule_for(getpgid_name, either, 2);
    tap_ok(compile(&seccomp, &program), "two conditions on one argument compile");
    tap_ok(answer(&program, SYS_getpgid, 1, 0) == SCMP_ACT_ERRNO(EPERM) &&
               answer(&program, SYS_getpgid, 2, 0) == SCMP_ACT_ERRNO(EPERM),
           "conditions on one argument are alternatives");
    tap_ok(answer(&program, SYS_getpgid, 3, 0) == SCMP_ACT_ALLOW,
           "neither alternative matches another value");
}

static void test_actions(void)
{
    static const struct {
        enum spec_seccomp_action action;
        uint32_t expected;
    } cases[] = {
        {SPEC_SECCOMP_ACTION_SCMP_ACT_KILL, SECCOMP_RET_KILL_THREAD},
        {SPEC_SECCOMP_ACTION_SCMP_ACT_KILL_THREAD, SECCOMP_RET_KILL_THREAD},
        {SPEC_SECCOMP_ACTION_SCMP_ACT_KILL_PROCESS, SECCOMP_RET_KILL_PROCESS},
        {SPEC_SECCOMP_ACTION_SCMP_ACT_TRAP, SECCOMP_RET_TRAP},
        {SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO, SECCOMP_RET_ERRNO | 1},
        {SPEC_SECCOMP_ACTION_SCMP_ACT_TRACE, SECCOMP_RET_TRACE | 1},
        {SPEC_SECCOMP_ACTION_SCMP_ACT_LOG, SECCOMP_RET_LOG},
    };
    static struct program program;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct spec_syscall rule = rule_for(getpgid_name, NULL, 0);
        struct spec_seccomp seccomp = allowing(&rule, 1);

        rule.action = cases[i].action;
        tap_ok(compile(&seccomp, &program) &&
                   answer(&program, SYS_getpgid, 0, 0) == cases[i].expected &&
                   answer(&program, SYS_getppid, 0, 0) == SECCOMP_RET_ALLOW,
               "the action %s of a rule is compiled", spec_seccomp_action_names[cases[i].action]);
        seccomp = (struct spec_seccomp){.default_action = cases[i].action};
        tap_ok(compile(&seccomp, &program) &&
                   answer(&program, SYS_getpgid, 0, 0) == cases[i].expected,
               "the default action %s is compiled", spec_seccomp_action_names[cases[i].action]);
    }
}

static void test_names(void)
{
    static const char *const names[] = {"no_such_call", "getpgid", "chown32"};
    struct spec_syscall rule = rule_for(names, NULL, 0);
    struct spec_seccomp seccomp = allowing(&rule, 1);
    static struct program program;

    rule.n_names = 3;
    tap_ok(compile(&seccomp, &program),
           "unknown names and names of other architectures are skipped");
    tap_ok(answer(&program, SYS_getpgid, 0, 0) == SCMP_ACT_ERRNO(EPERM),
           "a known name beside them is filtered");
    rule = (struct spec_syscall){
        .names = names + 1, .n_names = 1, .action = SPEC_SECCOMP_ACTION_SCMP_ACT_ALLOW};
    tap_ok(compile(&seccomp, &program), "a rule with the default action compiles");
}

/* Runs in a child. Returns its exit status, or 128 + the signal that ended it. */
static int run_filtered(enum spec_seccomp_action action, uint32_t errno_ret)
{
    struct spec_syscall rule = rule_for(getpgid_name, NULL, 0);
    struct spec_seccomp seccomp = allowing(&rule, 1);
    static struct program program;
    int status;

    rule.action = action;
    rule.has_errno_ret = errno_ret != 0;
    rule.errno_ret = errno_ret;
    if (!compile(&seccomp, &program))
        return -1;
    pid_t child = fork();
    if (child == 0) {
        struct sock_fprog kernel = {program.length, program.code};

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &kernel) < 0)
            _exit(99);
        _exit(syscall(SYS_getpgid, 0) < 0 ? errno : 0);
    }
    if (waitpid(child, &status, 0) < 0)
        return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_kernel(void)
{
    tap_ok(run_filtered(SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO, 0) == EPERM,
           "the kernel returns EPERM");
    tap_ok(run_filtered(SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO, 38) == ENOSYS,
           "the kernel returns ENOSYS");
    tap_ok(run_filtered(SPEC_SECCOMP_ACTION_SCMP_ACT_LOG, 0) == 0,
           "the kernel logs the call and carries it out");
    tap_ok(run_filtered(SPEC_SECCOMP_ACTION_SCMP_ACT_TRACE, 0) == ENOSYS,
           "the kernel fails the call without a tracer");
    tap_ok(run_filtered(SPEC_SECCOMP_ACTION_SCMP_ACT_TRAP, 0) == 128 + SIGSYS,
           "the kernel sends SIGSYS");
    tap_ok(run_filtered(SPEC_SECCOMP_ACTION_SCMP_ACT_KILL_PROCESS, 0) == 128 + SIGSYS,
           "the kernel kills the process");
}

static void test_architectures(void)
{
    static struct program program;
    struct spec_syscall rule = rule_for(getpgid_name, NULL, 0);
    struct spec_seccomp seccomp = allowing(&rule, 1);
    enum spec_seccomp_arch x86 = SPEC_SECCOMP_ARCH_SCMP_ARCH_X86;

    if (seccomp_arch_native() != SCMP_ARCH_X86_64)
        return;
    struct seccomp_data data = {
        .arch = AUDIT_ARCH_I386,
        .nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, getpgid_name[0])};
    seccomp.architectures = &x86;
    seccomp.n_architectures = 1;
    tap_ok(compile(&seccomp, &program) && run(&program, &data) == SCMP_ACT_ERRNO(EPERM),
           "the filter covers the listed architecture");
    tap_ok(answer(&program, SYS_getpgid, 0, 0) == SCMP_ACT_ERRNO(EPERM),
           "the filter always covers the native architecture");
    data.arch = AUDIT_ARCH_AARCH64;
    tap_ok(run(&program, &data) == SCMP_ACT_KILL_THREAD,
           "the filter refuses any other architecture");
}

int main(void)
{
    test_many();
    test_operators();
    test_conditions();
    test_actions();
    test_names();
    test_kernel();
    test_architectures();
    return tap_end();
}
