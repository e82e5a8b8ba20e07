/* SPDX-License-Identifier: Apache-2.0 */
/* The values that operands of a kind may have, by their names. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "berth/plan/operands.h"

struct plan_value_name {
    const char *name;
    uint64_t value;
    /* the field of several bits that the value is one of; 0: the value is a bit of its own */
    uint64_t mask;
};

/* For kinds that are sets of flags: their names, the last one NULL. Else NULL. */
extern const struct plan_value_name *const plan_flag_names[PLAN_KINDS];

/* For kinds that are one of several: names by value; there are plan_value_counts of them. Else
 * NULL. */
extern const char *const *const plan_value_names[PLAN_KINDS];
extern const unsigned plan_value_counts[PLAN_KINDS];

bool plan_is_text(enum plan_kind kind);

/* The value of an operand that is a number, a flag, a set of flags or one of several. */
uint64_t plan_operand_number(const struct plan_step *step, const struct plan_operand *operand);
