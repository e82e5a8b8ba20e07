/* SPDX-License-Identifier: Apache-2.0 */
#include "builder.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "berth/base/text.h"
#include "berth/plan/print.h"

static void take_awaited(struct plan_builder *builder, struct plan_act *act)
{
    if (act->by != PLAN_INIT)
        return;
    act->awaits |= builder->awaited;
    builder->awaited = 0;
}

void plan_add(struct plan_builder *builder, const struct plan_act *act)
{
    builder->acts = arena_grow(builder->arena, builder->acts, builder->n_acts, &builder->room, sizeof(*act));
    builder->acts[builder->n_acts] = *act;
    take_awaited(builder, &builder->acts[builder->n_acts++]);
}

void plan_await(struct plan_builder *builder, unsigned tokens)
{
    builder->awaited |= tokens;
}

void plan_signal(struct plan_builder *builder, unsigned tokens)
{
    size_t last = builder->n_acts;

    while (builder->acts[last - 1].by != PLAN_INIT)
        last--;
    builder->acts[last - 1].signals |= tokens;
}

bool plan_has_user_namespace(const struct plan_builder *builder)
{
    return ((builder->new_namespaces | builder->joined_namespaces) & CLONE_NEWUSER) != 0;
}

void plan_open_proc(struct plan_builder *builder, enum plan_actor by, const char *place)
{
    if (builder->opened_proc)
        return;
    builder->opened_proc = true;
    PLAN_ADD(builder, .op = PLAN_OPEN_PROC, .by = by, .makes = PLAN_SLOT_PROC,
             .place = place);
}

/* --- sealing -------------------------------------------------------------------------------- */

static uint32_t put_text(struct text *data, const char *string)
{
    uint32_t offset = (uint32_t) data->size;

    if (string == NULL)
        return 0;
    text_add_bytes(data, string, strlen(string) + 1);
    return offset;
}

static uint32_t put_list(struct text *data, const char *const *list, size_t count)
{
    uint32_t offset = (uint32_t) data->size;

    for (size_t i = 0; i < count; i++)
        put_text(data, list[i]);
    return count == 0 ? 0 : offset;
}

/* What the host has to hear of to tell the end of the plan from the end of INIT. */
static bool is_always_announced(const struct plan_act *act)
{
    return act->op == PLAN_CLOSE_DESCRIPTORS || act->op == PLAN_FINISH ||
           (act->op == PLAN_RUN_HOOK && act->by == PLAN_INIT);
}

static void seal_step(struct text *data, const struct plan_act *act, struct plan_step *step)
{
    *step = (struct plan_step){
        .op = (uint16_t) act->op,
        .actor = (uint8_t) act->by,
        .flags = is_always_announced(act) ? PLAN_ANNOUNCE : 0,
        .makes = act->makes == PLAN_SLOT_UNUSED ? PLAN_NONE : (int16_t) act->makes,
        .signals = (uint16_t) act->signals,
        .awaits = (uint16_t) act->awaits,
        .wait = PLAN_NONE,
        .list_count = (uint32_t) act->n_list,
        .second_list_count = (uint32_t) act->n_second_list,
    };
    for (int i = 0; i < PLAN_USES; i++)
        step->uses[i] = act->uses[i] == PLAN_SLOT_UNUSED ? PLAN_NONE : (int16_t) act->uses[i];
    for (int i = 0; i < PLAN_TEXTS; i++)
        step->text[i] = put_text(data, act->text[i]);
    memcpy(step->number, act->number, sizeof(step->number));
    step->place = put_text(data, act->place);
    step->list = put_list(data, act->list, act->n_list);
    step->second_list = put_list(data, act->second_list, act->n_second_list);
}

/* `step` must come after `earlier`: if they belong to different sides, a wait. */
static void order(struct plan_step *steps, int step, int earlier)
{
    bool step_is_host = steps[step].actor == PLAN_HOST;
    bool earlier_is_host = steps[earlier].actor == PLAN_HOST;

    if (step_is_host == earlier_is_host)
        return;
    steps[earlier].flags |= PLAN_ANNOUNCE;
    if (steps[step].wait < earlier)
        steps[step].wait = earlier;
}

