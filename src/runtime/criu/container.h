/* SPDX-License-Identifier: Apache-2.0 */
/* What berth tells criu about a container: which of its mounts, namespaces and descriptors are
 * external. For checkpoint and restore. */
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
    pid_t pid; /* of the container's process; for checkpoint */
};

/* --- mounts.c: criu identifies a mount by its path in the container --------------------------- */

/* Returns -ENOTSUP if a mount that `mounts add` made of files of the host is still there: `restore`
 * knows only the mounts of the config. */
int criu_check_added_mounts(const struct criu_container *container,
                            const struct spec_record *record, struct error *error);

/* Returns -ENOTSUP if a mount of the config binds a symbolic link, or covers one. */
int criu_check_links(const struct criu_container *container, struct error *error);

/* Adds the bind mounts of host files that the container's process has. Returns -ENOTSUP if there is
 * one that restore would not know. */
int criu_put_mounts(const struct criu_container *container, struct text *options,
                    struct error *error);

struct criu_sources {
    const struct cgroup *cgroup;           /* of the container */
    const struct cgroup_host *cgroup_host; /* of the host, if the container has no cgroup */
    const char *notify_dir;                /* for the socket of NOTIFY_SOCKET */
};

/* Adds the sources to mount at these paths now. */
int criu_put_sources(const struct criu_container *container, const struct criu_sources *sources,
                     struct text *options, struct error *error);

/* Creates the mount points that the root file system or a bind mount's source lacks. */
int criu_make_mount_points(const struct criu_container *container, struct error *error);

/* --- descriptors.c: stdin, stdout and stderr -------------------------------------------------- */

/* Records in `image_dir` what they are, for restore, and adds those that are files of the host. */
int criu_note_descriptors(const struct criu_container *container, int image_dir,
                          struct text *options, struct error *error);

/* Adds this process's own descriptors in place of the recorded ones. */
int criu_inherit_descriptors(struct criu *criu, int image_dir, struct text *options);

/* --- options.c -------------------------------------------------------------------------------- */

/* Adds the options that checkpoint and restore share. Refuses what criu would lose in silence. */
int criu_put_common(const struct runtime_criu *common, const struct spec_config *config,
                    struct text *options, struct error *error);

/* Returns criu's own configuration file, which may set options that berth does not know, or
 * NULL. */
const char *criu_config_file(const struct spec_config *config);

/* Adds the options that not every criu supports to `needs`, which has room for CRIU_NEEDS_MAX.
 * Returns how many were added. */
#define CRIU_NEEDS_MAX 8
size_t criu_needs_of(const struct runtime_criu *common, struct criu_needs *needs);

/* Returns whether the content of the container's network namespace is left out: because of
 * --empty-ns, or because hooks set it up, as Docker's do, and will do so again. */
bool criu_empties_network(const struct runtime_criu *common, const struct spec_config *config);

/* Returns the directory of the image. */
const char *criu_image_dir(const struct runtime_criu *common);

/* Opens the directories of the request. Creates missing ones if `make` is set. */
int criu_open_dirs(struct criu *criu, const struct runtime_criu *common, bool make,
                   int ret_dirs[2]);

/* Adds the namespaces that the container joins by path: criu_put_namespaces as external ones,
 * criu_enter_namespaces as those to enter. */
int criu_put_namespaces(const struct criu_container *container, struct text *options,
                        struct error *error);
int criu_enter_namespaces(struct criu *criu, const struct criu_container *container,
                          struct text *options);
