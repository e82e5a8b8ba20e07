/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations on containers (runtime.md, Operations), one function each: the interface of the
 * command line.
 *
 * All return 0 or a negative errno with one message in `error`. A failed operation leaves the host
 * unchanged. `error->exit_status` is the exit status for the command; 0 means the usual 1. Strings
 * in results live in the given `arena`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct error;
struct findings;
struct json;
struct spec_pair;
struct text;

enum runtime_cgroup_manager {
    RUNTIME_CGROUPFS,
    /* systemd starts a scope: linux.cgroupsPath is "SLICE:PREFIX:NAME" */
    RUNTIME_CGROUP_SYSTEMD,
    RUNTIME_CGROUP_DISABLED, /* the container stays in the caller's cgroups */
};

/* Run without the cgroups that cannot be created? */
enum runtime_rootless {
    RUNTIME_ROOTLESS_AUTO, /* yes, unless the caller is root of the initial user namespace */
    RUNTIME_ROOTLESS_TRUE,
    RUNTIME_ROOTLESS_FALSE,
};

struct runtime_options {
    const char *root; /* directory of the containers' state; NULL: runtime_default_root() */
    enum runtime_cgroup_manager cgroup_manager;
    enum runtime_rootless rootless;
};

/* The request of every command that carries out a plan. Zero is the default, except for
 * fault_step: -1. */
struct runtime_launch {
    const char *id;
    const char *pid_file; /* NULL: none; relative to the current directory */
    /* NULL: none; an AF_UNIX stream socket that receives the terminal */
    const char *console_socket;
    /* NULL: none; an AF_UNIX stream socket that receives the process's pidfd */
    const char *pidfd_socket;
    /* pass this many file descriptors from 3 on, besides those of LISTEN_FDS */
    unsigned preserve_fds;
    bool detach;       /* do not wait until the process exits */
    bool no_subreaper; /* do not become the subreaper of the container's processes */
    /* NULL: none; receives the linux.seccomp that allows the system calls made: only for run and
     * exec that do not detach */
    const char *record_seccomp;
    const char *trace_file; /* NULL: none; receives the times of all steps as a Chrome trace */
    bool traces_spans;      /* the file receives spans of OpenTelemetry (OTLP in JSON) instead */
    int fault_step;         /* for tests: fail this step of the dry run; -1: none */
    int fault_errno;        /* positive */
};

/* The request of create and run. */
struct runtime_create {
    struct runtime_launch launch;
    const char *bundle;      /* NULL: the current directory */
    const char *config_file; /* NULL: "config.json"; relative to the bundle */
    bool no_pivot;
    bool no_new_keyring;
    bool keep; /* run: do not delete the container when it has exited */
};

/* How a container's process has ended. */
struct runtime_exit {
    bool is_known;  /* the following two */
    int status;     /* as that of run: the exit status, or 128 + the signal */
    int signal;     /* the signal that killed it; 0: none */
    const char *at; /* RFC 3339, UTC; NULL: not known */
    bool counts_oom_kills;
    uint64_t oom_kills; /* in the container's cgroup */
};

/* A container as `list` and `state` show it. */
struct runtime_container {
    const char *id;
    const char *oci_version;
    int pid; /* on the host; 0 if there is no process */
    /* "creating", "created", "running", "paused", "stopped"; of runtime_list also "unknown" */
    const char *status;
    const char *bundle;
    const char *rootfs;
    const char *created;       /* RFC 3339, UTC */
    const char *owner;         /* user name, or UID if it has none */
    const char *systemd_scope; /* NULL: none */
    const char *const *pins;   /* files on which a pod holds its namespaces */
    size_t n_pins;
    const struct runtime_exit *exit; /* NULL: it has not stopped, or the caller is runtime_list */
    const struct spec_pair *annotations; /* of berth/spec/config.h */
    size_t n_annotations;
};

/* Returns "/run/berth", or "$XDG_RUNTIME_DIR/berth" for an unprivileged user and for root of a
 * user namespace. An empty variable counts as unset. */
const char *runtime_default_root(struct arena *arena);

/* Creates a container that waits for runtime_start. */
int runtime_create(const struct runtime_options *options, const struct runtime_create *request,
                   struct error *error);

/* Creates and starts a container. Unless detached, waits until it exits, forwards signals and
 * the terminal, deletes it, and sets *ret_status to its exit status, or 128 + the signal that
 * killed it. exit_status of `error` is 127 if the program was not found, 126 if it cannot be
 * executed. */
int runtime_run(const struct runtime_options *options, const struct runtime_create *request,
                int *ret_status, struct error *error);

/* Appends the plan of create or, with `run`, of run to `text`. Changes nothing on the host. */
int runtime_dry_run(const struct runtime_options *options, const struct runtime_create *request,
                    bool run, struct text *text, struct error *error);

/* Reports every error in a bundle, and everything in it that this host does not support: create
 * would fail if one of the findings is an error. Ignores the request's id. Changes nothing on
 * the host. */
