/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state directory of a container, ROOT/ID:
 *
 *     state.json   struct spec_record: what is known before there is a process
 *     process      symbolic link to "PID START_TIME" of the container's process, which names it for
 *                  ever; it is called
 *                  process.creating until creation has come to its end. A link is made and renamed
 *                  in one system call
 *                  each, where a disk below /run would write a file twice.
 *     config.json  the config as it was at create
 *     plan         the plan, for the words of what goes wrong at start
 *     start.sock   where the init of a created container listens for start; called starting.sock
 *                  from then on until its
 *                  program runs, and then gone
 *     notify/      the socket of NOTIFY_SOCKET that the container sees
 *
 * Whoever creates, starts or deletes the container holds a flock(2) on the directory: an
 * uncommitted state under a free lock is what a killed creator has left.
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
#define STATE_PLAN "plan"

struct state {
    struct arena *arena;
    const char *root;
    const char *id;
    int dir;         /* -1: not open */
    bool locked;     /* by this process */
    bool has_record; /* there is a state.json */
    bool committed;  /* creation has come to its end */
    struct spec_record record;
    pid_t pid; /* the container's process; 0: none yet */
    uint64_t start_time;
    int unknown;          /* the errno because of which the status is SPEC_STATUS_NONE */
    bool unknown_process; /* that is so because the process could not be looked at */
};

#define AUTO_STATE __attribute__((cleanup(state_close))) struct state

/* The directory of all states. */
const char *state_root(struct arena *arena, const struct runtime_options *options);

/* What went wrong with that directory, or one in it, is worded; adds what helps. Returns
 * -error->number. */
int state_root_error(const char *root, struct error *error);

/* The state of the container `id`, not open yet. */
struct state state_of(struct arena *arena, const struct runtime_options *options, const char *id);

/* An id is one or more of letters, digits and "_+-.", but not "." or "..", and fits a file name. */
bool state_id_is_valid(const char *id);

/* The same as an error. */
int state_check_id(const char *id, struct error *error);

/* Says that there is no such container, and what to do about a directory without a record. Returns
 * -ENOENT. */
int state_does_not_exist(const struct state *state, struct error *error);

/* -EEXIST when the id is in use. */
int state_check_free(const struct state *state, struct error *error);

/* Makes the directory of a new container, locked. -EEXIST when the id is in use. */
int state_make(struct state *state, struct error *error);

/* Opens an existing one and reads its record, if it has one. -ENOENT: `container "ID" does not
 * exist`. */
int state_open(struct state *state, struct error *error);

/* The same, and waits for the lock first, for 10 s at most. A container that vanishes meanwhile
 * does not exist; -EBUSY for one that is just being created. */
int state_open_locked(struct state *state, struct error *error);

/* The same, and waits also for the end of the creation. */
int state_open_at_end(struct state *state, struct error *error);

/* Reads the config as it was at create. */
int state_read_config(const struct state *state, const struct spec_config **ret_config,
                      struct error *error);

/* Writes the record. */
int state_save(const struct state *state, struct error *error);

/* Writes down pid and start_time. Returns 0 or a negative errno. */
int state_save_process(const struct state *state);

/* Writes down that creation has come to its end. Returns 0 or a negative errno. */
int state_commit(struct state *state);

/* Where in its life the container is; SPEC_STATUS_NONE: that cannot be told. Paused is one that is
 * frozen, started or not. */
enum spec_status state_status(struct state *state);

/* Says that the process cannot be looked at because of errno `number`. Returns -number. */
int state_process_error(const struct state *state, int number, struct error *error);

/* -ESRCH in the words that callers look for; of SPEC_STATUS_NONE why the status cannot be told. */
int state_not_running(const struct state *state, enum spec_status status, struct error *error);

/* Is that created, running or paused? */
bool state_lives(enum spec_status status);

/* -ESRCH, too, unless the container lives: which it is is *ret_status. */
int state_check_living(struct state *state, enum spec_status *ret_status, struct error *error);

/* The same, and opens its process: a pidfd, which names the process for ever. */
int state_open_living(struct state *state, struct error *error);

/* Opens its process, in words: -ESRCH when that has ended. */
int state_join(const struct state *state, struct error *error);

/* Its cgroups, as they were made. */
struct cgroup_record state_cgroups(const struct state *state);

/* The same on this host, which *ret_host becomes. -ENODEV when the container has none of its
 * own. */
int state_find_cgroup(const struct state *state, struct cgroup_host *ret_host,
                      struct cgroup *ret_cgroup, struct error *error);

/* The container's process with its pid verified by the start time: a pidfd, or -ESRCH. */
int state_open_process(const struct state *state);

/* Removes the directory. Returns 0 or a negative errno. */
int state_remove(struct state *state, struct error *error);

/* Lets go of the lock alone. */
void state_unlock(struct state *state);

/* Takes it again. -ENOENT when the container has been deleted meanwhile, -ETIMEDOUT when others do
 * not let go of it. */
int state_relock(struct state *state);

/* Lets go of lock and directory. */
void state_close(struct state *state);
