/* SPDX-License-Identifier: Apache-2.0 */
/* config-linux.md: Seccomp; seccomp(2) */
#include <inttypes.h>
#include <stdio.h>

#include "rules.h"

/* The largest value that the kernel carries back as an errno, and to a tracer. */
#define LAST_ERRNO 4095
#define LAST_TRACE 65535

static void check_errno(const char *where, enum spec_seccomp_action action, uint32_t number,
                        struct error *error)
{
    uint32_t last = action == SPEC_SECCOMP_ACTION_SCMP_ACT_TRACE ? LAST_TRACE : LAST_ERRNO;

    if (action != SPEC_SECCOMP_ACTION_SCMP_ACT_ERRNO &&
        action != SPEC_SECCOMP_ACTION_SCMP_ACT_TRACE)
        report_add(error, "linux.seccomp.%s: %s takes no errno", where,
                   spec_seccomp_action_words[action]);
    else if (number > last)
        report_add(error, "linux.seccomp.%s: %" PRIu32 " is out of range, 0 to %" PRIu32, where,
                   number, last);
}

static void check_syscall(const struct spec_syscall *call, size_t i, struct error *error)
{
    char where[64];

    if (call->n_names == 0)
        report_add(error, "linux.seccomp.syscalls[%zu].names: must have at least one entry", i);
    for (size_t j = 0; j < call->n_names; j++) {
        if (call->names[j][0] == '\0')
            report_add(error, "linux.seccomp.syscalls[%zu].names[%zu]: must not be empty", i, j);
    }
    snprintf(where, sizeof(where), "syscalls[%zu].errnoRet", i);
    if (call->has_errno_ret)
        check_errno(where, call->action, call->errno_ret, error);
}

void rules_seccomp(const struct spec_seccomp *seccomp, struct error *error)
{
    bool notifies = false;

    /* The descriptor of the listener could never be sent: that takes system calls too. */
    if (seccomp->default_action == SPEC_SECCOMP_ACTION_SCMP_ACT_NOTIFY)
        report_add(error, "linux.seccomp.defaultAction: must not be SCMP_ACT_NOTIFY");
    if (seccomp->has_default_errno_ret)
        check_errno("defaultErrnoRet", seccomp->default_action, seccomp->default_errno_ret, error);
    for (size_t i = 0; i < seccomp->n_syscalls; i++) {
        notifies |= seccomp->syscalls[i].action == SPEC_SECCOMP_ACTION_SCMP_ACT_NOTIFY;
        check_syscall(&seccomp->syscalls[i], i, error);
    }
    if (notifies && !is_set(seccomp->listener_path))
        report_add(error, "linux.seccomp.listenerPath: SCMP_ACT_NOTIFY needs one");
    if (is_set(seccomp->listener_metadata) && !is_set(seccomp->listener_path))
        report_add(error, "linux.seccomp.listenerMetadata: must not be set without listenerPath");
}
