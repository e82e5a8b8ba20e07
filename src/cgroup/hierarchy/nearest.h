/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups that are not made yet: what those around them tell. */
#pragma once

#include <stdbool.h>

#include "berth/cgroup/place.h"

/* The cgroup `path`, or the nearest one above it that is there, which has the controllers that it
 * will have. */
const char *cgroup_nearest(struct arena *arena, const char *path);

/* Is the file in a cgroup of the place's hierarchy, or is none there to be looked at? */
bool cgroup_can_have_file(struct arena *arena, const struct cgroup_place *place, const char *file);

/* The controller that a file of version 2 belongs to: what its name has before the dot. */
const char *cgroup_controller_of(struct arena *arena, const char *file);
