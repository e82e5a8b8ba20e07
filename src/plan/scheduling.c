/* SPDX-License-Identifier: Apache-2.0 */
/* process.scheduler, process.ioPriority, linux.memoryPolicy, linux.personality. */
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <string.h>

#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "builder.h"

/* --- process.scheduler ------------------------------------------------------------------------ */

static const uint16_t policies[] = {
    [SPEC_SCHEDULER_POLICY_SCHED_OTHER] = SCHED_NORMAL,
    [SPEC_SCHEDULER_POLICY_SCHED_FIFO] = SCHED_FIFO,
    [SPEC_SCHEDULER_POLICY_SCHED_RR] = SCHED_RR,
    [SPEC_SCHEDULER_POLICY_SCHED_BATCH] = SCHED_BATCH,
    [SPEC_SCHEDULER_POLICY_SCHED_IDLE] = SCHED_IDLE,
    [SPEC_SCHEDULER_POLICY_SCHED_DEADLINE] = SCHED_DEADLINE,
};

static const uint16_t scheduler_flags[] = {
    [SPEC_SCHEDULER_FLAG_SCHED_FLAG_RESET_ON_FORK] = SCHED_FLAG_RESET_ON_FORK,
    [SPEC_SCHEDULER_FLAG_SCHED_FLAG_RECLAIM] = SCHED_FLAG_RECLAIM,
    [SPEC_SCHEDULER_FLAG_SCHED_FLAG_DL_OVERRUN] = SCHED_FLAG_DL_OVERRUN,
    [SPEC_SCHEDULER_FLAG_SCHED_FLAG_KEEP_POLICY] = SCHED_FLAG_KEEP_POLICY,
    [SPEC_SCHEDULER_FLAG_SCHED_FLAG_KEEP_PARAMS] = SCHED_FLAG_KEEP_PARAMS,
    [SPEC_SCHEDULER_FLAG_SCHED_FLAG_UTIL_CLAMP_MIN] = SCHED_FLAG_UTIL_CLAMP_MIN,
    [SPEC_SCHEDULER_FLAG_SCHED_FLAG_UTIL_CLAMP_MAX] = SCHED_FLAG_UTIL_CLAMP_MAX,
};

static const char *words_of_scheduler(struct plan_builder *builder,
                                      const struct spec_scheduler *scheduler)
{
    struct text words = {.arena = builder->arena};

    text_add(&words, spec_scheduler_policy_names[scheduler->policy]);
    if (scheduler->nice != 0)
        text_addf(&words, " nice %d", scheduler->nice);
    if (scheduler->priority != 0)
        text_addf(&words, " priority %d", scheduler->priority);
    if (scheduler->deadline != 0)
        text_addf(&words, " runtime %llu deadline %llu period %llu",
                  (unsigned long long) scheduler->runtime, (unsigned long long) scheduler->deadline,
                  (unsigned long long) scheduler->period);
    for (size_t i = 0; i < scheduler->n_flags; i++)
        text_addf(&words, " %s", spec_scheduler_flag_names[scheduler->flags[i]]);
    return words.bytes;
}

static void set_scheduler(struct plan_builder *builder, enum plan_actor by,
                          const struct spec_scheduler *scheduler)
{
    uint64_t flags = 0;

    for (size_t i = 0; i < scheduler->n_flags; i++)
        flags |= scheduler_flags[scheduler->flags[i]];
    PLAN_ADD(builder, SET_SCHEDULER, .by = by, .place = "process.scheduler",
             .awaits = by == PLAN_HOST ? PLAN_TOKEN_READY : 0,
             .words = words_of_scheduler(builder, scheduler), .policy = policies[scheduler->policy],
             .nice = scheduler->nice, .priority = scheduler->priority, .flags = flags,
             .runtime_ns = scheduler->runtime, .deadline_ns = scheduler->deadline,
             .period_ns = scheduler->period);
}

/* --- process.ioPriority ----------------------------------------------------------------------- */

