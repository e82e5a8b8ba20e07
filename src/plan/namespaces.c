/* SPDX-License-Identifier: Apache-2.0 */
/* linux.namespaces, uidMappings, gidMappings, timeOffsets, hostname, domainname. */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>

#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "builder.h"

/* The index of the namespace of `type` in the config, or -1. */
static int find_namespace(const struct plan_builder *builder, enum spec_namespace_type type)
{
    for (size_t i = 0; i < builder->linux->n_namespaces; i++)
        if (builder->linux->namespaces[i].type == type)
            return (int) i;
    return -1;
}

int plan_sort_namespaces(struct plan_builder *builder)
{
    for (size_t kind = 0; kind < SPEC_NAMESPACE_KINDS; kind++) {
        int i = find_namespace(builder, spec_namespace_kinds[kind].type);

        if (i < 0)
            continue;
        const char *path = builder->linux->namespaces[i].path;
        if (path != NULL && path[0] != '\0')
            builder->joined_namespaces |= spec_namespace_kinds[kind].flag;
        else
            builder->new_namespaces |= spec_namespace_kinds[kind].flag;
    }
    builder->needs_first = ((builder->new_namespaces | builder->joined_namespaces) &
                            (CLONE_NEWUSER | CLONE_NEWTIME)) != 0 ||
                           (builder->joined_namespaces & CLONE_NEWPID) != 0;
    /* In a new PID namespace the process whose cookie it shares has no PID. */
    if (builder->host->shared_cookie.container != NULL && builder->new_namespaces & CLONE_NEWPID)
        builder->needs_first = true;
    if (builder->host->privileged || plan_has_user_namespace(builder))
        return 0;
    error_errno_at(builder->error, "linux.namespaces", EPERM,
                   "a caller without root's rights needs a user namespace");
    return error_hint(builder->error, "add {\"type\": \"user\"} and id mappings, as "
                                      "`berth spec --rootless` does");
}

/* A sysctl in a namespace that the container shares with the caller by its path would change the
 * caller's too. */
int plan_check_sysctls(struct plan_builder *builder)
{
    for (size_t i = 0; i < builder->linux->n_sysctl; i++) {
        const char *key = builder->linux->sysctl[i].key;
        enum spec_namespace_type type = spec_sysctl_namespace(key);

        for (size_t kind = 0; kind < SPEC_NAMESPACE_KINDS; kind++)
            if (spec_namespace_kinds[kind].type == type &&
                (builder->host->own_namespaces & spec_namespace_kinds[kind].flag))
                return error_at(builder->error, JSON_PATH("linux.sysctl[\"%s\"]", key), EPERM,
                                "would change the host: linux.namespaces[%d].path leads to the %s "
                                "namespace of the host",
                                find_namespace(builder, type), spec_namespace_type_names[type]);
    }
    return 0;
}

/* The namespaces that clone(2) of INIT creates. A cgroup namespace is created after INIT has
 * joined its cgroup. */
static uint64_t cloned_namespaces(const struct plan_builder *builder)
{
    return builder->new_namespaces & ~(uint64_t) (CLONE_NEWUSER | CLONE_NEWTIME | CLONE_NEWCGROUP);
}

void plan_launch(struct plan_builder *builder)
{
    PLAN_ADD(builder, LAUNCH, .by = PLAN_HOST,
             .signals = builder->needs_first ? 0 : PLAN_TOKEN_INIT,
             .namespaces = builder->needs_first ? 0 : cloned_namespaces(builder));
}

static void join_namespace(struct plan_builder *builder, enum plan_actor by,
                           const struct spec_namespace_kind *kind, enum plan_slot slot)
{
    int i = find_namespace(builder, kind->type);

    PLAN_ADD(builder, JOIN_NAMESPACE, .by = by,
             .place = PLAN_PLACE(builder, "linux.namespaces[%d].path", i), .namespace = slot,
             .path = builder->linux->namespaces[i].path, .type = kind->flag);
}

/* Opens all namespaces before it joins the first: their paths are on the host. */
static void open_namespaces(struct plan_builder *builder, enum plan_actor by)
{
    for (size_t kind = 0; kind < SPEC_NAMESPACE_KINDS; kind++) {
        if (!(builder->joined_namespaces & spec_namespace_kinds[kind].flag))
            continue;
        int i = find_namespace(builder, spec_namespace_kinds[kind].type);
        PLAN_ADD(builder, OPEN_NAMESPACE, .by = by, .makes = PLAN_SLOT_NAMESPACE_0 + kind,
                 .place = PLAN_PLACE(builder, "linux.namespaces[%d].path", i),
                 .path = builder->linux->namespaces[i].path,
                 .type = spec_namespace_kinds[kind].flag);
    }
}

