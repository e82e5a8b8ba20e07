/* SPDX-License-Identifier: Apache-2.0 */
#include "nearest.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/text.h"
#include "files.h"

const char *cgroup_nearest(struct arena *arena, const char *path)
{
    char *nearest = arena_string(arena, path);

    while (access(nearest, F_OK) < 0 && strrchr(nearest, '/') > nearest)
        *strrchr(nearest, '/') = '\0';
    return nearest;
}

const char *cgroup_controller_of(struct arena *arena, const char *file)
{
    return arena_copy(arena, file, strcspn(file, "."));
}

/* Does this cgroup, which is not the root, have the files of the controller, as the container's
 * will? */
static bool is_sample(struct arena *arena, const struct cgroup_hierarchy *hierarchy,
                      const char *path, const char *controller)
{
    char *controllers;

    return !hierarchy->v2 || (cgroup_read(arena, path, "cgroup.controllers", &controllers) == 0 &&
                              cgroup_has_word(controllers, controller));
}

/* Looks at other cgroups too, because the root lacks some files. */
bool cgroup_can_have_file(struct arena *arena, const struct cgroup_place *place, const char *file)
{
    const char *top = place->hierarchy->mount_point;
    const char *controller = cgroup_controller_of(arena, file);
    DIR *dir = opendir(top);
    struct dirent *entry;
    const char *nearest = cgroup_nearest(arena, place->path);
    bool found = cgroup_has_file(nearest, file) || cgroup_has_file(top, file);
    bool has_sample =
        !text_equal(nearest, top) && is_sample(arena, place->hierarchy, nearest, controller);

    while (!found && dir != NULL && (entry = readdir(dir)) != NULL) {
        const char *path = text_path_join(arena, top, entry->d_name);

        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        found = cgroup_has_file(path, file);
        has_sample |= is_sample(arena, place->hierarchy, path, controller);
    }
    if (dir != NULL)
        closedir(dir);
    return found || !has_sample;
}
