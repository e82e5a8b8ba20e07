/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts that refuse the system calls for detached mounts: INIT stages mounts
 * (src/init/detached.c), which cannot do everything. */
#include <errno.h>
#include <sched.h>

#include "builder.h"

int plan_need_mount_calls(const struct plan_builder *builder, const char *place, const char *what)
{
    if (builder->host->refused_call == NULL)
        return 0;
    error_at(builder->error, place, ENOSYS, "%s needs the system call %s", what,
             builder->host->refused_call);
    return error_hint(builder->error, "%s", builder->host->refusal);
}

/* The stage needs a mount namespace of INIT's own: in a shared one it would be visible. */
int plan_check_stage(struct plan_builder *builder)
{
    const struct spec_linux *config = builder->linux;

    if (builder->new_namespaces & CLONE_NEWNS)
        return 0;
    if (builder->config->n_mounts == 0 && !builder->config->root->readonly &&
        config->n_masked_paths == 0 && config->n_readonly_paths == 0)
        return 0;
    return plan_need_mount_calls(builder, "linux.namespaces",
                                 "to mount without a new mount namespace");
}
