/* SPDX-License-Identifier: Apache-2.0 */
/* A transaction: a plan that is carried out as a whole or undone. create, run and restore make a
 * container with its process; exec adds a process to a container, and mounts changes its mounts. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "berth/base/trace-context.h"
#include "berth/bus/bus.h"
#include "berth/cgroup/place.h"
#include "berth/plan/build.h"
#include "berth/plan/plan.h"
#include "berth/rdt/rdt.h"
#include "berth/runtime/runtime.h"
#include "berth/spec/config.h"
#include "executor.h"
#include "recorder.h"
#include "state/state.h"

struct cgroup_former;
struct transaction;

/* How the commands differ. */
struct transaction_kind {
    const char *name; /* of the command */
    plan_builder *build;
    /* called after the host's steps, to wait for the rest; or NULL */
    int (*finish)(struct executor *executor);
    bool awaits_start; /* the container's program runs only after `start` */
    /* the host's steps of this kind only */
    const struct transaction_step {
        enum plan_op op;
        executor_handler *handler;
    } * steps;
    size_t n_steps;
    /* after a failure: ends what `own` has begun, before the rest is undone; or NULL */
    void (*end)(struct transaction *transaction);
};

struct transaction {
    struct arena *arena;
    const struct runtime_options *options;
    const struct runtime_launch *request;
    const struct runtime_create *create; /* NULL for exec and mounts: the container exists */
    const struct transaction_kind *kind;
    void *own; /* data of this kind, for its steps and `end` */
    struct error *error;

    /* prepare.c, exec.c: read and planned; nothing has been changed yet */
    const struct spec_config *config;
    const char *config_bytes;
    size_t config_size;
    const char *bundle;               /* absolute, no symbolic links */
    const char *rootfs;               /* the same */
    uint64_t root_device, root_inode; /* its own: major << 32 | minor */
    struct plan_host host;
    struct cgroup_host cgroup_host;
    struct cgroup cgroup;
    struct bus bus; /* to the systemd manager; {0}: none */
    struct rdt rdt; /* {0}: none */
    unsigned kept_fds;
    unsigned listen_fds;
    int joined;            /* exec, mounts: a pidfd of the container's process, else -1 */
    bool notifies;         /* the caller has a NOTIFY_SOCKET */
    const char *image_dir; /* restore: the directory of criu's image, else NULL */
    const struct plan_header *plan;

    /* steps.c, launch.c: carrying out the plan */
    struct state state;
    struct executor executor;
    struct trace trace;
    bool has_trace_context; /* the caller has a trace, or this command starts one */
    struct trace_context trace_context;
    int far_socket;  /* init's end, until it is launched */
    int launched_fd; /* pidfd of the launched process while that is not INIT itself, or -1 */
    pid_t launched;
    pid_t init;
    struct recorder recorder; /* of --record-seccomp */
    int console;              /* the terminal's master side for the foreground, or -1 */
    /* the caller's controlling terminal, opened before the program runs, since it cannot be opened
     * after a hangup; or -1 */
    int terminal;
    const char *bars_exit; /* why the seccomp filter prevents the process from ending, or NULL */
    int notify;            /* the socket for the container's NOTIFY_SOCKET, or -1 */
    struct net_device *net_devices; /* those moved away from the host, the last one first */
    const struct cgroup_former *former_limits; /* of cgroups that existed before, or NULL */
    int exit_status; /* of the process, as wait(2) reports it, once this one has reaped it */
    bool made_state;
    bool made_cgroups;
    const char *pid_file; /* the file that has been written, or NULL */
};

/* The kind of create, and of the dry run of `check`. */
extern const struct transaction_kind transaction_create;

/* Returns the transaction of a new container, with nothing prepared. */
struct transaction transaction_of(struct arena *arena, const struct transaction_kind *kind,
                                  const struct runtime_options *options,
                                  const struct runtime_create *request);

/* Reads and checks the bundle, probes the host and builds the plan. */
int transaction_prepare(struct transaction *transaction, struct error *error);

/* The same for `check`, with any ID: collects all errors (error->findings). After 0 there is a
 * config and, unless the errors prevent it, a plan and a rootfs. */
int transaction_examine(struct transaction *transaction, struct error *error);

/* The parts of transaction_prepare that exec shares: transaction_begin starts with nothing open;
 * transaction_check_terminal checks that the requested terminal is possible; transaction_probe
 * looks at the caller, completes the config with the caller's mappings, and looks at the security
 * modules that the process requests; transaction_probe_landlock asks for the ABI of Landlock, which
 * only a process needs; transaction_probe_cookie (cookie.c) asks whether the kernel has core
 * scheduling, and for the cookie to share, if the config asks for one; transaction_describe_cgroups
 * tells the plan about the cgroups found; transaction_build_plan builds the plan. */
int transaction_begin(struct transaction *transaction, struct error *error);
int transaction_check_terminal(struct transaction *transaction);
int transaction_probe(struct transaction *transaction);
int transaction_probe_landlock(struct transaction *transaction);
int transaction_probe_cookie(struct transaction *transaction);
void transaction_describe_cgroups(struct transaction *transaction);
int transaction_build_plan(struct transaction *transaction);

/* Decides where the cgroups of a new container will be; creates none. */
int transaction_place(struct transaction *transaction);

/* Returns linux.resources, or an empty one. */
const struct spec_resources *transaction_resources(const struct transaction *transaction);

/* Returns the handlers of the host's steps, by op. */
executor_handler *const *transaction_handlers(const struct transaction *transaction);

/* Records which process INIT is. */
int transaction_save_init(struct transaction *transaction);

/* Returns a pidfd of the init that the first stage has named. */
int transaction_open_init(struct executor *executor);

/* The steps LAUNCH and ENTER_DELEGATED. */
executor_handler transaction_launch;
executor_handler transaction_enter_delegated;

/* Waits in the foreground for the end of the process. On failure the process has been killed.
 * Returns 0 or a negative errno. */
int transaction_wait(struct transaction *transaction, int signals, int *ret_status);

/* --record-seccomp: writes the recording, once the process has ended. */
int transaction_save_recording(struct transaction *transaction);

/* Carries out the plan, unless one of the `signals` (a signalfd) arrives. On failure everything has
 * been undone. */
int transaction_carry_out(struct transaction *transaction, int signals);

/* Ends and removes everything made so far. Runs the poststop hooks if the failed step requires
 * that. */
void transaction_undo(struct transaction *transaction);

/* Called when the container's program runs: runs hooks and, unless detached, waits for the end of
 * the program. */
int transaction_go_on(struct transaction *transaction, int signals, int *ret_status);

/* Closes what is still open. */
void transaction_close(struct transaction *transaction);

/* Closes the process and the state of the existing container. */
void transaction_leave(struct transaction *transaction);
