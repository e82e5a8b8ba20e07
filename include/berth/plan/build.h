/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles a checked config, what was asked for and facts about the host into a plan: a pure
 * function. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/spec/config.h"

struct arena;
struct error;
struct plan_header;

#define PLAN_NOTIFY_DIR "/run/notify" /* in the container: where the socket of NOTIFY_SOCKET is */

/* A cgroup hierarchy of the host's and the container's cgroup in it. */
struct plan_hierarchy {
    /* its directory below /sys/fs/cgroup: "memory", "cpu,cpuacct", "unified", "systemd"; "" of v2
     * at /sys/fs/cgroup itself */
    const char *name;
    const char *path;    /* the container's cgroup on the host: "/sys/fs/cgroup/memory/berth/ID" */
    const char *options; /* mount it by: "cpu,cpuacct", "name=systemd"; "" of v2 */
    const char *join;    /* the file to write "0" to: ".../tasks" on v1, ".../cgroup.procs" on v2 */
    bool v2;
    bool is_joined; /* LAUNCH (CLONE_INTO_CGROUP) or systemd puts INIT there: no step needed */
    /* v2: the cgroup below that the container's process is moved to in the end; NULL: none */
    const char *delegated;
};

#define PLAN_KERNEL_CORE "/proc/kcore"

/* Facts about the host, probed once before planning. */
struct plan_host {
    bool privileged; /* root with CAP_SYS_ADMIN in the namespaces it runs in */
    /* the runtime itself runs in a user namespace that is not the initial one */
    bool in_user_namespace;
    /* CLONE_NEW*: those that linux.namespaces[].path leads to; with linux.sysctl, which asks */
    uint64_t own_namespaces;
    bool has_foreign_network;        /* its network namespace is none of its user namespace's */
    bool can_make_devices;           /* CAP_MKNOD outside any user namespace */
    uint64_t bounding_capabilities;  /* the caller's bounding set, bit n for capability n */
    uint64_t permitted_capabilities; /* the caller's permitted set */
    unsigned personality;            /* the caller's, as personality(2) has it */
    unsigned securebits;             /* the caller's */
    uint64_t ignored_signals;        /* by the caller, signal n as bit n - 1 */
    const struct plan_hierarchy *hierarchies; /* where the container is placed; none: no cgroups */
    size_t n_hierarchies;
    /* what a cgroup mount shows: the same or, if the container has none of its own, the caller's
     * cgroups */
    const struct plan_hierarchy *shown;
    size_t n_shown;
    /* of the file system of version 2: "nsdelegate,memory_recursiveprot"; NULL: no mount needs to
     * know them */
    const char *v2_options;
    bool confines_devices; /* the cgroups get rules for devices even if linux.resources has none */
    bool cgroups_need_process; /* systemd makes them around the launched process */
    const struct plan_link {
        const char *name;   /* "cpu" */
        const char *target; /* "cpu,cpuacct" */
    } * cgroup_links;       /* symbolic links below /sys/fs/cgroup for co-mounted controllers */
    size_t n_cgroup_links;
    /* for each of mounts[]: of one with copy-symlink where its source leads, if that is a symbolic
     * link, else NULL; NULL: none has that */
    const char *const *copied_links;
    const struct plan_node {
        bool exists;
        uint32_t mode; /* with the type */
        uint32_t uid;  /* as the caller sees them */
        uint32_t gid;
        uint64_t device;
        /* what the host has at the path of each of linux.devices[]; NULL: that is not known */
    } * nodes;
    /* --no-pivot: where the host has procfs and sysfs mounted as a whole; ends with NULL, or
     * NULL */
    const char *const *kernel_mounts;
    const char *rdt_class; /* the directory of linux.intelRdt's class of service; NULL: none */
    bool makes_rdt;        /* it or its monitoring group has to be made */
    /* one of those that make mounts without a place, which the kernel or a seccomp filter refuses;
     * NULL: none. Then INIT stages mounts. */
    const char *refused_call;
    const char *refusal; /* who does, in words */
    /* below /proc: where a profile for execve(2) is written; NULL: AppArmor is not active */
    const char *apparmor_file;
    bool has_selinux;     /* SELinux is active */
    bool has_kernel_core; /* PLAN_KERNEL_CORE exists: containers get a link to it */
};

/* The namespaces of a process. */
struct plan_namespaces {
    uint64_t foreign;         /* those that are to be joined: CLONE_NEW* */
    const char *const *names; /* all, as the links in /proc/PID/ns are: "net:[4026531840]" */
    size_t n_names;
};

/* What was asked for besides the config, and where. */
struct plan_request {
    const struct plan_host *host;
    const char *id;
    const char *bundle; /* absolute */
    const char *rootfs; /* absolute, an existing directory */
    bool run;           /* no waiting for `start` */
    bool no_pivot;
    bool no_new_keyring;
    unsigned kept_fds;          /* --preserve-fds and LISTEN_FDS together */
    unsigned listen_fds;        /* LISTEN_FDS: set in the environment with LISTEN_PID=1; 0: none */
    const char *console_socket; /* where the terminal goes; NULL: to the caller's */
    const char *pid_file;       /* NULL: none */
    const char *pidfd_socket;   /* NULL: none but that of an annotation */
    /* host directory with notify.sock, bound to PLAN_NOTIFY_DIR; NULL: none */
    const char *notify_dir;
    struct plan_namespaces namespaces; /* exec, mounts: those of the container's process */
    /* an agent where neither linux.seccomp.listenerPath nor an annotation names one; NULL: none */
    const char *seccomp_receiver;
    const char *image_dir; /* restore: where the image is */
    bool trace;
    int fault_step; /* PLAN_NONE, or the step that shall fail */
    int fault_errno;
};

/* What seccomp(2) gets for the flag. */
uint64_t plan_seccomp_flag(enum spec_seccomp_flag flag);

/* The names of process.capabilities that are known: those of libcap. They end with NULL. */
const char *const *plan_capability_names(struct arena *arena);

/* Must plan_host.v2_options be known? For a cgroup mount in a joined namespace, which may be the
 * host's and must not change them, and to compare those of the config. */
bool plan_needs_v2_options(const struct spec_config *config);

/* Builds and seals a plan. Everything of it lies in one piece of `arena`. Fails with the place in
 * config.json when something cannot be planned on this host. */
typedef int plan_builder(struct arena *arena, const struct spec_config *config,
                         const struct plan_request *request, const struct plan_header **ret_plan,
                         struct error *error);

/* The plan of create or, with request->run, of run. */
plan_builder plan_build;

/* The same of restore, whose processes are made by criu: what the host does around that.
 * request->image_dir is needed. */
plan_builder plan_build_restore;

/* The same of exec: config->process in a container that is there, in which request->run has to be
 * set. */
plan_builder plan_build_exec;

/* The same of mounts add: config->mounts come to those of a container that is there, all of them or
 * none. */
plan_builder plan_build_mounts;

/* The same of mounts remove: what is mounted on the destinations of config->mounts is unmounted in
 * that order, when all have been found. */
plan_builder plan_build_unmounts;
