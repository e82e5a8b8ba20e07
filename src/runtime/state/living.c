/* SPDX-License-Identifier: Apache-2.0 */
/* State functions for commands that need a container whose process lives. */
#include <errno.h>

#include "berth/base/error.h"
#include "berth/spec/config.h"
#include "state.h"

bool state_lives(enum spec_status status)
{
    return status == SPEC_STATUS_CREATED || status == SPEC_STATUS_RUNNING ||
           status == SPEC_STATUS_PAUSED;
}

int state_process_error(const struct state *state, int number, struct error *error)
{
    error_errno(error, number, "find the process %d of container \"%s\"", state->pid, state->id);
    if (number != ENODATA)
        return -number;
    return error_hint(error, "it is there, but /proc does not show it: mount procfs there, without "
                             "hidepid");
}

int state_not_running(const struct state *state, enum spec_status status, struct error *error)
{
    if (status == SPEC_STATUS_NONE && state->unknown_process)
        return state_process_error(state, state->unknown, error);
    if (status == SPEC_STATUS_NONE)
        return error_errno(error, state->unknown, "find out whether container \"%s\" has started",
                           state->id);
    return error_set(error, ESRCH, "container not running: \"%s\" is %s", state->id,
                     spec_status_words[status]);
}

int state_check_living(struct state *state, enum spec_status *ret_status, struct error *error)
{
    *ret_status = state->has_record ? state_status(state) : SPEC_STATUS_CREATING;
    return state_lives(*ret_status) ? 0 : state_not_running(state, *ret_status, error);
}

int state_join(const struct state *state, struct error *error)
{
    int pidfd = state_open_process(state);

    if (pidfd == -ESRCH)
        return state_not_running(state, SPEC_STATUS_STOPPED, error);
    if (pidfd < 0)
        return state_process_error(state, -pidfd, error);
    return pidfd;
}

int state_open_living(struct state *state, struct error *error)
{
    enum spec_status status;

    TRY(state_check_living(state, &status, error));
    return state_join(state, error);
}
