/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a container's cgroups before they are made. */
#pragma once

#include "compile.h"

/* The cgroups as far as they can be looked at: in place of one that is not there yet stands the nearest one above it, which has
 * the controllers that the container's will have. */
struct cgroup cgroup_foresee(struct arena *arena, const struct cgroup *cgroup);

/* Is the file in a cgroup of the place's hierarchy, or is none there to be looked at? */
bool cgroup_can_have_file(struct arena *arena, const struct cgroup_place *place, const char *file);

/* Looks, for foreseen cgroups, whether the writes can be carried out. Returns 0 or a negative errno. */
int cgroup_check_writes(struct cgroup_compiler *compiler);
