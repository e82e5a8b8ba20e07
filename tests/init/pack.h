/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of handlers, which use the kernel's headers instead of the libc's. */
#pragma once

#include "berth/plan/plan.h"

/* Writes the operands `given`, a struct plan_given_* of step->op, to the step. Returns a plan
 * without steps that holds their texts until the next call. */
const struct plan_header *test_pack(struct plan_step *step, const void *given);
