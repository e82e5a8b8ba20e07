/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct arena;

/* Visits the cgroup `path` and all below it, the deepest first. A cgroup that is gone is passed
 * over; ends at the first negative result of `visit` and returns it, or the negative errno of a
 * list that cannot be read. */
int cgroup_walk(struct arena *arena, const char *path,
                int (*visit)(void *context, const char *path), void *context);
