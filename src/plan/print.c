/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/plan/print.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "berth/base/arena.h"
#include "berth/base/text.h"
#include "berth/plan/operands.h"
#include "berth/plan/plan.h"
#include "berth/spec/check.h"
#include "values.h"

static const struct {
    const char *name;
    const char *words;
} ops[PLAN_OPS] = {
#define PLAN_OP(NAME, member, name, actors, words, operands) [PLAN_##NAME] = {name, words},
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
    [PLAN_SLOT_LANDLOCK] = "landlock",
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
    "cgroup",      "limited",     "user-namespace", "mapped",    "init",      "recorded",
    "net-devices", "environment", "hooked",         "ready",     "committed", "prepared",
    "agent",       "handed",      "entered",        "delegated",
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

/* --- operands --------------------------------------------------------------------------------- */

static void add_list(struct text *text, const struct plan_header *plan, struct plan_list list)
{
    const char *item = plan_text(plan, list.first);

    for (uint32_t i = 0; i < list.count; i++) {
        text_addf(text, "%s%s", i > 0 ? " " : "", item);
        item += strlen(item) + 1;
    }
}

static void add_flags(struct text *text, const struct plan_value_name *names, uint64_t flags,
                      const char *comma)
{
    const char *before = "";

    for (; names->name != NULL; names++) {
        uint64_t mask = names->mask != 0 ? names->mask : names->value;

        if ((flags & mask) != names->value)
            continue;
        text_addf(text, "%s%s", before, names->name);
        flags &= ~mask;
        before = comma;
    }
    if (flags != 0)
        text_addf(text, "%s%#" PRIx64, before, flags);
}

static void add_namespaces(struct text *text, uint64_t types, const char *comma)
{
    const char *before = "";

    for (int i = 0; i < SPEC_NAMESPACE_KINDS; i++)
        if ((types & spec_namespace_kinds[i].flag) != 0) {
            text_addf(text, "%s%s", before,
                      spec_namespace_type_names[spec_namespace_kinds[i].type]);
            before = comma;
        }
}

static void add_number(struct text *text, enum plan_kind kind, uint64_t number)
{
    switch (kind) {
    case PLAN_KIND_integer:
        text_addf(text, "%" PRId32, (int32_t) number);
        break;
    case PLAN_KIND_limit:
        text_addf(text, number == UINT64_MAX ? "unlimited" : "%" PRIu64, number);
        break;
    case PLAN_KIND_umask:
        text_addf(text, number >= PLAN_UMASK_OF_CALLER ? "of the caller" : "%04" PRIo64, number);
        break;
    case PLAN_KIND_mode:
        text_addf(text, "%#" PRIo64, number);
        break;
    case PLAN_KIND_device:
        text_addf(text, "%u:%u", major(number), minor(number));
        break;
    case PLAN_KIND_bits:
        text_addf(text, "%#" PRIx64, number);
        break;
    default:
        text_addf(text, "%" PRIu64, number);
    }
}

/* `comma` separates flags. */
static void add_value(struct text *text, const struct plan_header *plan,
                      const struct plan_step *step, const struct plan_operand *operand,
                      const char *comma)
{
    if (plan_is_text(operand->kind)) {
        text_add(text, plan_text(plan, (struct plan_text){
                                           (uint32_t) plan_operand_number(step, operand)}));
    } else if (operand->kind == PLAN_KIND_list) {
        add_list(text, plan, *(const struct plan_list *) plan_operand_at(step, operand));
    } else if (operand->kind == PLAN_KIND_namespaces) {
        add_namespaces(text, plan_operand_number(step, operand), comma);
    } else if (plan_flag_names[operand->kind] != NULL) {
        add_flags(text, plan_flag_names[operand->kind], plan_operand_number(step, operand), comma);
    } else if (plan_value_names[operand->kind] != NULL) {
        text_add(text, plan_value_names[operand->kind][plan_operand_number(step, operand)]);
    } else {
        add_number(text, operand->kind, plan_operand_number(step, operand));
    }
}

/* --- words ------------------------------------------------------------------------------------ */

/* The operand that ops.def's placeholder "{path}" names, or the end of the list. */
static const struct plan_operand *find_operand(const struct plan_operand *operand,
                                               const char *placeholder)
{
    size_t length = strcspn(placeholder + 1, "}");

    while (operand->name != NULL &&
           (strncmp(operand->name, placeholder + 1, length) != 0 || operand->name[length] != '\0'))
        operand++;
    return operand;
}

char *plan_step_words(struct arena *arena, const struct plan_header *plan, int step)
{
    const struct plan_step *values = &plan_steps(plan)[step];
    struct text text = {.arena = arena};
    const char *next = ops[values->op].words;

    text_add(&text, "");
    while (*next != '\0') {
        size_t plain = strcspn(next, "{");

        text_add_bytes(&text, next, plain);
        next += plain;
        if (*next == '\0')
            break;
        add_value(&text, plan, values, find_operand(plan_operands(values->op), next), ", ");
        next += strcspn(next, "}") + 1;
    }
    return text.bytes;
}

/* --- the whole plan --------------------------------------------------------------------------- */

/* Do the words of the operation contain the operand? */
static bool is_said(const char *words, const struct plan_operand *operand)
{
    for (const char *next = strchr(words, '{'); next != NULL; next = strchr(next + 1, '{'))
        if (find_operand(operand, next) == operand)
            return true;
    return false;
}

/* Slots are printed with the others that the step uses. */
static bool is_empty(const struct plan_step *step, const struct plan_operand *operand)
{
    if (operand->kind == PLAN_KIND_slot || operand->kind == PLAN_KIND_slot_or_none)
        return true;
    if (operand->kind == PLAN_KIND_list)
        return ((const struct plan_list *) plan_operand_at(step, operand))->count == 0;
    bool is_set = plan_is_text(operand->kind) || operand->kind == PLAN_KIND_flag ||
                  operand->kind == PLAN_KIND_namespaces || plan_flag_names[operand->kind] != NULL;
    return is_set && plan_operand_number(step, operand) == 0;
}

/* Prints operands that are not in the words: " [source=cgroup attributes=rdonly,nosuid
 * recursive]". */
static void print_operands(const struct plan_header *plan, const struct plan_step *step,
                           struct text *text)
{
    const char *before = " [";

    for (const struct plan_operand *operand = plan_operands(step->op); operand->name != NULL;
         operand++) {
        if (is_empty(step, operand) || is_said(ops[step->op].words, operand))
            continue;
        text_addf(text, "%s%s", before, operand->name);
        before = " ";
        if (operand->kind == PLAN_KIND_flag)
            continue;
        text_add(text, operand->kind == PLAN_KIND_list ? "=(" : "=");
        add_value(text, plan, step, operand, ",");
        text_add(text, operand->kind == PLAN_KIND_list ? ")" : "");
    }
    text_add(text, before[1] == '[' ? "" : "]");
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
    print_operands(plan, values, text);
    for (uint64_t uses = values->uses; uses != 0; uses &= uses - 1)
        text_addf(text, " <%s", plan_slot_name(__builtin_ctzll(uses)));
    print_tokens(values->awaits, '<', text);
    if (values->makes != PLAN_NONE)
        text_addf(text, " >%s", plan_slot_name(values->makes));
    print_tokens(values->signals, '>', text);
    if (values->wait != PLAN_NONE)
        text_addf(text, " after %d", values->wait);
    text_addf(text, "%s%s", place != NULL ? "  # " : "", place != NULL ? place : "");
}

void plan_print(const struct plan_header *plan, struct text *text)
{
    for (int i = 0; i < (int) plan->step_count; i++) {
        struct text line = {.arena = text->arena};

        print_step(plan, i, &line);
        text_add_printable(text, line.bytes, "", "");
        text_add(text, "\n");
    }
}
