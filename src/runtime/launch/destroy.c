/* SPDX-License-Identifier: Apache-2.0 */
#include "destroy.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/bus/bus.h"
#include "berth/cgroup/remove.h"
#include "berth/cgroup/signal.h"
#include "berth/rdt/rdt.h"
#include "berth/sys/process.h"
#include "hook.h"
#include "mounts.h"
#include "state/pins.h"

/* The time that the kernel needs to end a process. One that takes longer hangs in the kernel. */
#define END_TIMEOUT_MS 10000

int destroy_process(const struct state *state, struct error *error)
{
    const struct cgroup_record cgroups = state_cgroups(state);
    AUTO_FD pidfd = state_open_process(state);

    if (pidfd == -ESRCH)
        return 0;
    if (pidfd < 0)
        return state_process_error(state, -pidfd, error);
    int result = sys_pidfd_signal(pidfd, SIGKILL);
    if (result == -ESRCH)
        return 0;
    if (result < 0)
        return error_errno(error, -result, "kill the container's process %d", state->pid);
    if (cgroups.n_paths > 0)
        TRY(cgroup_kill(&cgroups, error));
    TRY_ERRNO(sys_pidfd_wait(pidfd, END_TIMEOUT_MS), error,
              "wait for the end of the container's process %d", state->pid);
    return 0;
}

/* systemd removes the unit itself once it learns that the last process has ended, so a missing
 * answer does no harm. */
static void stop_unit(const struct state *state)
{
    const char *unit = state->record.systemd_unit;
    const struct bus_options options = {.user = state->record.systemd_user};
    const struct cgroup_record cgroups = state_cgroups(state);
    struct error error = {0};
    AUTO_BUS bus = {0};

    if (unit == NULL)
        return;
    if (cgroup_kill(&cgroups, &error) < 0 || bus_open(state->arena, &options, &bus, &error) < 0 ||
        bus_stop_unit(&bus, unit, &error) < 0) {
        log_ignored(&error);
        cgroup_leave_to_systemd(&cgroups);
    }
}

/* Returns whether another container that lives has its cgroup at, above or below one of
 * `cgroups`. */
static bool is_others(const struct state *state, const char *id,
                      const struct cgroup_record *cgroups)
{
    AUTO_STATE other = {.arena = state->arena, .root = state->root, .id = id, .dir = -1};
    struct error ignored = {0};

    if (text_equal(id, state->id) || !state_id_is_valid(id) || state_open(&other, &ignored) < 0 ||
        !other.has_record)
        return false;
    AUTO_FD pidfd = state_open_process(&other);
    for (size_t i = 0; pidfd != -ESRCH && i < other.record.n_cgroups; i++)
        for (size_t j = 0; j < cgroups->n_paths; j++)
            if (text_path_is_within(other.record.cgroups[i], cgroups->paths[j]) ||
                text_path_is_within(cgroups->paths[j], other.record.cgroups[i]))
                return true;
    return false;
}

/* The cgroup of a stopped container may have become another container's, which has the same
 * cgroupsPath. */
bool destroy_shares_cgroups(const struct state *state, const struct cgroup_record *cgroups)
{
    struct error ignored = {0};
    struct dirent *entry;
    bool found = false;
    pid_t *pids;
    size_t count;

    if (cgroup_list_processes(state->arena, cgroups, &pids, &count, &ignored) < 0 || count == 0)
        return false;
    DIR *dir = opendir(state->root);
    while (dir != NULL && !found && (entry = readdir(dir)) != NULL)
        found = is_others(state, entry->d_name, cgroups);
    if (found)
        log_warning("the cgroup %s is container \"%s\"'s, too: left alone", cgroups->paths[0],
                    entry->d_name);
    if (dir != NULL)
        closedir(dir);
    return found;
}

struct pods {
    const struct state *state;
    bool sought;
    bool unknown; /* not all could be read */
    struct text_list cgroups;
};

static void add_pod(struct pods *pods, const char *id)
{
    const struct state *state = pods->state;
    AUTO_STATE other = {.arena = state->arena, .root = state->root, .id = id, .dir = -1};
    struct error ignored = {0};

    if (text_equal(id, state->id) || !state_id_is_valid(id))
        return;
    const int result = state_open(&other, &ignored);
    pods->unknown |= result < 0 && result != -ENOENT;
    for (size_t i = 0; result == 0 && state_is_pod(&other) && i < other.record.n_cgroups; i++)
        text_list_add(&pods->cgroups, other.record.cgroups[i]);
}

static void find_pods(struct pods *pods)
{
    DIR *dir = opendir(pods->state->root);
    struct dirent *entry;

    pods->sought = true;
    pods->unknown = dir == NULL;
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        add_pod(pods, entry->d_name);
    if (dir != NULL)
        closedir(dir);
}

/* Nothing else keeps the cgroup of a pod, which may have no process in it. */
static bool is_pods(void *context, const char *path)
{
    struct pods *pods = context;

    if (!pods->sought)
        find_pods(pods);
    return pods->unknown ||
           text_is_one_of(path, (const char *const *) pods->cgroups.item, pods->cgroups.count);
}

int destroy_container(struct state *state, struct error *error)
{
    struct cgroup_record cgroups = state_cgroups(state);
    struct pods pods = {.state = state, .cgroups = {.arena = state->arena}};

    /* Without a record only the process is known. */
    TRY(destroy_process(state, error));
    if (state->has_record) {
        cgroup_keep_parents(state->arena, &cgroups, is_pods, &pods);
        stop_unit(state);
        if (cgroup_remove_empty(&cgroups) && !destroy_shares_cgroups(state, &cgroups))
            TRY(cgroup_remove(&cgroups, error));
        TRY(rdt_remove(state->record.rdt_groups, state->record.n_rdt_groups, error));
        if (state->record.shares_mounts)
            TRY(mounts_detach(state->arena, state->record.rootfs, state->record.mounts_before,
                              error));
        if (state_is_pod(state))
            TRY(pins_remove(state, error));
        hook_run_poststop(state);
    }
    return state_remove(state, error);
}
