/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics of a container. The files are those of
 * cgroup-v1/{cpuacct,memory,cpusets,blkio-controller, hugetlb,pids}.rst, cgroup-v2.rst and
 * accounting/psi.rst; a table in stats.c describes all of them.
 */
#pragma once

struct cgroup;
struct error;
struct json;

/* Writes the statistics as one JSON object, the `data` of `runc events`: times in nanoseconds,
 * sizes in bytes, "no limit" as the cgroup version reports it. Omits zeros and empty lists where
 * runc does, and values for which the kernel or the container has no controller. Reads each file
 * once. Returns 0, -ENODEV if a cgroup of the container is or goes away, -EBADMSG with the file
 * and line that it cannot parse, or another negative errno. */
int cgroup_stats(const struct cgroup *cgroup, struct json *json, struct error *error);
