/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks that run while the container is created and started (config.md, "POSIX-platform
 * Hooks"). */
#include "berth/base/text.h"
#include "berth/base/trace-context.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "builder.h"

struct hook_list {
    const struct spec_hook *hooks;
    size_t count;
    const char *name;
    bool in_root;
    bool inherits_process; /* without an env of its own, that of the container's process */
};

static bool names_trace(const char *const *env, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (trace_context_is_variable(env[i]))
            return true;
    return false;
}

/* Adds the context of the trace to the hook's environment, unless the config sets one. A
 * startContainer hook may inherit that of the container's process. */
static struct plan_strings env_of(struct plan_builder *builder, const struct spec_hook *hook,
                                  const struct hook_list *list)
{
    const struct trace_context *context = builder->request->trace_context;
    const struct spec_process *process = builder->config->process;
    struct text_list env = {.arena = builder->arena};

    if (context == NULL || names_trace(hook->env, hook->n_env) ||
        (list->inherits_process && hook->env == NULL && process != NULL &&
         names_trace(process->env, process->n_env)))
        return (struct plan_strings){hook->env, hook->n_env};
    for (size_t i = 0; i < hook->n_env; i++)
        text_list_add(&env, hook->env[i]); /* NOLINT(*NullDereference): no env has 0 entries */
    trace_context_add(context, trace_context_span(context, (int) builder->n_steps), &env);
    return plan_strings_of(&env);
}

static void run_hooks(struct plan_builder *builder, enum plan_actor by, struct hook_list list,
                      const struct plan_act *act)
{
    for (size_t i = 0; i < list.count; i++) {
        const struct spec_hook *hook = &list.hooks[i];
        const struct plan_strings path_alone = {&hook->path, 1};

        PLAN_ADD(builder, RUN_HOOK, .by = by, .uses = act->uses, .awaits = act->awaits,
                 .signals = act->signals,
                 .place = PLAN_PLACE(builder, "hooks.%s[%zu]", list.name, i), .program = hook->path,
                 .argv = hook->n_args == 0 ? path_alone
                                           : (struct plan_strings){hook->args, hook->n_args},
                 .env = env_of(builder, hook, &list), .inherits_env = hook->env == NULL,
                 .timeout_s = hook->has_timeout ? (uint64_t) hook->timeout : 0,
                 .in_root = list.in_root);
    }
}

/* A relative path is relative to the bundle, whatever the directory of `start` and `delete`. */
static enum plan_slot open_file(struct plan_builder *builder, const char *annotation,
                                enum plan_slot slot)
{
    const char *path = spec_annotation(builder->config, annotation);

    if (path == NULL || path[0] == '\0')
        return PLAN_SLOT_UNUSED;
    PLAN_ADD(builder, OPEN_HOOK_FILE, .by = PLAN_HOST, .makes = slot,
             .place = PLAN_PLACE(builder, "annotations[\"%s\"]", annotation),
             .file = text_path_join(builder->arena, builder->request->bundle, path));
    return slot;
}

void plan_prepare_hooks(struct plan_builder *builder)
{
    const struct spec_hooks *hooks = builder->config->hooks;

    if (hooks == NULL || (hooks->n_create_container == 0 && hooks->n_start_container == 0))
        return;
    PLAN_ADD(builder, WRITE_HOOK_STATE, .by = PLAN_HOST, .makes = PLAN_SLOT_HOOK_STATE,
             .awaits = PLAN_TOKEN_RECORDED);
    PLAN_ADD(builder, OPEN_HOOK_OUTPUT, .by = PLAN_HOST, .makes = PLAN_SLOT_HOOK_OUTPUT);
    builder->hook_files[0] = open_file(builder, SPEC_HOOKS_STDOUT, PLAN_SLOT_HOOK_STDOUT);
    builder->hook_files[1] = open_file(builder, SPEC_HOOKS_STDERR, PLAN_SLOT_HOOK_STDERR);
}

static void run_of_host(struct plan_builder *builder, const struct spec_hooks *hooks,
                        const struct plan_act *act)
{
    run_hooks(builder, PLAN_HOST,
              (struct hook_list){hooks->prestart, hooks->n_prestart, "prestart"}, act);
    run_hooks(builder, PLAN_HOST,
              (struct hook_list){hooks->create_runtime, hooks->n_create_runtime, "createRuntime"},
              act);
}

void plan_run_hooks_of_host(struct plan_builder *builder)
{
    if (builder->config->hooks != NULL)
        run_of_host(builder, builder->config->hooks,
                    &(struct plan_act){.awaits = PLAN_TOKEN_RECORDED});
}

static uint64_t used_by_init(const struct plan_builder *builder)
{
    return PLAN_BIT(PLAN_SLOT_HOOK_STATE) | PLAN_BIT(PLAN_SLOT_HOOK_OUTPUT) |
           PLAN_BIT(builder->hook_files[0]) | PLAN_BIT(builder->hook_files[1]);
}

void plan_run_hooks_before_pivot(struct plan_builder *builder)
{
    const struct spec_hooks *hooks = builder->config->hooks;

    if (hooks == NULL)
        return;
    if (hooks->n_prestart > 0 || hooks->n_create_runtime > 0) {
        const struct plan_act act = {.awaits = PLAN_TOKEN_ENVIRONMENT | PLAN_TOKEN_RECORDED,
                                     .signals = PLAN_TOKEN_HOOKED};

        plan_signal(builder, PLAN_TOKEN_ENVIRONMENT);
        run_of_host(builder, hooks, &act);
        builder->hooked = true;
    }
    run_hooks(builder, PLAN_INIT,
              (struct hook_list){hooks->create_container, hooks->n_create_container,
                                 "createContainer", .in_root = true},
              &(struct plan_act){.uses = used_by_init(builder),
                                 .awaits = builder->hooked ? PLAN_TOKEN_HOOKED
                                                           : plan_net_devices_token(builder)});
}

void plan_run_hooks_at_start(struct plan_builder *builder)
{
    const struct spec_hooks *hooks = builder->config->hooks;

    if (hooks == NULL)
        return;
    run_hooks(builder, PLAN_INIT,
              (struct hook_list){hooks->start_container, hooks->n_start_container, "startContainer",
                                 .inherits_process = true},
              &(struct plan_act){.uses = used_by_init(builder)});
}
