/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/plan/print.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "berth/base/arena.h"
#include "berth/base/text.h"
#include "berth/plan/plan.h"

static const struct {
    const char *name;
    const char *words;
} ops[PLAN_OPS] = {
#define PLAN_OP(NAME, name, actors, words) [PLAN_##NAME] = {name, words},
#include "berth/plan/ops.def"
#undef PLAN_OP
};

static const char *const slot_names[PLAN_SLOTS] = {
    [PLAN_SLOT_PROC] = "proc",
    [PLAN_SLOT_ROOT] = "root",
    [PLAN_SLOT_TARGET] = "target",
    [PLAN_SLOT_MOUNT] = "mount",
    [PLAN_SLOT_ATTACHED] = "attached",
    [PLAN_SLOT_KERNEL_0] = "kernel-0",
    [PLAN_SLOT_KERNEL_1] = "kernel-1",
    [PLAN_SLOT_KERNEL_2] = "kernel-2",
    [PLAN_SLOT_KERNEL_3] = "kernel-3",
    [PLAN_SLOT_NULL] = "null",
    [PLAN_SLOT_EMPTY] = "empty",
    [PLAN_SLOT_STATUS] = "status",
    [PLAN_SLOT_SECCOMP] = "seccomp",
    [PLAN_SLOT_CONSOLE] = "console",
    [PLAN_SLOT_HOOK_STATE] = "hook-state",
    [PLAN_SLOT_HOOK_OUTPUT] = "hook-output",
    [PLAN_SLOT_HOOK_STDOUT] = "hook-stdout",
    [PLAN_SLOT_HOOK_STDERR] = "hook-stderr",
    [PLAN_SLOT_LISTENER] = "listener",
    [PLAN_SLOT_SOURCE_0] = "source-0",
    [PLAN_SLOT_SOURCE_1] = "source-1",
    [PLAN_SLOT_SOURCE_2] = "source-2",
    [PLAN_SLOT_SOURCE_3] = "source-3",
    [PLAN_SLOT_ID_MAP_0] = "id-map-0",
    [PLAN_SLOT_ID_MAP_1] = "id-map-1",
    [PLAN_SLOT_ID_MAP_2] = "id-map-2",
    [PLAN_SLOT_ID_MAP_3] = "id-map-3",
    [PLAN_SLOT_NETWORK] = "network",
};

static const char *const token_names[PLAN_TOKENS] = {
    "cgroup", "limited", "user-namespace", "mapped", "init", "recorded", "net-devices", "environment", "hooked", "ready", "committed", "prepared", "agent", "handed",
    "entered", "delegated",
};

const char *plan_token_name(unsigned token)
{
    return token_names[__builtin_ctz(token)];
}

const char *plan_slot_name(int slot)
{
    if (slot >= PLAN_SLOT_NAMESPACE_0)
        return "namespace";
    return slot_names[slot];
}

const char *plan_actor_name(int actor)
{
    static const char *const names[] = {"host", "first", "init"};

    return names[actor];
}

const char *plan_op_name(enum plan_op op)
{
    return ops[op].name;
}

const char *plan_step_name(const struct plan_header *plan, int step)
{
    return ops[plan_steps(plan)[step].op].name;
}

const char *plan_step_place(const struct plan_header *plan, int step)
{
    return plan_optional_text(plan, plan_steps(plan)[step].place);
}

static void add_list(struct text *text, const char *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        text_addf(text, "%s%s", i > 0 ? " " : "", list);
        list += strlen(list) + 1;
    }
}

static void add_number(struct text *text, char kind, uint64_t number)
{
    if (kind == 'o')
        text_addf(text, number > 0777 ? "of the caller" : "%04" PRIo64, number);
    else if (kind == 'x')
        text_addf(text, "%#" PRIx64, number);
    else if (kind == 'd')
        text_addf(text, "%u:%u", major(number), minor(number));
    else
        text_addf(text, "%" PRId64, (int64_t) number);
}

/* One placeholder of ops.def's words, without its braces: "t0", "x1", "l". */
static void add_value(struct text *text, const struct plan_header *plan, int step,
                      const char *placeholder)
{
    const struct plan_step *values = &plan_steps(plan)[step];
    int i = placeholder[0] == 'l' ? 0 : placeholder[1] - '0';

    if (placeholder[0] == 'l') {
        add_list(text, plan_text(plan, values->list), values->list_count);
    } else if (placeholder[0] == 't') {
        text_add(text, plan_text(plan, values->text[i]));
    } else {
        add_number(text, placeholder[0], values->number[i]);
    }
}

char *plan_step_words(struct arena *arena, const struct plan_header *plan, int step)
{
    struct text text = {.arena = arena};
    const char *next = ops[plan_steps(plan)[step].op].words;

    text_add(&text, "");
    while (*next != '\0') {
        size_t plain = strcspn(next, "{");

        text_add_bytes(&text, next, plain);
        next += plain;
        if (*next == '\0')
            break;
        add_value(&text, plan, step, next + 1);
        next += strcspn(next, "}") + 1;
    }
    return text.bytes;
}

static void print_numbers(const struct plan_step *step, struct text *text)
{
    int last = PLAN_NUMBERS;

    while (last > 0 && step->number[last - 1] == 0)
        last--;
    for (int i = 0; i < last; i++)
        text_addf(text, "%s%#" PRIx64, i == 0 ? " [" : " ", step->number[i]);
    if (last > 0)
        text_add(text, "]");
}

static void print_tokens(unsigned tokens, char sign, struct text *text)
{
    for (; tokens != 0; tokens &= tokens - 1)
        text_addf(text, " %c%s", sign, plan_token_name(tokens & -tokens));
}

static void print_step(const struct plan_header *plan, int step, struct text *text)
{
    const struct plan_step *values = &plan_steps(plan)[step];
    const char *place = plan_step_place(plan, step);

    text_addf(text, "%3d %-5s %s: %s", step, plan_actor_name(values->actor),
              plan_step_name(plan, step), plan_step_words(text->arena, plan, step));
    print_numbers(values, text);
    if (values->list_count > 0) {
        text_add(text, " (");
        add_list(text, plan_text(plan, values->list), values->list_count);
        text_add(text, ")");
    }
    for (int i = 0; i < PLAN_USES; i++)
        if (values->uses[i] != PLAN_NONE)
            text_addf(text, " <%s", plan_slot_name(values->uses[i]));
    print_tokens(values->awaits, '<', text);
    if (values->makes != PLAN_NONE)
        text_addf(text, " >%s", plan_slot_name(values->makes));
    print_tokens(values->signals, '>', text);
    if (values->wait != PLAN_NONE)
        text_addf(text, " after %d", values->wait);
    text_addf(text, "%s%s\n", place != NULL ? "  # " : "", place != NULL ? place : "");
}

void plan_print(const struct plan_header *plan, struct text *text)
{
    for (int i = 0; i < (int) plan->step_count; i++)
        print_step(plan, i, text);
}
