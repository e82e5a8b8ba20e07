/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources. One table in setting.c describes every setting: its property in config.json, its
 * controller, its file on v1 and on v2, how the value is written there, and systemd's property.
 */
#pragma once

#include <stdbool.h>

struct arena;
struct cgroup;
struct error;
struct spec_resources;

/* Sets what `resources` name in the container's cgroups, in an order in which limits can grow and
 * shrink. A property whose controller the container has no cgroup for, or that the cgroup version
 * cannot express, is an error that names it: `linux.resources.memory.limit: write "1" to
 * memory.limit_in_bytes: invalid argument`. After a failure cgroups that were there before
 * (cgroup_place.exists) have their former values. Returns 0 or a negative errno. */
int cgroup_set(struct arena *arena, const struct cgroup *cgroup,
               const struct spec_resources *resources, struct error *error);

/* The same, and notes the former values of cgroups that were there before in *ret_former, for
 * cgroup_set_back when something else fails later. */
struct cgroup_former;
int cgroup_set_noting(struct arena *arena, const struct cgroup *cgroup,
                      const struct spec_resources *resources,
                      const struct cgroup_former **ret_former, struct error *error);

/* Gives cgroups that were there before their former values; NULL: nothing was noted. What cannot be
 * is a warning. */
void cgroup_set_back(const struct cgroup_former *former);

/* Says, changing nothing, what of `resources` cgroup_set will refuse in cgroups that cgroup_plan
 * has planned and that need not be there yet: controllers that are not there or cannot be enabled,
 * files that this kernel does not have, devices that do not exist. Returns 0 or a negative
 * errno. */
int cgroup_check(struct arena *arena, const struct cgroup *cgroup,
                 const struct spec_resources *resources, struct error *error);

/* The file that a property of linux.resources ("memory.limit") is written to on v2 or v1, NULL:
 * none there. */
const char *cgroup_file_of_setting(const char *field, bool v2);

/* cpu.shares (2 to 262144, 1024 by default) as cpu.weight (1 to 10000, 100 by default): a curve
 * that keeps both defaults and both ends, 10^((log2(shares)^2 + 125 log2(shares)) / 612 - 7/34)
 * rounded up. */
unsigned cgroup_weight_of_shares(unsigned long long shares);
