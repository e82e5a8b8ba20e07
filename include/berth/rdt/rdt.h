/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.intelRdt: a container's class of service (CLOS) and monitoring group, directories of the
 * file system resctrl (Documentation/filesystems/resctrl.rst; config-linux.md, IntelRdt).
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
    const char *id; /* the container's */
};

struct rdt {
    const struct spec_intel_rdt *config; /* NULL: resctrl is left alone */
    const char *class;    /* "/sys/fs/resctrl/ID"; the mount point itself for the closID "/" */
    const char *monitor;  /* "CLASS/mon_groups/ID", or NULL */
    bool makes_class;     /* it is not there yet */
    const char *owned[2]; /* what has to be removed with the container, in this order */
    size_t n_owned;
    const char *made[2]; /* what rdt_make has made, the same way */
    size_t n_made;
};

/* Finds the mounted resctrl of this host, whose files are all below the directory `root` ("": its
 * own), and says where the container goes. Changes nothing. A class that is there already must have
 * the schemata of the config. Returns 0 or a negative errno. */
int rdt_plan(struct arena *arena, const char *root, const struct rdt_request *request,
             struct rdt *ret_rdt, struct error *error);

/* Makes the directories that are missing; after a failure none is left. Returns 0 or a negative
 * errno. */
int rdt_make(struct arena *arena, struct rdt *rdt, struct error *error);

/* Writes the schemata of a class that was made. Returns 0 or a negative errno with the kernel's own
 * words. */
int rdt_set(struct arena *arena, const struct rdt *rdt, struct error *error);

/* Moves a process with one thread to the class and the monitoring group. Returns 0 or a negative
 * errno. */
int rdt_join(struct arena *arena, const struct rdt *rdt, pid_t pid, struct error *error);

/* Removes directories; one that is gone already is fine. Returns 0 or a negative errno. */
int rdt_remove(const char *const *paths, size_t n_paths, struct error *error);

/* Reads the schemata of a class, for rdt_update to write them again. Returns 0 or a negative
 * errno. */
int rdt_read(struct arena *arena, const char *class, struct spec_intel_rdt *ret_config,
             struct error *error);

/* Writes the schemata of `config` to the class of a container that runs. Returns 0 or a negative
 * errno. */
int rdt_update(struct arena *arena, const char *class, const struct spec_intel_rdt *config,
               struct error *error);
