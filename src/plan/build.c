/* SPDX-License-Identifier: Apache-2.0 */
/* The order of all steps, according to the lifecycle in runtime.md. */
#include "berth/plan/build.h"

#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "builder.h"

static void save_state(struct plan_builder *builder)
{
    PLAN_ADD(builder, SAVE_STATE, .by = PLAN_HOST,
             .keeps_plan = !builder->request->run && !builder->is_pod,
             .shares_mounts =
                 !builder->is_pod &&
                 spec_find_namespace(builder->config, SPEC_NAMESPACE_TYPE_MOUNT) == NULL);
}

/* Early, because the kernel may have no class of service left. */
static void make_rdt(struct plan_builder *builder)
{
    if (builder->host->makes_rdt)
        PLAN_ADD(builder, MAKE_RDT, .by = PLAN_HOST, .place = "linux.intelRdt",
                 .dir = builder->host->rdt_class);
}

static void join_rdt(struct plan_builder *builder)
{
    if (builder->host->rdt_class != NULL)
        PLAN_ADD(builder, JOIN_RDT, .by = PLAN_HOST, .awaits = PLAN_TOKEN_RECORDED,
                 .place = "linux.intelRdt", .dir = builder->host->rdt_class);
}

/* HOST carries these steps out while INIT works. */
static void prepare_beside_init(struct plan_builder *builder)
{
    const struct spec_process *process = builder->config->process;

    join_rdt(builder);
    if (!builder->joins)
        plan_limit_cgroups(builder);
    plan_compile_seccomp(builder);
    if (!builder->joins)
        plan_prepare_hooks(builder);
    if (process != NULL && process->has_oom_score_adj && !builder->joins)
        PLAN_ADD(builder, SET_OOM_SCORE, .by = PLAN_HOST, .awaits = PLAN_TOKEN_RECORDED,
                 .place = "process.oomScoreAdj", .score = process->oom_score_adj);
}

static int make_root(struct plan_builder *builder)
{
    plan_open_root(builder);
    plan_name_host(builder);
    TRY(plan_make_mounts(builder));
    plan_set_sysctls(builder);
    plan_prepare_labels(builder, PLAN_INIT);
    /* Awaits the limits: while the rules of its devices are written, a process that was put into
     * its cgroup early, as systemd does, may make no nodes. */
    plan_enter_cgroups(builder);
    plan_open_masks(builder);
    TRY(plan_make_devices(builder));
    plan_run_hooks_before_pivot(builder);
    plan_change_root(builder);
    return 0;
}

static int make_container(struct plan_builder *builder)
{
    if (builder->is_pod) {
        plan_make_pod(builder);
        return 0;
    }
    TRY(make_root(builder));
    if (builder->config->process != NULL)
        return plan_make_process(builder);
    plan_finish_root(builder);
    plan_commit(builder);
    return 0;
}

static int build(struct plan_builder *builder)
{
    if (builder->is_pod)
        TRY(error_collect(builder->error, plan_check_pod(builder)));
    TRY(error_collect(builder->error, plan_sort_namespaces(builder)));
    TRY(error_collect(builder->error, plan_check_sysctls(builder)));
    TRY(error_collect(builder->error, plan_check_filter(builder)));
    TRY(error_collect(builder->error, plan_check_landlock(builder)));
    TRY(plan_check_stage(builder));
    TRY(plan_check_labels(builder));
    save_state(builder);
    make_rdt(builder);
    if (!builder->host->cgroups_need_process)
        plan_make_cgroups(builder);
    plan_launch(builder);
    if (builder->host->cgroups_need_process)
        plan_make_cgroups(builder);
    plan_enter_namespaces(builder);
    TRY(plan_move_net_devices(builder));
    prepare_beside_init(builder);
    TRY(make_container(builder));
    plan_hold_init_until_recorded(builder);
    return 0;
}

