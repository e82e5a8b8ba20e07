/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct arena;
struct plan_header;

/* The interpreter that the plan's program, a script, names in its first line, as far as the host can see the
 * script in the root file system; NULL: unknown. */
const char *interpreter_of_program(struct arena *arena, const struct plan_header *plan);
