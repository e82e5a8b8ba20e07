/* SPDX-License-Identifier: Apache-2.0 */
/* The creation of a container's process: the first one together with the container, for create, run
 * and the dry run, or a further one in it, for exec. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "berth/bus/bus.h"
#include "berth/cgroup/place.h"
#include "berth/plan/build.h"
#include "berth/plan/plan.h"
#include "berth/rdt/rdt.h"
#include "berth/runtime/runtime.h"
#include "berth/spec/config.h"
#include "conduct.h"
#include "state/state.h"

struct cgroup_former;
struct creation;

/* How the commands differ. */
struct creation_kind {
    plan_builder *build;
    /* called after the host's steps, to wait for the rest; or NULL */
    int (*finish)(struct conduct *conduct);
    bool awaits_start; /* the container's program runs only after `start` */
    /* the host's steps of this kind only */
    const struct creation_step {
        enum plan_op op;
        conduct_handler *handler;
    } * steps;
    size_t n_steps;
    /* after a failure: ends what `own` has begun, before the rest is undone; or NULL */
    void (*end)(struct creation *creation);
};

struct creation {
    struct arena *arena;
    const struct runtime_options *options;
    const struct runtime_launch *request;
    const struct runtime_create *create; /* NULL for exec and mounts: the container exists */
    const struct creation_kind *kind;
    void *own; /* data of this kind, for its steps and `end` */
    struct error *error;

    /* prepare.c, exec.c: read and planned; nothing has been changed yet */
    const struct spec_config *config;
    const char *config_bytes;
    size_t config_size;
    const char *bundle; /* absolute, no symbolic links */
    const char *rootfs; /* the same */
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
    struct conduct conduct;
    struct trace trace;
    int far_socket;  /* init's end, until it is launched */
    int launched_fd; /* pidfd of the launched process while that is not INIT itself, or -1 */
    pid_t launched;
    pid_t init;
    int console; /* the terminal's master side for the foreground, or -1 */
    /* the caller's controlling terminal, opened before the program runs, since it cannot be opened
     * after a hangup; or -1 */
    int terminal;
    const char *bars_exit; /* why the seccomp filter prevents the process from ending, or NULL */
    int notify;            /* the socket for the container's NOTIFY_SOCKET, or -1 */
    struct net_device *net_devices; /* those moved away from the host, the last one first */
    const struct cgroup_former *former_limits; /* of cgroups that existed before, or NULL */
    bool made_state;
    bool made_cgroups;
    const char *pid_file; /* the file that has been written, or NULL */
};

/* The kind of create, and of the dry run of `check`. */
extern const struct creation_kind creation_create;

/* Returns a creation with nothing prepared. */
struct creation creation_of(struct arena *arena, const struct creation_kind *kind,
                            const struct runtime_options *options,
                            const struct runtime_create *request);

/* Reads and checks the bundle, probes the host and builds the plan. */
int creation_prepare(struct creation *creation, struct error *error);

/* The same for `check`, with any ID: collects all errors (error->findings). After 0 there is a
 * config and, unless the errors prevent it, a plan and a rootfs. */
int creation_examine(struct creation *creation, struct error *error);

/* The parts of creation_prepare that exec shares: creation_begin starts with nothing open;
 * creation_check_terminal checks that the requested terminal is possible; creation_probe looks at
 * the caller, completes the config with the caller's mappings, and looks at the security modules
 * that the process requests; creation_describe_cgroups tells the plan about the cgroups found;
 * creation_build_plan builds the plan. */
int creation_begin(struct creation *creation, struct error *error);
int creation_check_terminal(struct creation *creation);
int creation_probe(struct creation *creation);
void creation_describe_cgroups(struct creation *creation);
int creation_build_plan(struct creation *creation);

/* Decides where the cgroups of a new container will be; creates none. */
int creation_place(struct creation *creation);

/* Returns linux.resources, or an empty one. */
const struct spec_resources *creation_resources(const struct creation *creation);

/* Returns the handlers of the host's steps, by op. */
conduct_handler *const *creation_handlers(const struct creation *creation);

/* Records which process INIT is. */
int creation_save_init(struct creation *creation);

/* Returns a pidfd of the init that the first stage has named. */
int creation_open_init(struct conduct *conduct);

/* The steps LAUNCH and ENTER_DELEGATED. */
conduct_handler creation_launch;
conduct_handler creation_enter_delegated;

/* Waits in the foreground for the end of the process. On failure the process has been killed.
 * Returns 0 or a negative errno. */
int creation_wait(struct creation *creation, int signals, int *ret_status);

/* Carries out the plan, unless one of the `signals` (a signalfd) arrives. On failure everything has
 * been undone. */
int creation_carry_out(struct creation *creation, int signals);

/* Ends and removes everything made so far. Runs the poststop hooks if the failed step requires
 * that. */
void creation_undo(struct creation *creation);

/* Called when the container's program runs: runs hooks and, unless detached, waits for the end of
 * the program. */
int creation_go_on(struct creation *creation, int signals, int *ret_status);

/* Closes what is still open. */
void creation_close(struct creation *creation);

/* Closes the process and the state of the existing container. */
void creation_leave(struct creation *creation);
