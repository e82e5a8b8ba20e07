/* SPDX-License-Identifier: Apache-2.0 */
/* config-linux.md: Seccomp; seccomp(2) */
#include <inttypes.h>
#include <stdio.h>

#include "berth/spec/check.h"
#include "rules.h"

/* Whether there is an agent to notify is checked by the plan: the agent need not be named in the
 * configuration. */

/* the largest values that the kernel returns as an errno and passes to a tracer */
#define LAST_ERRNO 4095
#define LAST_TRACE 65535

static void check_errno(const char *where, enum spec_seccomp_action action, uint32_t number,
                        struct error *error)
{
    uint32_t last = action == SPEC_SECCOMP_ACTION_SCMP_ACT_TRACE ? LAST_TRACE : LAST_ERRNO;

    if (action != SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO &&
        action != SPEC_SECCOMP_ACTION_SCMP_ACT_TRACE)
        report_add(error, JSON_PATH("linux.seccomp.%s", where), "%s takes no errno",
                   spec_seccomp_action_names[action]);
    else if (number > last)
        report_add(error, JSON_PATH("linux.seccomp.%s", where),
                   "%" PRIu32 " is out of range, 0 to %" PRIu32, number, last);
}

static void check_syscall(const struct spec_syscall *call, size_t i, struct error *error)
{
    char where[64];

    if (call->n_names == 0)
        report_add(error, JSON_PATH("linux.seccomp.syscalls[%zu].names", i),
                   "must have at least one entry");
    for (size_t j = 0; j < call->n_names; j++) {
        if (call->names[j][0] == '\0')
            report_add(error, JSON_PATH("linux.seccomp.syscalls[%zu].names[%zu]", i, j),
                       "must not be empty");
    }
    snprintf(where, sizeof(where), "syscalls[%zu].errnoRet", i);
    if (call->has_errno_ret)
        check_errno(where, call->action, call->errno_ret, error);
}

bool spec_seccomp_notifies(const struct spec_seccomp *seccomp)
{
    bool notifies = seccomp->default_action == SPEC_SECCOMP_ACTION_SCMP_ACT_NOTIFY;

    for (size_t i = 0; i < seccomp->n_syscalls; i++)
        notifies |= seccomp->syscalls[i].action == SPEC_SECCOMP_ACTION_SCMP_ACT_NOTIFY;
    return notifies;
}

static void check_listener(const struct spec_seccomp *seccomp, struct error *error)
{
    bool notifies = spec_seccomp_notifies(seccomp);

    for (size_t i = 0; !notifies && i < seccomp->n_flags; i++)
        if (seccomp->flags[i] == SPEC_SECCOMP_FLAG_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
            report_add(error, JSON_PATH("linux.seccomp.flags[%zu]", i),
                       "%s needs a rule with SCMP_ACT_NOTIFY",
                       spec_seccomp_flag_names[seccomp->flags[i]]);
    if (is_set(seccomp->listener_metadata) && !is_set(seccomp->listener_path))
        report_add(error, "linux.seccomp.listenerMetadata", "must not be set without listenerPath");
}

void rules_seccomp(const struct spec_seccomp *seccomp, struct error *error)
{
    bool is_empty = seccomp->n_syscalls == 0 && seccomp->n_flags == 0 &&
                    seccomp->n_architectures == 0 && !seccomp->has_default_errno_ret &&
                    !is_set(seccomp->listener_path);

    if (seccomp->default_action == SPEC_SECCOMP_ACTION_NONE && !is_empty)
        report_add(error, "linux.seccomp.defaultAction", "is required but missing");
    else if (seccomp->default_action == SPEC_SECCOMP_ACTION_NONE)
        report_warning(error, "linux.seccomp.defaultAction",
                       "is required but missing: there is no filter");
    if (seccomp->has_default_errno_ret && seccomp->default_action != SPEC_SECCOMP_ACTION_NONE)
        check_errno("defaultErrnoRet", seccomp->default_action, seccomp->default_errno_ret, error);
    for (size_t i = 0; i < seccomp->n_syscalls; i++)
        check_syscall(&seccomp->syscalls[i], i, error);
    check_listener(seccomp, error);
}
