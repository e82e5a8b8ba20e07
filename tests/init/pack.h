/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of handlers, which see the kernel's headers and not the libc's. */
#pragma once

#include "berth/plan/plan.h"

/* Writes the operands `given`, a struct plan_given_* of step->op, into the step. Returns the plan,
 * of no steps, that has their texts until the next call. */
const struct plan_header *test_pack(struct plan_step *step, const void *given);
