/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping all processes of a container where they stand: the freezer of v1
 * (cgroup-v1/freezer-subsystem.rst) and cgroup.freeze of v2. */
#pragma once

#include <stdbool.h>

#include "berth/cgroup/place.h"

struct error;

/* Freezes the container's cgroup with all below it, and waits until all its processes stand still.
 * After a failure it is thawed. Returns 0, -ENODEV without a cgroup that can be frozen, -ETIMEDOUT
 * when some process does not stop within 10 seconds, or a negative errno. */
int cgroup_freeze(const struct cgroup_record *record, struct error *error);

/* Lets the processes go on. Returns 0, -EBUSY when a cgroup above is frozen, or a negative errno.
 */
int cgroup_thaw(const struct cgroup_record *record, struct error *error);

/* In the freezer of v1 even SIGKILL waits: lets those that it was sent to die, in the cgroups
 * below, too, which may have been frozen by themselves. */
void cgroup_let_die(const struct cgroup_record *record);

/* Is the cgroup frozen, or about to be? Not one that is gone. */
bool cgroup_is_frozen(const struct cgroup_record *record);
