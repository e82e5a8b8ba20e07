/* SPDX-License-Identifier: Apache-2.0 */
/* The operands of each operation (ops.def): as C structs for the builder, and as a table for
 * code that handles all operations alike. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/plan/plan.h"

struct text;

/* Strings, laid out like struct text_list of berth/base/text.h. */
struct plan_strings {
    const char *const *item;
    size_t count;
};

/* The C type of each kind in plan_given_*: the wire type, except where the value lies elsewhere
 * in the plan. */
#define PLAN_GIVEN_path const char *
#define PLAN_GIVEN_path_or_none const char *
#define PLAN_GIVEN_text const char *
#define PLAN_GIVEN_text_or_none const char *
#define PLAN_GIVEN_list struct plan_strings
#define PLAN_GIVEN_slot PLAN_WIRE_slot
#define PLAN_GIVEN_slot_or_none PLAN_WIRE_slot_or_none
#define PLAN_GIVEN_flag PLAN_WIRE_flag
#define PLAN_GIVEN_number PLAN_WIRE_number
#define PLAN_GIVEN_integer PLAN_WIRE_integer
#define PLAN_GIVEN_limit PLAN_WIRE_limit
#define PLAN_GIVEN_mode PLAN_WIRE_mode
#define PLAN_GIVEN_umask PLAN_WIRE_umask
#define PLAN_GIVEN_id PLAN_WIRE_id
#define PLAN_GIVEN_device PLAN_WIRE_device
#define PLAN_GIVEN_bits PLAN_WIRE_bits
#define PLAN_GIVEN_namespaces PLAN_WIRE_namespaces
#define PLAN_GIVEN_mount_attributes PLAN_WIRE_mount_attributes
#define PLAN_GIVEN_mount_flags PLAN_WIRE_mount_flags
#define PLAN_GIVEN_propagation PLAN_WIRE_propagation
#define PLAN_GIVEN_target_kind PLAN_WIRE_target_kind
#define PLAN_GIVEN_root_change PLAN_WIRE_root_change
#define PLAN_GIVEN_resource PLAN_WIRE_resource

#define ARG(kind, name) PLAN_GIVEN_##kind name;

/* struct plan_given_OPEN_TREE { const char *path; bool recursive; ... } and so on. */
#define PLAN_OP(NAME, member, name, actors, words, operands)                                       \
    struct plan_given_##NAME {                                                                     \
        operands                                                                                   \
    };
#include "berth/plan/ops.def"
#undef PLAN_OP

#undef ARG

enum plan_kind {
    PLAN_KIND_path,
    PLAN_KIND_path_or_none,
    PLAN_KIND_text,
    PLAN_KIND_text_or_none,
    PLAN_KIND_list,
    PLAN_KIND_slot,
    PLAN_KIND_slot_or_none,
    PLAN_KIND_flag,
    PLAN_KIND_number,
    PLAN_KIND_integer,
    PLAN_KIND_limit,
    PLAN_KIND_mode,
    PLAN_KIND_umask,
    PLAN_KIND_id,
    PLAN_KIND_device,
    PLAN_KIND_bits,
    PLAN_KIND_namespaces,
    PLAN_KIND_mount_attributes,
    PLAN_KIND_mount_flags,
    PLAN_KIND_propagation,
    PLAN_KIND_target_kind,
    PLAN_KIND_root_change,
    PLAN_KIND_resource,
    PLAN_KINDS
};

struct plan_operand {
    const char *name;
    enum plan_kind kind;
    uint8_t size;
    uint8_t at;    /* offset in the step's operands */
    uint8_t given; /* offset in struct plan_given_* */
};

/* Address of the operand in a step. */
#define plan_operand_at(step, operand)                                                             \
    ((void *) ((uintptr_t) (step) + offsetof(struct plan_step, save_state) + (operand)->at))

/* The operands of an operation in the order of ops.def. An entry without a name ends the array. */
const struct plan_operand *plan_operands(enum plan_op op);

/* Appends the string to `data`, which begins with the plan. Returns its offset there, 0 for
 * NULL. */
uint32_t plan_put_text(struct text *data, const char *string);

/* Stores the operands `given`, a struct plan_given_* of step->op, in the step, appends their
 * strings to `data` and adds their slots to step->uses. */
void plan_put_operands(struct plan_step *step, const void *given, struct text *data);

/* The file system type that a MAKE_MOUNT or MOUNT_OVER step mounts; NULL for any other step. */
const char *plan_step_file_system(const struct plan_header *plan, const struct plan_step *step);

/* The namespaces that the step makes or joins: CLONE_NEW*. */
uint64_t plan_step_namespaces(const struct plan_step *step);