static void set_io_priority(struct plan_builder *builder, enum plan_actor by,
                            const struct spec_io_priority *priority)
{
    static const int classes[] = {
        [SPEC_IO_PRIORITY_CLASS_IOPRIO_CLASS_RT] = IOPRIO_CLASS_RT,
        [SPEC_IO_PRIORITY_CLASS_IOPRIO_CLASS_BE] = IOPRIO_CLASS_BE,
        [SPEC_IO_PRIORITY_CLASS_IOPRIO_CLASS_IDLE] = IOPRIO_CLASS_IDLE,
    };

    PLAN_ADD(builder, SET_IO_PRIORITY, .by = by, .place = "process.ioPriority",
             .awaits = by == PLAN_HOST ? PLAN_TOKEN_READY : 0,
             .words =
                 arena_printf(builder->arena, "%s %d",
                              spec_io_priority_class_names[priority->class], priority->priority),
             .priority = classes[priority->class] << IOPRIO_CLASS_SHIFT | priority->priority);
}

/* --- lists of numbers ------------------------------------------------------------------------- */

/* Converts a list such as "0-3,7", which has been checked, to its numbers below `limit`, each a
 * string. */
static struct text_list list_numbers(struct plan_builder *builder, const char *numbers,
                                     size_t limit)
{
    struct text_list list = {.arena = builder->arena};
    uint64_t set[PLAN_CPUS / 64] = {0};

    if (numbers != NULL && numbers[0] != '\0')
        spec_read_number_list(numbers, limit, set);
    for (unsigned i = 0; i < limit; i++)
        if (set[i / 64] >> i % 64 & 1)
            text_list_add(&list, arena_printf(builder->arena, "%u", i));
    return list;
}

/* --- process.execCPUAffinity ------------------------------------------------------------------ */

void plan_set_affinity(struct plan_builder *builder, enum plan_actor by, const char *list,
                       const char *place)
{
    const struct text_list cpus = list_numbers(builder, list, PLAN_CPUS);

    if (cpus.count > 0)
        PLAN_ADD(builder, SET_AFFINITY, .by = by, .place = place, .words = list,
                 .processors = plan_strings_of(&cpus));
}

void plan_reset_affinity(struct plan_builder *builder, enum plan_actor by)
{
    PLAN_ADD(builder, SET_AFFINITY, .by = by, .words = "that the cgroup has", .all = true);
}

/* --- linux.memoryPolicy ----------------------------------------------------------------------- */

/* Since Linux 6.9: older headers lack it. */
#define MODE_WEIGHTED_INTERLEAVE 6

static const uint64_t modes[] = {
    [SPEC_MEMORY_POLICY_MODE_MPOL_DEFAULT] = MPOL_DEFAULT,
    [SPEC_MEMORY_POLICY_MODE_MPOL_BIND] = MPOL_BIND,
    [SPEC_MEMORY_POLICY_MODE_MPOL_INTERLEAVE] = MPOL_INTERLEAVE,
    [SPEC_MEMORY_POLICY_MODE_MPOL_WEIGHTED_INTERLEAVE] = MODE_WEIGHTED_INTERLEAVE,
    [SPEC_MEMORY_POLICY_MODE_MPOL_PREFERRED] = MPOL_PREFERRED,
    [SPEC_MEMORY_POLICY_MODE_MPOL_PREFERRED_MANY] = MPOL_PREFERRED_MANY,
    [SPEC_MEMORY_POLICY_MODE_MPOL_LOCAL] = MPOL_LOCAL,
};

static const uint64_t memory_flags[] = {
    [SPEC_MEMORY_POLICY_FLAG_MPOL_F_NUMA_BALANCING] = MPOL_F_NUMA_BALANCING,
    [SPEC_MEMORY_POLICY_FLAG_MPOL_F_RELATIVE_NODES] = MPOL_F_RELATIVE_NODES,
    [SPEC_MEMORY_POLICY_FLAG_MPOL_F_STATIC_NODES] = MPOL_F_STATIC_NODES,
};

