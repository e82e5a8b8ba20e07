/* SPDX-License-Identifier: Apache-2.0 */
/* process: the steps of INIT between the setup of the container's root file system and
 * execve(2). */
#include <errno.h>
#include <string.h>

#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "builder.h"
#include "values.h"

#define GROUPS_MAX 65536 /* NGROUPS_MAX */

static void set_limits(struct plan_builder *builder, bool only_raises)
{
    const struct spec_process *process = builder->config->process;

    for (size_t i = 0; i < process->n_rlimits; i++) {
        const struct spec_rlimit *limit = &process->rlimits[i];

        PLAN_ADD(builder, SET_RLIMIT, .by = PLAN_INIT,
                 .place = PLAN_PLACE(builder, "process.rlimits[%zu]", i),
                 .resource = plan_resource(spec_rlimit_type_names[limit->type]),
                 .soft = limit->soft, .hard = limit->hard, .only_raises = only_raises);
    }
}

static void own_stdio(struct plan_builder *builder, const struct spec_user *user)
{
    PLAN_ADD(builder, NEW_SESSION, .by = PLAN_INIT);
    PLAN_ADD(builder, REOPEN_NULL, .by = PLAN_INIT, .place = "process");
    PLAN_ADD(builder, OWN_STDIO, .by = PLAN_INIT, .place = "process.user.uid", .uid = user->uid);
}

static void become_user(struct plan_builder *builder, const struct spec_user *user)
{
    struct text_list groups = {.arena = builder->arena};

    for (size_t i = 0; i < user->n_additional_gids; i++)
        text_list_add(&groups, arena_printf(builder->arena, "%u", user->additional_gids[i]));
    PLAN_ADD(builder, SET_USER, .by = PLAN_INIT, .place = "process.user", .uid = user->uid,
             .gid = user->gid, .keeps_groups = builder->keeps_groups,
             .groups = plan_strings_of(&groups));
    PLAN_ADD(builder, SET_UMASK, .by = PLAN_INIT, .place = "process.user.umask",
             .umask = user->has_umask ? user->umask : PLAN_UMASK_OF_CALLER);
}

/* The mappings of a joined user namespace are unknown here. */
static bool may_have_id(const struct spec_id_mapping *mappings, size_t count, uint32_t id)
{
    return count == 0 || spec_maps_id(mappings, count, id);
}

/* An unprivileged caller may map only its own group, and cannot set groups then:
 * user_namespaces(7). */
static bool will_deny_groups(const struct plan_builder *builder)
{
    const struct spec_linux *config = builder->linux;

    return !builder->host->privileged && config->n_gid_mappings == 1 &&
           config->gid_mappings[0].size == 1;
}

static int check_user(struct plan_builder *builder, const struct spec_user *user)
{
    const struct spec_linux *config = builder->linux;

    if (builder->keeps_groups && user->n_additional_gids > 0)
        return error_at(builder->error, "process.user.additionalGids", EINVAL,
                        "there can be none with annotations[\"%s\"]", SPEC_KEEP_GROUPS);
    if (!may_have_id(config->uid_mappings, config->n_uid_mappings, user->uid))
        return error_at(builder->error, "process.user.uid", EINVAL,
                        "%u is not mapped in linux.uidMappings", user->uid);
    if (!may_have_id(config->gid_mappings, config->n_gid_mappings, user->gid))
        return error_at(builder->error, "process.user.gid", EINVAL,
                        "%u is not mapped in linux.gidMappings", user->gid);
    for (size_t i = 0; i < user->n_additional_gids && !will_deny_groups(builder); i++)
        if (!may_have_id(config->gid_mappings, config->n_gid_mappings, user->additional_gids[i]))
            return error_at(builder->error, JSON_PATH("process.user.additionalGids[%zu]", i),
                            EINVAL, "%u is not mapped in linux.gidMappings",
                            user->additional_gids[i]);
    if (user->n_additional_gids > GROUPS_MAX)
        return error_at(builder->error, "process.user.additionalGids", EINVAL,
                        "the kernel accepts at most %d groups, got %zu", GROUPS_MAX,
                        user->n_additional_gids);
    return 0;
}

static void prepare_process(struct plan_builder *builder, const struct spec_user *user,
                            const struct spec_capability_sets *sets, const struct text_list *env)
{
    const struct spec_process *process = builder->config->process;

    if (!process->terminal)
        own_stdio(builder, user);
    else if (builder->joins)
        plan_open_terminal(builder);
    if (!builder->joins)
        plan_finish_root(builder);
    plan_schedule(builder);
    set_limits(builder, true);
    PLAN_ADD(builder, LIMIT_CAPABILITIES, .by = PLAN_INIT, .place = "process.capabilities.bounding",
             .bounding = sets->bounding);
    if (plan_find_variable(env, "HOME") == NULL)
        PLAN_ADD(builder, FIND_HOME, .by = PLAN_INIT, .uid = user->uid);
    PLAN_ADD(builder, SET_CWD, .by = PLAN_INIT, .place = "process.cwd", .path = process->cwd);
    plan_make_ruleset(builder);
    become_user(builder, user);
    plan_hold_capabilities(builder, sets);
    PLAN_ADD(builder, FIND_PROGRAM, .by = PLAN_INIT, .place = "process.args[0]",
             .program = process->args[0], .search_path = plan_find_variable(env, "PATH"));
}

int plan_make_process(struct plan_builder *builder)
{
    const struct spec_process *process = builder->config->process;
    const struct spec_user *user = plan_user_of(process);
    struct text_list env = {.arena = builder->arena};

    TRY(error_collect(builder->error, check_user(builder, user)));
    const struct spec_capability_sets sets = plan_capabilities(builder);
    plan_make_environment(builder, &env);
    prepare_process(builder, user, &sets, &env);
    plan_commit(builder);
    PLAN_ADD(builder, CLOSE_DESCRIPTORS, .by = PLAN_INIT, .awaits = PLAN_TOKEN_COMMITTED,
             .kept = builder->request->kept_fds);
    plan_label_process(builder); /* before limits, which may prevent opening a file */
    plan_open_status(builder);
    set_limits(builder, false);
    plan_confine(builder, &sets);
    plan_verify(builder, &sets);
    if (!builder->joins)
        /* as confined as the program, because they run in the container (config.md) */
        plan_run_hooks_at_start(builder);
    PLAN_ADD(builder, EXECUTE, .by = PLAN_INIT, .place = "process.args[0]",
             .program = process->args[0], .argv = {process->args, process->n_args},
             .env = plan_strings_of(&env));
    return 0;
}