static void join_namespaces(struct plan_builder *builder, enum plan_actor by, uint64_t which)
{
    for (size_t kind = 0; kind < SPEC_NAMESPACE_KINDS; kind++)
        if (builder->joined_namespaces & which & spec_namespace_kinds[kind].flag)
            join_namespace(builder, by, &spec_namespace_kinds[kind], PLAN_SLOT_NAMESPACE_0 + kind);
}

static void make_user_namespace(struct plan_builder *builder)
{
    if (!(builder->new_namespaces & CLONE_NEWUSER))
        return;
    PLAN_ADD(builder, UNSHARE, .by = PLAN_FIRST, .signals = PLAN_TOKEN_USER_NAMESPACE,
             .place = PLAN_PLACE(builder, "linux.namespaces[%d]",
                                 find_namespace(builder, SPEC_NAMESPACE_TYPE_USER)),
             .namespaces = CLONE_NEWUSER);
    PLAN_ADD(builder, MAP_IDS, .by = PLAN_HOST, .awaits = PLAN_TOKEN_USER_NAMESPACE,
             .signals = PLAN_TOKEN_MAPPED, .place = "linux.uidMappings");
}

/* Offsets are written before the first child enters the namespace, and before set-UID calls make
 * root the owner of the file. */
static void make_time_namespace(struct plan_builder *builder)
{
    if (!(builder->new_namespaces & CLONE_NEWTIME))
        return;
    PLAN_ADD(builder, UNSHARE, .by = PLAN_FIRST,
             .place = PLAN_PLACE(builder, "linux.namespaces[%d]",
                                 find_namespace(builder, SPEC_NAMESPACE_TYPE_TIME)),
             .namespaces = CLONE_NEWTIME);
    for (size_t i = 0; i < builder->linux->n_time_offsets; i++) {
        const struct spec_time_offset_entry *offset = &builder->linux->time_offsets[i];

        PLAN_ADD(builder, PUT_FILE, .by = PLAN_FIRST,
                 .place = PLAN_PLACE(builder, "linux.timeOffsets.%s", offset->key),
                 .file = "/proc/self/timens_offsets",
                 .content = arena_printf(builder->arena, "%s %lld %u", offset->key,
                                         (long long) offset->value->secs, offset->value->nanosecs));
    }
    const char *annotated = spec_annotation(builder->config, SPEC_TIME_OFFSET);
    if (annotated != NULL && annotated[0] != '\0')
        PLAN_ADD(builder, PUT_FILE, .by = PLAN_FIRST,
                 .place = "annotations[\"" SPEC_TIME_OFFSET "\"]",
                 .file = "/proc/self/timens_offsets", .content = annotated);
}

static bool maps_root(const struct spec_id_mapping *mappings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (mappings[i].container_id == 0 && mappings[i].size > 0)
            return true;
    return false;
}

static void become_root(struct plan_builder *builder, enum plan_actor by)
{
    bool is_new = (builder->new_namespaces & CLONE_NEWUSER) != 0;
    const struct spec_linux *config = builder->linux;

    if (!plan_has_user_namespace(builder))
        return;
    if (is_new && (!maps_root(config->uid_mappings, config->n_uid_mappings) ||
                   !maps_root(config->gid_mappings, config->n_gid_mappings)))
        return;
    PLAN_ADD(builder, BECOME_ROOT, .by = by,
             .place = is_new ? "linux.uidMappings"
                             : PLAN_PLACE(builder, "linux.namespaces[%d].path",
                                          find_namespace(builder, SPEC_NAMESPACE_TYPE_USER)),
             .awaits = is_new && !builder->joins ? PLAN_TOKEN_MAPPED : 0,
             .keeps_groups = builder->keeps_groups);
}

/* The first stage. A privileged caller joins the other namespaces before the user namespace. */
static void enter_by_first(struct plan_builder *builder)
{
    const uint64_t others = ~(uint64_t) CLONE_NEWUSER;

    open_namespaces(builder, PLAN_FIRST);
    plan_join_cgroups(builder, PLAN_FIRST);
    if (builder->host->privileged)
        join_namespaces(builder, PLAN_FIRST, others);
    join_namespaces(builder, PLAN_FIRST, CLONE_NEWUSER);
    make_user_namespace(builder);
    make_time_namespace(builder);
    become_root(builder, PLAN_FIRST);
    if (!builder->host->privileged)
        join_namespaces(builder, PLAN_FIRST, others);
    PLAN_ADD(builder, CLONE_INIT, .by = PLAN_FIRST, .signals = PLAN_TOKEN_INIT,
             .awaits = (builder->host->cgroups_need_process ? PLAN_TOKEN_CGROUP : 0) |
                       ((builder->new_namespaces & CLONE_NEWUSER) != 0 ? PLAN_TOKEN_MAPPED : 0),
             .place = "linux.namespaces", .namespaces = cloned_namespaces(builder));
}

