/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/plan/check.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/plan/operands.h"
#include "berth/plan/plan.h"
#include "berth/plan/print.h"
#include "values.h"

static const char *const actors[PLAN_OPS] = {
#define PLAN_OP(NAME, member, name, actors, words, operands) [PLAN_##NAME] = actors,
#include "berth/plan/ops.def"
#undef PLAN_OP
};

/* Are there `count` NUL-terminated strings at the offset? */
static bool are_texts(const struct plan_header *plan, struct plan_list list)
{
    uint32_t offset = list.first.at;

    if (offset == 0)
        return list.count == 0;
    for (uint32_t i = 0; i < list.count; i++) {
        const char *start = (const char *) plan + offset;
        const char *end = offset < plan->size ? memchr(start, '\0', plan->size - offset) : NULL;

        if (end == NULL)
            return false;
        offset += (uint32_t) (end - start) + 1;
    }
    return true;
}

static bool is_text_or_none(const struct plan_header *plan, uint32_t at)
{
    return are_texts(plan, (struct plan_list){{at}, at != 0});
}

static bool is_slot(const struct plan_step *step, uint64_t slot)
{
    return slot > PLAN_SLOT_UNUSED && slot < PLAN_SLOTS && plan_uses(step, (int) slot);
}

static bool is_sound(const struct plan_header *plan, const struct plan_step *step,
                     const struct plan_operand *operand)
{
    const enum plan_kind kind = operand->kind;

    if (kind == PLAN_KIND_list)
        return are_texts(plan, *(const struct plan_list *) plan_operand_at(step, operand));
    const uint64_t value = plan_operand_number(step, operand);

    switch (kind) {
    case PLAN_KIND_path:
    case PLAN_KIND_text:
        return value != 0 && is_text_or_none(plan, (uint32_t) value);
    case PLAN_KIND_path_or_none:
    case PLAN_KIND_text_or_none:
        return is_text_or_none(plan, (uint32_t) value);
    case PLAN_KIND_slot:
        return is_slot(step, value);
    case PLAN_KIND_slot_or_none:
        return value == PLAN_SLOT_UNUSED || is_slot(step, value);
    case PLAN_KIND_flag:
        return value <= 1;
    default:
        return plan_value_names[kind] == NULL || value < plan_value_counts[kind];
    }
}

static int check_operands(const struct plan_header *plan, int step, struct error *error)
{
    const struct plan_step *values = &plan_steps(plan)[step];

    if (!is_text_or_none(plan, values->place.at))
        return error_set(error, EINVAL, "plan: step %d: its place lies outside the plan", step);
    for (const struct plan_operand *operand = plan_operands(values->op); operand->name != NULL;
         operand++)
        if (!is_sound(plan, values, operand))
            return error_set(error, EINVAL, "plan: step %d: %s: bad operand %s", step,
                             plan_op_name(values->op), operand->name);
    return 0;
}

static int check_step(const struct plan_header *plan, int step, struct error *error)
{
    const struct plan_step *steps = plan_steps(plan);
    const struct plan_step *values = &steps[step];
    bool good = (values->makes == PLAN_NONE ||
                 (values->makes > PLAN_SLOT_UNUSED && values->makes < PLAN_SLOTS)) &&
                values->uses >> (PLAN_SLOTS - 1) <= 1 && !plan_uses(values, PLAN_SLOT_UNUSED) &&
                values->signals >> PLAN_TOKENS == 0 && values->awaits >> PLAN_TOKENS == 0;

    if (values->op >= PLAN_OPS || values->actor >= PLAN_ACTORS ||
        strchr(actors[values->op], "HFI"[values->actor]) == NULL)
        return error_set(error, EINVAL, "plan: step %d: its actor cannot carry it out", step);
    if (!good)
        return error_set(error, EINVAL, "plan: step %d: no such slot or token", step);
    if (values->wait != PLAN_NONE &&
        (values->wait < 0 || values->wait >= step || !(steps[values->wait].flags & PLAN_ANNOUNCE) ||
         (steps[values->wait].actor == PLAN_HOST) == (values->actor == PLAN_HOST)))
        return error_set(
            error, EINVAL,
            "plan: step %d waits for something other than an earlier step that the other "
            "side announces",
            step);
    return check_operands(plan, step, error);
}

/* --- slots and tokens ------------------------------------------------------------------------- */

#define SOURCES                                                                                    \
    (PLAN_BIT(PLAN_SLOT_SOURCE_0) | PLAN_BIT(PLAN_SLOT_SOURCE_1) | PLAN_BIT(PLAN_SLOT_SOURCE_2) |  \
     PLAN_BIT(PLAN_SLOT_SOURCE_3))
