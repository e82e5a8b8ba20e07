/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles a checked config, a request and facts about the host into a plan. Pure: the result
 * depends on nothing else. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/spec/config.h"

struct arena;
struct error;
struct plan_header;

/* in the container: the directory of the NOTIFY_SOCKET socket */
#define PLAN_NOTIFY_DIR "/run/notify"

/* A cgroup hierarchy of the host, and the container's cgroup in it. */
struct plan_hierarchy {
    /* its directory below /sys/fs/cgroup: "memory", "cpu,cpuacct", "unified", "systemd"; "" for
     * v2 mounted at /sys/fs/cgroup itself */
    const char *name;
    const char *path;    /* the container's cgroup on the host: "/sys/fs/cgroup/memory/berth/ID" */
    const char *options; /* mount options: "cpu,cpuacct", "name=systemd"; "" for v2 */
    const char *join;    /* the file to write "0" to: ".../tasks" on v1, ".../cgroup.procs" on v2 */
    bool v2;
    bool is_joined; /* LAUNCH (CLONE_INTO_CGROUP) or systemd puts INIT there: no step joins it */
    /* v2: the child cgroup that the container's process ends up in; NULL: none */
    const char *delegated;
};

#define PLAN_KERNEL_CORE "/proc/kcore"

/* The core-scheduling cookie of a container. */
struct plan_cookie {
    const char *container; /* its ID; NULL: there is no container to share it with */
    uint64_t pid;          /* of its process */
    uint64_t cookie;       /* as PR_SCHED_CORE_GET returns it */
};

/* Facts about the host, probed once before planning. */
struct plan_host {
    bool privileged; /* root with CAP_SYS_ADMIN in the namespaces it runs in */
    /* the runtime itself does not run in the initial user namespace */
    bool in_user_namespace;
    /* CLONE_NEW* of each linux.namespaces[].path that leads to the caller's own namespace;
     * probed only if linux.sysctl is set */
    uint64_t own_namespaces;
    /* another user namespace owns the caller's network namespace */
    bool has_foreign_network;
    bool can_make_devices;           /* CAP_MKNOD outside any user namespace */
    uint64_t bounding_capabilities;  /* the caller's bounding set, bit n for capability n */
    uint64_t permitted_capabilities; /* the caller's permitted set */
    unsigned personality;            /* the caller's, as personality(2) returns it */
    unsigned securebits;             /* the caller's */
    uint64_t ignored_signals;        /* signals the caller ignores: bit n - 1 for signal n */
    /* the container's cgroups; none: it gets no cgroups */
    const struct plan_hierarchy *hierarchies;
    size_t n_hierarchies;
    /* what a cgroup mount shows: `hierarchies` or, if the container has no cgroup of its own,
     * the caller's cgroups */
    const struct plan_hierarchy *shown;
    size_t n_shown;
    /* mount options of the host's cgroup2 file system: "nsdelegate,memory_recursiveprot"; NULL:
     * no mount needs them */
    const char *v2_options;
    bool confines_devices;     /* apply device rules even if linux.resources has none */
    bool cgroups_need_process; /* systemd creates them for the launched process */
    const struct plan_link {
        const char *name;   /* "cpu" */
        const char *target; /* "cpu,cpuacct" */
    } * cgroup_links;       /* symbolic links below /sys/fs/cgroup for co-mounted controllers */
    size_t n_cgroup_links;
    /* one for each of mounts[]: the target of its source if the mount has copy-symlink and the
     * source is a symbolic link, else NULL; the array is NULL if no mount has copy-symlink */
    const char *const *copied_links;
    const struct plan_node {
        bool exists;
        uint32_t mode; /* including the file type */
        uint32_t uid;  /* as the caller's user namespace maps it */
        uint32_t gid;
        uint64_t device;
        /* the host's file at the path of each of linux.devices[]; NULL: not probed */
    } * nodes;
    /* --no-pivot: the mount points of full procfs and sysfs mounts on the host, NULL-terminated;
     * or NULL */
    const char *const *kernel_mounts;
    /* the resctrl directory of linux.intelRdt's class of service; NULL: none */
    const char *rdt_class;
    bool makes_rdt; /* rdt_class or its monitoring group does not exist yet */
    /* a system call for detached mounts that the kernel or a seccomp filter refuses: INIT then
     * stages mounts; NULL: none is refused */
    const char *refused_call;
    const char *refusal; /* what refuses it, in words */
    /* the file below /proc that sets the AppArmor profile for execve(2); NULL: AppArmor is not
     * active */
    const char *apparmor_file;
    bool has_selinux;      /* SELinux is active */
    unsigned landlock_abi; /* version of Landlock's ABI; 0: the kernel has none; probed only if the
                            * config asks for it */
    /* the cookie to share; probed only if the config asks for one */
    struct plan_cookie shared_cookie;
    /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV works; probed only for --record-seccomp */
    bool waits_killable;
    bool has_kernel_core; /* PLAN_KERNEL_CORE exists: containers get a symbolic link to it */
};

