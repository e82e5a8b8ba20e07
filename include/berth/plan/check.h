/* SPDX-License-Identifier: Apache-2.0 */
/* Is a plan sound? Used by tests on every plan, and on a plan that is read back from a state directory. */
#pragma once

#include <stddef.h>

struct error;
struct plan_header;

/* Checks that offsets and texts lie within `size` bytes, that every step's actor can carry it out, that waits and the
 * makers of used slots are earlier steps, and that no slot is made anew while it is still in use. -EINVAL. */
int plan_check(const struct plan_header *plan, size_t size, struct error *error);
