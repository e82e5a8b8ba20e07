/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations on containers (runtime.md, Operations), one function each: what the command line
 * needs and nothing else.
 *
 * All return 0 or a negative errno with one message in `error`. After a failure the host is as it
 * was. `error->exit_status` is the exit status that the command should end with; 0 means the usual
 * 1. Strings in results live in the `arena` given.
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
    /* its manager starts a scope: linux.cgroupsPath is "SLICE:PREFIX:NAME" */
    RUNTIME_CGROUP_SYSTEMD,
    RUNTIME_CGROUP_DISABLED, /* the container stays in the caller's cgroups */
};

/* Do without the cgroups that cannot be made? */
enum runtime_rootless {
    RUNTIME_ROOTLESS_AUTO, /* unless the caller is root of the initial user namespace */
    RUNTIME_ROOTLESS_TRUE,
    RUNTIME_ROOTLESS_FALSE,
};

struct runtime_options {
    const char *root; /* where the states of containers are; NULL: runtime_default_root() */
    enum runtime_cgroup_manager cgroup_manager;
    enum runtime_rootless rootless;
};

/* What every command is asked for that carries out a plan. Zeroed is the default, but fault_step,
 * which is -1 then. */
struct runtime_launch {
    const char *id;
    const char *pid_file;       /* NULL: none; relative to the current directory */
    const char *console_socket; /* NULL: none; an AF_UNIX stream socket that takes the terminal */
    /* NULL: none; an AF_UNIX stream socket that takes the process's pidfd */
    const char *pidfd_socket;
    unsigned preserve_fds;  /* that many descriptors from 3 on, besides those of LISTEN_FDS */
    bool detach;            /* do not wait for the end of the process */
    bool no_subreaper;      /* do not become the reaper of the container's orphans */
    const char *trace_file; /* NULL: none; gets the times of all steps as a Chrome trace */
    int fault_step;         /* for tests: this step of the dry run fails; -1: none */
    int fault_errno;        /* positive */
};

/* What create and run are asked for. */
struct runtime_create {
    struct runtime_launch launch;
    const char *bundle;      /* NULL: the current directory */
    const char *config_file; /* NULL: "config.json"; relative to the bundle */
    bool no_pivot;
    bool no_new_keyring;
    bool keep; /* run alone: do not delete it at its end */
};

/* A container as `list` and `state` show it. */
struct runtime_container {
    const char *id;
    const char *oci_version;
    int pid;            /* on the host; 0 when there is no process */
    const char *status; /* "creating", "created", "running", "paused", "stopped" */
    const char *bundle;
    const char *rootfs;
    const char *created;                 /* RFC 3339, UTC */
    const char *owner;                   /* the user's name, or number */
    const char *systemd_scope;           /* NULL: none */
    const struct spec_pair *annotations; /* key and value, of berth/spec/config.h */
    size_t n_annotations;
};

/* "/run/berth", or "$XDG_RUNTIME_DIR/berth" for an ordinary user and for root of a user namespace;
 * an empty variable counts as unset. */
const char *runtime_default_root(struct arena *arena);

/* Makes a container that waits for runtime_start. */
int runtime_create(const struct runtime_options *options, const struct runtime_create *request,
                   struct error *error);

/* Makes a container and starts it. Unless detached it waits for its end, forwards signals and the
 * terminal, deletes it, and sets *ret_status to its exit status, or 128 + the signal that ended it.
 * exit_status of `error` is 127 when the program was not found, 126 when it cannot be executed. */
int runtime_run(const struct runtime_options *options, const struct runtime_create *request,
                int *ret_status, struct error *error);

/* Prints the plan of create or, with `run`, of run; changes nothing on the host. */
int runtime_dry_run(const struct runtime_options *options, const struct runtime_create *request,
                    bool run, struct text *text, struct error *error);

/* Says all that is wrong with a bundle, then what of it this host cannot do: with an error among
 * the findings create would fail. The request's id does not matter. Changes nothing on the host. */
void runtime_check(const struct runtime_options *options, const struct runtime_create *request,
                   struct findings *findings);

