/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/plan/check.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "berth/base/error.h"
#include "berth/plan/plan.h"

static const char *const actors[PLAN_OPS] = {
#define PLAN_OP(NAME, name, actors, words) [PLAN_##NAME] = actors,
#include "berth/plan/ops.def"
#undef PLAN_OP
};

static bool is_text(const struct plan_header *plan, uint32_t offset, uint32_t count)
{
    if (offset == 0)
        return count <= 1;
    for (uint32_t i = 0; i < count; i++) {
        const char *start = (const char *) plan + offset;
        const char *end = offset < plan->size ? memchr(start, '\0', plan->size - offset) : NULL;

        if (end == NULL)
            return false;
        offset += (uint32_t) (end - start) + 1;
    }
    return true;
}

static int check_texts(const struct plan_header *plan, int step, struct error *error)
{
    const struct plan_step *values = &plan_steps(plan)[step];
    bool good = is_text(plan, values->place, 1) &&
                is_text(plan, values->list, values->list_count) &&
                is_text(plan, values->second_list, values->second_list_count);

    for (int i = 0; i < PLAN_TEXTS; i++)
        good = good && is_text(plan, values->text[i], 1);
    return good ? 0 : error_set(error, EINVAL, "plan: step %d: a text lies outside the plan", step);
}

static bool is_slot(int slot)
{
    return slot == PLAN_NONE || (slot > PLAN_SLOT_UNUSED && slot < PLAN_SLOTS);
}

static int check_step(const struct plan_header *plan, int step, struct error *error)
{
    const struct plan_step *steps = plan_steps(plan);
    const struct plan_step *values = &steps[step];
    bool good = is_slot(values->makes);

    if (values->op >= PLAN_OPS || values->actor >= PLAN_ACTORS ||
        strchr(actors[values->op], "HFI"[values->actor]) == NULL)
        return error_set(error, EINVAL, "plan: step %d: its actor cannot carry it out", step);
    for (int i = 0; i < PLAN_USES; i++)
        good = good && is_slot(values->uses[i]);
    if (!good)
        return error_set(error, EINVAL, "plan: step %d: no such slot", step);
    if (values->wait != PLAN_NONE &&
        (values->wait < 0 || values->wait >= step || !(steps[values->wait].flags & PLAN_ANNOUNCE) ||
         (steps[values->wait].actor == PLAN_HOST) == (values->actor == PLAN_HOST)))
        return error_set(error, EINVAL,
                         "plan: step %d waits for something other than an earlier step that the other "
                         "side announces", step);
    return check_texts(plan, step, error);
}

/* A use on one side of what the other side has made must be covered by a wait, its own or an earlier one of its side. */
static int check_uses(const struct plan_header *plan, struct error *error)
{
    const struct plan_step *steps = plan_steps(plan);
    int maker[PLAN_SLOTS];
    int known[2] = {PLAN_NONE, PLAN_NONE}; /* up to where the init's side, the host knows the other to be */

    for (int i = 0; i < PLAN_SLOTS; i++)
        maker[i] = PLAN_NONE;
    for (int i = 0; i < (int) plan->step_count; i++) {
        bool by_host = steps[i].actor == PLAN_HOST;

        if (known[by_host] < steps[i].wait)
            known[by_host] = steps[i].wait;
        for (int use = 0; use < PLAN_USES; use++) {
            int slot = steps[i].uses[use];

            if (slot == PLAN_NONE)
                continue;
            if (maker[slot] == PLAN_NONE)
                return error_set(error, EINVAL, "plan: step %d uses a slot before it is made", i);
            if ((steps[maker[slot]].actor == PLAN_HOST) != by_host && known[by_host] < maker[slot])
                return error_set(error, EINVAL, "plan: step %d does not wait for step %d", i,
                                 maker[slot]);
        }
        if (steps[i].makes != PLAN_NONE)
            maker[steps[i].makes] = i;
    }
    return 0;
}

int plan_check(const struct plan_header *plan, size_t size, struct error *error)
{
    if (size < sizeof(*plan) || plan->magic != PLAN_MAGIC || plan->size != size ||
        plan->steps % 8 != 0 || plan->steps < sizeof(*plan) || plan->steps > size ||
        plan->step_count > (size - plan->steps) / sizeof(struct plan_step))
        return error_set(error, EINVAL, "plan: not a plan of this version");
    for (int i = 0; i < (int) plan->step_count; i++)
        TRY(check_step(plan, i, error));
    return check_uses(plan, error);
}