#define MOUNTS (PLAN_BIT(PLAN_SLOT_MOUNT) | SOURCES)
#define ROOTS                                                                                      \
    (PLAN_BIT(PLAN_SLOT_ROOT) | PLAN_BIT(PLAN_SLOT_KERNEL_0) | PLAN_BIT(PLAN_SLOT_KERNEL_1) |      \
     PLAN_BIT(PLAN_SLOT_KERNEL_2) | PLAN_BIT(PLAN_SLOT_KERNEL_3))

/* How an operation handles slots, besides the one it makes. */
static const struct handling {
    uint64_t needs;     /* it uses all of these */
    uint64_t needs_one; /* and at least one of these */
    uint64_t closes;    /* closes these if it uses them, unless it makes them again */
    bool may_be_unused; /* the slot that it makes */
} handlings[PLAN_OPS] = {
    [PLAN_HAND_CONSOLE] = {.needs = PLAN_BIT(PLAN_SLOT_CONSOLE)},
    [PLAN_HAND_LISTENER] = {.needs = PLAN_BIT(PLAN_SLOT_LISTENER),
                            .closes = PLAN_BIT(PLAN_SLOT_LISTENER)},
    [PLAN_MOVE_NET_DEVICE] = {.needs = PLAN_BIT(PLAN_SLOT_NETWORK)},
    [PLAN_PIN_NAMESPACE] = {.needs_one = SOURCES, .closes = SOURCES},
    [PLAN_OPEN_TARGET] = {.needs = PLAN_BIT(PLAN_SLOT_ROOT)},
    [PLAN_MOUNT_OVER] = {.needs = PLAN_BIT(PLAN_SLOT_TARGET), .may_be_unused = true},
    [PLAN_ATTACH_MOUNT] = {.needs = PLAN_BIT(PLAN_SLOT_TARGET),
                           .needs_one = MOUNTS,
                           .closes = MOUNTS | PLAN_BIT(PLAN_SLOT_TARGET),
                           .may_be_unused = true},
    [PLAN_ATTACH_INSIDE] = {.needs = PLAN_BIT(PLAN_SLOT_ATTACHED),
                            .needs_one = MOUNTS,
                            .closes = MOUNTS},
    [PLAN_FIND_MOUNT] = {.needs = PLAN_BIT(PLAN_SLOT_ROOT), .may_be_unused = true},
    [PLAN_UNMOUNT] = {.needs = PLAN_BIT(PLAN_SLOT_TARGET), .closes = PLAN_BIT(PLAN_SLOT_TARGET)},
    [PLAN_COPY_UP] = {.needs = PLAN_BIT(PLAN_SLOT_TARGET), .needs_one = MOUNTS},
    [PLAN_KEEP_MODE] = {.needs = PLAN_BIT(PLAN_SLOT_TARGET), .needs_one = MOUNTS},
    [PLAN_HOLD_MOUNT] = {.needs_one = MOUNTS},
    [PLAN_MAP_MOUNT] = {.needs_one = MOUNTS},
    [PLAN_MAKE_NODE] = {.needs = PLAN_BIT(PLAN_SLOT_ROOT)},
    [PLAN_MAKE_SYMLINK] = {.needs = PLAN_BIT(PLAN_SLOT_ROOT)},
    [PLAN_MASK_PATH] = {.needs = PLAN_BIT(PLAN_SLOT_NULL) | PLAN_BIT(PLAN_SLOT_EMPTY),
                        .needs_one = ROOTS},
    [PLAN_PROTECT_PATH] = {.needs_one = ROOTS},
    [PLAN_PIVOT_ROOT] = {.needs = PLAN_BIT(PLAN_SLOT_ROOT)},
    [PLAN_LOAD_SECCOMP] = {.needs = PLAN_BIT(PLAN_SLOT_SECCOMP)},
    [PLAN_ALLOW_PATH] = {.needs = PLAN_BIT(PLAN_SLOT_LANDLOCK)},
    [PLAN_ALLOW_PORT] = {.needs = PLAN_BIT(PLAN_SLOT_LANDLOCK)},
    [PLAN_ENFORCE_RULESET] = {.needs = PLAN_BIT(PLAN_SLOT_LANDLOCK)},
    [PLAN_VERIFY_NAMESPACES] = {.needs = PLAN_BIT(PLAN_SLOT_PROC)},
    [PLAN_OPEN_ROOT] = {.may_be_unused = true},
    [PLAN_RESTORE_PROCESSES] = {.may_be_unused = true},
    [PLAN_OPEN_PROC] = {.may_be_unused = true},
};

