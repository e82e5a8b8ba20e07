/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/cgroup/place.h"
#include "files.h"

#define SCOPE ".scope"

static const struct cgroup_hierarchy *find_hierarchy(const struct cgroup_host *host,
                                                     const char *path)
{
    for (size_t i = 0; i < host->n_hierarchies; i++) {
        const char *mount_point = host->hierarchies[i].mount_point;

        if (text_starts_with(path, mount_point) && path[strlen(mount_point)] == '/')
            return &host->hierarchies[i];
    }
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

const char *cgroup_path_with(const struct cgroup_host *host, const struct cgroup_record *record,
                             const char *controller)
{
    const struct cgroup_hierarchy *hierarchy = cgroup_find_hierarchy(host, controller);

    for (size_t i = 0; hierarchy != NULL && i < record->n_paths; i++) {
        const char *path = record->paths[i];

        if (find_hierarchy(host, path) != hierarchy)
            continue;
        path += strlen(hierarchy->mount_point);
        return path[1] == '\0' ? NULL : path;
    }
    return NULL;
}

/* --- cgroups for exec ------------------------------------------------------------------------- */

static void move_place(struct arena *arena, struct cgroup_place *place, const char *path)
{
    place->path = path;
    place->join = cgroup_join_file(arena, place->hierarchy, path);
}

static bool is_chosen(struct arena *arena, const struct cgroup_hierarchy *hierarchy,
                      const char *controllers)
{
    char *words = arena_string(arena, controllers);

    for (char *word; (word = strsep(&words, ",")) != NULL;)
        if (cgroup_has_controller(hierarchy, word))
            return true;
    return false;
}

int cgroup_choose(struct arena *arena, struct cgroup *cgroup, const char *choice,
                  struct error *error)
{
    const char *colon = strchr(choice, ':');
    const char *below = colon != NULL ? colon + 1 : choice;
    const char *controllers =
        colon == NULL ? NULL : arena_copy(arena, choice, (size_t) (colon - choice));
    size_t found = 0;

    if (cgroup_has_dots(below))
        return error_set(error, EINVAL, "--cgroup: must not contain \"..\", got \"%s\"", choice);
    for (size_t i = 0; i < cgroup->n_places; i++) {
        struct cgroup_place *place = &cgroup->places[i];

        if (controllers != NULL && !is_chosen(arena, place->hierarchy, controllers))
            continue;
        const char *path = text_path_clean(arena, arena_printf(arena, "%s/%s", place->path, below));
        if (access(path, F_OK) < 0)
            return error_errno(error, errno, "--cgroup: the cgroup %s", path);
        move_place(arena, place, path);
        found++;
    }
    if (found == 0)
        return error_set(error, ENODEV, "--cgroup: the container has no cgroup for \"%s\"", choice);
    return 0;
}

/* Does the last component of the path end with "ID" or "ID.scope", alone or after a "-"? */
static bool is_named_after(const char *path, const char *id)
{
    const char *name = strrchr(path, '/') + 1;
    size_t length = strlen(name);
    size_t id_length = strlen(id);

    if (length > strlen(SCOPE) && text_equal(name + length - strlen(SCOPE), SCOPE))
        length -= strlen(SCOPE);
    return length >= id_length && memcmp(name + length - id_length, id, id_length) == 0 &&
           (length == id_length || name[length - id_length - 1] == '-');
}

static const struct cgroup_hierarchy *hierarchy_of_line(const struct cgroup_host *host,
                                                        const struct cgroup_line *line)
{
    size_t length = strcspn(line->controllers, ",");

    for (size_t i = 0; i < host->n_hierarchies; i++) {
        const struct cgroup_hierarchy *hierarchy = &host->hierarchies[i];
        const char *first = hierarchy->v2 ? "" : hierarchy->controllers[0];

        if (strlen(first) == length && strncmp(first, line->controllers, length) == 0)
            return hierarchy;
    }
    return NULL;
}

struct cgroup_record cgroup_record_of(struct arena *arena, const struct cgroup_host *host,
                                      const struct cgroup_owner *owner)
{
    struct text_list paths = {.arena = arena};
    char *lines = "";

    if (owner->pid <= 0 ||
        file_read(arena, AT_FDCWD, arena_printf(arena, "/proc/%d/cgroup", owner->pid), &lines,
                  NULL) < 0)
        return (struct cgroup_record){0};
    for (char *text; (text = strsep(&lines, "\n")) != NULL;) {
        struct cgroup_line line;

        if (!cgroup_line_parse(text, &line) || line.path[0] != '/' ||
            !is_named_after(line.path, owner->id))
            continue;
        const struct cgroup_hierarchy *hierarchy = hierarchy_of_line(host, &line);
        if (hierarchy != NULL)
            text_list_add(&paths, arena_printf(arena, "%s%s", hierarchy->mount_point, line.path));
    }
    return (struct cgroup_record){.paths = (const char *const *) paths.item,
                                  .n_paths = paths.count};
}

/* The "0::PATH" of /proc/PID/cgroup below the mount point; NULL: not visible there. */
static const char *find_v2_path(struct arena *arena, const struct cgroup_hierarchy *hierarchy,
                                pid_t pid)
{
    const char *file = arena_printf(arena, "/proc/%d/cgroup", pid);
    char *lines;
    size_t size;

    if (file_read(arena, AT_FDCWD, file, &lines, &size) < 0)
        return NULL;
    for (char *text; (text = strsep(&lines, "\n")) != NULL;) {
        struct cgroup_line line;

        if (!cgroup_line_parse(text, &line) || line.controllers[0] != '\0' || line.path[0] != '/')
            continue;
        const char *path = arena_printf(arena, "%s%s", hierarchy->mount_point, line.path);
        return access(path, F_OK) == 0 ? path : NULL;
    }
    return NULL;
}

static bool gives_controllers(struct arena *arena, const char *path)
{
    char *enabled;

    return cgroup_read(arena, path, "cgroup.subtree_control", &enabled) == 0 && enabled[0] != '\0';
}

/* A hierarchy of which only the version is known. */
static const struct cgroup_hierarchy some_v1 = {.name = ""}, some_v2 = {.name = "", .v2 = true};

static const struct cgroup_hierarchy *version_of(const char *path)
{
    uint32_t type = cgroup_file_system_type(path);

    return type == CGROUP2_SUPER_MAGIC ? &some_v2 : type == CGROUP_SUPER_MAGIC ? &some_v1 : NULL;
}

bool cgroup_reopen_to_join(struct arena *arena, const struct cgroup_record *record,
                           struct cgroup *ret_cgroup)
{
    struct cgroup cgroup = {.record = *record};

    cgroup.places = ARENA_ARRAY(arena, record->n_paths + 1, struct cgroup_place);
    for (size_t i = 0; i < record->n_paths; i++) {
        const char *path = record->paths[i];
        const struct cgroup_hierarchy *hierarchy = version_of(path);

        if (hierarchy == NULL || (hierarchy->v2 && gives_controllers(arena, path)))
            return false;
        cgroup.places[cgroup.n_places] = (struct cgroup_place){.hierarchy = hierarchy};
        move_place(arena, &cgroup.places[cgroup.n_places++], path);
    }
    *ret_cgroup = cgroup;
    return true;
}

void cgroup_use_leaf(struct arena *arena, struct cgroup *cgroup, pid_t pid, bool has_delegated)
{
    for (size_t i = 0; i < cgroup->n_places; i++) {
        struct cgroup_place *place = &cgroup->places[i];

        if (!place->hierarchy->v2 || (!has_delegated && !gives_controllers(arena, place->path)))
            continue;
        const char *path = find_v2_path(arena, place->hierarchy, pid);
        if (path != NULL)
            move_place(arena, place, path);
    }
}