/* What is known of one ability of the host's. */
struct runtime_fact {
    const char *group; /* "kernel", "cgroups" */
    const char *name;
    enum runtime_fact_state {
        RUNTIME_FACT_YES,
        RUNTIME_FACT_LIMITED, /* not for this caller, or not all of it */
        RUNTIME_FACT_NO,
        RUNTIME_FACT_UNKNOWN,
    } state;
    enum runtime_fact_role {
        RUNTIME_FACT_DETAIL,
        RUNTIME_FACT_FOR_ALL,      /* no container runs without it */
        RUNTIME_FACT_FOR_ROOTLESS, /* no unprivileged user runs a container without it */
        RUNTIME_FACT_LIMIT,        /* a controller, by its name, that can limit containers */
    } role;
    const char *value;   /* what was found, or "" */
    const char *meaning; /* of a lack, else "" */
    const char *remedy;  /* for it, or "" */
};

/* Looks at what the host offers to containers, and changes nothing; `only_needed`: at what all of
 * them need. */
void runtime_examine_host(struct arena *arena, bool only_needed, struct runtime_fact **ret_facts,
                          size_t *ret_count);

/* The version of the specification. */
const char *runtime_spec_version(void);

/* Writes what this build knows of the specification (features.md, features-linux.md); of
 * linux.seccomp.supportedFlags alone it depends on the kernel. */
void runtime_features(struct json *json);

/* Lets a created container run. A failing startContainer or poststart hook and a program that
 * cannot be executed are errors that destroy the container (runtime.md, Lifecycle). */
int runtime_start(const struct runtime_options *options, const char *id, struct error *error);

/* One more process in a container. */
struct runtime_exec {
    struct runtime_launch launch;
    /* a process object (config.md, "Process"), JSON; NULL: the container's own, without its
     * terminal */
    const char *process;
    size_t process_size;
    const char *process_name; /* of the document, for messages */
    /* what is changed of it */
    /* ends with NULL; none: as it is, which has to be asked for by `process` */
    const char *const *args;
    const char *cwd;                    /* NULL: as it is */
    const char *const *env;             /* NAME=VALUE, added; ends with NULL */
    bool terminal;                      /* true: with one */
    const char *user;                   /* "UID" or "UID:GID", decimal; NULL: as it is */
    const char *const *additional_gids; /* decimal, added; ends with NULL */
    /* names, added to bounding, effective and permitted; ends with NULL */
    const char *const *capabilities;
    bool no_new_privileges;       /* true: set */
    const char *selinux_label;    /* NULL: as it is */
    const char *apparmor_profile; /* NULL: as it is */
    /* how it is started */
    /* "[CONTROLLER[,CONTROLLER...]:]PATH": existing cgroups below the container's; ends with
     * NULL */
    const char *const *cgroups;
    bool ignore_paused; /* in a paused container wait until it goes on, rather than fail */
};

/* Starts it, and unless detached waits for its end, forwards signals and the terminal, and sets
 * *ret_status to its exit status or 128 + the signal that ended it. exit_status of `error` is 255
 * (1 is the program's own), or 128 + a signal that came before the program ran. */
int runtime_exec(const struct runtime_options *options, const struct runtime_exec *request,
                 int *ret_status, struct error *error);

/* Adds the plan of it to `text`; changes nothing. */
int runtime_dry_exec(const struct runtime_options *options, const struct runtime_exec *request,
                     struct text *text, struct error *error);

/* What checkpoint and restore have in common. */
struct runtime_criu {
    /* NULL: "checkpoint"; relative to the current directory, as all paths here */
    const char *image_path;
    const char *work_path; /* for criu's log; NULL: the same */
    bool tcp_established;
    bool ext_unix_sk;
    bool shell_job;
    bool file_locks;
    bool auto_dedup;
    bool lazy_pages;
    const char *manage_cgroups_mode; /* "soft" (NULL: the same), "full", "strict", "ignore" */
    const char *network_lock;        /* "iptables" (NULL: the same), "nftables", "skip" */
    const char *empty_ns;            /* "network", or NULL */
};

struct runtime_checkpoint {
    const char *id;
    struct runtime_criu criu;
    bool leave_running;
    bool pre_dump; /* the memory alone, for a later checkpoint whose parent this is */
    bool tcp_skip_in_flight;
    bool link_remap;
    const char *parent_path; /* of an earlier pre_dump, relative to the image's; or NULL */
    const char *page_server; /* "ADDRESS:PORT", or NULL */
    /* a descriptor, decimal, that gets a zero byte when lazy pages can be fetched; or NULL */
    const char *status_fd;
};

