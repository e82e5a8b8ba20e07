/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources. A table in setting.c describes every setting: its property in config.json, its
 * controller, its files on v1 and v2, the format of the value there, and systemd's property.
 */
#pragma once

#include <stdbool.h>

struct arena;
struct cgroup;
struct error;
struct spec_resources;

/* Applies `resources` to the container's cgroups, in an order in which limits can grow and
 * shrink. Fails, naming the property, if the container has no cgroup for its controller or the
 * cgroup version cannot express it: `linux.resources.memory.limit: write "1" to
 * memory.limit_in_bytes: invalid argument`. After a failure, cgroups that existed before
 * (cgroup_place.exists) get their former values back. Returns 0 or a negative errno. */
int cgroup_set(struct arena *arena, const struct cgroup *cgroup,
               const struct spec_resources *resources, struct error *error);

/* Like cgroup_set, and stores the former values of cgroups that existed before in *ret_former.
 * If something fails later, pass it to cgroup_undo_set. */
struct cgroup_former;
int cgroup_set_with_undo(struct arena *arena, const struct cgroup *cgroup,
                         const struct spec_resources *resources,
                         const struct cgroup_former **ret_former, struct error *error);

/* Restores the former values of cgroups that existed before; `former` may be NULL. Failures are
 * only warnings. */
void cgroup_undo_set(const struct cgroup_former *former);

/* Reports, without changing anything, what in `resources` cgroup_set would refuse in the cgroups
 * that cgroup_plan has planned, which need not exist yet: missing controllers or controllers
 * that cannot be enabled, files that this kernel does not have, devices that do not exist.
 * Returns 0 or a negative errno. */
int cgroup_check(struct arena *arena, const struct cgroup *cgroup,
                 const struct spec_resources *resources, struct error *error);

/* Returns the file that holds a property of linux.resources ("memory.limit") on v2 or v1; NULL:
 * none. */
const char *cgroup_file_of_setting(const char *field, bool v2);

/* Converts cpu.shares (2 to 262144, default 1024) to cpu.weight (1 to 10000, default 100), so
 * that both defaults and both ends correspond: 10^((log2(shares)^2 + 125 log2(shares)) / 612 -
 * 7/34), rounded up. */
unsigned cgroup_weight_of_shares(unsigned long long shares);
