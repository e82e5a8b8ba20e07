/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the files of one cgroup. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "berth/cgroup/place.h"
#include "berth/cgroup/probe.h"

/* Returns the magic number of the file system of `path`, or 0 if that is unknown. */
uint32_t cgroup_file_system_type(const char *path);

/* Reads a file of the cgroup `path`, without trailing newlines. Returns 0 or a negative errno. */
int cgroup_read(struct arena *arena, const char *path, const char *file, char **ret_text);

/* Reads the number after `key` and a blank at the start of a line of the file. Returns 0, -ENOENT
 * if there is no such file or line, or another negative errno. */
int cgroup_read_counter(const char *path, const char *file, const char *key, uint64_t *ret_count);

/* Reads a small file into `text` with one read(2): at most `size` - 1 bytes and a NUL. Returns 0
 * or a negative errno. */
int cgroup_peek(const char *path, const char *file, char *text, size_t size);

/* For a cgroup that was not found. Returns 0 if it is gone, -ENODEV if its hierarchy is not
 * mounted there any more, or another negative errno. */
int cgroup_check_gone(const char *path);

/* Reads cgroup.procs: "" if the cgroup is gone, or threaded, when it lists no processes. Returns
 * 0 or a negative errno. */
int cgroup_read_processes(struct arena *arena, const char *path, char **ret_text);

/* Writes `text` to a file of the cgroup `path` with one write(2). Returns 0 or a negative errno. */
int cgroup_put(const char *path, const char *file, const char *text);

/* Returns 0 if the cgroup `path` has such a file, -ENOENT if not, or another negative errno if that
 * is unknown. */
int cgroup_look_for(const char *path, const char *file);

/* Does the cgroup `path` have such a file? True if that cannot be determined: using the file
 * will show. */
bool cgroup_has_file(const char *path, const char *file);

bool cgroup_has_controller(const struct cgroup_hierarchy *hierarchy, const char *controller);

/* Returns the container's cgroup in the v1 hierarchy of `controller` (NULL: none), else its v2
 * cgroup (which may lack the controller), else NULL. */
const struct cgroup_place *cgroup_place_with(const struct cgroup *cgroup, const char *controller);

/* Is `word` one of the words in `text`, separated by blanks or newlines? */
bool cgroup_has_word(const char *text, const char *word);

/* The hint for a user who may not create cgroups. */
extern const char cgroup_how_to_delegate[];

/* Is a component of `path` ".."? */
bool cgroup_has_dots(const char *path);

/* Returns the file to which a single-threaded process writes "0" to join the cgroup `path`. */
const char *cgroup_join_file(struct arena *arena, const struct cgroup_hierarchy *hierarchy,
                             const char *path);
