/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct arena;

/* Visits the cgroup `path` and all below it, children first. Skips cgroups that are gone. Stops
 * at the first negative result of `visit` and returns it, or returns the negative errno of a
 * directory that cannot be read. */
int cgroup_walk(struct arena *arena, const char *path,
                int (*visit)(void *context, const char *path), void *context);
