/* SPDX-License-Identifier: Apache-2.0 */
#include "builder.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "berth/base/text.h"
#include "berth/plan/print.h"

/* HOST needs these announcements to distinguish the end of the plan from the end of INIT. */
static bool is_always_announced(enum plan_op op, enum plan_actor by)
{
    return op == PLAN_CLOSE_DESCRIPTORS || op == PLAN_FINISH ||
           (op == PLAN_RUN_HOOK && by == PLAN_INIT);
}

void plan_add(struct plan_builder *builder, enum plan_op op, const struct plan_act *act,
              const void *given)
{
    builder->steps = arena_grow(builder->arena, builder->steps, builder->n_steps, &builder->room,
                                sizeof(struct plan_step));
    struct plan_step *step = &builder->steps[builder->n_steps++];

    step->uses = act->uses;
    step->op = (uint16_t) op;
    step->actor = (uint8_t) act->by;
    step->flags = is_always_announced(op, act->by) ? PLAN_ANNOUNCE : 0;
    step->makes = act->makes == PLAN_SLOT_UNUSED ? PLAN_NONE : (int16_t) act->makes;
    step->signals = (uint16_t) act->signals;
    step->awaits = (uint16_t) act->awaits;
    if (act->by == PLAN_INIT) {
        step->awaits |= (uint16_t) builder->awaited;
        builder->awaited = 0;
    }
    step->wait = PLAN_NONE;
    step->place.at = plan_put_text(&builder->data, act->place);
    plan_put_operands(step, given, &builder->data);
}

void plan_wait(struct plan_builder *builder, unsigned tokens)
{
    builder->awaited |= tokens;
}

void plan_signal(struct plan_builder *builder, unsigned tokens)
{
    size_t last = builder->n_steps;

    while (builder->steps[last - 1].actor != PLAN_INIT)
        last--;
    builder->steps[last - 1].signals |= (uint16_t) tokens;
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
    PLAN_ADD(builder, OPEN_PROC, .by = by, .makes = PLAN_SLOT_PROC, .place = place);
}

/* --- sealing ---------------------------------------------------------------------------------- */

/* `step` must come after `earlier`: adds a wait if they belong to different sides. */
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

/* The last step that made a slot, and its users since then: a later step on the slot waits for
 * them. */
struct slot_history {
    int maker;
    int last_user[2]; /* of the init's side, of HOST */
};

static int order_slots(struct plan_builder *builder, struct plan_step *steps, int step,
                       struct slot_history *history)
{
    for (uint64_t uses = steps[step].uses; uses != 0; uses &= uses - 1) {
        struct slot_history *slot = &history[__builtin_ctzll(uses)];
        if (slot->maker == PLAN_NONE)
            return error_set(builder->error, EINVAL,
                             "plan: step %d uses the slot %s, which no step makes", step,
                             plan_slot_name(__builtin_ctzll(uses)));
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

/* `signaller`: for each token, the last step that signals it. */
static int order_tokens(struct plan_builder *builder, struct plan_step *steps, int step,
                        int *signaller)
{
    for (int token = 0; token < PLAN_TOKENS; token++) {
        if (!(steps[step].awaits >> token & 1))
            continue;
        if (signaller[token] == PLAN_NONE)
            return error_set(builder->error, EINVAL,
                             "plan: step %d awaits the token %s, which no step signals", step,
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
    for (int i = 0; i < (int) builder->n_steps; i++) {
        TRY(order_slots(builder, steps, i, history));
        TRY(order_tokens(builder, steps, i, signaller));
    }
    return 0;
}

int plan_seal(struct plan_builder *builder, const struct plan_header **ret_plan)
{
    struct text *data = &builder->data;
    const char padding[sizeof(uint64_t)] = {0};

    TRY(derive_waits(builder, builder->steps));
    text_add_bytes(data, padding, -data->size % sizeof(uint64_t));
    const size_t steps = data->size;
    text_add_bytes(data, builder->steps, builder->n_steps * sizeof(struct plan_step));
    if (data->size > UINT32_MAX / 2)
        return error_set(builder->error, E2BIG, "the plan of this config is larger than 2 GiB");
    struct plan_header *plan = (struct plan_header *) data->bytes;
    *plan = (struct plan_header){
        .magic = PLAN_MAGIC,
        .size = (uint32_t) data->size,
        .step_count = (uint32_t) builder->n_steps,
        .steps = (uint32_t) steps,
        .trace = builder->request->trace,
        .fault_step = builder->request->fault_step,
        .fault_errno = builder->request->fault_errno,
        .stages_mounts = builder->host->refused_call != NULL,
        .ignored_signals = builder->host->ignored_signals,
    };
    *ret_plan = plan;
    return 0;
}
