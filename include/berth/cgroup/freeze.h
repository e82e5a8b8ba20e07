/* SPDX-License-Identifier: Apache-2.0 */
/* Freezes and thaws all processes of a container: the freezer controller of v1
 * (cgroup-v1/freezer-subsystem.rst) and cgroup.freeze of v2 (cgroup-v2.rst). */
#pragma once

#include "berth/cgroup/place.h"

struct error;

/* Freezes the container's cgroup and those below it, and waits until every process is frozen.
 * Thaws the cgroup after a failure. Returns 0, -ENODEV if no cgroup of the container can be
 * frozen, -ETIMEDOUT if a process is not frozen after 10 seconds, or another negative errno. */
int cgroup_freeze(const struct cgroup_record *record, struct error *error);

/* Thaws the container's cgroup. Returns 0, -ENODEV if no cgroup of the container can be frozen,
 * -EBUSY if a parent cgroup is frozen (v1), or another negative errno. */
int cgroup_thaw(const struct cgroup_record *record, struct error *error);

/* Thaws the container so that processes killed with SIGKILL can die: in v1's freezer even
 * SIGKILL stays pending. On v1 this thaws the cgroups below too, which may have been frozen on
 * their own. */
void cgroup_thaw_killed(const struct cgroup_record *record);

/* Is the cgroup frozen or freezing? Returns 1 or 0, also 0 if it is gone, or a negative errno if
 * that is unknown. */
int cgroup_is_frozen(const struct cgroup_record *record);
