/* SPDX-License-Identifier: Apache-2.0 */
#include "compile.h"

#include <ctype.h>
#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/seccomp/seccomp.h"

#define ARGUMENTS_MAX 6 /* of a system call */

static const enum scmp_compare operators[] = {
    [SPEC_SECCOMP_OP_SCMP_CMP_NE] = SCMP_CMP_NE,
    [SPEC_SECCOMP_OP_SCMP_CMP_LT] = SCMP_CMP_LT,
    [SPEC_SECCOMP_OP_SCMP_CMP_LE] = SCMP_CMP_LE,
    [SPEC_SECCOMP_OP_SCMP_CMP_EQ] = SCMP_CMP_EQ,
    [SPEC_SECCOMP_OP_SCMP_CMP_GE] = SCMP_CMP_GE,
    [SPEC_SECCOMP_OP_SCMP_CMP_GT] = SCMP_CMP_GT,
    [SPEC_SECCOMP_OP_SCMP_CMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};

static uint32_t action_of(enum spec_seccomp_action action, bool has_errno, uint32_t number)
{
    uint32_t errno_ret = has_errno ? number : EPERM;

    switch (action) {
    case SPEC_SECCOMP_ACTION_SCMP_ACT_KILL:
    case SPEC_SECCOMP_ACTION_SCMP_ACT_KILL_THREAD:
        return SCMP_ACT_KILL_THREAD;
    case SPEC_SECCOMP_ACTION_SCMP_ACT_KILL_PROCESS:
        return SCMP_ACT_KILL_PROCESS;
    case SPEC_SECCOMP_ACTION_SCMP_ACT_TRAP:
        return SCMP_ACT_TRAP;
    case SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO:
        return SCMP_ACT_ERRNO(errno_ret);
    case SPEC_SECCOMP_ACTION_SCMP_ACT_TRACE:
        return SCMP_ACT_TRACE(errno_ret);
    case SPEC_SECCOMP_ACTION_SCMP_ACT_LOG:
        return SCMP_ACT_LOG;
    case SPEC_SECCOMP_ACTION_SCMP_ACT_NOTIFY:
        return SCMP_ACT_NOTIFY;
    case SPEC_SECCOMP_ACTION_SCMP_ACT_ALLOW:
        return SCMP_ACT_ALLOW;
    case SPEC_SECCOMP_ACTION_NONE:
        break;
    }
    return SCMP_ACT_KILL_PROCESS;
}

uint32_t seccomp_default_action(const struct spec_seccomp *seccomp)
{
    return action_of(seccomp->default_action, seccomp->has_default_errno_ret,
                     seccomp->default_errno_ret);
}

static struct scmp_arg_cmp comparison_of(const struct spec_seccomp_arg *arg)
{
    struct scmp_arg_cmp comparison = {.arg = arg->index,
                                      .op = operators[arg->op],
                                      .datum_a = arg->value,
                                      .datum_b = arg->value_two};

    return comparison;
}

/* libseccomp accepts each argument only once per rule. Conditions that repeat an argument become
 * alternatives, one rule each: runc does so, and profiles rely on it. */
static bool repeats_argument(const struct spec_syscall *syscall)
{
    unsigned seen = 0;

    for (size_t i = 0; i < syscall->n_args; i++) {
        unsigned bit = 1U << syscall->args[i].index;

        if (seen & bit)
            return true;
        seen |= bit;
    }
    return false;
}

static int add_rule(scmp_filter_ctx filter, const struct spec_syscall *syscall, int number)
{
    uint32_t action = action_of(syscall->action, syscall->has_errno_ret, syscall->errno_ret);
    struct scmp_arg_cmp comparisons[ARGUMENTS_MAX];

    if (!repeats_argument(syscall)) {
        for (size_t i = 0; i < syscall->n_args; i++)
            comparisons[i] = comparison_of(&syscall->args[i]);
        return seccomp_rule_add_array(filter, action, number, (unsigned) syscall->n_args,
                                      comparisons);
    }
    for (size_t i = 0; i < syscall->n_args; i++) {
        comparisons[0] = comparison_of(&syscall->args[i]);
        TRY(seccomp_rule_add_array(filter, action, number, 1, comparisons));
    }
    return 0;
}

static int add_syscall(scmp_filter_ctx filter, const struct spec_seccomp *seccomp, size_t i,
                       struct error *error)
{
    const struct spec_syscall *syscall = &seccomp->syscalls[i];

    if (action_of(syscall->action, syscall->has_errno_ret, syscall->errno_ret) ==
        seccomp_default_action(seccomp))
        return 0; /* libseccomp rejects a rule with the default action */
    for (size_t j = 0; j < syscall->n_names; j++) {
        int number = seccomp_syscall_resolve_name(syscall->names[j]);

        if (number == __NR_SCMP_ERROR) {
            log_debug(
                "linux.seccomp.syscalls[%zu].names[%zu]: passing over the unknown system call %s",
                i, j, syscall->names[j]);
            continue;
        }
        TRY_ERRNO_AT(add_rule(filter, syscall, number), error,
                     JSON_PATH("linux.seccomp.syscalls[%zu]", i), "add a rule for %s",
                     syscall->names[j]);
    }
    return 0;
}

int seccomp_check_names(const struct spec_seccomp *seccomp, struct error *error)
{
    for (size_t i = 0; i < seccomp->n_syscalls; i++)
        for (size_t j = 0; j < seccomp->syscalls[i].n_names; j++)
            if (seccomp_syscall_resolve_name(seccomp->syscalls[i].names[j]) == __NR_SCMP_ERROR)
                return error_at(error, JSON_PATH("linux.seccomp.syscalls[%zu].names[%zu]", i, j),
                                EINVAL, "unknown system call %s", seccomp->syscalls[i].names[j]);
    return 0;
}

/* libseccomp uses the specification's names without the prefix and in lower case. */
uint32_t seccomp_architecture(enum spec_seccomp_arch arch)
{
    const char *word = spec_seccomp_arch_names[arch] + strlen("SCMP_ARCH_");
    char name[32];
    size_t length = 0;

    for (; length < sizeof(name) - 1 && word[length] != '\0'; length++)
        name[length] = (char) tolower((unsigned char) word[length]);
    name[length] = '\0';
    return seccomp_arch_resolve_name(name);
}

static int add_architectures(scmp_filter_ctx filter, const struct spec_seccomp *seccomp,
                             struct error *error)
{
    for (size_t i = 0; i < seccomp->n_architectures; i++) {
        const char *word = spec_seccomp_arch_names[seccomp->architectures[i]];
        uint32_t token = seccomp_architecture(seccomp->architectures[i]);

        if (token == 0)
            return error_at(error, JSON_PATH("linux.seccomp.architectures[%zu]", i), ENOTSUP,
                            "this libseccomp does not know %s", word);
        int result = seccomp_arch_add(filter, token);
        if (result < 0 && result != -EEXIST)
            return error_errno_at(error, JSON_PATH("linux.seccomp.architectures[%zu]", i), -result,
                                  "add %s", word);
    }
    return 0;
}

static int fill_filter(scmp_filter_ctx filter, const struct spec_seccomp *seccomp, int fd,
                       struct error *error)
{
    TRY(add_architectures(filter, seccomp, error));
    for (size_t i = 0; i < seccomp->n_syscalls; i++)
        TRY(add_syscall(filter, seccomp, i, error));
    /* A binary tree instead of a list: every system call of the container benefits. */
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    TRY_ERRNO_AT(seccomp_export_bpf(filter, fd), error, "linux.seccomp", "compile the filter");
    return 0;
}

int seccomp_compile(const struct spec_seccomp *seccomp, int fd, struct error *error)
{
    scmp_filter_ctx filter = seccomp_init(seccomp_default_action(seccomp));

    if (filter == NULL)
        return error_at(error, "linux.seccomp.defaultAction", EINVAL, "this kernel cannot do %s",
                        spec_seccomp_action_names[seccomp->default_action]);
    int result = fill_filter(filter, seccomp, fd, error);
    seccomp_release(filter);
    return result;
}

/* --- the key ---------------------------------------------------------------------------------- */

static void add_number(struct text *key, uint64_t number)
{
    text_add_bytes(key, &number, sizeof(number));
}

static void add_string(struct text *key, const char *string)
{
    add_number(key, strlen(string));
    text_add(key, string);
}

static void add_syscall_key(struct text *key, const struct spec_syscall *syscall)
{
    add_number(key, action_of(syscall->action, syscall->has_errno_ret, syscall->errno_ret));
    add_number(key, syscall->n_names);
    for (size_t i = 0; i < syscall->n_names; i++)
        add_string(key, syscall->names[i]);
    add_number(key, syscall->n_args);
    for (size_t i = 0; i < syscall->n_args; i++) {
        add_number(key, syscall->args[i].index);
        add_number(key, syscall->args[i].value);
        add_number(key, syscall->args[i].value_two);
        add_number(key, syscall->args[i].op);
    }
}

void seccomp_write_key(const struct spec_seccomp *seccomp, struct text *key)
{
    const struct scmp_version *version = seccomp_version();

    add_number(key, version->major);
    add_number(key, version->minor);
    add_number(key, version->micro);
    add_number(key, seccomp_api_get());
    add_number(key, seccomp_arch_native());
    add_number(key, seccomp_default_action(seccomp));
    add_number(key, seccomp->n_architectures);
    for (size_t i = 0; i < seccomp->n_architectures; i++)
        add_number(key, seccomp->architectures[i]);
    add_number(key, seccomp->n_syscalls);
    for (size_t i = 0; i < seccomp->n_syscalls; i++)
        add_syscall_key(key, &seccomp->syscalls[i]);
}

const char *seccomp_library(struct arena *arena)
{
    const struct scmp_version *version = seccomp_version();

    return arena_printf(arena, "%u.%u.%u", version->major, version->minor, version->micro);
}

unsigned seccomp_level(void)
{
    return seccomp_api_get();
}
