/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a container's cgroups. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "berth/cgroup/place.h"

struct arena;
struct error;

/* Kills every process in the container's cgroups and below, thaws them, and waits until they have
 * ended. Returns 0, -EBUSY when some are left after 10 seconds, or a negative errno. */
int cgroup_kill(const struct cgroup_record *record, struct error *error);

/* Removes what cgroup_make has made and nobody uses any more. Returns whether a cgroup of the
 * container's own is left. */
bool cgroup_remove_empty(const struct cgroup_record *record);

/* Removes the container's cgroups with all below them, as far as nobody is in them. */
void cgroup_remove_deserted(const struct cgroup_record *record);

/* Takes out, each with a warning, the cgroups whose hierarchy is not mounted where it was. */
void cgroup_forget_unmounted(struct arena *arena, struct cgroup_record *record);

/* Kills what is left in the cgroups, and removes what cgroup_make has made, with the cgroups below
 * that the container has made. Parents that others use by now stay, what is gone already is fine.
 * Returns 0 or a negative errno. */
int cgroup_remove(const struct cgroup_record *record, struct error *error);
