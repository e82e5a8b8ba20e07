/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/plan/operands.h"

#include <string.h>

#include "berth/base/text.h"

const struct plan_operand *plan_operands(enum plan_op op)
{
    static const struct plan_operand none[] = {{0}};

    switch (op) {
#define ARG(kind, name)                                                                            \
    {#name, PLAN_KIND_##kind, sizeof(PLAN_WIRE_##kind), offsetof(wire, name),                      \
     offsetof(given, name)},
#define PLAN_OP(NAME, member, name, actors, words, operands)                                       \
    case PLAN_##NAME: {                                                                            \
        typedef struct plan_wire_##NAME wire;                                                      \
        typedef struct plan_given_##NAME given;                                                    \
        static const struct plan_operand list[] = {operands{0}};                                   \
                                                                                                   \
        _Static_assert(sizeof(wire) <= UINT8_MAX && sizeof(given) <= UINT8_MAX,                    \
                       "offsets are bytes");                                                       \
        return list;                                                                               \
    }
#include "berth/plan/ops.def"
#undef PLAN_OP
#undef ARG
    default:
        return none;
    }
}

uint32_t plan_put_text(struct text *data, const char *string)
{
    uint32_t at = (uint32_t) data->size;

    if (string == NULL)
        return 0;
    text_add_bytes(data, string, strlen(string) + 1);
    return at;
}

static struct plan_list put_list(struct text *data, const struct plan_strings *strings)
{
    const struct plan_list list = {{strings->count == 0 ? 0 : (uint32_t) data->size},
                                   (uint32_t) strings->count};

    for (size_t i = 0; i < strings->count; i++)
        plan_put_text(data, strings->item[i]);
    return list;
}

static void put_operand(const struct plan_operand *operand, const void *given, void *at,
                        struct text *data)
{
    struct plan_strings strings;
    const char *string;

    switch (operand->kind) {
    case PLAN_KIND_path:
    case PLAN_KIND_text:
        memcpy(&string, given, sizeof(string));
        *(struct plan_text *) at = (struct plan_text){plan_put_text(data, string)};
        break;
    case PLAN_KIND_path_or_none:
    case PLAN_KIND_text_or_none:
        memcpy(&string, given, sizeof(string));
        *(struct plan_optional_text *) at =
            (struct plan_optional_text){plan_put_text(data, string)};
        break;
    case PLAN_KIND_list:
        memcpy(&strings, given, sizeof(strings));
        *(struct plan_list *) at = put_list(data, &strings);
        break;
    default:
        memcpy(at, given, operand->size);
    }
}

void plan_put_operands(struct plan_step *step, const void *given, struct text *data)
{
    for (const struct plan_operand *operand = plan_operands(step->op); operand->name != NULL;
         operand++) {
        const void *from = (const char *) given + operand->given;
        char *at = plan_operand_at(step, operand);

        put_operand(operand, from, at, data);
        if (operand->kind == PLAN_KIND_slot || operand->kind == PLAN_KIND_slot_or_none)
            step->uses |= PLAN_BIT(*(const enum plan_slot *) from);
    }
    step->uses &= ~PLAN_BIT(PLAN_SLOT_UNUSED);
}

const char *plan_step_file_system(const struct plan_header *plan, const struct plan_step *step)
{
    return step->op == PLAN_MOUNT_OVER ? plan_optional_text(plan, step->mount_over.type)
                                       : plan_text(plan, step->make_mount.type);
}

uint64_t plan_step_namespaces(const struct plan_step *step)
{
    switch (step->op) {
    case PLAN_LAUNCH:
        return step->launch.namespaces;
    case PLAN_CLONE_INIT:
        return step->clone_init.namespaces;
    case PLAN_UNSHARE:
        return step->unshare.namespaces;
    case PLAN_JOIN_NAMESPACE:
        return step->join_namespace.type;
    case PLAN_JOIN_PROCESS:
        return step->join_process.namespaces;
    default:
        return 0;
    }
}
