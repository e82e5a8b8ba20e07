/* SPDX-License-Identifier: Apache-2.0 */
/* Converts linux.cgroupsPath to the name of a systemd unit, for --systemd-cgroup
 * (systemd.unit(5), systemd.slice(5)). */
#pragma once

#include <stdbool.h>

struct arena;
struct error;

struct cgroup_unit_request {
    /* linux.cgroupsPath, "slice:prefix:name" or "slice:name"; NULL or "": "::ID" with the prefix
     * berth */
    const char *cgroups_path;
    const char *id; /* ID of the container */
    bool user; /* for the user's manager: the default slice is user.slice instead of system.slice */
};

struct cgroup_unit {
    const char *slice; /* "a-b.slice" */
    /* "PREFIX-NAME.scope", "-NAME.scope" for an empty prefix, "NAME.scope" for "slice:name", or
     * a NAME that ends with ".slice" */
    const char *name;
    bool is_slice; /* the name is a slice: its own name determines the path, not `slice` */
    /* the cgroup below the manager's own: "/a.slice/a-b.slice/PREFIX-NAME.scope" */
    const char *path;
};

/* Returns 0, or -EINVAL for a malformed path or a name that systemd refuses. */
int cgroup_find_unit(struct arena *arena, const struct cgroup_unit_request *request,
                     struct cgroup_unit *ret_unit, struct error *error);

/* Returns the cgroup of a slice below the manager's own: "/a.slice/a-b.slice", "" for "-.slice";
 * NULL if systemd refuses the name. */
const char *cgroup_expand_slice(struct arena *arena, const char *slice);