/* The state of the slots and tokens when the actors reach a step. */
struct course {
    const struct plan_step *steps;
    struct error *error;
    int known[2]; /* the last step of the other side that the init's side, HOST has waited for */
    int maker[PLAN_SLOTS];
    int user[PLAN_SLOTS];
    int signaller[PLAN_TOKENS];
};

/* If a step needs a step of the other side, it or an earlier step of its side must wait for
 * that. */
static int check_waits_for(const struct course *course, int step, int earlier)
{
    bool by_host = course->steps[step].actor == PLAN_HOST;

    if ((course->steps[earlier].actor == PLAN_HOST) == by_host || course->known[by_host] >= earlier)
        return 0;
    return error_set(course->error, EINVAL, "plan: step %d does not wait for step %d", step,
                     earlier);
}

static int check_uses(struct course *course, int step)
{
    const struct plan_step *values = &course->steps[step];
    const struct handling *handling = &handlings[values->op];

    for (uint64_t uses = values->uses; uses != 0; uses &= uses - 1) {
        int slot = __builtin_ctzll(uses);

        if (course->maker[slot] == PLAN_NONE)
            return error_set(course->error, EINVAL,
                             "plan: step %d uses the slot %s, which is empty there", step,
                             plan_slot_name(slot));
        TRY(check_waits_for(course, step, course->maker[slot]));
        course->user[slot] = step;
    }
    if ((handling->needs & ~values->uses) != 0 ||
        (handling->needs_one != 0 && (handling->needs_one & values->uses) == 0))
        return error_set(course->error, EINVAL, "plan: step %d lacks a slot that it needs", step);
    for (int slot = 0; slot < PLAN_SLOTS; slot++)
        if (values->uses & handling->closes & PLAN_BIT(slot))
            course->maker[slot] = PLAN_NONE;
    return 0;
}

static int check_made(struct course *course, int step)
{
    int slot = course->steps[step].makes;

    if (slot == PLAN_NONE)
        return 0;
    int maker = course->maker[slot];
    if (maker != PLAN_NONE && course->user[slot] < maker &&
        !handlings[course->steps[maker].op].may_be_unused)
        return error_set(
            course->error, EINVAL,
            "plan: step %d overwrites the slot %s, which nobody has used since step %d", step,
            plan_slot_name(slot), maker);
    if (course->user[slot] != PLAN_NONE)
        TRY(check_waits_for(course, step, course->user[slot]));
    course->maker[slot] = step;
    return 0;
}

static int check_tokens(struct course *course, int step)
{
    const struct plan_step *values = &course->steps[step];

    for (int token = 0; token < PLAN_TOKENS; token++) {
        int *signaller = &course->signaller[token];

        if (values->awaits >> token & 1) {
            if (*signaller == PLAN_NONE)
                return error_set(course->error, EINVAL,
                                 "plan: step %d awaits the token %s, which no earlier step signals",
                                 step, plan_token_name(1U << token));
            TRY(check_waits_for(course, step, *signaller));
        }
        if (!(values->signals >> token & 1))
            continue;
        if (*signaller != PLAN_NONE &&
            (course->steps[*signaller].actor == PLAN_HOST) != (values->actor == PLAN_HOST))
            return error_set(course->error, EINVAL, "plan: both sides signal the token %s",
                             plan_token_name(1U << token));
        *signaller = step;
    }
    return 0;
}

static int check_course(const struct plan_header *plan, struct error *error)
{
    struct course course = {
        .steps = plan_steps(plan), .error = error, .known = {PLAN_NONE, PLAN_NONE}};

    for (int i = 0; i < PLAN_SLOTS; i++)
        course.maker[i] = course.user[i] = PLAN_NONE;
    for (int i = 0; i < PLAN_TOKENS; i++)
        course.signaller[i] = PLAN_NONE;
    for (int i = 0; i < (int) plan->step_count; i++) {
        int *known = &course.known[course.steps[i].actor == PLAN_HOST];

        if (*known < course.steps[i].wait)
            *known = course.steps[i].wait;
        TRY(check_tokens(&course, i));
        TRY(check_uses(&course, i));
        TRY(check_made(&course, i));
    }
    return 0;
}

/* --- order ------------------------------------------------------------------------------------ */

