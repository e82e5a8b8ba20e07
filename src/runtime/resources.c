/* SPDX-License-Identifier: Apache-2.0 */
/* pause, resume, update, and which processes there are: what is done to a container's cgroups. */
#include <errno.h>

#include "berth/base/error.h"
#include "berth/cgroup/freeze.h"
#include "berth/cgroup/probe.h"
#include "berth/cgroup/setting.h"
#include "berth/cgroup/signal.h"
#include "berth/runtime/runtime.h"
#include "berth/spec/check.h"
#include "berth/spec/read.h"
#include "state.h"

static int not_running(const struct state *state, enum spec_status status, struct error *error)
{
    return error_set(error, ESRCH, "container not running: \"%s\" is %s", state->id,
                     spec_status_words[status]);
}

/* Opens the state of a container that has processes. Its lock keeps others from changing its cgroups meanwhile. */
static int open_living(struct state *state, enum spec_status *ret_status, struct error *error)
{
    TRY(state_open_locked(state, error));
    *ret_status = state_status(state);
    switch (*ret_status) {
    case SPEC_STATUS_CREATED:
    case SPEC_STATUS_RUNNING:
    case SPEC_STATUS_PAUSED:
        return 0;
    default:
        return not_running(state, *ret_status, error);
    }
}

int runtime_pause(const struct runtime_options *options, const char *id, struct error *error)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE state = state_of(&arena, options, id);
    enum spec_status status;

    TRY(open_living(&state, &status, error));
    if (status == SPEC_STATUS_PAUSED)
        return error_set(error, EBUSY, "container \"%s\" is paused already", id);
    const struct cgroup_record cgroups = state_cgroups(&state);
    return cgroup_freeze(&cgroups, error);
}

int runtime_resume(const struct runtime_options *options, const char *id, struct error *error)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE state = state_of(&arena, options, id);
    enum spec_status status;

    TRY(open_living(&state, &status, error));
    if (status != SPEC_STATUS_PAUSED)
        return error_set(error, EINVAL, "container not paused: \"%s\" is %s", id,
                         spec_status_words[status]);
    const struct cgroup_record cgroups = state_cgroups(&state);
    return cgroup_thaw(&cgroups, error);
}

int runtime_list_processes(const struct runtime_options *options, struct arena *arena, const char *id,
                           struct runtime_processes *ret_processes, struct error *error)
{
    AUTO_STATE state = state_of(arena, options, id);

    TRY(state_open(&state, error));
    enum spec_status status = state.has_record ? state_status(&state) : SPEC_STATUS_CREATING;
    if (status == SPEC_STATUS_STOPPED)
        return not_running(&state, status, error);
    const struct cgroup_record cgroups = state_cgroups(&state);
    pid_t *pids;
    TRY(cgroup_list_processes(arena, &cgroups, &pids, &ret_processes->count, error));
    ret_processes->pids = pids;
    return 0;
}

/* v1's rules for devices are written one after the other, from "none" on: nobody is to see those between. */
static int set_frozen(struct state *state, const struct cgroup *cgroup,
                      const struct spec_resources *resources, struct error *error)
{
    const struct cgroup_record cgroups = state_cgroups(state);
    struct error ignored = {0};

    TRY(cgroup_freeze(&cgroups, error));
    int result = cgroup_set(state->arena, cgroup, resources, error);
    if (cgroup_thaw(&cgroups, result < 0 ? &ignored : error) < 0 && result == 0)
        result = -error->number;
    return result;
}

int runtime_update(const struct runtime_options *options, const char *id, const char *bytes,
                   size_t size, struct error *error)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE state = state_of(&arena, options, id);
    const struct spec_resources *resources;
    struct cgroup_host host;
    struct cgroup cgroup;
    enum spec_status status;

    TRY(spec_read_resources(&arena, bytes, size, &resources, error));
    TRY(spec_check_resources(resources, error));
    TRY(open_living(&state, &status, error));
    const struct cgroup_record cgroups = state_cgroups(&state);
    if (cgroups.n_paths == 0)
        return error_set(error, ENODEV, "container \"%s\" has no cgroup of its own to be limited",
                         id);
    TRY(cgroup_probe(&arena, "", &host, error));
    TRY(cgroup_reopen(&arena, &host, &cgroups, &cgroup, error));
    if (resources->n_devices > 0 && host.layout != CGROUP_V2 && status != SPEC_STATUS_PAUSED)
        return set_frozen(&state, &cgroup, resources, error);
    return cgroup_set(&arena, &cgroup, resources, error);
}
