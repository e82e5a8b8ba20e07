/* SPDX-License-Identifier: Apache-2.0 */
/* A container's cgroups: where they are, making them, joining them (config-linux.md, Control
 * groups). */
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
    const char
        *join; /* where a single-threaded process writes "0": ".../tasks", v2: ".../cgroup.procs" */
    /* v2: the cgroup below it, without limits, that the container's process is moved to; NULL:
     * none */
    const char *delegated;
    bool exists;      /* was there before */
    bool is_systemds; /* systemd makes it for the unit, and removes it */
    int enable_error; /* v2: why controllers could not be enabled (a positive errno), 0: they are */
    const char *enable_path; /* v2: the cgroup where that was */
};

/* What has to be remembered of a container's cgroups to remove them: to be written to its state
 * before cgroup_make. */
struct cgroup_record {
    const char *const *paths; /* the container's cgroup in every hierarchy */
    size_t n_paths;
    const char *const *made; /* the directories that cgroup_make makes, parents first */
    size_t n_made;
};

/* The unit of systemd's manager that a container's cgroup is. */
struct cgroup_systemd {
    struct bus *bus;
    const char *unit;  /* "berth-ID.scope" */
    const char *slice; /* "system.slice" */
    /* of the container's cgroup in every hierarchy: "/system.slice/berth-ID.scope" */
    const char *path;
    bool has_subgroup;                     /* that is one below the unit's */
    unsigned version;                      /* of systemd */
    const struct bus_property *properties; /* asked for by annotations */
    size_t n_properties;
};

struct cgroup_systemd_request {
    const char *cgroups_path; /* "SLICE:PREFIX:NAME", or NULL */
    const char *id;
    const char *subgroup;                /* below the unit's cgroup, NULL or "": none */
    const struct spec_pair *annotations; /* org.systemd.property.NAME are the unit's */
    size_t n_annotations;
};

/* Says which unit of the manager behind the bus the container's cgroup is. Returns 0 or a negative
 * errno with the property of config.json that is wrong. */
int cgroup_plan_systemd(struct bus *bus, const struct cgroup_systemd_request *request,
                        const struct cgroup_systemd **ret_systemd, struct error *error);

struct cgroup {
    const struct cgroup_host *host;
    struct cgroup_place *places; /* one for each hierarchy that the caller may use */
    size_t n_places;
    struct cgroup_record record;
    const struct cgroup_systemd *systemd; /* NULL: without it */
    /* whose rules for devices hold now, which v1 does not tell; NULL: not known */
    const struct spec_resources *former;
    bool rootless;
    bool confines_devices; /* set rules for devices even if linux.resources has none */
};

struct cgroup_request {
    const char *cgroups_path; /* linux.cgroupsPath, NULL when unset */
    const char *id;
    const struct cgroup_systemd *systemd; /* says where instead of cgroups_path; NULL: without it */
    /* the further cgroup below the container's for its process, on v2 alone; NULL or "": none */
    const char *delegated;
    bool rootless; /* not root of the initial user namespace: go without the hierarchies that are
                      not writable */
    bool confines_devices; /* as in struct cgroup, where there is any hierarchy */
};

/* Says where the container goes, changing nothing: an absolute cgroupsPath below every hierarchy's
 * mount point, a relative one below /berth, none: /ID. Where an unprivileged user cannot write, the
 * latter two are below the caller's own cgroup, or one above that, if the user may write to it;
 * else the hierarchy is left out. An existing cgroup that is frozen or holds processes is -EBUSY;
 * ".." is -EINVAL. Returns 0 or a negative errno. */
int cgroup_plan(struct arena *arena, const struct cgroup_host *host,
                const struct cgroup_request *request, struct cgroup *ret_cgroup,
                struct error *error);

/* Finds the cgroups of a container that was made earlier: its record's paths in the host's
 * hierarchies. Returns 0, or a negative errno with the path that is gone or whose hierarchy is not
 * mounted. */
int cgroup_reopen(struct arena *arena, const struct cgroup_host *host,
                  const struct cgroup_record *record, struct cgroup *ret_cgroup,
                  struct error *error);

struct cgroup_owner {
    pid_t pid;
    const char *id;
};

/* The cgroups of a process that are named after its container: ID, PREFIX-ID, PREFIX-ID.scope. For
 * a container whose record is lost. */
struct cgroup_record cgroup_record_of(struct arena *arena, const struct cgroup_host *host,
                                      const struct cgroup_owner *owner);

/* Goes down from the container's cgroups to existing ones below: `choice` is "PATH", in every
 * hierarchy, or "CONTROLLER[,CONTROLLER...]:PATH", in those of these controllers. Returns 0,
 * -EINVAL for "..", -ENODEV when no hierarchy is chosen, or the errno of what is not there. */
int cgroup_choose(struct arena *arena, struct cgroup *cgroup, const char *choice,
                  struct error *error);

/* A cgroup of v2 that gives controllers to those below takes no process any more (cgroup-v2.rst,
 * "No Internal Process Constraint"): then the place is where the container's process `pid` is, as
 * with a systemd in the container. It always is when the container `has_delegated`, a further
 * cgroup for its processes. */
void cgroup_follow(struct arena *arena, struct cgroup *cgroup, pid_t pid, bool has_delegated);

/* Makes the directories; a unit is started around the process `pid`, which is in its cgroup then.
 * After a failure what was made is removed again, and the record is empty: nothing is left to be
 * removed. Returns 0 or a negative errno. */
int cgroup_make(struct arena *arena, struct cgroup *cgroup, pid_t pid, struct error *error);

/* Moves the container's process from its cgroup to the delegated one, and lets that have the
 * controllers of the container's. Returns 0 or a negative errno. */
int cgroup_enter_delegated(struct arena *arena, const struct cgroup *cgroup, pid_t pid,
                           struct error *error);

/* Gives the v2 cgroup `path` to the user `uid`, so that he can make cgroups below it and move his
 * processes there: the directory and those of its files that /sys/kernel/cgroup/delegate names
 * (config-linux.md, "Cgroup ownership"). Returns 0 or a negative errno. */
int cgroup_give(struct arena *arena, const char *path, uid_t uid, struct error *error);

/* Opens the container's cgroup of the v2 hierarchy for CLONE_INTO_CGROUP. Returns 0 with -1 in
 * *ret_fd if there is none, or a negative errno. */
int cgroup_open_v2(const struct cgroup *cgroup, int *ret_fd, struct error *error);
