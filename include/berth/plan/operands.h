/* SPDX-License-Identifier: Apache-2.0 */
/* The operands of each operation (ops.def): as C values, before they are part of a plan, and as a
 * table for what goes through all. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/plan/plan.h"

struct text;

/* Strings as the text_list of berth/base/text.h has them. */
struct plan_strings {
    const char *const *item;
    size_t count;
};

/* What a C value of each kind is: that of the step, but for what lies elsewhere in the plan. */
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

/* struct plan_given_OPEN_TREE { const char *path; bool recursive; ... } and the like. */
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

/* Where the operand is in a step. */
#define plan_operand_at(step, operand)                                                             \
    ((void *) ((uintptr_t) (step) + offsetof(struct plan_step, save_state) + (operand)->at))

/* The operands of an operation, in the order of ops.def; the one after the last has no name. */
const struct plan_operand *plan_operands(enum plan_op op);

/* Adds the text to `data`, which begins with the plan. Returns its place there, 0 for NULL. */
uint32_t plan_put_text(struct text *data, const char *string);

/* Writes the operands `given`, a struct plan_given_* of step->op, into the step; their texts go to
 * the end of `data`. The slots among them come to step->uses. */
void plan_put_operands(struct plan_step *step, const void *given, struct text *data);

/* The type of the file system that the step, MAKE_MOUNT or MOUNT_OVER, mounts; NULL for none. */
const char *plan_step_file_system(const struct plan_header *plan, const struct plan_step *step);

/* The namespaces that the step makes or joins: CLONE_NEW*. */
uint64_t plan_step_namespaces(const struct plan_step *step);
