/* SPDX-License-Identifier: Apache-2.0 */
/* pause, resume, update, and the list of processes: operations on a container's cgroups. */
#include <errno.h>
#include <signal.h>

#include "berth/base/error.h"
#include "berth/base/finding.h"
#include "berth/base/log.h"
#include "berth/bus/bus.h"
#include "berth/cgroup/freeze.h"
#include "berth/cgroup/probe.h"
#include "berth/cgroup/setting.h"
#include "berth/cgroup/signal.h"
#include "berth/rdt/rdt.h"
#include "berth/runtime/runtime.h"
#include "berth/spec/check.h"
#include "berth/spec/load.h"
#include "berth/spec/read.h"
#include "state/state.h"

/* Opens the state of a container whose process lives. The lock keeps others from changing its
 * cgroups meanwhile. */
static int open_living(struct state *state, enum spec_status *ret_status, struct error *error)
{
    TRY(state_open_locked(state, error));
    return state_check_living(state, ret_status, error);
}

/* The same for update, which can also change the cgroup of a pod. */
static int open_updatable(struct state *state, enum spec_status *ret_status, struct error *error)
{
    TRY(state_open_locked(state, error));
    if (!state_is_pod(state))
        return state_check_living(state, ret_status, error);
    *ret_status = state_status(state);
    return *ret_status == SPEC_STATUS_CREATED ? 0 : state_not_running(state, *ret_status, error);
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
                         spec_status_names[status]);
    const struct cgroup_record cgroups = state_cgroups(&state);
    return cgroup_thaw(&cgroups, error);
}

int runtime_list_processes(const struct runtime_options *options, struct arena *arena,
                           const char *id, struct runtime_processes *ret_processes,
                           struct error *error)
{
    AUTO_STATE state = state_of(arena, options, id);

    TRY(state_open(&state, error));
    if (state_is_pod(&state)) {
        *ret_processes = (struct runtime_processes){0};
        return 0;
    }
    enum spec_status status = state.has_record ? state_status(&state) : SPEC_STATUS_CREATING;
    const struct cgroup_record cgroups = state_cgroups(&state);
    pid_t *pids = NULL;
    int result = cgroup_list_processes(arena, &cgroups, &pids, &ret_processes->count, error);
    /* Without its own PID namespace, processes may have outlived the container's. */
    if (status == SPEC_STATUS_STOPPED && (result == -ENOENT || cgroups.n_paths == 0)) {
        *error = (struct error){0};
        ret_processes->count = 0;
        result = 0;
    }
    ret_processes->pids = pids;
    return result;
}

/* v1 takes device rules one by one, starting from "none". Freezing hides the states in between from
 * the container. */
static int set_frozen(struct state *state, const struct cgroup *cgroup,
                      const struct spec_resources *resources, struct error *error)
{
    const struct cgroup_record cgroups = state_cgroups(state);
    struct error ignored = {0};
    sigset_t all, before;

    /* A signal that ended berth meanwhile would leave the container frozen. */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    int result = cgroup_freeze(&cgroups, error);
    if (result == 0) {
        result = cgroup_set(state->arena, cgroup, resources, error);
        if (cgroup_thaw(&cgroups, result < 0 ? &ignored : error) < 0 && result == 0)
            result = -error->number;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
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

/* Reads linux.resources of the config at create. A missing section counts as empty. */
static int read_created(const struct state *state, const struct spec_resources **ret_created,
                        struct error *error)
{
    static const struct spec_resources nothing;
    const struct spec_config *config;

    TRY(state_read_config(state, &config, error));
    bool has_some = config->linux != NULL && config->linux->resources != NULL;
    *ret_created = has_some ? config->linux->resources : &nothing;
    return 0;
}

/* config-linux.md: checkBeforeUpdate of the config applies to every update of the limits. */
static int inherit_memory_check(const struct state *state, struct spec_resources *resources,
                                struct error *error)
{
    const struct spec_resources *created;

    if (resources->memory == NULL || resources->memory->has_check_before_update)
        return 0;
    TRY(read_created(state, &created, error));
    if (created->memory == NULL || !created->memory->check_before_update)
        return 0;
    struct spec_memory *memory = ARENA_NEW(state->arena, struct spec_memory);
    *memory = *resources->memory;
    memory->check_before_update = true;
    resources->memory = memory;
    return 0;
}

/* The device rules in force are those set last. */
static int find_rules(const struct state *state, const struct spec_resources **ret_former,
                      struct error *error)
{
    struct spec_resources *former = ARENA_NEW(state->arena, struct spec_resources);

    if (state->record.n_devices == 0)
        return read_created(state, ret_former, error);
    former->devices = state->record.devices;
    former->n_devices = state->record.n_devices;
    *ret_former = former;
    return 0;
}

static int update_devices(struct state *state, enum spec_status status, struct cgroup *cgroup,
                          const struct spec_resources *resources, struct error *error)
{
    bool freezes = cgroup->host->layout != CGROUP_V2 && status != SPEC_STATUS_PAUSED;

    TRY(find_rules(state, &cgroup->former, error));
    /* the former rules may be only the default ones, if they have to be set again */
    cgroup->confines_devices = true;
    TRY(freezes ? set_frozen(state, cgroup, resources, error)
                : cgroup_set(state->arena, cgroup, resources, error));
    state->record.devices = resources->devices;
    state->record.n_devices = resources->n_devices;
    return state_save(state, error);
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
    TRY(inherit_memory_check(state, &resources, error));
    if (resources.n_devices > 0)
        return update_devices(state, status, &cgroup, &resources, error);
    return cgroup_set(state->arena, &cgroup, &resources, error);
}

struct update {
    const struct spec_resources *resources; /* or NULL */
    const struct spec_intel_rdt *schemas;
};

/* If the second part fails, the first is undone. */
static int update_both(struct state *state, enum spec_status status, const struct update *update,
                       struct error *error)
{
    const char *class = state->record.rdt_class;
    struct spec_intel_rdt former;
    struct error ignored = {0};

    if (class == NULL)
        return error_set(
            error, ENODEV,
            "container \"%s\" has no class of service: its config has no linux.intelRdt",
            state->id);
    TRY(rdt_read(state->arena, class, &former, error));
    int result = rdt_update(state->arena, class, update->schemas, error);
    if (result == 0 && update->resources != NULL)
        result = update_resources(state, status, update->resources, error);
    if (result < 0 && rdt_update(state->arena, class, &former, &ignored) < 0)
        log_ignored(&ignored);
    return result;
}

/* A limit that is misspelt, or in a whole config.json, would be ignored in silence. */
static void warn_of_unknown(struct arena *arena, const struct runtime_update *request)
{
    struct findings findings = {.arena = arena};

    spec_find_unknown_resources(request->resources, request->size, &findings);
    for (size_t i = 0; i < findings.count; i++) {
        findings.item[i].file = request->name;
        log_warning_of(&findings.item[i]);
    }
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
        TRY(spec_read_resources(&arena, request->name,
                                &(struct spec_text){request->resources, request->size}, &resources,
                                error));
        TRY(spec_check_resources(resources, error));
        if (request->name != NULL)
            warn_of_unknown(&arena, request);
    }
    TRY(spec_check_intel_rdt(&schemas, error));
    TRY(open_updatable(&state, &status, error));
    if (request->l3_cache_schema == NULL && request->mem_bw_schema == NULL)
        return resources != NULL ? update_resources(&state, status, resources, error) : 0;
    return update_both(&state, status, &(struct update){resources, &schemas}, error);
}
