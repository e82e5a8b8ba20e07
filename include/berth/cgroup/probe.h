/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup hierarchies of the host, as the caller's mount namespace shows them (cgroups(7)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct error;

enum cgroup_layout { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

struct cgroup_hierarchy {
    /* its directory: "memory", "cpu,cpuacct", "unified"; "" for v2 mounted at /sys/fs/cgroup
     * itself */
    const char *name;
    const char *mount_point; /* "/sys/fs/cgroup/memory" */
    /* the caller's cgroup below the mount point, "/" for the mount point; NULL: not visible
     * there */
    const char *own;
    const char *const *controllers; /* v1, NULL-terminated: "cpu", "cpuacct"; "name=systemd" */
    size_t n_controllers;
    bool v2;
};

/* A symbolic link beside the hierarchies, for a controller that shares its hierarchy with
 * others. */
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

/* A line of /proc/PID/cgroup: "4:cpu,cpuacct:/path", on v2 "0::/path". */
struct cgroup_line {
    char *controllers; /* "cpu,cpuacct"; "" on v2 */
    const char *path;
};

/* Splits a line in place. Returns false if it is malformed, or of a v1 hierarchy that is just being
 * unmounted: that has a line without controllers, too ("13::/"), but is not the one of v2. */
bool cgroup_line_parse(char *line, struct cgroup_line *ret_line);

/* Finds the hierarchies of /proc/self/cgroup below /sys/fs/cgroup or, if one is not at its usual
 * place, through /proc/self/mountinfo. `root` is a prefix of all these paths ("" for the host's
 * own). Leaves out hierarchies that are not mounted or that another mount hides. Returns 0 or a
 * negative errno. */
int cgroup_probe(struct arena *arena, const char *root, struct cgroup_host *ret_host,
                 struct error *error);

/* Reads the mount options of the cgroup2 file system, which all its mounts share:
 * "nsdelegate,memory_recursiveprot"; "" for none or if it is not mounted. Returns 0 or a
 * negative errno. */
int cgroup_read_v2_options(struct arena *arena, const char *root, const char **ret_options,
                           struct error *error);

/* Returns the directory of the caller's own cgroup in a hierarchy: "/sys/fs/cgroup/memory/user";
 * NULL if it is not visible there. */
char *cgroup_own_path(struct arena *arena, const struct cgroup_hierarchy *hierarchy);

/* Returns the v1 hierarchy of `controller`, else the v2 hierarchy (which may lack the
 * controller), else NULL. */
const struct cgroup_hierarchy *cgroup_find_hierarchy(const struct cgroup_host *host,
                                                     const char *controller);
