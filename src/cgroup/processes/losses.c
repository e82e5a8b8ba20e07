/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/cgroup/losses.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/cgroup/place.h"
#include "hierarchy/files.h"

static void read_limit(struct arena *arena, const char *path, const char *file,
                       struct cgroup_limit *limit)
{
    char *value;

    if (cgroup_read(arena, path, file, &value) < 0)
        return;
    limit->file = text_path_join(arena, path, file);
    limit->value = value;
}

static void read_v2(struct arena *arena, struct cgroup_losses *losses)
{
    const char *path = losses->directory;
    uint64_t ooms;

    /* Linux 5.2 */
    if (cgroup_read_counter(path, "memory.events.local", "oom", &losses->memory.reached) < 0 ||
        cgroup_read_counter(path, "memory.events", "oom", &ooms) < 0)
        return;
    losses->ooms_below = ooms > losses->memory.reached ? ooms - losses->memory.reached : 0;
    read_limit(arena, path, "memory.max", &losses->memory);
}

static void read_v1(struct arena *arena, struct cgroup_losses *losses)
{
    char *peak;

    if (cgroup_read(arena, losses->directory, "memory.max_usage_in_bytes", &peak) < 0)
        return;
    losses->peak = peak;
    read_limit(arena, losses->directory, "memory.limit_in_bytes", &losses->memory);
}

/* Returns the path of the record where the file has the counter, or NULL. Only the hierarchy of its
 * controller has such a file. */
static const char *find_counter(const struct cgroup_record *record, const char *file,
                                const char *key, uint64_t *ret_count)
{
    for (size_t i = 0; i < record->n_paths; i++)
        if (cgroup_read_counter(record->paths[i], file, key, ret_count) == 0)
            return record->paths[i];
    return NULL;
}

static const char *find_v2_kills(const struct cgroup_record *record, uint64_t *ret_kills)
{
    return find_counter(record, "memory.events", "oom_kill", ret_kills);
}

/* Linux 4.13 */
static const char *find_v1_kills(const struct cgroup_record *record, uint64_t *ret_kills)
{
    return find_counter(record, "memory.oom_control", "oom_kill", ret_kills);
}

bool cgroup_count_oom_kills(const struct cgroup_record *record, uint64_t *ret_kills)
{
    return find_v2_kills(record, ret_kills) != NULL || find_v1_kills(record, ret_kills) != NULL;
}

static int check_exists(const char *path, struct error *error)
{
    int result = file_access(AT_FDCWD, path, F_OK);

    if (result == -ENOENT && cgroup_check_gone(path) == -ENODEV)
        return error_set(error, ENODEV, "the container's cgroup %s: its hierarchy is not mounted",
                         path);
    TRY_ERRNO(result, error, "the container's cgroup %s", path);
    return 0;
}

int cgroup_read_losses(struct arena *arena, const struct cgroup_record *record,
                       struct cgroup_losses *ret_losses, struct error *error)
{
    struct cgroup_losses losses = {0};

    if ((losses.directory = find_v2_kills(record, &losses.oom_kills)) != NULL)
        read_v2(arena, &losses);
    else if ((losses.directory = find_v1_kills(record, &losses.oom_kills)) != NULL)
        read_v1(arena, &losses);
    const char *pids = find_counter(record, "pids.events", "max", &losses.pids.reached);
    if (pids != NULL)
        read_limit(arena, pids, "pids.max", &losses.pids);
    *ret_losses = losses;
    for (size_t i = 0; (losses.directory == NULL || pids == NULL) && i < record->n_paths; i++)
        TRY(check_exists(record->paths[i], error));
    return 0;
}
