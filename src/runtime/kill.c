/* SPDX-License-Identifier: Apache-2.0 */
/* kill and delete. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"
#include "berth/cgroup/freeze.h"
#include "berth/cgroup/signal.h"
#include "berth/runtime/runtime.h"
#include "berth/sys/process.h"
#include "destroy.h"
#include "signals.h"

#define ENDING_MS 500

static int signal_process(struct state *state, int signal, struct error *error)
{
    enum spec_status status = state_status(state);
    AUTO_FD pidfd = state_open_process(state);
    bool lives = status == SPEC_STATUS_CREATED || status == SPEC_STATUS_RUNNING ||
                 status == SPEC_STATUS_PAUSED;
    int result = pidfd < 0 ? pidfd : lives ? sys_pidfd_signal(pidfd, signal) : -ESRCH;

    if (result == -ESRCH)
        return state_not_running(state, lives ? SPEC_STATUS_STOPPED : status, error);
    if (result < 0)
        return error_errno(error, -result, "signal container \"%s\"", state->id);
    return 0;
}

/* Without a cgroup, or when it is gone, the container's process stands for all; when that is gone as well, as systemd removes the
 * cgroup with the last process, there are none. */
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

int runtime_kill(const struct runtime_options *options, const char *id, const char *signal,
                 bool all, struct error *error)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE state = state_of(&arena, options, id);
    int number = signal_of_text(signal);

    if (number < 0)
        return error_set(error, EINVAL, "unknown signal \"%s\"", signal);
    TRY(state_open(&state, error));
    if (!state.has_record)
        return error_set(error, ENOENT, "container \"%s\" does not exist", id);
    TRY(all ? signal_all(&state, number, error) : signal_process(&state, number, error));
    const struct cgroup_record cgroups = state_cgroups(&state);
    if (number == SIGKILL)
        cgroup_let_die(&cgroups);
    return 0;
}

/* One that was killed a moment ago takes another to end. */
static bool is_just_ending(const struct state *state)
{
    AUTO_FD pidfd = state_open_process(state);

    return pidfd < 0 || sys_pidfd_wait(pidfd, ENDING_MS) == 0;
}

static int check_deletable(struct state *state, struct error *error)
{
    enum spec_status status = state_status(state);

    if (status != SPEC_STATUS_RUNNING && status != SPEC_STATUS_PAUSED)
        return 0;
    if (status == SPEC_STATUS_RUNNING && is_just_ending(state))
        return 0;
    return error_set(error, EBUSY,
                     "cannot delete container \"%s\" that is %s: kill it first, or --force",
                     state->id, spec_status_words[status]);
}

/* Whoever creates or starts the container, and so holds its lock, may wait for its process: a hook
 * that never ends. With the process dead that comes to its end. */
static void kill_unlocked(struct arena *arena, const struct runtime_options *options,
                          const char *id)
{
    AUTO_STATE state = state_of(arena, options, id);
    struct error ignored = {0};

    if (state_open(&state, &ignored) < 0)
        return;
    AUTO_FD pidfd = state_open_process(&state);
    if (pidfd >= 0)
        sys_pidfd_signal(pidfd, SIGKILL);
}

int runtime_delete(const struct runtime_options *options, const char *id, bool force,
                   struct error *error)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE state = state_of(&arena, options, id);

    if (force)
        kill_unlocked(&arena, options, id);
    int result = state_open_locked(&state, error);

    if (result == -ENOENT && force) {
        *error = (struct error){0};
        return 0;
    }
    if (result < 0)
        return result;
    if (!force)
        TRY(check_deletable(&state, error));
    return destroy_container(&state, error);
}
