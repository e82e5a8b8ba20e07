/* SPDX-License-Identifier: Apache-2.0 */
/* kill and delete. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/cgroup/freeze.h"
#include "berth/cgroup/probe.h"
#include "berth/cgroup/remove.h"
#include "berth/cgroup/signal.h"
#include "berth/runtime/runtime.h"
#include "berth/spec/check.h"
#include "berth/sys/process.h"
#include "launch/destroy.h"
#include "signals.h"

#define ENDING_MS 500
#define DYING_MS 10000 /* for one that the kernel is about to end */

static int signal_process(struct state *state, int signal, struct error *error)
{
    AUTO_FD pidfd = state_open_living(state, error);
    int result = pidfd < 0 ? pidfd : sys_pidfd_signal(pidfd, signal);

    if (pidfd < 0)
        return pidfd;
    if (result == -ESRCH)
        return state_not_running(state, SPEC_STATUS_STOPPED, error);
    if (result < 0)
        return error_errno(error, -result, "signal container \"%s\"", state->id);
    return 0;
}

/* Without a cgroup, signals only the container's process. If that has ended too, there is nothing
 * to signal: systemd removes the cgroup with the last process. */
static int signal_all(struct state *state, int signal, struct error *error)
{
    const struct cgroup_record cgroups = state_cgroups(state);

    int result = cgroups.n_paths > 0 ? cgroup_signal(&cgroups, signal, error) : -ENOENT;

    if (result != -ENOENT)
        return result;
    *error = (struct error){0};
    if (cgroups.n_paths > 0 && state_status(state) == SPEC_STATUS_STOPPED)
        return 0;
    return signal_process(state, signal, error);
}

/* Returns whether the container has its own PID namespace, in which the end of the first process
 * ends all others. The record of an older version does not say so. */
static bool has_own_pids(const struct state *state)
{
    const struct spec_config *config;
    struct error ignored = {0};

    if (state->record.own_pids)
        return true;
    return state_read_config(state, &config, &ignored) == 0 &&
           spec_makes_namespace(config, SPEC_NAMESPACE_TYPE_PID);
}

/* Returns whether processes have outlived the container's process, and do not belong to another
 * container by now. */
static bool has_survivors(const struct state *state)
{
    const struct cgroup_record cgroups = state_cgroups(state);
    struct error ignored = {0};
    pid_t *pids;
    size_t count;

    if (cgroups.n_paths == 0)
        return false;
    int result = cgroup_list_processes(state->arena, &cgroups, &pids, &count, &ignored);
    if (result < 0)
        return result != -ENOENT;
    return count > 0 && !destroy_shares_cgroups(state, &cgroups);
}

/* SIGKILL ends the whole container: no process may survive. */
static int kill_container(struct state *state, struct error *error)
{
    enum spec_status status = state_status(state);
    bool may_live = state_lives(status) || status == SPEC_STATUS_NONE;

    if (has_own_pids(state) ||
        (!may_live && (status != SPEC_STATUS_STOPPED || !has_survivors(state))))
        return signal_process(state, SIGKILL, error);
    int result = signal_all(state, SIGKILL, error);
    /* The others cannot be found: ends at least this one, and says so. */
    if (result == -ENODEV && may_live)
        signal_process(state, SIGKILL, &(struct error){0});
    return result;
}

int runtime_kill(const struct runtime_options *options, const char *id, const char *signal,
                 bool all, struct error *error)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE state = state_of(&arena, options, id);
    int number = signal_of_text(signal);
    enum spec_status status;

    if (number < 0) {
        const char *meant = signal_like(signal);

        error_set(error, EINVAL, "unknown signal \"%s\"", signal);
        return meant != NULL ? error_hint(error, "did you mean %s?", meant)
                             : error_hint(error, "kill -l lists them");
    }
    TRY(state_open(&state, error));
    if (!state.has_record)
        return state_does_not_exist(&state, error);
    if (state_is_pod(&state))
        return state_check_living(&state, &status, error);
    if (all)
        TRY(signal_all(&state, number, error));
    else if (number == SIGKILL)
        TRY(kill_container(&state, error));
    else
        TRY(signal_process(&state, number, error));
    const struct cgroup_record cgroups = state_cgroups(&state);
    if (number == SIGKILL)
        cgroup_thaw_killed(&cgroups);
    return 0;
}

/* Returns whether the process ends shortly: it may have been killed a moment ago. The first process
 * of a PID namespace ends after all others. */