/* Who made each slot last and who has used it since: what a later step on that slot must wait for. */
struct slot_history {
    int maker;
    int last_user[2]; /* of the init's side, of the host */
};

static int order_slots(struct plan_builder *builder, struct plan_step *steps, int step, struct slot_history *history)
{
    for (int use = 0; use < PLAN_USES; use++) {
        if (steps[step].uses[use] == PLAN_NONE)
            continue;
        struct slot_history *slot = &history[steps[step].uses[use]];
        if (slot->maker == PLAN_NONE)
            return error_set(builder->error, EINVAL, "plan: step %d uses the slot %s, which no step makes", step,
                             plan_slot_name(steps[step].uses[use]));
        order(steps, step, slot->maker);
        slot->last_user[steps[step].actor == PLAN_HOST] = step;
    }
    if (steps[step].makes == PLAN_NONE)
        return 0;
    struct slot_history *slot = &history[steps[step].makes];
    for (int side = 0; side < 2; side++)
        if (slot->last_user[side] != PLAN_NONE)
            order(steps, step, slot->last_user[side]);
    *slot = (struct slot_history){step, {PLAN_NONE, PLAN_NONE}};
    return 0;
}

/* `signaller`: of each token the last step that signals it. */
static int order_tokens(struct plan_builder *builder, struct plan_step *steps, int step, int *signaller)
{
    for (int token = 0; token < PLAN_TOKENS; token++) {
        if (!(steps[step].awaits >> token & 1))
            continue;
        if (signaller[token] == PLAN_NONE)
            return error_set(builder->error, EINVAL, "plan: step %d awaits the token %s, which no step signals", step,
                             plan_token_name(1U << token));
        order(steps, step, signaller[token]);
    }
    for (int token = 0; token < PLAN_TOKENS; token++)
        if (steps[step].signals >> token & 1)
            signaller[token] = step;
    return 0;
}

static int derive_waits(struct plan_builder *builder, struct plan_step *steps)
{
    struct slot_history history[PLAN_SLOTS];
    int signaller[PLAN_TOKENS];

    for (int i = 0; i < PLAN_SLOTS; i++)
        history[i] = (struct slot_history){PLAN_NONE, {PLAN_NONE, PLAN_NONE}};
    for (int i = 0; i < PLAN_TOKENS; i++)
        signaller[i] = PLAN_NONE;
    for (int i = 0; i < (int) builder->n_acts; i++) {
        TRY(order_slots(builder, steps, i, history));
        TRY(order_tokens(builder, steps, i, signaller));
    }
    return 0;
}

int plan_seal(struct plan_builder *builder, const struct plan_header **ret_plan)
{
    struct text data = {.arena = builder->arena};
    size_t steps_size = builder->n_acts * sizeof(struct plan_step);
    const struct plan_header blank = {0};

    text_add_bytes(&data, &blank, sizeof(blank));
    text_add_bytes(&data, arena_alloc(builder->arena, steps_size), steps_size);
    for (size_t i = 0; i < builder->n_acts; i++) {
        struct plan_step step;

        seal_step(&data, &builder->acts[i], &step);
        /* The buffer may have moved while the step's texts were added. */
        memcpy(data.bytes + sizeof(blank) + i * sizeof(step), &step, sizeof(step));
    }
    if (data.size > UINT32_MAX / 2)
        return error_set(builder->error, E2BIG, "the plan of this config is larger than 2 GiB");
    struct plan_header *plan = (struct plan_header *) data.bytes;
    *plan = (struct plan_header){
        .magic = PLAN_MAGIC,
        .size = (uint32_t) data.size,
        .step_count = (uint32_t) builder->n_acts,
        .steps = sizeof(*plan),
        .trace = builder->request->trace,
        .fault_step = builder->request->fault_step,
        .fault_errno = builder->request->fault_errno,
        .stages_mounts = builder->host->refused_call != NULL,
    };
    TRY(derive_waits(builder, (struct plan_step *) (data.bytes + plan->steps)));
    *ret_plan = plan;
    return 0;
}
