/* SPDX-License-Identifier: Apache-2.0 */
/* A process of a container while it is being made: the first one with its container, for create,
 * run and the dry run, or one more in it, for exec. */
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

/* What the commands do differently. */
struct creation_kind {
    plan_builder *build;
    /* after the host's steps: what is still to be waited for; or NULL */
    int (*finish)(struct conduct *conduct);
    bool awaits_start; /* the container's program is not executed before `start` */
    /* the host's steps that no other kind has */
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
    const struct runtime_create *create; /* exec, mounts: NULL, the container is there */
    const struct creation_kind *kind;
    void *own; /* the kind's own, for its steps and its end */
    struct error *error;

    /* prepare.c, exec.c: read and planned, nothing changed */
    const struct spec_config *config;
    const char *config_bytes;
    size_t config_size;
    const char *bundle; /* absolute, no symbolic links */
    const char *rootfs; /* the same */
    struct plan_host host;
    struct cgroup_host cgroup_host;
    struct cgroup cgroup;
    struct bus bus; /* to systemd's manager; {0}: none */
    struct rdt rdt; /* {0}: none */
    unsigned kept_fds;
    unsigned listen_fds;
    int joined;            /* exec, mounts: pidfd of the container's process, else -1 */
    bool notifies;         /* the caller has a NOTIFY_SOCKET */
    const char *image_dir; /* restore: criu's image, else NULL */
    const struct plan_header *plan;

    /* steps.c, launch.c: carried out */
    struct state state;
    struct conduct conduct;
    struct trace trace;
    int far_socket;  /* the init's end, until it is launched */
    int launched_fd; /* pidfd of the launched process while that is not INIT, or -1 */
    pid_t launched;
    pid_t init;
    int console; /* the terminal's master side for the foreground, or -1 */
    /* the caller's controlling terminal, opened before a program may run that hangs up with it; or
     * -1 */
    int terminal;
    const char *bars_exit; /* why the seccomp filter does not let the process end, or NULL */
    int notify;            /* the socket behind the container's NOTIFY_SOCKET, or -1 */
    struct net_device *net_devices; /* those that have left the host, the last one first */
    const struct cgroup_former *former_limits; /* of cgroups that were there before, or NULL */
    bool made_state;
    bool made_cgroups;
    const char *pid_file; /* that has been written, or NULL */
};

/* What create does, which `check` foresees. */
extern const struct creation_kind creation_create;

/* Nothing prepared. */
struct creation creation_of(struct arena *arena, const struct creation_kind *kind,
                            const struct runtime_options *options,
                            const struct runtime_create *request);

/* Reads and checks the bundle, looks at the host and plans. */
int creation_prepare(struct creation *creation, struct error *error);

/* The same for `check`, whatever the id: everything that is wrong is collected (error->findings).
 * After 0 there is a config, and a plan and a rootfs unless what is wrong forbids it. */
int creation_examine(struct creation *creation, struct error *error);

/* The parts of creation_prepare that exec has, too: begins with nothing open; says whether there
 * can be a terminal as asked for; looks at the caller, completes config by what he maps, and looks
 * at the security modules that the process asks for; tells the plan of the cgroups that were
 * found; builds the plan. */
int creation_begin(struct creation *creation, struct error *error);
int creation_check_terminal(struct creation *creation);
int creation_probe(struct creation *creation);
void creation_describe_cgroups(struct creation *creation);
int creation_build_plan(struct creation *creation);

/* Says where the cgroups of a new container will be; makes none. */
int creation_place(struct creation *creation);

/* linux.resources, or one without anything. */
const struct spec_resources *creation_resources(const struct creation *creation);

/* The handlers of the host's steps, by op. */
conduct_handler *const *creation_handlers(const struct creation *creation);

/* Writes down which process INIT is. */
int creation_save_init(struct creation *creation);

/* The pidfd of the init that the first stage has named. */
int creation_open_init(struct conduct *conduct);

/* The steps LAUNCH and ENTER_DELEGATED. */
conduct_handler creation_launch;
conduct_handler creation_enter_delegated;

/* Waits in the foreground for the end of the process. After a failure it has been killed. Returns 0
 * or a negative errno. */
int creation_wait(struct creation *creation, int signals, int *ret_status);

/* Carries the plan out, unless one of the `signals` (a signalfd) comes. After a failure nothing is
 * left of it. */
int creation_carry_out(struct creation *creation, int signals);

/* Ends and removes what has been made, with poststop hooks if the failed step demands them. */
void creation_undo(struct creation *creation);

/* When the container's program runs: hooks, and unless detached its end. */
int creation_go_on(struct creation *creation, int signals, int *ret_status);

/* Closes what is still open. */
void creation_close(struct creation *creation);

/* Closes the container that was there before: its process and its state. */
void creation_leave(struct creation *creation);
