/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup hierarchies of the host, as the caller's mount namespace shows them (cgroups(7)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct error;

enum cgroup_layout { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

struct cgroup_hierarchy {
    /* its directory: "memory", "cpu,cpuacct", "unified"; "" of v2 at /sys/fs/cgroup itself */
    const char *name;
    const char *mount_point; /* "/sys/fs/cgroup/memory" */
    const char
        *own; /* the caller's cgroup below the mount point, "/" for itself; NULL: not shown there */
    const char *const
        *controllers; /* v1 alone, ended with NULL: "cpu", "cpuacct"; "name=systemd" */
    size_t n_controllers;
    bool v2;
};

/* A symbolic link that stands beside the hierarchies for a controller that shares one with others.
 */
struct cgroup_link {
    const char *name;   /* "cpu" */
    const char *target; /* "cpu,cpuacct" */
};

struct cgroup_host {
    enum cgroup_layout layout;
    const struct cgroup_hierarchy *hierarchies;
    size_t n_hierarchies;
    const struct cgroup_link *links;
    size_t n_links;
};

/* A line of /proc/PID/cgroup: "4:cpu,cpuacct:/path", of v2 "0::/path". */
struct cgroup_line {
    char *controllers; /* "cpu,cpuacct"; "" */
    const char *path;
};

/* Cuts a line in place. Returns false for one of another shape. */
bool cgroup_line_parse(char *line, struct cgroup_line *ret_line);

/* Finds the hierarchies of /proc/self/cgroup below /sys/fs/cgroup or, where one is not at its usual
 * place, through /proc/self/mountinfo; all below the directory `root` ("" for the host's own).
 * Hierarchies that are not mounted, or hidden under another mount, are left out. Returns 0 or a
 * negative errno. */
int cgroup_probe(struct arena *arena, const char *root, struct cgroup_host *ret_host,
                 struct error *error);

/* The options of the file system of version 2, which all its mounts share:
 * "nsdelegate,memory_recursiveprot"; "" for none, also where it is not mounted. Returns 0 or a
 * negative errno. */
int cgroup_read_v2_options(struct arena *arena, const char *root, const char **ret_options,
                           struct error *error);

/* The directory of the caller's own cgroup in a hierarchy that shows it:
 * "/sys/fs/cgroup/memory/user", or NULL when it does not. */
char *cgroup_own_path(struct arena *arena, const struct cgroup_hierarchy *hierarchy);

/* The v1 hierarchy of `controller`, else the v2 one (which may lack the controller), else NULL. */
const struct cgroup_hierarchy *cgroup_find_hierarchy(const struct cgroup_host *host,
                                                     const char *controller);
