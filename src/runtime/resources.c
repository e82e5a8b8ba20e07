/* SPDX-License-Identifier: Apache-2.0 */
/* pause, resume, update, and which processes there are: what is done to a container's cgroups. */
#include <errno.h>

#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/bus/bus.h"
#include "berth/cgroup/freeze.h"
#include "berth/cgroup/probe.h"
#include "berth/cgroup/setting.h"
#include "berth/cgroup/signal.h"
#include "berth/rdt/rdt.h"
#include "berth/runtime/runtime.h"
#include "berth/spec/check.h"
#include "berth/spec/read.h"
#include "state.h"

/* Opens the state of a container that has processes. Its lock keeps others from changing its
 * cgroups meanwhile. */
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
        return state_not_running(state, *ret_status, error);
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

int runtime_list_processes(const struct runtime_options *options, struct arena *arena,
                           const char *id, struct runtime_processes *ret_processes,
                           struct error *error)
{
    AUTO_STATE state = state_of(arena, options, id);

    TRY(state_open(&state, error));
    enum spec_status status = state.has_record ? state_status(&state) : SPEC_STATUS_CREATING;
    if (status == SPEC_STATUS_STOPPED)
        return state_not_running(&state, status, error);
    const struct cgroup_record cgroups = state_cgroups(&state);
    pid_t *pids;
    TRY(cgroup_list_processes(arena, &cgroups, &pids, &ret_processes->count, error));
    ret_processes->pids = pids;
    return 0;
}

/* v1's rules for devices are written one after the other, from "none" on: nobody is to see those
 * between. */
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

static int find_unit(struct state *state, struct bus *bus, struct cgroup *cgroup,
                     struct error *error)
{
    const struct bus_options options = {.user = state->record.systemd_user};
    struct cgroup_systemd *systemd = ARENA_NEW(state->arena, struct cgroup_systemd);
    struct bus_manager manager;

    TRY(bus_open(state->arena, &options, bus, error));
    TRY(bus_read_manager(bus, &manager, error));
    *systemd = (struct cgroup_systemd){
        .bus = bus, .unit = state->record.systemd_unit, .version = manager.version};
    cgroup->systemd = systemd;
    return 0;
}

/* config-linux.md: checkBeforeUpdate of the configuration holds for every update of the limits. */
static int take_check_over(const struct state *state, struct spec_resources *resources,
                           struct error *error)
{
    const struct spec_config *config;
    char *bytes;
    size_t size;

    if (resources->memory == NULL || resources->memory->has_check_before_update)
        return 0;
    int result = file_read(state->arena, state->dir, STATE_CONFIG, &bytes, &size);
    if (result < 0)
        return error_errno(error, -result, "read the configuration of container \"%s\"", state->id);
    TRY(spec_read_config(state->arena, bytes, size, &config, error));
    const struct spec_resources *created = config->linux != NULL ? config->linux->resources : NULL;
    if (created == NULL || created->memory == NULL || !created->memory->check_before_update)
        return 0;
    struct spec_memory *memory = ARENA_NEW(state->arena, struct spec_memory);
    *memory = *resources->memory;
    memory->check_before_update = true;
    resources->memory = memory;
    return 0;
}

static int update_resources(struct state *state, enum spec_status status,
                            const struct spec_resources *asked, struct error *error)
{
    struct spec_resources resources = *asked;
    struct cgroup_host host;
    struct cgroup cgroup;
    AUTO_BUS bus = {0};

    TRY(state_find_cgroup(state, &host, &cgroup, error));
    if (state->record.systemd_unit != NULL)
        TRY(find_unit(state, &bus, &cgroup, error));
    TRY(take_check_over(state, &resources, error));
    if (resources.n_devices > 0 && host.layout != CGROUP_V2 && status != SPEC_STATUS_PAUSED)
        return set_frozen(state, &cgroup, &resources, error);
    return cgroup_set(state->arena, &cgroup, &resources, error);
}

static int update_rdt(const struct state *state, const struct spec_intel_rdt *schemas,
                      struct error *error)
{
    if (state->record.rdt_class == NULL)
        return error_set(error, ENODEV,
                         "container \"%s\" has no class of service: its config has no linux.intelRdt",
                         state->id);
    return rdt_update(state->arena, state->record.rdt_class, schemas, error);
}

int runtime_update(const struct runtime_options *options, const struct runtime_update *request,
                   struct error *error)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE state = state_of(&arena, options, request->id);
    const struct spec_intel_rdt schemas = {.l3_cache_schema = request->l3_cache_schema,
                                           .mem_bw_schema = request->mem_bw_schema};
    const struct spec_resources *resources = NULL;
    enum spec_status status;

    if (request->resources != NULL) {
        TRY(spec_read_resources(&arena, request->resources, request->size, &resources, error));
        TRY(spec_check_resources(resources, error));
    }
    TRY(spec_check_intel_rdt(&schemas, error));
    TRY(open_living(&state, &status, error));
    if (resources != NULL)
        TRY(update_resources(&state, status, resources, error));
    if (request->l3_cache_schema != NULL || request->mem_bw_schema != NULL)
        return update_rdt(&state, &schemas, error);
    return 0;
}