/* The namespaces of a process. */
struct plan_namespaces {
    uint64_t foreign;         /* CLONE_NEW* of those the caller is not in: they have to be joined */
    const char *const *names; /* all, as the links in /proc/PID/ns read: "net:[4026531840]" */
    size_t n_names;
    /* PID/root, if the mount namespace was made for the container, and what its root was: device
     * (major << 32 | minor) and inode; NULL: not known */
    const char *root;
    uint64_t root_device, root_inode;
};

/* The request: everything that does not come from the config. */
struct plan_request {
    const struct plan_host *host;
    const char *id;
    const char *bundle; /* absolute */
    const char *rootfs; /* absolute, an existing directory; NULL if `check` found none */
    bool run;           /* do not wait for `start` */
    bool no_pivot;
    bool no_new_keyring;
    unsigned kept_fds;          /* --preserve-fds and LISTEN_FDS together */
    unsigned listen_fds;        /* LISTEN_FDS, set in the environment with LISTEN_PID=1; 0: none */
    const char *console_socket; /* receives the terminal; NULL: relay it to the caller's terminal */
    const char *pid_file;       /* NULL: none */
    const char *pidfd_socket;   /* NULL: only the annotation can name one */
    /* host directory with notify.sock, bind-mounted on PLAN_NOTIFY_DIR; NULL: none */
    const char *notify_dir;
    struct plan_namespaces namespaces; /* exec, mounts: those of the container's process */
    /* seccomp agent if neither linux.seccomp.listenerPath nor an annotation names one; NULL:
     * none */
    const char *seccomp_receiver;
    const char *record_seccomp; /* --record-seccomp: the file, or NULL */
    const char *image_dir;      /* restore: the checkpoint */
    bool trace;
    /* the trace that hooks belong to; NULL: none */
    const struct trace_context *trace_context;
    int fault_step; /* for tests: the step to fail, or PLAN_NONE */
    int fault_errno;
};

/* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, since Linux 5.19: older headers lack it. */
#define PLAN_SECCOMP_WAIT_KILLABLE (1UL << 5)

/* The SECCOMP_FILTER_FLAG_* that seccomp(2) takes for the flag. */
uint64_t plan_seccomp_flag(enum spec_seccomp_flag flag);

/* Does the plan need plan_host.v2_options? A cgroup mount in a joined cgroup namespace, which
 * may be the host's, repeats them because it must not change them; mount options in the config
 * are compared with them. */
bool plan_needs_v2_options(const struct spec_config *config);

/* Builds and seals a plan, one contiguous block in `arena`. Returns 0, or a negative errno with
 * the property of config.json that this host cannot carry out. */
typedef int plan_builder(struct arena *arena, const struct spec_config *config,
                         const struct plan_request *request, const struct plan_header **ret_plan,
                         struct error *error);

/* Plans create or, if request->run, run. */
plan_builder plan_build;

/* Plans what the host does in restore; CRIU itself creates the processes. Requires
 * request->image_dir. */
plan_builder plan_build_restore;

/* Plans exec: runs config->process in an existing container. Requires request->run. */
plan_builder plan_build_exec;

/* Plans `mounts add`: adds config->mounts to an existing container, all of them or none. */
plan_builder plan_build_mounts;

/* Plans `mounts remove`: looks up the destinations of config->mounts, then unmounts them in that
 * order. */
plan_builder plan_build_unmounts;
