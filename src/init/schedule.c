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

int init_set_memory_policy(struct init *init, const struct plan_step *step)
{
    unsigned long nodes[PLAN_NODES / WORD_BITS] = {0};
    const char *text = init_text(init, step->list);

    if (step->list_count == 0)
        return sys_set_mempolicy((int) step->number[0], NULL, 0);
    for (uint32_t i = 0; i < step->list_count; i++) {
        uint32_t node;
        int r = init_parse_u32(text, strlen(text), &node);

        if (r < 0 || node >= PLAN_NODES)
            return -EINVAL;
        nodes[node / WORD_BITS] |= 1UL << node % WORD_BITS;
        text += strlen(text) + 1;
    }
    /* The kernel takes one bit less than it is told of (set_mempolicy(2), BUGS). */
    return sys_set_mempolicy((int) step->number[0], nodes, PLAN_NODES + 1);
}

int init_set_personality(struct init *init, const struct plan_step *step)
{
    int r = sys_personality((unsigned) step->number[0]);

    (void) init;
    return r < 0 ? r : 0;
}