static void set_memory_policy(struct plan_builder *builder, const struct spec_memory_policy *policy)
{
    const struct text_list nodes = list_numbers(builder, policy->nodes, PLAN_NODES);
    struct text words = {.arena = builder->arena};
    uint64_t mode = modes[policy->mode];

    text_add(&words, spec_memory_policy_mode_names[policy->mode]);
    if (nodes.count > 0)
        text_addf(&words, " %s", policy->nodes);
    for (size_t i = 0; i < policy->n_flags; i++) {
        mode |= memory_flags[policy->flags[i]];
        text_addf(&words, " %s", spec_memory_policy_flag_names[policy->flags[i]]);
    }
    PLAN_ADD(builder, SET_MEMORY_POLICY, .by = PLAN_INIT, .place = "linux.memoryPolicy",
             .words = words.bytes, .mode = mode, .nodes = plan_strings_of(&nodes));
}

static void set_personality(struct plan_builder *builder,
                            const struct spec_personality *personality)
{
    bool is_32 = personality->domain == SPEC_PERSONALITY_DOMAIN_LINUX32;

    PLAN_ADD(builder, SET_PERSONALITY, .by = PLAN_INIT, .place = "linux.personality.domain",
             .words = spec_personality_domain_names[personality->domain],
             .persona = is_32 ? PER_LINUX32 : PER_LINUX);
}

/* The kernel itself clears flags that make addresses predictable when a program has more
 * privileges than its caller. The domain stays. */
static void drop_personality_flags(struct plan_builder *builder)
{
    const unsigned caller = builder->host->personality;

    if (caller & PER_CLEAR_ON_SETID)
        PLAN_ADD(builder, SET_PERSONALITY, .by = PLAN_INIT, .place = "process",
                 .words = "without the caller's flags",
                 .persona = caller & ~(unsigned) PER_CLEAR_ON_SETID);
}

/* Better priorities require CAP_SYS_NICE in the initial user namespace: INIT does not have it in
 * another one. */
static enum plan_actor scheduler_of(const struct plan_builder *builder)
{
    return builder->host->privileged && plan_has_user_namespace(builder) ? PLAN_HOST : PLAN_INIT;
}

static void set_priorities(struct plan_builder *builder, enum plan_actor by)
{
    const struct spec_process *process = builder->config->process;

    if (process == NULL || by != scheduler_of(builder))
        return;
    if (process->scheduler != NULL)
        set_scheduler(builder, by, process->scheduler);
    if (process->io_priority != NULL)
        set_io_priority(builder, by, process->io_priority);
}

void plan_schedule_by_host(struct plan_builder *builder)
{
    set_priorities(builder, PLAN_HOST);
}

void plan_take_cookie(struct plan_builder *builder, enum plan_actor by)
{
    const struct plan_cookie *shared = &builder->host->shared_cookie;

    if (spec_annotation(builder->config, SPEC_CORE_SCHEDULING) == NULL)
        return;
    PLAN_ADD(builder, SET_CORE_COOKIE, .by = by, .place = SPEC_CORE_SCHEDULING_PATH,
             .words = shared->container == NULL
                          ? "a new core-scheduling cookie"
                          : PLAN_PLACE(builder, "the core-scheduling cookie of container \"%s\"",
                                       shared->container),
             .pid = shared->pid, .cookie = shared->cookie);
}

/* Before `create` ends, so that `create` reports a failure. INIT has joined the cgroups, against
 * which the kernel checks these. */
void plan_schedule(struct plan_builder *builder)
{
    set_priorities(builder, PLAN_INIT);
    if (builder->linux->memory_policy != NULL)
        set_memory_policy(builder, builder->linux->memory_policy);
    if (builder->linux->personality != NULL)
        set_personality(builder, builder->linux->personality);
    else
        drop_personality_flags(builder);
    /* With this bit, a process that gives up root would keep its capabilities, even in the
     * container. */
    if (builder->host->securebits & SECBIT_NO_SETUID_FIXUP)
        PLAN_ADD(builder, CLEAR_SECUREBITS, .by = PLAN_INIT, .place = "process",
                 .securebits = SECBIT_NO_SETUID_FIXUP);
}
