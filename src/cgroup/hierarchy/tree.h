/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct arena;

/* Visits the cgroup `path` and all below it, children first. Skips cgroups that are gone. Stops
 * at the first negative result of `visit` and returns it. Goes on after a directory that cannot be
 * read, and returns the negative errno of the first one. */
int cgroup_walk(struct arena *arena, const char *path,
                int (*visit)(void *context, const char *path), void *context);
