/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduling, CPU affinity and memory policy of the process. */
#include "init.h"

#define WORD_BITS (8 * sizeof(unsigned long))

int init_set_core_cookie(struct init *init, const struct plan_step *step)
{
    const uint64_t pid = step->set_core_cookie.pid;
    const bool is_new = pid == 0;
    uint64_t cookie __attribute__((aligned(8))) = 0; /* it writes nowhere else */
    int r = sys_sched_core(is_new ? PR_SCHED_CORE_CREATE : PR_SCHED_CORE_SHARE_FROM, pid, NULL);

    (void) init;
    if (r >= 0)
        r = sys_sched_core(PR_SCHED_CORE_GET, 0, &cookie);
    if (r < 0)
        return r;
    return cookie == 0 || (cookie == step->set_core_cookie.cookie) == is_new ? -ESTALE : 0;
}

int init_set_scheduler(struct init *init, const struct plan_step *step)
{
    struct sched_attr attributes = {.size = sizeof(attributes)};

    (void) init;
    attributes.sched_policy = (uint32_t) step->set_scheduler.policy;
    attributes.sched_priority = (uint32_t) step->set_scheduler.priority;
    attributes.sched_nice = step->set_scheduler.nice;
    attributes.sched_flags = step->set_scheduler.flags;
    attributes.sched_runtime = step->set_scheduler.runtime_ns;
    attributes.sched_deadline = step->set_scheduler.deadline_ns;
    attributes.sched_period = step->set_scheduler.period_ns;
    return sys_sched_setattr(&attributes);
}

int init_set_io_priority(struct init *init, const struct plan_step *step)
{
    (void) init;
    return sys_ioprio_set(SYS_IOPRIO_WHO_PGRP, step->set_io_priority.priority);
}

/* Sets the bits of the list; its numbers must be below `limit`. */
static int read_bits(struct init *init, struct plan_list list, unsigned long *bits, uint32_t limit)
{
    const char *text = init_text(init, list.first);

    for (uint32_t i = 0; i < list.count; i++) {
        uint32_t bit;
        int r = init_parse_u32(text, strlen(text), &bit);

        if (r < 0 || bit >= limit)
            return -EINVAL;
        bits[bit / WORD_BITS] |= 1UL << bit % WORD_BITS;
        text += strlen(text) + 1;
    }
    return 0;
}

int init_set_memory_policy(struct init *init, const struct plan_step *step)
{
    unsigned long nodes[PLAN_NODES / WORD_BITS] = {0};
    const bool is_listed = step->set_memory_policy.nodes.count > 0;
    int r = read_bits(init, step->set_memory_policy.nodes, nodes, PLAN_NODES);

    if (r < 0)
        return r;
    /* The kernel uses one bit less than it is given (set_mempolicy(2), BUGS). */
    return sys_set_mempolicy((int) step->set_memory_policy.mode, is_listed ? nodes : NULL,
                             is_listed ? PLAN_NODES + 1 : 0);
}

int init_set_affinity(struct init *init, const struct plan_step *step)
{
    unsigned long cpus[PLAN_CPUS / WORD_BITS] = {0};
    int r = read_bits(init, step->set_affinity.processors, cpus, PLAN_CPUS);

    if (step->set_affinity.all)
        memset(cpus, 0xff, sizeof(cpus));
    return r < 0 ? r : sys_sched_setaffinity(sizeof(cpus), cpus);
}

int init_set_personality(struct init *init, const struct plan_step *step)
{
    int r = sys_personality((unsigned) step->set_personality.persona);

    (void) init;
    return r < 0 ? r : 0;
}
