/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that a plan is sound. Tests check every plan; the runtime checks a plan that it reads
 * back from a state directory. */
#pragma once

#include <stddef.h>

struct error;
struct plan_header;

/* Checks that
 *
 * - offsets and texts lie within `size` bytes;
 * - the actor of every step can carry it out;
 * - a step waits only for earlier steps;
 * - a slot is made before either side uses it, and used before it is made again;
 * - a token is signalled before a step awaits it;
 * - a step has the slots it needs;
 * - the order protects the host: a program is executed last, as its user and with its
 *   capabilities.
 *
 * Returns 0 or -EINVAL. */
int plan_check(const struct plan_header *plan, size_t size, struct error *error);
