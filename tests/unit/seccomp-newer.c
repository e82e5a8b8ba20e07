/* SPDX-License-Identifier: Apache-2.0 */
/* System calls newer than the profile: checks every number against the rule, in an interpreter and
 * in the kernel. */
#include <errno.h>
#include <linux/audit.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "seccomp-run.h"

#define X32 0x40000000U
#define NAMES_MAX 600

static const enum spec_seccomp_arch all[] = {SPEC_SECCOMP_ARCH_SCMP_ARCH_X86_64,
                                             SPEC_SECCOMP_ARCH_SCMP_ARCH_X86,
                                             SPEC_SECCOMP_ARCH_SCMP_ARCH_X32};

static bool is_x86_64(void)
{
    return seccomp_arch_native() == SCMP_ARCH_X86_64;
}

/* Looks up each name only once: the caller of libseccomp has to free it. */
static const char *native_name(int number)
{
    static char *known[NAMES_MAX];

    if (known[number] == NULL)
        known[number] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    return known[number];
}

/* Allows every system call of the native architecture below `end`, except every seventh number.
 * exit_group is one of those, but ends the processes of this test. */
static struct spec_seccomp allow_below(int end, struct spec_syscall *rule, const char **names)
{
    *rule = (struct spec_syscall){.names = names, .action = SPEC_SECCOMP_ACTION_SCMP_ACT_ALLOW};
    for (int i = 0; i < end && rule->n_names < NAMES_MAX; i++) {
        const char *name = native_name(i);

        if ((i % 7 != 0 || i == SYS_exit_group) && name != NULL)
            names[rule->n_names++] = name;
    }
    return (struct spec_seccomp){
        .default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO, .syscalls = rule, .n_syscalls = 1};
}

static bool is_named(const struct spec_syscall *rule, uint32_t token, uint32_t number)
{
    char *name = seccomp_syscall_resolve_num_arch(token, (int) number);
    bool found = false;

    for (size_t i = 0; name != NULL && i < rule->n_names; i++)
        found = found || strcmp(name, rule->names[i]) == 0;
    free(name);
    return found;
}

static uint32_t newest_of(const struct spec_syscall *rule, uint32_t token)
{
    uint32_t newest = 0;

    for (size_t i = 0; i < rule->n_names; i++) {
        int number = seccomp_syscall_resolve_name_arch(token, rule->names[i]);
        bool is_apart =
            token == SCMP_ARCH_X32 && number >= (int) X32 + 512 && number <= (int) X32 + 547;

        if (number >= 0 && !is_apart && (uint32_t) number > newest)
            newest = (uint32_t) number;
    }
    return newest;
}

struct abi {
    uint32_t token;
    uint32_t audit;
    uint32_t base;
    const char *name;
};

static const struct abi abis[] = {
    {SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, "x86_64"},
    {SCMP_ARCH_X86, AUDIT_ARCH_I386, 0, "i386"},
    {SCMP_ARCH_X32, AUDIT_ARCH_X86_64, X32, "x32"},
};

/* Counts the numbers 0 to 1199 of the ABI with a wrong answer. */
static size_t count_wrong(const struct program *program, const struct spec_syscall *rule,
                          const struct abi *abi, uint32_t standard)
{
    uint32_t newest = newest_of(rule, abi->token);
    size_t wrong = 0;

    for (uint32_t number = abi->base; number < abi->base + 1200; number++) {
        struct seccomp_data data = {.nr = (int) number, .arch = abi->audit};
        bool is_apart = abi->base == X32 && number >= X32 + 512 && number <= X32 + 547;
        uint32_t expected = number > newest && !is_apart ? (SECCOMP_RET_ERRNO | ENOSYS) : standard;
        uint32_t got = run(program, &data);

        if (is_named(rule, abi->token, number))
            expected = SECCOMP_RET_ALLOW;

        if (got != expected && wrong++ == 0)
            printf("# %s %u: %#x, should be %#x\n", abi->name, number, got, expected);
    }
    return wrong;
}

static void test_numbers(void)
{
    static const struct {
        enum spec_seccomp_action action;
        uint32_t standard;
    } cases[] = {
        {SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO, SECCOMP_RET_ERRNO | EPERM},
        {SPEC_SECCOMP_ACTION_SCMP_ACT_KILL, SECCOMP_RET_KILL_THREAD},
        {SPEC_SECCOMP_ACTION_SCMP_ACT_KILL_PROCESS, SECCOMP_RET_KILL_PROCESS},
        {SPEC_SECCOMP_ACTION_SCMP_ACT_TRAP, SECCOMP_RET_TRAP},
    };
    static const char *names[NAMES_MAX];
    static struct program program;
    struct spec_syscall rule;
    struct spec_seccomp seccomp;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int end = 300; end < 460; end += 47) {
            seccomp = allow_below(end, &rule, names);
            seccomp.default_action = cases[i].action;
            seccomp.architectures = all;
            seccomp.n_architectures = 3;
            bool good = compile(&seccomp, &program);
            for (size_t j = 0; j < 3; j++)
                good = good && count_wrong(&program, &rule, &abis[j], cases[i].standard) == 0;
            tap_ok(good, "%s: calls newer than the profile, below %d, return ENOSYS",
                   spec_seccomp_action_names[cases[i].action], end);
        }
    }
}

/* Cases to which the rule must not apply: other defaults, profiles without names, other
 * architectures. */