void runtime_check(const struct runtime_options *options, const struct runtime_create *request,
                   struct findings *findings);

/* One feature of the host. */
struct runtime_fact {
    const char *group; /* "kernel", "cgroups" */
    const char *name;
    enum runtime_fact_state {
        RUNTIME_FACT_YES,
        RUNTIME_FACT_LIMITED, /* not for this caller, or not completely */
        RUNTIME_FACT_NO,
        RUNTIME_FACT_UNKNOWN,
    } state;
    enum runtime_fact_role {
        RUNTIME_FACT_DETAIL,
        RUNTIME_FACT_FOR_ALL,      /* required for every container */
        RUNTIME_FACT_FOR_ROOTLESS, /* required for containers of unprivileged users */
        RUNTIME_FACT_LIMIT,        /* a cgroup controller, by name, that can limit containers */
    } role;
    const char *value;   /* what was found, or "" */
    const char *meaning; /* what it means if the feature is missing, or "" */
    const char *hint;    /* how to get the feature, or "" */
};

/* Determines which container features the host supports, without changing anything.
 * `only_needed`: only those that all containers require. */
void runtime_examine_host(struct arena *arena, bool only_needed, struct runtime_fact **ret_facts,
                          size_t *ret_count);

/* Returns the version of the OCI Runtime Specification that berth implements. */
const char *runtime_spec_version(void);

/* Writes the features of this build (features.md, features-linux.md). Only
 * linux.seccomp.supportedFlags depends on the kernel. */
void runtime_features(struct json *json);

/* Starts a created container. A startContainer or poststart hook that fails, or a program that
 * cannot be executed, is an error that destroys the container (runtime.md, Lifecycle). */
int runtime_start(const struct runtime_options *options, const char *id, struct error *error);

/* The request of exec: another process in a container. */
struct runtime_exec {
    struct runtime_launch launch;
    /* a process object (config.md, "Process") in JSON; NULL: that of the container, without a
     * terminal */
    const char *process;
    size_t process_size;
    const char *process_name; /* name of `process`, for messages */
    /* changes to that process object */
    /* NULL-terminated; NULL or empty: as it is, which requires `process` */
    const char *const *args;
    const char *cwd;                    /* NULL: as it is */
    const char *const *env;             /* NAME=VALUE, added; NULL-terminated */
    bool terminal;                      /* allocate a terminal */
    const char *user;                   /* "UID" or "UID:GID", decimal; NULL: as it is */
    const char *const *additional_gids; /* decimal, added; NULL-terminated */
    /* names, added to bounding, effective and permitted; NULL-terminated */
    const char *const *capabilities;
    bool no_new_privileges;       /* set no_new_privs */
    const char *selinux_label;    /* NULL: as it is */
    const char *apparmor_profile; /* NULL: as it is */
    /* how to start the process */
    /* "[CONTROLLER[,CONTROLLER...]:]PATH": existing cgroups below the container's;
     * NULL-terminated */
    const char *const *cgroups;
    bool ignore_paused; /* in a paused container, wait until it is resumed instead of failing */
};

/* Runs the process. Unless detached, waits until it exits, forwards signals and the terminal,
 * and sets *ret_status to its exit status or 128 + the signal that killed it. exit_status of
 * `error` is 255, because 1 could come from the program, or 128 + a signal that arrived before
 * the program ran. */
int runtime_exec(const struct runtime_options *options, const struct runtime_exec *request,
                 int *ret_status, struct error *error);

/* Appends the plan of exec to `text`. Changes nothing on the host. */
int runtime_dry_exec(const struct runtime_options *options, const struct runtime_exec *request,
                     struct text *text, struct error *error);

/* The options that checkpoint and restore share. */
struct runtime_criu {
    /* NULL: "checkpoint"; like all paths here relative to the current directory */
    const char *image_path;
    const char *work_path; /* for CRIU's log and statistics; NULL: image_path */
    bool tcp_established;
    bool ext_unix_sk;
    bool shell_job;
    bool file_locks;
    bool auto_dedup;
    bool lazy_pages;
    const char *manage_cgroups_mode; /* "soft" (also NULL), "full", "strict", "ignore" */
    const char *network_lock;        /* "iptables" (also NULL), "nftables", "skip" */
    const char *empty_ns;            /* "network", or NULL */
};

struct runtime_checkpoint {
    const char *id;
    struct runtime_criu criu;
    bool leave_running;
    bool pre_dump; /* dump only the memory, as the parent of a later checkpoint */
    bool tcp_skip_in_flight;
    bool link_remap;
    const char *parent_path; /* image of an earlier pre_dump, relative to image_path; or NULL */
    const char *page_server; /* "ADDRESS:PORT", or NULL */
    /* a file descriptor, decimal, that receives a zero byte when lazy pages can be fetched; or
     * NULL */
    const char *status_fd;
};

/* Checkpoints a running container to disk, and deletes it unless leave_running or pre_dump is
 * set. */
