/* SPDX-License-Identifier: Apache-2.0 */
/* The files of one cgroup. */
#pragma once

#include <stdbool.h>

#include "berth/cgroup/place.h"
#include "berth/cgroup/probe.h"

/* Reads a file of the cgroup `path`, without the newlines at its end. Returns 0 or a negative
 * errno. */
int cgroup_read(struct arena *arena, const char *path, const char *file, char **ret_text);

/* Reads what one read(2) gets of a small file into `text`, at most `size` - 1 bytes and a NUL.
 * Returns 0 or a negative errno. */
int cgroup_peek(const char *path, const char *file, char *text, size_t size);

/* Of a cgroup that is not found: 0 when it is gone, -ENODEV when its hierarchy is not mounted where
 * it was, or another negative errno. */
int cgroup_check_gone(const char *path);

/* Reads cgroup.procs: "" for a cgroup that is gone, or a threaded one, which lists no processes.
 * Returns 0 or a negative errno. */
int cgroup_read_processes(struct arena *arena, const char *path, char **ret_text);

/* Writes `text` to a file of the cgroup `path` with one write(2). Returns 0 or a negative errno. */
int cgroup_put(const char *path, const char *file, const char *text);

/* Has the cgroup `path` such a file? Also when that is not known: using it will tell. */
bool cgroup_has_file(const char *path, const char *file);

bool cgroup_has_controller(const struct cgroup_hierarchy *hierarchy, const char *controller);

/* The container's cgroup in the v1 hierarchy of `controller` (NULL: in none), else the one of v2
 * (which may lack the controller), else NULL. */
const struct cgroup_place *cgroup_place_with(const struct cgroup *cgroup, const char *controller);

/* Is `word` one of the words, parted by blanks or newlines, of `text`? */
bool cgroup_has_word(const char *text, const char *word);

/* The hint for a user without the right to make cgroups. */
extern const char cgroup_how_to_delegate[];

/* Is one of the names in `path` ".."? */
bool cgroup_has_dots(const char *path);

/* The file where a single-threaded process writes "0" to join the cgroup `path`. */
const char *cgroup_join_file(struct arena *arena, const struct cgroup_hierarchy *hierarchy,
                             const char *path);
