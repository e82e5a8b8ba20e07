/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups that do not exist yet: deduces their controllers and files from existing ones. */
#pragma once

#include <stdbool.h>

#include "berth/cgroup/place.h"

/* Returns the cgroup `path`, or its nearest existing parent, which has the controllers that
 * `path` will have. */
const char *cgroup_nearest(struct arena *arena, const char *path);

/* Does a cgroup in the place's hierarchy have the file? True if there is no cgroup to look at. */
bool cgroup_can_have_file(struct arena *arena, const struct cgroup_place *place, const char *file);

/* Returns the controller of a v2 file: its name up to the dot. */
const char *cgroup_controller_of(struct arena *arena, const char *file);