/* Limits are set after the processes are restored, so that they do not apply to CRIU's own work. */
static void build_restore(struct plan_builder *builder)
{
    const struct spec_process *process = builder->config->process;

    save_state(builder);
    make_rdt(builder);
    PLAN_ADD(builder, START_CRIU, .by = PLAN_HOST);
    plan_make_cgroups(builder);
    PLAN_ADD(builder, RESTORE_NAMESPACES, .by = PLAN_HOST, .signals = PLAN_TOKEN_RECORDED,
             .image = builder->request->image_dir);
    join_rdt(builder);
    plan_run_hooks_of_host(builder);
    PLAN_ADD(builder, RESTORE_PROCESSES, .by = PLAN_HOST, .makes = PLAN_SLOT_CONSOLE);
    plan_limit_cgroups(builder);
    if (process != NULL && process->terminal)
        plan_hand_console(builder);
    PLAN_ADD(builder, RESUME_PROCESSES, .by = PLAN_HOST);
    plan_commit_state(builder, 0, 0);
}

static bool keeps_groups(const struct spec_config *config)
{
    const char *value = spec_annotation(config, SPEC_KEEP_GROUPS);

    return value != NULL && text_equal(value, "1");
}

static struct plan_builder builder_of(struct arena *arena, const struct spec_config *config,
                                      const struct plan_request *request, struct error *error)
{
    static const struct spec_linux nothing;
    struct plan_builder builder = {
        .arena = arena,
        .config = config,
        .linux = config->linux != NULL ? config->linux : &nothing,
        .host = request->host,
        .request = request,
        .error = error,
        .keeps_groups = keeps_groups(config),
        .is_pod = spec_is_pod(config),
        .read_only_later = {.arena = arena},
        .data = {.arena = arena},
    };
    const struct plan_header blank = {0};

    text_add_bytes(&builder.data, &blank, sizeof(blank));
    plan_use_ready_filter(&builder);
    return builder;
}

int plan_build(struct arena *arena, const struct spec_config *config,
               const struct plan_request *request, const struct plan_header **ret_plan,
               struct error *error)
{
    struct plan_builder builder = builder_of(arena, config, request, error);

    TRY(build(&builder));
    return plan_seal(&builder, ret_plan);
}

int plan_build_restore(struct arena *arena, const struct spec_config *config,
                       const struct plan_request *request, const struct plan_header **ret_plan,
                       struct error *error)
{
    struct plan_builder builder = builder_of(arena, config, request, error);

    TRY(plan_sort_namespaces(&builder));
    TRY(plan_check_restored_devices(&builder));
    build_restore(&builder);
    return plan_seal(&builder, ret_plan);
}

int plan_build_exec(struct arena *arena, const struct spec_config *config,
                    const struct plan_request *request, const struct plan_header **ret_plan,
                    struct error *error)
{
    struct plan_builder builder = builder_of(arena, config, request, error);

    builder.joins = true;
    TRY(plan_sort_namespaces(&builder));
    TRY(plan_check_filter(&builder));
    TRY(plan_check_landlock(&builder));
    TRY(plan_check_labels(&builder));
    plan_join_container(&builder);
    prepare_beside_init(&builder);
    plan_join_root(&builder);
    TRY(plan_make_process(&builder));
    plan_hold_init_until_recorded(&builder);
    return plan_seal(&builder, ret_plan);
}

int plan_build_mounts(struct arena *arena, const struct spec_config *config,
                      const struct plan_request *request, const struct plan_header **ret_plan,
                      struct error *error)
{
    struct plan_builder builder = builder_of(arena, config, request, error);

    TRY(plan_add_mounts(&builder));
    return plan_seal(&builder, ret_plan);
}

int plan_build_unmounts(struct arena *arena, const struct spec_config *config,
                        const struct plan_request *request, const struct plan_header **ret_plan,
                        struct error *error)
{
    struct plan_builder builder = builder_of(arena, config, request, error);

    TRY(plan_remove_mounts(&builder));
    return plan_seal(&builder, ret_plan);
}
