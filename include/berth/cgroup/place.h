/* SPDX-License-Identifier: Apache-2.0 */
/* A container's cgroups: finding, creating and joining them (config-linux.md, Control groups). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "berth/cgroup/probe.h"

struct arena;
struct bus;
struct bus_property;
struct error;
struct spec_pair;
struct spec_resources;

/* The container's cgroup in one hierarchy. */
struct cgroup_place {
    const struct cgroup_hierarchy *hierarchy;
    const char *path; /* on the host: "/sys/fs/cgroup/memory/berth/ID" */
    /* the file a single-threaded process joins by writing "0": ".../tasks", on v2
     * ".../cgroup.procs" */
    const char *join;
    /* v2: the child cgroup without limits that the container's process is moved to; NULL: none */
    const char *delegated;
    bool exists;             /* it existed before the container */
    bool is_systemds;        /* systemd creates it for the unit, and removes it */
    int enable_error;        /* v2: a positive errno if controllers could not be enabled, else 0 */
    const char *enable_path; /* v2: the cgroup where enabling failed */
};

/* What is needed to remove a container's cgroups. Write it to the container's state before
 * cgroup_make. */
struct cgroup_record {
    const char *const *paths; /* the container's cgroup in every hierarchy */
    size_t n_paths;
    const char *const *made; /* the directories that cgroup_make creates, parents first */
    size_t n_made;
};

/* The systemd unit whose cgroup is the container's. */
struct cgroup_systemd {
    struct bus *bus;
    const char *unit;  /* "berth-ID.scope" */
    const char *slice; /* "system.slice" */
    /* the container's cgroup in every hierarchy: "/system.slice/berth-ID.scope" */
    const char *path;
    bool has_subgroup;                     /* the container's cgroup is a child of the unit's */
    unsigned version;                      /* version of systemd */
    const struct bus_property *properties; /* set by annotations */
    size_t n_properties;
};

struct cgroup_systemd_request {
    const char *cgroups_path; /* "SLICE:PREFIX:NAME", or NULL */
    const char *id;
    const char *subgroup;                /* child of the unit's cgroup; NULL or "": none */
    const struct spec_pair *annotations; /* org.systemd.property.NAME sets a property of the unit */
    size_t n_annotations;
};

/* Determines the container's unit in the systemd manager on `bus`, without starting it. Returns
 * 0, or a negative errno with the property of config.json that is wrong. */
int cgroup_plan_systemd(struct bus *bus, const struct cgroup_systemd_request *request,
                        const struct cgroup_systemd **ret_systemd, struct error *error);

struct cgroup {
    const struct cgroup_host *host;
    struct cgroup_place *places; /* one for each hierarchy that the caller may use */
    size_t n_places;
    struct cgroup_record record;
    const struct cgroup_systemd *systemd; /* NULL: without it */
    /* the resources whose device rules are in force, which v1 does not show; NULL: not known */
    const struct spec_resources *former;
    bool rootless;
    bool confines_devices; /* apply device rules even if linux.resources has none */
};

struct cgroup_request {
    const char *cgroups_path; /* linux.cgroupsPath, NULL when unset */
    const char *id;
    /* names the cgroup instead of cgroups_path; NULL: without systemd */
    const struct cgroup_systemd *systemd;
    /* v2: a child of the container's cgroup for its process; NULL or "": none */
    const char *delegated;
    /* not root of the initial user namespace: leave out hierarchies that are not writable */
    bool rootless;
    bool confines_devices; /* as in struct cgroup, if the container gets any cgroup */
};

/* Determines the container's cgroups, without changing anything: an absolute cgroupsPath is
 * below every hierarchy's mount point, a relative one below /berth, and without one the cgroup
 * is /ID. If an unprivileged user cannot write there, a relative or missing cgroupsPath is below
 * the caller's own cgroup, or below a parent of it that the user may write to; otherwise the
 * hierarchy is left out. Returns 0, -EBUSY if the cgroup exists and is frozen or holds
 * processes, -EINVAL for "..", or another negative errno. */
