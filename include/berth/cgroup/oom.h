/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Word of processes of a container that were killed for want of memory: memory.events of
 * cgroup-v2.rst by inotify(7), or memory.oom_control of cgroup-v1/memory.rst by an eventfd(2),
 * which tells of each time that the limit could not be kept, here or above. Nothing is polled.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cgroup;
struct error;

struct cgroup_oom {
    /* readable when there may be news; -1: the container has no memory controller */
    int fd;
    const char *path; /* of the cgroup, as in struct cgroup */
    uint64_t seen;    /* v2: oom_kill as it was */
    bool v2;
};

#define AUTO_CGROUP_OOM __attribute__((cleanup(cgroup_oom_close))) struct cgroup_oom

/* Counts from now on. `cgroup` has to outlive it. Returns 0 or a negative errno. */
int cgroup_oom_open(const struct cgroup *cgroup, struct cgroup_oom *ret_oom, struct error *error);

/* How many there have been since the last call. A cgroup that is gone has none. */
uint64_t cgroup_oom_take(struct cgroup_oom *oom);

void cgroup_oom_close(struct cgroup_oom *oom);
