/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of a container without a mount namespace: they are the host's mounts, on the container's
 * root file system. */
#pragma once

#include <stddef.h>

struct arena;
struct error;

/* Counts the mounts stacked on the directory `path`, which has no symbolic links, in `mountinfo`
 * (proc_pid_mountinfo(5)). */
size_t mounts_count(const char *mountinfo, const char *path);

/* The same on this host. */
int mounts_count_on_host(struct arena *arena, const char *path, size_t *ret_count,
                         struct error *error);

/* Returns where procfs and sysfs are mounted as a whole, the last one first, ending with NULL. The
 * list is empty without a procfs to read them from. */
int mounts_of_kernel(struct arena *arena, const char *const **ret_paths, struct error *error);

/* Detaches mounts from `path`, with everything mounted below them, until `rest` of the stacked
 * mounts are left. */
int mounts_detach(struct arena *arena, const char *path, size_t rest, struct error *error);
