/* SPDX-License-Identifier: Apache-2.0 */
/* State functions for commands that need a container whose process lives. */
#include <errno.h>

#include "berth/base/error.h"
#include "berth/spec/config.h"
#include "state.h"

/* In the wording that engines look for. */
static int has_no_process(const struct state *state, struct error *error)
{
    error_set(error, ESRCH, "container not running: \"%s\" holds namespaces without a process",
              state->id);
    return error_hint(error, "berth state %s lists the namespaces, which other containers can join",
                      state->id);
}

bool state_lives(enum spec_status status)
{
    return status == SPEC_STATUS_CREATED || status == SPEC_STATUS_RUNNING ||
           status == SPEC_STATUS_PAUSED;
}

int state_process_error(const struct state *state, int number, struct error *error)
{
    error_errno(error, number, "find the process %d of container \"%s\"", state->pid, state->id);
    if (number == ENODATA)
        return error_hint(error, "it exists, but /proc does not show it: mount procfs there, "
                                 "without hidepid");
    if (number == ENOTSUP)
        return error_hint(error, "the caller's children get another time namespace than its own: "
                                 "run berth by unshare --time --fork, or in the initial time "
                                 "namespace");
    return -number;
}

int state_not_running(const struct state *state, enum spec_status status, struct error *error)
{
    if (status == SPEC_STATUS_NONE && state->unknown_process)
        return state_process_error(state, state->unknown, error);
    if (status == SPEC_STATUS_NONE)
        return error_errno(error, state->unknown, "find out whether container \"%s\" %s", state->id,
                           state->unknown_pins      ? "holds its namespaces"
                           : state->unknown_freezer ? "is paused"
                                                    : "has started");
    return error_set(error, ESRCH, "container not running: \"%s\" is %s", state->id,
                     spec_status_names[status]);
}

int state_open_known(struct state *state, enum spec_status *ret_status, struct error *error)
{
    TRY(state_open(state, error));
    if (!state->has_record)
        return state_does_not_exist(state, error);
    *ret_status = state_status(state);
    return *ret_status == SPEC_STATUS_NONE ? state_not_running(state, *ret_status, error) : 0;
}

int state_check_living(struct state *state, enum spec_status *ret_status, struct error *error)
{
    *ret_status = state->has_record ? state_status(state) : SPEC_STATUS_CREATING;
    if (!state_lives(*ret_status))
        return state_not_running(state, *ret_status, error);
    return state_is_pod(state) ? has_no_process(state, error) : 0;
}

int state_join(const struct state *state, struct error *error)
{
    if (state_is_pod(state))
        return has_no_process(state, error);
    int pidfd = state_open_process(state);

    if (pidfd == -ESRCH)
        return state_not_running(state, SPEC_STATUS_STOPPED, error);
    if (pidfd < 0)
        return state_process_error(state, -pidfd, error);
    return pidfd;
}

int state_open_living(struct state *state, struct error *error)
{
    enum spec_status status = state->has_record ? state_status(state) : SPEC_STATUS_CREATING;

    /* A process whose freezer or start cannot be looked at lives. */
    if (!state_lives(status) && (status != SPEC_STATUS_NONE || state->unknown_process))
        return state_not_running(state, status, error);
    return state_join(state, error);
}
