/* SPDX-License-Identifier: Apache-2.0 */
/* Kills what is in a container's cgroups, and removes them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "berth/cgroup/place.h"

struct arena;
struct error;

/* Kills every process in the container's cgroups and below, thaws them, and waits until they
 * have exited. Returns 0, -EBUSY if some are left after 10 seconds, or another negative errno. */
int cgroup_kill(const struct cgroup_record *record, struct error *error);

/* Removes the cgroups that cgroup_make has created and nobody uses any more. Returns whether a
 * cgroup of the container is left. */
bool cgroup_remove_empty(const struct cgroup_record *record);

/* Waits until systemd has removed the cgroups of a unit whose processes have ended, or can no
 * longer miss that they have. */
void cgroup_leave_to_systemd(const struct cgroup_record *record);

/* Removes the container's cgroups and those below them, except those with processes. */
void cgroup_remove_deserted(const struct cgroup_record *record);

/* Removes from the record the cgroups whose hierarchy is not mounted there any more, and warns
 * of each. */
void cgroup_forget_unmounted(struct arena *arena, struct cgroup_record *record);

/* Kills the processes left in the cgroups, and removes what cgroup_make has created and the
 * cgroups that the container has created below. Parents that others use stay; cgroups that are
 * gone are no error. Returns 0 or a negative errno. */
int cgroup_remove(const struct cgroup_record *record, struct error *error);