/* Writes what a running container is into an image; unless it shall go on it is deleted then. */
int runtime_checkpoint(const struct runtime_options *options,
                       const struct runtime_checkpoint *request, struct error *error);

struct runtime_restore {
    struct runtime_create create;
    struct runtime_criu criu;
    bool tcp_close;
    const char *lsm_profile; /* "TYPE:NAME", or NULL */
    const char *lsm_mount_context;
};

/* Makes a container of an image, which goes on where it was. Unless detached it waits for its end
 * as runtime_run does. */
int runtime_restore(const struct runtime_options *options, const struct runtime_restore *request,
                    int *ret_status, struct error *error);

/* Finds one container. -ENOENT: `container "ID" does not exist`. */
int runtime_find(const struct runtime_options *options, struct arena *arena, const char *id,
                 struct runtime_container *ret_container, struct error *error);

/* Lists all containers in the order of their ids. A default root that does not exist has none; a
 * missing root that was asked for is an error. Those that vanish meanwhile are left out. */
int runtime_list(const struct runtime_options *options, struct arena *arena,
                 struct runtime_container **ret_containers, size_t *ret_count, struct error *error);

/* Writes `container` as one JSON object: the state of runtime.md and rootfs, created, owner. */
void runtime_container_json(const struct runtime_container *container, struct json *json);

/* Sends a signal to the container's process or, with `all`, to every process in its cgroups.
 * `signal` is a number or a name, with or without "SIG", in any case ("KILL", "rtmin+1"). */
int runtime_kill(const struct runtime_options *options, const char *id, const char *signal,
                 bool all, struct error *error);

/* Removes what create has made, and runs the poststop hooks. Works on stopped, created and
 * half-made containers; `force` kills a running one, and an unknown id is success then. */
int runtime_delete(const struct runtime_options *options, const char *id, bool force,
                   struct error *error);

/* Stops all processes of a created or running container where they stand. */
int runtime_pause(const struct runtime_options *options, const char *id, struct error *error);

/* Lets those of a paused one go on. */
int runtime_resume(const struct runtime_options *options, const char *id, struct error *error);

struct runtime_processes {
    const pid_t *pids; /* as the host numbers them */
    size_t count;
};

/* Lists all processes in the cgroups of a container that has not stopped. */
int runtime_list_processes(const struct runtime_options *options, struct arena *arena,
                           const char *id, struct runtime_processes *ret_processes,
                           struct error *error);

/* Adds to `text` what ps(1) says of these processes: its header and their lines. `ps_options` end
 * with NULL; none: "-ef". */
int runtime_show_processes(const struct runtime_processes *processes, const char *const *ps_options,
                           struct text *text, struct error *error);

struct runtime_update {
    const char *id;
    /* linux.resources, a JSON object whose keys match in any case; NULL: none */
    const char *resources;
    size_t size;
    const char *name; /* of the document, for messages; NULL: it is no document of the user's */
    const char *l3_cache_schema; /* for the container's class of service, or NULL */
    const char *mem_bw_schema;
};

/* Sets limits of a container that has not stopped. What is not named stays. */
int runtime_update(const struct runtime_options *options, const struct runtime_update *request,
                   struct error *error);

struct runtime_mounts {
    struct runtime_launch launch;
    bool removes;     /* else they are added */
    const char *name; /* of the document, for messages */
    /* mounts of the specification, JSON: an array, or an object with it as `mounts` */
    const char *bytes;
    size_t size;
};

/* Adds mounts to those of a container that has not stopped, all or none, as create would have made
 * them; or unmounts what is mounted on their destinations, one after the other. */
int runtime_change_mounts(const struct runtime_options *options,
                          const struct runtime_mounts *request, struct error *error);

/* Adds the plan of it to `text`; changes nothing. */
int runtime_dry_change_mounts(const struct runtime_options *options,
                              const struct runtime_mounts *request, struct text *text,
                              struct error *error);

struct runtime_events {
    const char *id;
    bool once;           /* one object of statistics, and no waiting */
    int64_t interval_ns; /* else one each time that long, from then on; above 0 */
    /* the descriptor that gets a line of JSON for each event; SIGPIPE has to be ignored */
    int output;
};

/* Gives out statistics and out-of-memory kills of a container as `runc events` does, until its
 * process has ended or nobody reads them any more: both are success. */
int runtime_events(const struct runtime_options *options, const struct runtime_events *request,
                   struct error *error);
