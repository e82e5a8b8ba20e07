/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a container's cgroups before they are made. */
#pragma once

#include "compile.h"

/* The cgroup `path`, or the nearest one above it that is there, which has the controllers that it will have. */
const char *cgroup_nearest(struct arena *arena, const char *path);

/* Is the file in a cgroup of the place's hierarchy, or is none there to be looked at? */
bool cgroup_can_have_file(struct arena *arena, const struct cgroup_place *place, const char *file);

/* Looks, for cgroups that need not be there yet, whether the writes can be carried out. Returns 0 or a negative errno. */
int cgroup_check_writes(struct cgroup_compiler *compiler);
