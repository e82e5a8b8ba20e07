/* SPDX-License-Identifier: Apache-2.0 */
/* The expected state of the process when it executes, as /proc/self/status shows it. */
#include <stdlib.h>

#include "berth/base/text.h"
#include "builder.h"

static int compare(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Sorted, as the kernel shows them. */
static const char *expected_groups(struct plan_builder *builder, const struct spec_user *user)
{
    uint32_t *groups = ARENA_ARRAY(builder->arena, user->n_additional_gids + 1, uint32_t);
    struct text words = {.arena = builder->arena};

    text_add(&words, "Groups");
    for (size_t i = 0; i < user->n_additional_gids; i++)
        groups[i] = user->additional_gids[i];
    qsort(groups, user->n_additional_gids, sizeof(*groups), compare);
    for (size_t i = 0; i < user->n_additional_gids; i++)
        text_addf(&words, " %u", groups[i]);
    return words.bytes;
}

static void expect_ids(struct plan_builder *builder, struct text_list *lines)
{
    static const struct spec_user root;
    const struct spec_process *process = builder->config->process;
    const struct spec_user *user = process->user != NULL ? process->user : &root;

    text_list_add(lines, arena_printf(builder->arena, "Uid %u", user->uid));
    text_list_add(lines, arena_printf(builder->arena, "Gid %u", user->gid));
    if (!builder->keeps_groups)
        text_list_add(lines, expected_groups(builder, user));
}

static void expect_set(struct plan_builder *builder, struct text_list *lines, const char *name,
                       uint64_t set)
{
    text_list_add(lines,
                  arena_printf(builder->arena, "Cap%s %llx", name, (unsigned long long) set));
}

void plan_open_status(struct plan_builder *builder)
{
    PLAN_ADD(builder, OPEN_STATUS, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_PROC),
             .makes = PLAN_SLOT_STATUS);
}

void plan_verify(struct plan_builder *builder, const struct spec_capability_sets *sets)
{
    struct text_list lines = {.arena = builder->arena};

    expect_ids(builder, &lines);
    text_list_add(&lines, "SigIgn 0");
    expect_set(builder, &lines, "Inh", sets->inheritable);
    expect_set(builder, &lines, "Prm", sets->permitted);
    expect_set(builder, &lines, "Eff", sets->effective);
    expect_set(builder, &lines, "Bnd", sets->bounding);
    expect_set(builder, &lines, "Amb", sets->ambient);
    if (builder->config->process->no_new_privileges)
        text_list_add(&lines, "NoNewPrivs 1");
    if (builder->linux->seccomp != NULL)
        text_list_add(&lines, "Seccomp 2");
    PLAN_ADD(builder, VERIFY, .by = PLAN_INIT, .uses = PLAN_BIT(PLAN_SLOT_STATUS),
             .place = "process", .expected = plan_strings_of(&lines));
}
