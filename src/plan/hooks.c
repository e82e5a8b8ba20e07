/* SPDX-License-Identifier: Apache-2.0 */
/* hooks: those that run while the container is created and started (config.md, "POSIX-platform Hooks"). */
#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "builder.h"

struct hook_list {
    const struct spec_hook *hooks;
    size_t count;
    const char *name;
};

static void run_hooks(struct plan_builder *builder, enum plan_actor by, struct hook_list list,
                      const struct plan_act *slots)
{
    for (size_t i = 0; i < list.count; i++) {
        const struct spec_hook *hook = &list.hooks[i];
        struct plan_act act = *slots;
        struct text_list argv = {.arena = builder->arena};

        if (hook->n_args == 0)
            text_list_add(&argv, hook->path);
        act.op = PLAN_RUN_HOOK;
        act.by = by;
        act.place = PLAN_PLACE(builder, "hooks.%s[%zu]", list.name, i);
        act.text[0] = hook->path;
        act.list = hook->n_args == 0 ? (const char *const *) argv.item : hook->args;
        act.n_list = hook->n_args == 0 ? 1 : hook->n_args;
        act.second_list = hook->env;
        act.n_second_list = hook->n_env;
        act.number[0] = hook->has_timeout ? (uint64_t) hook->timeout : 0;
        act.number[1] = hook->env == NULL;
        plan_add(builder, &act);
    }
}

/* A relative path is one of the bundle's, wherever `start` and `delete` are called. */
static enum plan_slot open_file(struct plan_builder *builder, const char *annotation, enum plan_slot slot)
{
    const char *path = spec_annotation(builder->config, annotation);

    if (path == NULL || path[0] == '\0')
        return PLAN_SLOT_UNUSED;
    PLAN_ADD(builder, .op = PLAN_OPEN_HOOK_FILE, .by = PLAN_HOST, .makes = slot,
             .place = PLAN_PLACE(builder, "annotations[\"%s\"]", annotation),
             .text = {text_path_join(builder->arena, builder->request->bundle, path)});
    return slot;
}

void plan_prepare_hooks(struct plan_builder *builder)
{
    const struct spec_hooks *hooks = builder->config->hooks;

    if (hooks == NULL || (hooks->n_create_container == 0 && hooks->n_start_container == 0))
        return;
    PLAN_ADD(builder, .op = PLAN_WRITE_HOOK_STATE, .by = PLAN_HOST, .makes = PLAN_SLOT_HOOK_STATE,
             .awaits = PLAN_TOKEN_RECORDED);
    PLAN_ADD(builder, .op = PLAN_OPEN_HOOK_OUTPUT, .by = PLAN_HOST, .makes = PLAN_SLOT_HOOK_OUTPUT);
    builder->hook_files[0] = open_file(builder, SPEC_HOOKS_STDOUT, PLAN_SLOT_HOOK_STDOUT);
    builder->hook_files[1] = open_file(builder, SPEC_HOOKS_STDERR, PLAN_SLOT_HOOK_STDERR);
}

static void run_of_host(struct plan_builder *builder, const struct spec_hooks *hooks,
                        const struct plan_act *slots)
{
    run_hooks(builder, PLAN_HOST, (struct hook_list){hooks->prestart, hooks->n_prestart, "prestart"},
              slots);
    run_hooks(builder, PLAN_HOST,
              (struct hook_list){hooks->create_runtime, hooks->n_create_runtime, "createRuntime"}, slots);
}

void plan_run_hooks_of_host(struct plan_builder *builder)
{
    if (builder->config->hooks != NULL)
        run_of_host(builder, builder->config->hooks, &(struct plan_act){.awaits = PLAN_TOKEN_RECORDED});
}

void plan_run_hooks_before_pivot(struct plan_builder *builder)
{
    const struct spec_hooks *hooks = builder->config->hooks;

    if (hooks == NULL)
        return;
    if (hooks->n_prestart > 0 || hooks->n_create_runtime > 0) {
        const struct plan_act slots = {.awaits = PLAN_TOKEN_ENVIRONMENT | PLAN_TOKEN_RECORDED,
                                       .signals = PLAN_TOKEN_HOOKED};

        plan_signal(builder, PLAN_TOKEN_ENVIRONMENT);
        run_of_host(builder, hooks, &slots);
        builder->hooked = true;
    }
    run_hooks(builder, PLAN_INIT,
              (struct hook_list){hooks->create_container, hooks->n_create_container, "createContainer"},
              &(struct plan_act){.uses = {PLAN_SLOT_HOOK_STATE, PLAN_SLOT_HOOK_OUTPUT,
                                          builder->hook_files[0], builder->hook_files[1]},
                                 .awaits = builder->hooked ? PLAN_TOKEN_HOOKED
                                                           : plan_net_devices_token(builder),
                                 .number = {[2] = 1}});
}

void plan_run_hooks_at_start(struct plan_builder *builder)
{
    const struct spec_hooks *hooks = builder->config->hooks;

    if (hooks == NULL)
        return;
    run_hooks(builder, PLAN_INIT,
              (struct hook_list){hooks->start_container, hooks->n_start_container, "startContainer"},
              &(struct plan_act){.uses = {PLAN_SLOT_HOOK_STATE, PLAN_SLOT_HOOK_OUTPUT, builder->hook_files[0],
                                          builder->hook_files[1]}});
}