static void test_limits(void)
{
    static const char *names[NAMES_MAX];
    static struct program program;
    struct spec_syscall rule;
    struct spec_seccomp seccomp = allow_below(440, &rule, names);

    rule.action = SPEC_SECCOMP_ACTION_SCMP_ACT_KILL_PROCESS;
    seccomp.default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_LOG;
    tap_ok(compile(&seccomp, &program) && answer(&program, 999, 0, 0) == SECCOMP_RET_LOG,
           "LOG lets newer calls pass");
    seccomp.default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_ALLOW;
    tap_ok(compile(&seccomp, &program) && answer(&program, 999, 0, 0) == SECCOMP_RET_ALLOW,
           "ALLOW lets newer calls pass");
    seccomp.default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_TRACE;
    tap_ok(compile(&seccomp, &program) &&
               answer(&program, 999, 0, 0) == (SECCOMP_RET_TRACE | EPERM),
           "TRACE leaves newer calls to the tracer");
    seccomp = (struct spec_seccomp){.default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO};
    tap_ok(compile(&seccomp, &program) &&
               answer(&program, 999, 0, 0) == (SECCOMP_RET_ERRNO | EPERM),
           "a profile without names has no newest call");
    seccomp = allow_below(440, &rule, names);
    struct seccomp_data data = {.nr = (int) (X32 + 999), .arch = AUDIT_ARCH_X86_64};
    tap_ok(compile(&seccomp, &program) &&
               answer(&program, 999, 0, 0) == (SECCOMP_RET_ERRNO | ENOSYS),
           "the native architecture need not be listed");
    tap_ok(!is_x86_64() || run(&program, &data) == SECCOMP_RET_KILL_THREAD,
           "x32 that is not listed stays forbidden");
    data = (struct seccomp_data){.nr = 999, .arch = AUDIT_ARCH_M68K};
    tap_ok(run(&program, &data) == SECCOMP_RET_KILL_THREAD, "other architectures stay forbidden");
    seccomp.default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_KILL;
    data = (struct seccomp_data){.nr = (int) (X32 + 999), .arch = AUDIT_ARCH_X86_64};
    tap_ok(compile(&seccomp, &program) &&
               (!is_x86_64() || run(&program, &data) == SECCOMP_RET_KILL_THREAD),
           "architectures stay forbidden if the default is to kill");
    tap_ok(answer(&program, -1, 0, 0) == SECCOMP_RET_KILL_THREAD,
           "call number -1 does not count as newer");
}

/* A rule makes a system call known even if it does not allow it, or is not one that libseccomp
 * adds. */
static void test_known(void)
{
    static const char *names[] = {"read", "openat2"};
    static struct program program;
    struct spec_syscall rules[] = {
        {.names = names, .n_names = 1, .action = SPEC_SECCOMP_ACTION_SCMP_ACT_ALLOW},
        {.names = names + 1, .n_names = 1, .action = SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO}};
    struct spec_seccomp seccomp = {
        .default_action = SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO, .syscalls = rules, .n_syscalls = 2};

    tap_ok(compile(&seccomp, &program) &&
               answer(&program, SYS_openat2, 0, 0) == (SECCOMP_RET_ERRNO | EPERM) &&
               answer(&program, SYS_openat2 + 1, 0, 0) == (SECCOMP_RET_ERRNO | ENOSYS),
           "a rule with the default action makes its call known");
}

/* The cost for the container, in instructions per call. */
static void test_cost(void)
{
    static const char *names[NAMES_MAX];
    static struct program with, without;
    struct spec_syscall rule;
    struct spec_seccomp seccomp = allow_below(440, &rule, names);
    size_t count[2] = {0}, sum[2][2] = {{0}};
    size_t more = 0;

    seccomp.architectures = all;
    seccomp.n_architectures = is_x86_64() ? 3 : 0;
    bool good = compile(&seccomp, &with);
    seccomp.has_default_errno_ret = true;
    seccomp.default_errno_ret = ENOSYS;
    good = good && compile(&seccomp, &without);
    for (int i = 0; i < 440; i++) {
        struct seccomp_data data = {.nr = i, .arch = seccomp_arch_native()};
        size_t a, b;
        bool passes = run_counted(&with, &data, &a) == SECCOMP_RET_ALLOW;

        run_counted(&without, &data, &b);
        more += passes && a != b;
        count[passes]++;
        sum[0][passes] += b;
        sum[1][passes] += a;
    }
    tap_ok(good && more == 0,
           "an allowed call takes no further instruction: %zu, in a program of %u instead of %u",
           sum[1][1] / count[1], with.length, without.length);
    tap_ok(sum[1][0] / count[0] <= sum[0][0] / count[0] + 12,
           "a refused call takes %zu instructions instead of %zu", sum[1][0] / count[0],
           sum[0][0] / count[0]);
}

static void test_kernel(void)
{
    static const char *names[NAMES_MAX];
    static struct program program;
    struct spec_syscall rule;
    struct spec_seccomp seccomp = allow_below(440, &rule, names);
    int status = -1;

    seccomp.architectures = all;
    seccomp.n_architectures = is_x86_64() ? 3 : 0;
    tap_ok(compile(&seccomp, &program), "the kernel loads the program");
    pid_t child = fork();
    if (child == 0) {
        struct sock_fprog kernel = {program.length, program.code};

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &kernel) < 0)
            _exit(99);
        if (syscall(999) != -1 || errno != ENOSYS)
            _exit(1);
        _exit(syscall(434, 0, 0) == -1 && errno == EPERM ? 0 : 2);
    }
    waitpid(child, &status, 0);
    tap_ok(status == 0, "the kernel returns ENOSYS for a newer call: status %#x", status);
}

int main(void)
{
    if (is_x86_64())
        test_numbers();
    test_limits();
    test_known();
    test_cost();
    test_kernel();
    return tap_end();
}