/* Every step of the first kind comes before every step of the second. */
static const struct order {
    enum plan_op first, then;
} orders[] = {
    {PLAN_SAVE_STATE, PLAN_LAUNCH},
    {PLAN_LAUNCH, PLAN_RECORD_INIT},
    {PLAN_SET_CORE_COOKIE, PLAN_JOIN_NAMESPACE},
    {PLAN_SET_CORE_COOKIE, PLAN_JOIN_PROCESS},
    {PLAN_SET_CORE_COOKIE, PLAN_CLONE_INIT},
    {PLAN_OPEN_NAMESPACE, PLAN_OPEN_ROOT},
    {PLAN_JOIN_NAMESPACE, PLAN_OPEN_ROOT},
    {PLAN_JOIN_PROCESS, PLAN_VERIFY_NAMESPACES},
    {PLAN_VERIFY_NAMESPACES, PLAN_OPEN_ROOT},
    {PLAN_SET_PROPAGATION, PLAN_OPEN_ROOT},
    {PLAN_OPEN_ROOT, PLAN_PIVOT_ROOT},
    {PLAN_ATTACH_MOUNT, PLAN_PIVOT_ROOT},
    {PLAN_ATTACH_INSIDE, PLAN_PIVOT_ROOT},
    {PLAN_PIVOT_ROOT, PLAN_MAKE_CWD},
    {PLAN_MAKE_CWD, PLAN_SET_CWD},
    {PLAN_MAKE_CWD, PLAN_PROTECT_HELD},
    {PLAN_ATTACH_MOUNT, PLAN_PROTECT_HELD},
    {PLAN_MAKE_NODE, PLAN_PROTECT_HELD},
    {PLAN_MAKE_CONSOLE, PLAN_PROTECT_PATH},
    {PLAN_MAKE_CONSOLE, PLAN_PROTECT_HELD},
    {PLAN_HOLD_MOUNT, PLAN_PROTECT_HELD},
    {PLAN_PIVOT_ROOT, PLAN_SET_CWD},
    {PLAN_PIVOT_ROOT, PLAN_SET_USER},
    {PLAN_MASK_PATH, PLAN_SET_USER},
    {PLAN_PROTECT_PATH, PLAN_SET_USER},
    {PLAN_LIMIT_CAPABILITIES, PLAN_SET_USER},
    {PLAN_SET_USER, PLAN_SET_CAPABILITIES},
    {PLAN_SET_NO_NEW_PRIVILEGES, PLAN_LOAD_SECCOMP},
    {PLAN_PIVOT_ROOT, PLAN_ALLOW_PATH},
    {PLAN_ALLOW_PATH, PLAN_SET_USER},
    {PLAN_SET_NO_NEW_PRIVILEGES, PLAN_ENFORCE_RULESET},
    {PLAN_OPEN_STATUS, PLAN_ENFORCE_RULESET},
    {PLAN_ENFORCE_RULESET, PLAN_LOAD_SECCOMP},
    {PLAN_PIN_NAMESPACE, PLAN_AWAIT_END},
    {PLAN_AWAIT_END, PLAN_COMMIT},
    {PLAN_COMMIT, PLAN_AWAIT_START},
    {PLAN_COMMIT, PLAN_CLOSE_DESCRIPTORS},
    {PLAN_AWAIT_START, PLAN_CLOSE_DESCRIPTORS},
};

/* A program is never executed without these steps: it becomes its user and gets its
 * capabilities. */
static const enum plan_op before_execute[] = {
    PLAN_LIMIT_CAPABILITIES, PLAN_SET_USER, PLAN_SET_CWD,           PLAN_SET_UMASK,
    PLAN_FIND_PROGRAM,       PLAN_COMMIT,   PLAN_CLOSE_DESCRIPTORS, PLAN_SET_CAPABILITIES,
};

static int check_order(const struct plan_header *plan, struct error *error)
{
    const struct plan_step *steps = plan_steps(plan);
    int first[PLAN_OPS], last[PLAN_OPS];

    for (int op = 0; op < PLAN_OPS; op++)
        first[op] = last[op] = PLAN_NONE;
    for (int i = 0; i < (int) plan->step_count; i++) {
        last[steps[i].op] = i;
        if (first[steps[i].op] == PLAN_NONE)
            first[steps[i].op] = i;
    }
    for (size_t i = 0; i < COUNT(orders); i++)
        if (first[orders[i].then] != PLAN_NONE && last[orders[i].first] > first[orders[i].then])
            return error_set(error, EINVAL, "plan: step %d comes after step %d",
                             last[orders[i].first], first[orders[i].then]);
    if (first[PLAN_EXECUTE] == PLAN_NONE)
        return 0;
    if (first[PLAN_EXECUTE] != (int) plan->step_count - 1)
        return error_set(error, EINVAL, "plan: step %d executes the program before the plan ends",
                         first[PLAN_EXECUTE]);
    for (size_t i = 0; i < COUNT(before_execute); i++)
        if (first[before_execute[i]] == PLAN_NONE)
            return error_set(error, EINVAL, "plan: the program is executed without %s",
                             plan_op_name(before_execute[i]));
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
    TRY(check_course(plan, error));
    return check_order(plan, error);
}
