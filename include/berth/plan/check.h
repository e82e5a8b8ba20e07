/* SPDX-License-Identifier: Apache-2.0 */
/* Is a plan sound? Used by tests on every plan, and on a plan that is read back from a state
 * directory. */
#pragma once

#include <stddef.h>

struct error;
struct plan_header;

/* Checks that offsets and texts lie within `size` bytes, that every step's actor can carry it out,
 * that waits are for earlier steps; that a slot is made before it is used, on both sides, and not
 * made again before somebody has used it; that a token is signalled before it is awaited; that
 * steps have the slots that they need, and come in an order that protects: a program is executed by
 * its user, with its capabilities, at the end. -EINVAL. */
int plan_check(const struct plan_header *plan, size_t size, struct error *error);
