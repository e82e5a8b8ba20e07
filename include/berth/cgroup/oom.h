/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications of OOM kills in a container: inotify(7) on memory.events (cgroup-v2.rst), or an
 * eventfd(2) on memory.oom_control (cgroup-v1/memory.rst), which counts each OOM of the cgroup or
 * of a parent. Nothing is polled.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cgroup;
struct error;

struct cgroup_oom {
    /* readable if there may be new events; -1: the container has no memory controller */
    int fd;
    const char *path; /* the cgroup's directory, as in struct cgroup_place */
    uint64_t seen;    /* v2: oom_kill when last read */
    bool v2;
};

#define AUTO_CGROUP_OOM __attribute__((cleanup(cgroup_oom_close))) struct cgroup_oom

/* Starts counting. `cgroup` must outlive *ret_oom. Returns 0 or a negative errno. */
int cgroup_oom_open(const struct cgroup *cgroup, struct cgroup_oom *ret_oom, struct error *error);

/* Returns the number of OOM kills since the last call; 0 if the cgroup is gone. */
uint64_t cgroup_oom_take(struct cgroup_oom *oom);

void cgroup_oom_close(struct cgroup_oom *oom);
