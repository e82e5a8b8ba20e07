/* SPDX-License-Identifier: Apache-2.0 */
/* What criu is told of a container: which of its mounts, namespaces and descriptors come from
 * outside, for checkpoint and restore. */
#pragma once

#include <sys/types.h>

#include "berth/runtime/runtime.h"
#include "berth/spec/config.h"
#include "criu.h"

struct cgroup;
struct cgroup_host;

struct criu_container {
    struct arena *arena;
    const struct spec_config *config;
    const char *bundle;
    const char *rootfs;
    pid_t pid; /* of its process, for checkpoint */
};

/* --- criu-mounts.c: a mount is known by its place in the container --- */

/* -ENOTSUP when one of the mounts with files of the host's is still there that `mounts add` has
 * made: `restore` knows of those of the config alone. */
int criu_check_added_mounts(const struct criu_container *container,
                            const struct spec_record *record, struct error *error);

/* -ENOTSUP when a mount of the config is one of a symbolic link, or on one. */
int criu_check_links(const struct criu_container *container, struct error *error);

/* Adds the mounts of the container's process that are bind mounts of the host's files. -ENOTSUP
 * when there is one that restore would not know of, either. */
int criu_put_mounts(const struct criu_container *container, struct text *options,
                    struct error *error);

struct criu_sources {
    const struct cgroup *cgroup;           /* the container's */
    const struct cgroup_host *cgroup_host; /* the host's, where it has none */
    const char *notify_dir;                /* for the socket of NOTIFY_SOCKET */
};

/* Adds what these are to be now. */
int criu_put_sources(const struct criu_container *container, const struct criu_sources *sources,
                     struct text *options, struct error *error);

/* Makes the mount points that the root file system, or a bind mount's source, lacks. */
int criu_make_mount_points(const struct criu_container *container, struct error *error);

/* --- criu-descriptors.c: stdin, stdout and stderr --- */

/* Notes in `image_dir` what they are, for restore, and adds those that are files of the host's. */
int criu_note_descriptors(const struct criu_container *container, int image_dir,
                          struct text *options, struct error *error);

/* Adds that this process's own take the place of those that were noted. */
int criu_inherit_descriptors(struct criu *criu, int image_dir, struct text *options);

/* --- criu-options.c --- */

/* Adds what checkpoint and restore have in common. */
int criu_put_common(const struct runtime_criu *common, const struct spec_config *config,
                    struct text *options, struct error *error);

/* criu's own file of options, by which it may know of more than is told here; or NULL. */
const char *criu_config_file(const struct spec_config *config);

/* What of it not every criu can do; returns how many were added to `needs`, which has room for
 * CRIU_NEEDS_MOST. */
#define CRIU_NEEDS_MOST 8
size_t criu_needs_of(const struct runtime_criu *common, struct criu_needs *needs);

/* Is what is in the container's network namespace left out? So --empty-ns says, or there are hooks
 * that make it, as those of docker do, and will do so again. */
bool criu_empties_network(const struct runtime_criu *common, const struct spec_config *config);

/* The directory of the image. */
const char *criu_image_dir(const struct runtime_criu *common);

/* Opens the directories of the request, which are made if they are missing and `make` says so. */
int criu_open_dirs(struct criu *criu, const struct runtime_criu *common, bool make,
                   int ret_dirs[2]);

/* Adds the namespaces that the container shares with others by a path: as external ones; as those
 * to be entered. */
int criu_put_namespaces(const struct criu_container *container, struct text *options,
                        struct error *error);
int criu_enter_namespaces(struct criu *criu, const struct criu_container *container,
                          struct text *options);
