/* SPDX-License-Identifier: Apache-2.0 */
/* The annotation run.berth.pod: the host holds the namespaces, and no process is left. */
#include <errno.h>
#include <sched.h>

#include "berth/base/arena.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "builder.h"

int plan_check_pod(const struct plan_builder *builder)
{
    if (builder->host->privileged)
        return 0;
    error_errno_at(builder->error, SPEC_POD_PATH, EPERM,
                   "an unprivileged user cannot hold namespaces without a process: that takes a "
                   "mount on the host");
    return error_hint(builder->error,
                      "run berth as root, or as root of a user and mount namespace: unshare "
                      "--user --map-root-user --mount");
}

/* INIT opens its own namespaces, and HOST binds them: the rights over its mounts are HOST's. */
static void pin_namespace(struct plan_builder *builder, size_t i)
{
    const struct spec_namespace *namespace = &builder->linux->namespaces[i];
    const char *place = PLAN_PLACE(builder, "linux.namespaces[%zu]", i);
    const struct spec_namespace_kind *kind = spec_namespace_kinds;
    enum plan_slot slot = plan_next_source(builder);

    while (kind->type != namespace->type)
        kind++;
    PLAN_ADD(builder, OPEN_NAMESPACE, .by = PLAN_INIT, .makes = slot, .place = place,
             .path = arena_printf(builder->arena, "/proc/self/ns/%s", kind->file),
             .type = kind->flag);
    PLAN_ADD(builder, PIN_NAMESPACE, .by = PLAN_HOST, .place = place, .namespace = slot,
             .type = kind->flag, .file = arena_printf(builder->arena, "ns/%s", kind->file));
}

void plan_make_pod(struct plan_builder *builder)
{
    const struct spec_hooks *hooks = builder->config->hooks;

    plan_name_host(builder);
    plan_set_sysctls(builder);
    if (builder->host->n_hierarchies > 0 || (builder->new_namespaces & CLONE_NEWCGROUP) != 0)
        plan_enter_cgroups(builder);
    for (size_t i = 0; i < builder->linux->n_namespaces; i++)
        pin_namespace(builder, i);
    if (hooks != NULL && hooks->n_create_container > 0)
        plan_open_root(builder);
    plan_run_hooks_before_pivot(builder);
    PLAN_ADD(builder, FINISH, .by = PLAN_INIT, .signals = PLAN_TOKEN_READY,
             .awaits = builder->hooked ? PLAN_TOKEN_HOOKED : 0);
    PLAN_ADD(builder, AWAIT_END, .by = PLAN_HOST, .awaits = PLAN_TOKEN_READY);
    plan_commit_state(builder, 0, 0);
}
