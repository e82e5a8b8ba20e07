/* SPDX-License-Identifier: Apache-2.0 */
#include "idmap.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"
#include "berth/spec/config.h"
#include "berth/sys/idmap.h"
#include "berth/sys/memfd.h"
#include "berth/sys/mount.h"
#include "berth/sys/process.h"
#include "berth/sys/userns.h"
#include "explain/explain.h"

#define HELPER_TIMEOUT_MS 60000 /* newuidmap(1) may ask a directory service */

struct idmap {
    const struct spec_id_mapping *mappings;
    size_t count;
    bool groups;
    pid_t pid;
};

static int write_directly(struct arena *arena, const struct idmap *map)
{
    struct text text = {.arena = arena};

    for (size_t i = 0; i < map->count; i++)
        text_addf(&text, "%u %u %u\n", map->mappings[i].container_id, map->mappings[i].host_id,
                  map->mappings[i].size);
    return map->count == 0 ? 0 : sys_idmap_write(map->pid, map->groups, text.bytes);
}

/* newuidmap PID (INSIDE OUTSIDE COUNT)... */
static int write_by_helper(struct executor *executor, const struct idmap *map)
{
    struct arena *arena = executor->arena;
    const char *helper = map->groups ? "newgidmap" : "newuidmap";
    static const char *const nothing[] = {NULL};
    const struct sys_unless unless = {executor->pidfd, executor->signals};
    struct text_list argv = {.arena = arena};

    text_list_add(&argv, helper);
    text_list_add(&argv, arena_printf(arena, "%d", map->pid));
    for (size_t i = 0; i < map->count; i++) {
        text_list_add(&argv, arena_printf(arena, "%u", map->mappings[i].container_id));
        text_list_add(&argv, arena_printf(arena, "%u", map->mappings[i].host_id));
        text_list_add(&argv, arena_printf(arena, "%u", map->mappings[i].size));
    }
    AUTO_FD output = sys_memfd_empty(helper);
    if (output < 0)
        return output;
    int result = sys_run_program(&(struct sys_spawn){.path = helper,
                                                     .argv = (const char *const *) argv.item,
                                                     .envp = nothing,
                                                     .stdin_fd = -1,
                                                     .output_fd = output,
                                                     .error_fd = output,
                                                     .unless = &unless,
                                                     .searches_path = true},
                                 HELPER_TIMEOUT_MS);
    if (result == 0)
        return 0;
    if (result == -EINTR)
        return executor_read_signal(executor);
    struct failed_hook failure = {map->groups ? "linux.gidMappings" : "linux.uidMappings",
                                  arena_printf(arena, "map ids by %s", helper),
                                  result < 0 ? -result : EIO, result, output};
    explain_hook(arena, &failure, executor->error);
    return result == -ECANCELED ? result : -EPERM;
}

static bool is_own_alone(const struct idmap *map, uid_t own)
{
    return map->count == 1 && map->mappings[0].size == 1 && map->mappings[0].host_id == own;
}

int idmap_write(struct executor *executor, const struct spec_linux *config, pid_t pid,
                bool privileged)
{
    struct arena *arena = executor->arena;
    struct idmap users = {config->uid_mappings, config->n_uid_mappings, false, pid};
    struct idmap groups = {config->gid_mappings, config->n_gid_mappings, true, pid};

    if (privileged || is_own_alone(&users, geteuid()))
        TRY(write_directly(arena, &users));
    else
        TRY(write_by_helper(executor, &users));
    if (!privileged && is_own_alone(&groups, getegid()))
        TRY(sys_idmap_deny_setgroups(pid));
    else if (!privileged)
        return write_by_helper(executor, &groups);
    return write_directly(arena, &groups);
}

/* Returns the mappings without their first word, which says whether they are for users or
 * groups. */
static const char *lines_of(struct executor *executor, const struct plan_step *step,
                            const char *kind)
{
    struct text text = {.arena = executor->arena};
    const char *line = plan_text(executor->plan, step->make_id_map.mappings.first);

    for (uint32_t i = 0; i < step->make_id_map.mappings.count; i++) {
        if (text_starts_with(line, kind))
            text_addf(&text, "%s\n", line + strlen(kind));
        line += strlen(line) + 1;
    }
    return text.size == 0 ? "" : text.bytes;
}

int idmap_make(struct executor *executor, const struct plan_step *step)
{
    const char *path = plan_optional_text(executor->plan, step->make_id_map.like);

    if (path != NULL)
        return executor_fill(executor, step, sys_user_namespace_copy(path));
    return executor_fill(executor, step,
                         sys_user_namespace_make(lines_of(executor, step, "uid "),
                                                 lines_of(executor, step, "gid ")));
}

int idmap_map_mount(struct executor *executor, const struct plan_step *step)
{
    return sys_mount_map(executor->slot[step->map_mount.mount],
                         executor->slot[step->map_mount.id_map], step->map_mount.recursive);
}
