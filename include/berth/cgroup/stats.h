/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel has counted for a container. The files are those of
 * cgroup-v1/{cpuacct,memory,cpusets,blkio-controller, hugetlb,pids}.rst, cgroup-v2.rst and
 * accounting/psi.rst; one table in stats.c describes them all.
 */
#pragma once

struct cgroup;
struct error;
struct json;

/* Writes the statistics as one JSON object, the `data` of `runc events`: times in nanoseconds,
 * sizes in bytes, no limit as the version of cgroups has it. A number of 0 and a list of nothing
 * are left out where runc does, and so is what the kernel or the container's cgroups have no
 * controller for. Each file is read once. Returns 0 or a negative errno: -ENODEV when a cgroup of
 * the container is gone, before or meanwhile, -EBADMSG with the file and its line for what is no
 * statistics. */
int cgroup_stats(const struct cgroup *cgroup, struct json *json, struct error *error);