static void record_init(struct plan_builder *builder)
{
    PLAN_ADD(builder, RECORD_INIT, .by = PLAN_HOST, .awaits = PLAN_TOKEN_INIT,
             .signals = PLAN_TOKEN_RECORDED, .saves = !builder->joins);
}

static void join_keyring(struct plan_builder *builder)
{
    if (builder->request->no_new_keyring || builder->is_pod)
        return;
    plan_label_keyring(builder);
    PLAN_ADD(builder, JOIN_KEYRING, .by = PLAN_INIT,
             .keyring = arena_printf(builder->arena, "_ses.%s", builder->request->id));
}

void plan_enter_namespaces(struct plan_builder *builder)
{
    plan_take_cookie(builder, builder->needs_first ? PLAN_FIRST : PLAN_INIT);
    plan_open_proc(builder, builder->needs_first ? PLAN_FIRST : PLAN_INIT, NULL);
    if (builder->needs_first)
        enter_by_first(builder);
    record_init(builder);
    if (!builder->needs_first) {
        open_namespaces(builder, PLAN_INIT);
        join_namespaces(builder, PLAN_INIT, ~(uint64_t) 0);
    }
    if (builder->new_namespaces & CLONE_NEWNET)
        PLAN_ADD(builder, SET_LOOPBACK_UP, .by = PLAN_INIT,
                 .place = PLAN_PLACE(builder, "linux.namespaces[%d]",
                                     find_namespace(builder, SPEC_NAMESPACE_TYPE_NETWORK)));
    join_keyring(builder);
}

/* Only a child enters a PID namespace. Returns the actor that joins. */
static enum plan_actor launch_joiner(struct plan_builder *builder)
{
    builder->needs_first = (builder->request->namespaces.foreign & CLONE_NEWPID) != 0;
    PLAN_ADD(builder, LAUNCH, .by = PLAN_HOST,
             .signals = builder->needs_first ? 0 : PLAN_TOKEN_INIT);
    return builder->needs_first ? PLAN_FIRST : PLAN_INIT;
}

static void join_process(struct plan_builder *builder, enum plan_actor by)
{
    const uint64_t namespaces = builder->request->namespaces.foreign;

    plan_open_proc(builder, by, NULL); /* the host's: the container's cannot be trusted */
    if (namespaces != 0)
        PLAN_ADD(builder, JOIN_PROCESS, .by = by, .namespaces = namespaces);
    if (namespaces & CLONE_NEWUSER)
        become_root(builder, by);
    if (builder->needs_first)
        PLAN_ADD(builder, CLONE_INIT, .by = PLAN_FIRST, .signals = PLAN_TOKEN_INIT);
    record_init(builder);
    const struct plan_namespaces *joined = &builder->request->namespaces;
    const bool has_root = (namespaces & builder->new_namespaces & CLONE_NEWNS) != 0;
    PLAN_ADD(builder, VERIFY_NAMESPACES, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_PROC),
             .links = {joined->names, joined->n_names}, .root = has_root ? joined->root : NULL,
             .device = joined->root_device, .inode = joined->root_inode);
}

void plan_join_container(struct plan_builder *builder)
{
    const struct spec_process *process = builder->config->process;
    const struct spec_exec_cpu_affinity *affinity = process->exec_cpu_affinity;
    enum plan_actor by = launch_joiner(builder);

    plan_take_cookie(builder, by);
    plan_open_proc(builder, by, NULL);
    /* Before joining the container's user namespace makes root the owner of the file. */
    if (process->has_oom_score_adj)
        PLAN_ADD(builder, SET_OOM_SCORE, .by = by, .uses = PLAN_BIT(PLAN_SLOT_PROC),
                 .place = "process.oomScoreAdj", .score = process->oom_score_adj);
    if (affinity != NULL)
        plan_set_affinity(builder, by, affinity->initial, "process.execCPUAffinity.initial");
    plan_join_cgroups(builder, by);
    if (affinity != NULL)
        plan_set_affinity(builder, by, affinity->final, "process.execCPUAffinity.final");
    else
        plan_reset_affinity(builder, by);
    plan_prepare_labels(builder, by);
    join_process(builder, by);
    join_keyring(builder);
}

/* Does not join the cgroups: in a frozen cgroup the process could not run, or exit. */
void plan_visit_container(struct plan_builder *builder)
{
    join_process(builder, launch_joiner(builder));
}

void plan_name_host(struct plan_builder *builder)
{
    const struct spec_config *config = builder->config;

    if (config->hostname != NULL && config->hostname[0] != '\0')
        PLAN_ADD(builder, SET_HOSTNAME, .by = PLAN_INIT, .place = "hostname",
                 .hostname = config->hostname);
    if (config->domainname != NULL && config->domainname[0] != '\0')
        PLAN_ADD(builder, SET_DOMAINNAME, .by = PLAN_INIT, .place = "domainname",
                 .domainname = config->domainname);
}
