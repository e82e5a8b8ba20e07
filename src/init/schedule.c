/* SPDX-License-Identifier: Apache-2.0 */
/* When the process runs, and in which memory. */
#include "init.h"

#define WORD_BITS (8 * sizeof(unsigned long))

int init_set_scheduler(struct init *init, const struct plan_step *step)
{
    struct plan_scheduler values;
    struct sched_attr attributes = {.size = sizeof(attributes)};

    (void) init;
    memcpy(&values, step->number, sizeof(values));
    attributes.sched_policy = values.policy;
    attributes.sched_priority = values.priority;
    attributes.sched_nice = values.nice;
    attributes.sched_flags = values.flags;
    attributes.sched_runtime = values.runtime_ns;
    attributes.sched_deadline = values.deadline_ns;
    attributes.sched_period = values.period_ns;
    return sys_sched_setattr(&attributes);
}

int init_set_io_priority(struct init *init, const struct plan_step *step)
{
    (void) init;
    return sys_ioprio_set(SYS_IOPRIO_WHO_PGRP, (int) step->number[0]);
}

/* Sets the bits of the step's list, whose numbers have to be below `limit`. */
static int read_bits(struct init *init, const struct plan_step *step, unsigned long *bits, uint32_t limit)
{
    const char *text = init_text(init, step->list);

    for (uint32_t i = 0; i < step->list_count; i++) {
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
    int r = read_bits(init, step, nodes, PLAN_NODES);

    if (r < 0)
        return r;
    /* The kernel takes one bit less than it is told of (set_mempolicy(2), BUGS). */
    return sys_set_mempolicy((int) step->number[0], step->list_count > 0 ? nodes : NULL,
                             step->list_count > 0 ? PLAN_NODES + 1 : 0);
}

int init_set_affinity(struct init *init, const struct plan_step *step)
{
    unsigned long cpus[PLAN_CPUS / WORD_BITS] = {0};
    int r = read_bits(init, step, cpus, PLAN_CPUS);

    if (step->number[0] != 0)
        memset(cpus, 0xff, sizeof(cpus));
    return r < 0 ? r : sys_sched_setaffinity(sizeof(cpus), cpus);
}

int init_set_personality(struct init *init, const struct plan_step *step)
{
    int r = sys_personality((unsigned) step->number[0]);

    (void) init;
    return r < 0 ? r : 0;
}
