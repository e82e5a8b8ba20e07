/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state directory of a container, ROOT/ID:
 *
 *     state.json   struct spec_record: what is known before there is a process
 *     process      a symbolic link to "PID START_TIME CREATED BUNDLE": the first two identify the
 *                  container's process, the others are those of the record, which never change
 *                  there, for `list`; they are missing if they are too long. Called
 *                  process.creating until creation has finished. A link is created, renamed or
 *                  read in one system call. On a disk (/run may be one), a file would be written
 *                  twice.
 *     exit         a symbolic link to how the process has ended, if berth has reaped it: exit.h
 *     config.json  the config at create
 *     plan         the plan, to word errors at start
 *     start.sock   where the init of a created container listens for start; called starting.sock
 *                  from start until its program runs, then removed
 *     ns/          the namespaces that a pod holds, bound on files: pins.h
 *     notify/      the socket that the container sees as its NOTIFY_SOCKET
 *
 * Whoever creates, starts or deletes the container holds a flock(2) on the directory: an
 * uncommitted state that is not locked was left by a killed creator.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "berth/base/arena.h"
#include "berth/cgroup/place.h"
#include "berth/spec/config.h"

struct error;
struct runtime_options;

#define STATE_START_SOCKET "start.sock"
#define STATE_STARTING_SOCKET "starting.sock"
#define STATE_NOTIFY_DIR "notify"
#define STATE_CONFIG "config.json"
#define STATE_RECORD "state.json"
#define STATE_PLAN "plan"

struct state {
    struct arena *arena;
    const char *root;
    const char *id;
    int dir;         /* -1: not open */
    bool locked;     /* by this process */
    bool has_record; /* there is a state.json */
    bool committed;  /* creation has finished */
    struct spec_record record;
    pid_t pid; /* the container's process; 0: none yet */
    uint64_t start_time;
    int unknown;          /* the errno that made the status SPEC_STATUS_NONE */
    bool unknown_process; /* it came from looking at the process */
    bool unknown_freezer; /* it came from looking at the cgroup's freezer */
    bool unknown_pins;    /* it came from looking at the namespaces of a pod */
};

#define AUTO_STATE __attribute__((cleanup(state_close))) struct state

/* Returns the directory of all states. */
const char *state_root(struct arena *arena, const struct runtime_options *options);

/* Adds what helps to an error about that directory, or one in it. Returns -error->number. */
int state_root_error(const char *root, struct error *error);

/* Returns the state of the container `id`, not open yet. */
struct state state_of(struct arena *arena, const struct runtime_options *options, const char *id);

/* Returns whether an ID is one or more letters, digits and "_+-.", but not "." or "..", and fits in
 * a file name. */
bool state_id_is_valid(const char *id);

/* Returns -EINVAL, with an error, if the ID is not valid. */
int state_check_id(const char *id, struct error *error);

/* Sets the error that there is no such container, and what to do about a directory without a
 * record. Returns -ENOENT. */
int state_does_not_exist(const struct state *state, struct error *error);

/* Returns -EEXIST if the ID is in use. */
int state_check_free(const struct state *state, struct error *error);

/* Creates and locks the directory of a new container. Returns -EEXIST if the ID is in use. */
int state_make(struct state *state, struct error *error);

/* Opens an existing container and reads its record, if it has one. Returns -ENOENT with `container
 * "ID" does not exist`. */
int state_open(struct state *state, struct error *error);

/* The same, but locks it first, waiting up to 10 s. Returns -ENOENT if the container vanishes
 * meanwhile, -EBUSY if it is being created. */
int state_open_locked(struct state *state, struct error *error);

/* The same, but also waits until its creation has finished. */
int state_open_at_end(struct state *state, struct error *error);

/* The properties of a stopped container that `list` shows. */
struct state_seen {
    const char *created;
    const char *bundle;
    uid_t owner;
};

struct state_view {
    struct arena *arena;
    int root;       /* the directory of all states */
    bool own_procs; /* kill(2) and procfs see the same processes: sys_process_namespace_is_procfs */
};

/* Returns whether the container `id` is known to have stopped, without reading its record. If not,
 * only state_open and state_status can tell. */
bool state_see_stopped(const struct state_view *view, const char *id, struct state_seen *ret_seen);

/* Reads the config as it was at create. */
int state_read_config(const struct state *state, const struct spec_config **ret_config,
                      struct error *error);

/* Writes the record. */
int state_save(const struct state *state, struct error *error);

/* Stores pid and start_time. Returns 0 or a negative errno. */
int state_save_process(const struct state *state);

/* Stores that the process has ended, and that the container, a pod, goes on without one. Returns 0
 * or a negative errno. */
int state_release_process(struct state *state);

/* Returns whether the container holds namespaces without a process. */
static inline bool state_is_pod(const struct state *state)
{
    return state->record.n_pins > 0;
}

/* Stores that creation has finished. Returns 0 or a negative errno. */
int state_commit(struct state *state);

/* Returns the status of the container, or SPEC_STATUS_NONE if it cannot be determined. A frozen
 * container is paused, whether started or not. A pod is created as long as it holds its
 * namespaces. */
enum spec_status state_status(struct state *state);

/* Sets the error that looking at the process failed with errno `number`. Returns -number. */
int state_process_error(const struct state *state, int number, struct error *error);

/* Returns -ESRCH, in the wording that engines look for. SPEC_STATUS_NONE: says why the status
 * cannot be determined. */
int state_not_running(const struct state *state, enum spec_status status, struct error *error);

/* Returns whether the status is created, running or paused. */
bool state_lives(enum spec_status status);

/* Returns an error such as -ESRCH unless the container lives, and for a pod, which has no process,
 * in any case. *ret_status is its status. */
int state_check_living(struct state *state, enum spec_status *ret_status, struct error *error);

/* Like state_open, of a container with a record and a known status, which is *ret_status. */
int state_open_known(struct state *state, enum spec_status *ret_status, struct error *error);

/* Opens the process of a container that lives, also if it is unknown whether it is created, running
 * or paused. Returns a pidfd, which keeps referring to that process. */
int state_open_living(struct state *state, struct error *error);

/* Opens the container's process. Returns a pidfd, or an error: -ESRCH if the process has ended. */
int state_join(const struct state *state, struct error *error);

/* Returns the container's cgroups, as they were created. */
struct cgroup_record state_cgroups(const struct state *state);

/* Sets the error that the container has no cgroup of its own. Returns -ENODEV. */
int state_has_no_cgroup(const struct state *state, struct error *error);

/* Finds these cgroups on this host, and sets *ret_host. Returns -ENODEV if the container has no
 * cgroup of its own. */
int state_find_cgroup(const struct state *state, struct cgroup_host *ret_host,
                      struct cgroup *ret_cgroup, struct error *error);

/* Opens the container's process, verified by its start time. Returns a pidfd, or -ESRCH. */
int state_open_process(const struct state *state);

/* Removes the directory. Returns 0 or a negative errno. */
int state_remove(struct state *state, struct error *error);

/* Releases only the lock. */
void state_unlock(struct state *state);

/* Takes the lock again. Returns -ENOENT if the container has been deleted meanwhile, -ETIMEDOUT if
 * others do not release it. */
int state_relock(struct state *state);

/* Releases the lock and closes the directory. */
void state_close(struct state *state);