int cgroup_plan(struct arena *arena, const struct cgroup_host *host,
                const struct cgroup_request *request, struct cgroup *ret_cgroup,
                struct error *error);

/* Finds the cgroups of an existing container: the paths of its record in the host's hierarchies.
 * Returns 0, or a negative errno with the path that is gone or whose hierarchy is not mounted. */
int cgroup_reopen(struct arena *arena, const struct cgroup_host *host,
                  const struct cgroup_record *record, struct cgroup *ret_cgroup,
                  struct error *error);

/* Returns the container's cgroup in the hierarchy of `controller` as the kernel names it, "/c",
 * whether or not it still exists; NULL: there is none below the root, or it cannot be told. */
const char *cgroup_path_with(const struct cgroup_host *host, const struct cgroup_record *record,
                             const char *controller);

/* The same as cgroup_reopen for a process that joins them, without looking at the host's
 * hierarchies: of those only the version is known. Returns false if they are not so simple: one
 * cannot be found, or takes no processes (cgroup_use_leaf). */
bool cgroup_reopen_to_join(struct arena *arena, const struct cgroup_record *record,
                           struct cgroup *ret_cgroup);

/* Takes those parents of the container's cgroups for which `is_kept` returns true out of what is
 * removed with it. It is not asked about /berth, which belongs to the runtime alone. */
void cgroup_keep_parents(struct arena *arena, struct cgroup_record *record,
                         bool (*is_kept)(void *context, const char *path), void *context);

struct cgroup_owner {
    pid_t pid;
    const char *id;
};

/* Returns those cgroups of a process that are named after its container: ID, PREFIX-ID,
 * PREFIX-ID.scope. For a container whose record is lost. */
struct cgroup_record cgroup_record_of(struct arena *arena, const struct cgroup_host *host,
                                      const struct cgroup_owner *owner);

/* Replaces the container's cgroups with existing ones below them. `choice` is "PATH", for every
 * hierarchy, or "CONTROLLER[,CONTROLLER...]:PATH", for the hierarchies of these controllers.
 * Returns 0, -EINVAL for "..", -ENODEV if no hierarchy has the controllers, or the errno of
 * looking up the cgroup. */
int cgroup_choose(struct arena *arena, struct cgroup *cgroup, const char *choice,
                  struct error *error);

/* Replaces the container's v2 cgroup with that of its process `pid`, if the container's takes no
 * processes because it enables controllers for its children (cgroup-v2.rst, "No Internal Process
 * Constraint"), as with systemd in the container; or if the container `has_delegated`, a child
 * cgroup for its processes. */
void cgroup_use_leaf(struct arena *arena, struct cgroup *cgroup, pid_t pid, bool has_delegated);

/* Creates the cgroups. With systemd, starts the unit with the process `pid` in it. After a
 * failure it removes what it has created and clears the record. Returns 0 or a negative errno. */
int cgroup_make(struct arena *arena, struct cgroup *cgroup, pid_t pid, struct error *error);

/* Moves the container's process from its cgroup to the delegated child, and enables the
 * container's controllers there. Returns 0 or a negative errno. */
int cgroup_enter_delegated(struct arena *arena, const struct cgroup *cgroup, pid_t pid,
                           struct error *error);

/* Changes the owner of the v2 cgroup `path` to the user `uid`, who can then create cgroups below
 * it and move processes there: the directory and those of its files that
 * /sys/kernel/cgroup/delegate names (config-linux.md, "Cgroup ownership"). Returns 0 or a
 * negative errno. */
int cgroup_chown(struct arena *arena, const char *path, uid_t uid, struct error *error);

/* Opens the container's v2 cgroup for CLONE_INTO_CGROUP. Returns 0 with *ret_fd -1 if there is
 * none, or a negative errno. */
int cgroup_open_v2(const struct cgroup *cgroup, int *ret_fd, struct error *error);
