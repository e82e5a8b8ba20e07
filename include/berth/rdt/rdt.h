/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.intelRdt: a container's class of service (CLOS) and monitoring group, which are directories
 * of the resctrl file system (Documentation/filesystems/resctrl.rst; config-linux.md, IntelRdt).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;
struct error;
struct spec_intel_rdt;

struct rdt_request {
    const struct spec_intel_rdt *config;
    const char *id; /* the container's ID */
};

struct rdt {
    const struct spec_intel_rdt *config; /* NULL: resctrl is not used */
    const char *class;    /* "/sys/fs/resctrl/ID"; the mount point itself if closID is "/" */
    const char *monitor;  /* "CLASS/mon_groups/ID", or NULL */
    bool makes_class;     /* the class does not exist yet */
    const char *owned[2]; /* directories to remove with the container, in this order */
    size_t n_owned;
    const char *made[2]; /* directories that rdt_make has created, in the order of removal */
    size_t n_made;
};

/* Finds the host's resctrl mount and decides on the container's class and monitoring group. All
 * paths are below the directory `root`: "" for the host, another one in tests. Changes nothing. An
 * existing class must already have the schemata of the config. Returns 0 or a negative errno. */
int rdt_plan(struct arena *arena, const char *root, const struct rdt_request *request,
             struct rdt *ret_rdt, struct error *error);

/* Creates the missing directories; on failure it leaves none. Returns 0 or a negative errno. */
int rdt_make(struct arena *arena, struct rdt *rdt, struct error *error);

/* Writes the schemata of a class that was created. Returns 0 or a negative errno, with the kernel's
 * message from last_cmd_status. */
int rdt_set(struct arena *arena, const struct rdt *rdt, struct error *error);

/* Moves a single-threaded process to the class and the monitoring group. Returns 0 or a negative
 * errno. */
int rdt_join(struct arena *arena, const struct rdt *rdt, pid_t pid, struct error *error);

/* Removes directories; a missing one is success. Returns 0 or a negative errno. */
int rdt_remove(const char *const *paths, size_t n_paths, struct error *error);

/* Reads the schemata of a class, so that rdt_update can restore them. Returns 0 or a negative
 * errno. */
int rdt_read(struct arena *arena, const char *class, struct spec_intel_rdt *ret_config,
             struct error *error);

/* Writes the schemata of `config` to the class of a running container. Returns 0 or a negative
 * errno. */
int rdt_update(struct arena *arena, const char *class, const struct spec_intel_rdt *config,
               struct error *error);