int runtime_checkpoint(const struct runtime_options *options,
                       const struct runtime_checkpoint *request, struct error *error);

struct runtime_restore {
    struct runtime_create create;
    struct runtime_criu criu;
    bool tcp_close;
    const char *lsm_profile; /* "TYPE:NAME", or NULL */
    const char *lsm_mount_context;
};

/* Restores a container from a checkpoint. Unless detached, waits for it like runtime_run. */
int runtime_restore(const struct runtime_options *options, const struct runtime_restore *request,
                    int *ret_status, struct error *error);

/* Finds one container. -ENOENT: `container "ID" does not exist`. */
int runtime_find(const struct runtime_options *options, struct arena *arena, const char *id,
                 struct runtime_container *ret_container, struct error *error);

struct runtime_containers {
    const struct runtime_container *item;
    size_t count;
};

/* Lists all containers, sorted by ID. The list is empty if the root does not exist. Leaves out
 * containers that vanish meanwhile. Warns of a container whose status cannot be determined, and
 * lists it as "unknown", without a PID.
 * `brief`: only id, pid, status, bundle, created and owner are needed, which is faster. */
int runtime_list(const struct runtime_options *options, struct arena *arena, bool brief,
                 struct runtime_containers *ret_containers, struct error *error);

/* Writes `container` as one JSON object: the state of runtime.md with rootfs, created and
 * owner; of a pod also the namespaces. */
void runtime_container_json(const struct runtime_container *container, struct json *json);

/* Appends what is known about the end of the container's process to `text`: the exit status or the
 * signal, OOM kills and the limit that was reached, and the system call for which a seccomp filter
 * has killed the process. */
int runtime_explain(const struct runtime_options *options, const char *id, struct text *text,
                    struct error *error);

/* Sends a signal to the container's process or, with `all`, to every process in its cgroups.
 * `signal` is a number or a name, with or without "SIG", in any case ("KILL", "rtmin+1"). */
int runtime_kill(const struct runtime_options *options, const char *id, const char *signal,
                 bool all, struct error *error);

/* Removes everything that create has created, and runs the poststop hooks. Works on stopped,
 * created and incomplete containers. `force` kills a running container, and makes an unknown ID
 * a success. */
int runtime_delete(const struct runtime_options *options, const char *id, bool force,
                   struct error *error);

/* Freezes all processes of a created or running container. */
int runtime_pause(const struct runtime_options *options, const char *id, struct error *error);

/* Thaws all processes of a paused container. */
int runtime_resume(const struct runtime_options *options, const char *id, struct error *error);

struct runtime_processes {
    const pid_t *pids; /* PIDs on the host */
    size_t count;
};

/* Lists all processes in the cgroups of a container that has not stopped. */
int runtime_list_processes(const struct runtime_options *options, struct arena *arena,
                           const char *id, struct runtime_processes *ret_processes,
                           struct error *error);

/* Appends the header and the lines of ps(1) for these processes to `text`. `ps_options` is
 * NULL-terminated; an empty list means "-ef". */
int runtime_show_processes(const struct runtime_processes *processes, const char *const *ps_options,
                           struct text *text, struct error *error);

struct runtime_update {
    const char *id;
    /* linux.resources in JSON, with keys in any case; NULL: none */
    const char *resources;
    size_t size;
    const char *name;            /* name of `resources`, for messages; NULL: not from the user */
    const char *l3_cache_schema; /* for the container's class of service, or NULL */
    const char *mem_bw_schema;
};

/* Changes limits of a container that has not stopped. Limits that are not named stay. */
int runtime_update(const struct runtime_options *options, const struct runtime_update *request,
                   struct error *error);

struct runtime_mounts {
    struct runtime_launch launch;
    bool removes;     /* remove the mounts instead of adding them */
    const char *name; /* name of the document, for messages */
    /* mounts in the form of config.json: an array, or an object with a property `mounts` */
    const char *bytes;
    size_t size;
};

/* Adds mounts to a container that has not stopped, all or none, with the result that create
 * would have had; or unmounts what is mounted on their destinations, one after the other. */
int runtime_change_mounts(const struct runtime_options *options,
                          const struct runtime_mounts *request, struct error *error);

/* Appends the plan of the change to `text`. Changes nothing on the host. */
int runtime_dry_change_mounts(const struct runtime_options *options,
                              const struct runtime_mounts *request, struct text *text,
                              struct error *error);

struct runtime_events {
    const char *id;
    bool once;           /* print the statistics once, without waiting */
    int64_t interval_ns; /* otherwise the time between statistics; above 0 */
    /* file descriptor that receives a line of JSON for each event; the caller must ignore
     * SIGPIPE */
    int output;
};

/* Writes statistics and OOM kills of a container, in the form of `runc events`, until its
 * process has exited or nobody reads them any more. Both are success. */
int runtime_events(const struct runtime_options *options, const struct runtime_events *request,
                   struct error *error);
