/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of a container that has no mount namespace: they are the host's and lie on its root file
 * system. */
#pragma once

#include <stddef.h>

struct arena;
struct error;

/* How many mounts lie one over the other on the directory `path`, which has no symbolic links, in
 * `mountinfo` (proc_pid_mountinfo(5)). */
size_t mounts_count(const char *mountinfo, const char *path);

/* The same on this host. */
int mounts_count_on_host(struct arena *arena, const char *path, size_t *ret_count,
                         struct error *error);

/* Where procfs and sysfs are mounted as a whole, the last one first; ends with NULL. Without a
 * procfs to tell that: none. */
int mounts_of_kernel(struct arena *arena, const char *const **ret_paths, struct error *error);

/* Takes mounts with all on them off `path` until `rest` of them are left. */
int mounts_take_off(struct arena *arena, const char *path, size_t rest, struct error *error);
