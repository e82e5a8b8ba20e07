/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the values of each kind of operand. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "berth/plan/operands.h"

struct plan_value_name {
    const char *name;
    uint64_t value;
    /* mask of the multi-bit field that the value belongs to; 0: the value is a bit of its own */
    uint64_t mask;
};

/* For kinds that are sets of flags: the flags, ended by a NULL name. Otherwise NULL. */
extern const struct plan_value_name *const plan_flag_names[PLAN_KINDS];

/* For enumerated kinds: plan_value_counts names, indexed by value. Otherwise NULL. */
extern const char *const *const plan_value_names[PLAN_KINDS];
extern const unsigned plan_value_counts[PLAN_KINDS];

/* The number of a resource by its name (RLIMIT_NOFILE). No step may have the number of an unknown
 * name. */
uint32_t plan_resource(const char *name);

bool plan_is_text(enum plan_kind kind);

/* The value of an operand that is a number, a flag, a set of flags or an enumeration. */
uint64_t plan_operand_number(const struct plan_step *step, const struct plan_operand *operand);
