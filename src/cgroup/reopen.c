/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/cgroup/place.h"
#include "files.h"

static bool lies_in(const struct cgroup_hierarchy *hierarchy, const char *path)
{
    size_t length = strlen(hierarchy->mount_point);

    return strncmp(path, hierarchy->mount_point, length) == 0 && path[length] == '/';
}

static const struct cgroup_hierarchy *find_hierarchy(const struct cgroup_host *host,
                                                     const char *path)
{
    for (size_t i = 0; i < host->n_hierarchies; i++)
        if (lies_in(&host->hierarchies[i], path))
            return &host->hierarchies[i];
    return NULL;
}

static int reopen_place(struct arena *arena, const struct cgroup_host *host, const char *path,
                        struct cgroup_place *ret_place, struct error *error)
{
    const struct cgroup_hierarchy *hierarchy = find_hierarchy(host, path);

    if (hierarchy == NULL)
        return error_set(error, ENODEV, "the container's cgroup %s: its hierarchy is not mounted",
                         path);
    if (access(path, F_OK) < 0)
        return error_errno(error, errno, "the container's cgroup %s", path);
    *ret_place = (struct cgroup_place){
        .hierarchy = hierarchy,
        .path = path,
        .join = cgroup_join_file(arena, hierarchy, path),
        .exists = true,
    };
    return 0;
}

int cgroup_reopen(struct arena *arena, const struct cgroup_host *host,
                  const struct cgroup_record *record, struct cgroup *ret_cgroup,
                  struct error *error)
{
    struct cgroup cgroup = {.host = host, .record = *record};

    cgroup.places = ARENA_ARRAY(arena, record->n_paths + 1, struct cgroup_place);
    for (size_t i = 0; i < record->n_paths; i++) {
        TRY(reopen_place(arena, host, record->paths[i], &cgroup.places[i], error));
        cgroup.n_places++;
    }
    *ret_cgroup = cgroup;
    return 0;
}