static bool is_just_ending(const struct state *state)
{
    AUTO_FD pidfd = state_open_process(state);

    if (pidfd < 0)
        return pidfd == -ESRCH;
    return sys_pidfd_wait(pidfd, ENDING_MS) == 0 ||
           (sys_process_is_dying(state->pid) && sys_pidfd_wait(pidfd, DYING_MS) == 0);
}

/* The processes in the cgroup of a pod are those of its containers. */
static int check_deserted(const struct state *state, struct error *error)
{
    const struct cgroup_record all = state_cgroups(state);

    /* On version 1 a process can be in the pod's cgroup of one hierarchy alone. */
    for (size_t i = 0; i < all.n_paths; i++) {
        const struct cgroup_record one = {.paths = &all.paths[i], .n_paths = 1};
        pid_t *pids;
        size_t count;
        int result = cgroup_list_processes(state->arena, &one, &pids, &count, error);

        if (result == -ENOENT) {
            *error = (struct error){0};
            continue;
        }
        TRY(result);
        if (count == 0)
            continue;
        error_set(error, EBUSY, "cannot delete container \"%s\": process %d is in its cgroup %s",
                  state->id, pids[0], all.paths[i]);
        return error_hint(error, "delete the containers in it first, or --force");
    }
    return 0;
}

static int check_deletable(struct state *state, struct error *error)
{
    enum spec_status status = state_status(state);

    if (status == SPEC_STATUS_NONE)
        return state_not_running(state, status, error);
    if (state_is_pod(state))
        return check_deserted(state, error);
    if (status != SPEC_STATUS_RUNNING && status != SPEC_STATUS_PAUSED)
        return 0;
    if (status == SPEC_STATUS_RUNNING && is_just_ending(state))
        return 0;
    return error_set(error, EBUSY,
                     "cannot delete container \"%s\" that is %s: kill it first, or --force",
                     state->id, spec_status_names[status]);
}

static void forget_unmounted_cgroups(struct state *state)
{
    struct cgroup_record cgroups = state_cgroups(state);

    cgroup_forget_unmounted(state->arena, &cgroups);
    state->record.cgroups = cgroups.paths;
    state->record.n_cgroups = cgroups.n_paths;
    state->record.made_cgroups = cgroups.made;
    state->record.n_made_cgroups = cgroups.n_made;
}

/* Finds the cgroups of a living container whose record is lost. */
static struct cgroup_record find_lost_cgroups(const struct state *state)
{
    struct cgroup_host host;
    struct error ignored = {0};

    if (state->has_record || cgroup_probe(state->arena, "", &host, &ignored) < 0)
        return (struct cgroup_record){0};
    return cgroup_record_of(state->arena, &host, &(struct cgroup_owner){state->pid, state->id});
}

/* Kills the process without taking the lock. Whoever creates or starts the container holds the lock
 * and may wait for the process, such as in a hook that never ends; the kill ends that wait. Returns
 * the cgroups that are in no record. */
static struct cgroup_record kill_unlocked(struct arena *arena,
                                          const struct runtime_options *options, const char *id)
{
    AUTO_STATE state = state_of(arena, options, id);
    struct error ignored = {0};

    /* The link identifies the process, whatever has become of the record. */
    if (state_open(&state, &ignored) < 0 && state.pid == 0)
        return (struct cgroup_record){0};
    AUTO_FD pidfd = state_open_process(&state);
    if (pidfd < 0)
        return (struct cgroup_record){0};
    const struct cgroup_record lost = find_lost_cgroups(&state);
    sys_pidfd_signal(pidfd, SIGKILL);
    cgroup_thaw_killed(&lost);
    return lost;
}

/* Returns whether the record or the link exists but is unusable. After any other error it may be
 * readable next time, so the container's process and cgroups must not be forgotten. */
static bool is_broken(int number)
{
    return number == EINVAL || number == EBADMSG || number == ESPIPE || number == EFBIG ||
           number == ELOOP || number == EISDIR || number == ENXIO;
}

int runtime_delete(const struct runtime_options *options, const char *id, bool force,
                   struct error *error)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE state = state_of(&arena, options, id);
    struct cgroup_record lost = {0};

    if (force)
        lost = kill_unlocked(&arena, options, id);
    int result = force ? state_open_at_end(&state, error) : state_open_locked(&state, error);

    if (result == -ENOENT && force) {
        *error = (struct error){0};
        return 0;
    }
    if (result < 0 && force && state.locked && is_broken(-result)) {
        log_ignored(error);
        *error = (struct error){0};
        result = 0;
    }
    if (result < 0)
        return result;
    if (force)
        forget_unmounted_cgroups(&state);
    else
        TRY(check_deletable(&state, error));
    TRY(destroy_container(&state, error));
    cgroup_remove_deserted(&lost);
    return 0;
}
