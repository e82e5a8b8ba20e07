/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Losses of a cgroup's processes by its limits: OOM kills and refused forks. Read from
 * memory.events (cgroup-v2.rst) or memory.oom_control (cgroup-v1/memory.rst), and pids.events. The
 * counters are the cgroup's: if it existed before the container, they include what happened then.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct cgroup_record;
struct error;

struct cgroup_limit {
    const char *file; /* its path: "/sys/fs/cgroup/c/memory.max"; NULL: not known */
    const char *value;
    uint64_t reached; /* so often */
};

struct cgroup_losses {
    const char *directory; /* of the cgroup with the following counters; NULL: it has none */
    uint64_t oom_kills;
    struct cgroup_limit memory; /* the cgroup's own */
    uint64_t ooms_below;        /* v2: OOMs at limits of cgroups below it */
    /* v1 has no count of OOMs, and Linux 6.18 no longer counts in memory.failcnt. Instead, the most
     * memory that was used, in bytes; NULL: v2 */
    const char *peak;
    struct cgroup_limit pids;
};

/* Both look only at the paths of the record, not at the host's hierarchies. Returns whether OOM
 * kills are counted. */
bool cgroup_count_oom_kills(const struct cgroup_record *record, uint64_t *ret_kills);

/* Leaves out what it cannot read. The strings are in the arena. Returns 0, or a negative errno if
 * counters are missing, with a path of the record that is gone. */
int cgroup_read_losses(struct arena *arena, const struct cgroup_record *record,
                       struct cgroup_losses *ret_losses, struct error *error);
