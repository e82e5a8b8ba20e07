/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/cgroup/place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "hierarchy/files.h"
#include "hierarchy/tree.h"

#define DEFAULT_NAME "berth"
#define PLACE "linux.cgroupsPath"

struct planner {
    struct arena *arena;
    struct cgroup *cgroup;
    struct error *error;
    const char *path;   /* the container's cgroup, a clean path with a leading "/" */
    bool is_free;       /* no absolute cgroupsPath: the runtime chooses the place */
    bool is_default;    /* /ID, which only this container's ID uses */
    bool below_default; /* below /berth, which belongs to the runtime */
    const char *parent; /* the cgroup that check_childless looks at */
    struct text_list paths;
    struct text_list made;
};

static int resolve_path(struct planner *planner, const struct cgroup_request *request)
{
    const char *asked = request->cgroups_path;

    if (request->systemd != NULL) {
        planner->path = request->systemd->path;
        return 0;
    }
    /* Without a parent, which would double the directories to create and remove. */
    planner->is_default = asked == NULL || asked[0] == '\0';
    if (planner->is_default)
        asked = arena_printf(planner->arena, "/%s", request->id);
    if (cgroup_has_dots(asked))
        return error_at(planner->error, PLACE, EINVAL, "must not contain \"..\", got \"%s\"",
                        asked);
    planner->is_free = planner->is_default || asked[0] != '/';
    planner->below_default = asked[0] != '/';
    const char *parent = planner->below_default ? "/" DEFAULT_NAME "/" : "";
    planner->path =
        text_path_clean(planner->arena, arena_printf(planner->arena, "%s%s", parent, asked));
    if (text_equal(planner->path, "/"))
        return error_at(planner->error, PLACE, EINVAL,
                        "must name a cgroup below the hierarchy's root");
    if (planner->below_default && text_equal(planner->path, "/" DEFAULT_NAME))
        return error_at(planner->error, PLACE, EINVAL,
                        "must name a cgroup below /" DEFAULT_NAME ", got \"%s\"", asked);
    return 0;
}

static bool may_write(const char *path)
{
    return file_access(AT_FDCWD, path, W_OK) == 0;
}

/* CLONE_INTO_CGROUP requires write access to cgroup.procs of the nearest common ancestor. */
static bool may_move(struct arena *arena, const struct cgroup_hierarchy *hierarchy,
                     const char *path)
{
    const char *own = hierarchy->own;
    size_t common = 0;

    if (own == NULL)
        return false;
    for (size_t i = 0; own[i] == path[i] && own[i] != '\0'; i++)
        if (own[i + 1] == '\0' ? path[i + 1] == '/' : own[i + 1] == '/' && path[i + 1] == '/')
            common = i + 1;
    return may_write(
        arena_printf(arena, "%s%.*s/cgroup.procs", hierarchy->mount_point, (int) common, path));
}

/* Hierarchies that systemd uses for units, if they are not on v2 (CGROUP DELEGATION in systemd's
 * documentation). */
static bool is_systemds(const struct cgroup_hierarchy *hierarchy)
{
    static const char *const controllers[] = {"name=systemd", "cpu",     "cpuacct", "blkio",
                                              "memory",       "devices", "pids"};

    for (size_t i = 0; i < COUNT(controllers); i++)
        if (cgroup_has_controller(hierarchy, controllers[i]))
            return true;
    return hierarchy->v2;
}

/* Is the directory removed with the container even if it existed before? True for the cgroup of
 * an earlier container of this ID, and below /berth, which belongs to the runtime, for the
 * parents: the last container removes them. */
static bool is_runtimes(const struct planner *planner, bool is_own)
{
    return is_own ? planner->is_default : planner->below_default;
}

/* Notes the directories to create, topmost first: missing ones, and those that belong to the
 * runtime. *ret_existing is the deepest existing directory. */
static int note_made(struct planner *planner, const struct cgroup_place *place, const char *top,
                     const char **ret_existing)
{
    char *path = arena_string(planner->arena, place->path);
    const char *existing = NULL;
    struct text_list noted = {.arena = planner->arena};

    while (strlen(path) > strlen(top) && (existing == NULL || planner->below_default)) {
        bool exists = access(path, F_OK) == 0;

        if (!exists && errno != ENOENT)
            return error_errno_at(planner->error, PLACE, errno, "look for the cgroup %s", path);
        if (exists && existing == NULL)
            existing = arena_string(planner->arena, path);
        if (!exists || is_runtimes(planner, strlen(path) == strlen(place->path)))
            text_list_add(&noted, arena_string(planner->arena, path));
        *strrchr(path, '/') = '\0';
    }
    for (size_t i = noted.count; i > 0; i--)
        text_list_add(&planner->made, noted.item[i - 1]);
    *ret_existing = existing == NULL ? top : existing;
    return 0;
}

static int check_frozen(struct planner *planner, const struct cgroup_place *place, const char *path)
{
    const char *file = place->hierarchy->v2 ? "cgroup.events" : "freezer.state";
    const char *word = place->hierarchy->v2 ? "frozen 1" : "FR"; /* FROZEN, FREEZING */
    char *text;

    if (!place->hierarchy->v2 && !cgroup_has_controller(place->hierarchy, "freezer"))
        return 0;
    /* Check the mount point too: in a container it may be an ordinary cgroup. */
    if (cgroup_read(planner->arena, path, file, &text) == 0 && strstr(text, word) != NULL)
        return error_at(planner->error, PLACE, EBUSY, "container's cgroup unexpectedly frozen: %s",
                        path);
    return 0;
}

static int refuse_processes(void *context, const char *path)
{
    struct planner *planner = context;
    char *processes;

    TRY_ERRNO_AT(cgroup_read_processes(planner->arena, path, &processes), planner->error, PLACE,
                 "read the processes of the cgroup %s", path);
    if (processes[0] == '\0')
        return 0;
    return error_at(planner->error, PLACE, EBUSY,
                    "container's cgroup is not empty: %s holds processes already", path);
}

/* Checks everything below the cgroup too: processes that are not the container's would be
 * paused, signalled and killed with it. */
static int check_empty(struct planner *planner, const char *path)
{
    int result = cgroup_walk(planner->arena, path, refuse_processes, planner);

    if (result < 0 && planner->error->number == 0)
        return error_errno_at(planner->error, PLACE, -result, "read the cgroup %s", path);
    return result;
}

static bool holds_processes(struct arena *arena, const char *path)
{
    char *processes;

    return cgroup_read_processes(arena, path, &processes) == 0 && processes[0] != '\0';
}

static int refuse_child(void *context, const char *path)
{
    struct planner *planner = context;

    if (strlen(path) <= strlen(planner->parent))
        return 0;
    error_at(planner->error, PLACE, EBUSY,
             "the cgroup %s exists already, and is somebody's: it has %s", planner->parent, path);
    return error_hint(planner->error, "choose another id, or set linux.cgroupsPath");
}

/* The parent of an unprivileged user's cgroups: the caller's own cgroup. On v2 a cgroup with
 * processes cannot enable controllers for children, so there it is the nearest ancestor without
 * processes, if the user may write to it. */
static const char *users_top(struct arena *arena, const struct cgroup_hierarchy *hierarchy)
{
    char *path = cgroup_own_path(arena, hierarchy);
    const char *own = arena_string(arena, path);
    size_t least = strlen(hierarchy->mount_point);

    if (!hierarchy->v2)
        return own;
    while (strlen(path) > least && holds_processes(arena, path))
        *strrchr(path, '/') = '\0';
    return may_write(path) && may_write(text_path_join(arena, path, "cgroup.procs")) ? path : own;
}

/* Unless the config names an absolute path, the container may run without this cgroup. */
static int lack_rights(struct planner *planner, const char *path)
{
    if (planner->is_free) {
        log_debug("no right to make a cgroup in %s", path);
        return 0;
    }
    error_errno_at(planner->error, PLACE, EACCES, "make the cgroup %s below %s", planner->path,
                   path);
    return error_hint(planner->error, "%s", cgroup_how_to_delegate);
}

/* Returns 1 if the container gets a cgroup in the hierarchy, 0 if it has to do without, or a
 * negative errno. */
static int plan_place(struct planner *planner, const struct cgroup_hierarchy *hierarchy,
                      struct cgroup_place *place)
{
    struct arena *arena = planner->arena;
    const char *top = hierarchy->mount_point;
    const char *below = planner->path;

    if (planner->cgroup->rootless && planner->is_free && !may_write(top)) {
        if (hierarchy->own == NULL)
            return 0;
        top = users_top(arena, hierarchy);
        below = arena_printf(arena, "%s%s", top + strlen(hierarchy->mount_point), planner->path);
    }
    *place = (struct cgroup_place){
        .hierarchy = hierarchy,
        .is_systemds = planner->cgroup->systemd != NULL && is_systemds(hierarchy),
    };
    place->path = arena_printf(arena, "%s%s", hierarchy->mount_point, below);
    place->join = cgroup_join_file(arena, hierarchy, place->path);

    size_t made_before = planner->made.count;
    const char *existing = top;
    TRY(note_made(planner, place, top, &existing));
    place->exists = strlen(existing) == strlen(place->path);
    if (place->is_systemds) {
        planner->made.count = made_before;
        text_list_add(&planner->made, place->path);
    } else if (planner->cgroup->rootless &&
               (!may_write(existing) || (hierarchy->v2 && !may_move(arena, hierarchy, below)))) {
        planner->made.count = made_before;
        return lack_rights(planner, existing);
    }
    TRY(check_frozen(planner, place, existing));
    if (place->exists)
        TRY(check_empty(planner, place->path));
    if (place->exists && planner->is_default) {
        /* A leftover cgroup of an earlier container of this ID is reused and removed with this
         * container; somebody else's tree that happens to have this name is not. */
        planner->parent = place->path;
        TRY(cgroup_walk(planner->arena, place->path, refuse_child, planner));
    }
    text_list_add(&planner->paths, place->path);
    return 1;
}

/* Only on v2: on v1 a container that may write to a cgroup could lift its limits. */
static int plan_delegated(struct planner *planner, const char *delegated)
{
    for (size_t i = 0; i < planner->cgroup->n_places; i++) {
        struct cgroup_place *place = &planner->cgroup->places[i];

        if (!place->hierarchy->v2 || place->hierarchy->name[0] != '\0')
            continue;
        place->delegated = text_path_clean(
            planner->arena, arena_printf(planner->arena, "%s/%s", place->path, delegated));
        const char *existing = place->path;
        return note_made(planner, &(struct cgroup_place){.path = place->delegated}, place->path,
                         &existing);
    }
    return error_at(planner->error, "annotations[\"" SPEC_DELEGATE_CGROUP "\"]", ENOTSUP,
                    "needs a cgroup of version 2 at /sys/fs/cgroup");
}

int cgroup_plan(struct arena *arena, const struct cgroup_host *host,
                const struct cgroup_request *request, struct cgroup *ret_cgroup,
                struct error *error)
{
    struct cgroup cgroup = {
        .host = host, .systemd = request->systemd, .rootless = request->rootless};
    struct planner planner = {.arena = arena,
                              .cgroup = &cgroup,
                              .error = error,
                              .paths = {.arena = arena},
                              .made = {.arena = arena}};

    TRY(resolve_path(&planner, request));
    cgroup.places = ARENA_ARRAY(arena, host->n_hierarchies + 1, struct cgroup_place);
    for (size_t i = 0; i < host->n_hierarchies; i++) {
        int placed = plan_place(&planner, &host->hierarchies[i], &cgroup.places[cgroup.n_places]);

        TRY(placed);
        cgroup.n_places += (size_t) placed;
    }
    if (request->delegated != NULL && request->delegated[0] != '\0')
        TRY(plan_delegated(&planner, request->delegated));
    cgroup.confines_devices = request->confines_devices && cgroup.n_places > 0;
    cgroup.record = (struct cgroup_record){
        .paths = (const char *const *) planner.paths.item,
        .n_paths = planner.paths.count,
        .made = (const char *const *) planner.made.item,
        .n_made = planner.made.count,
    };
    *ret_cgroup = cgroup;
    return 0;
}

static bool is_parent(const struct cgroup_record *record, const char *path)
{
    for (size_t i = 0; i < record->n_paths; i++)
        if (strlen(record->paths[i]) > strlen(path) && text_path_is_within(record->paths[i], path))
            return true;
    return false;
}

/* /berth itself is the topmost directory that was made in its hierarchy. */
static bool is_default_parent(const struct cgroup_record *record, size_t made)
{
    const char *path = record->made[made];

    return text_equal(strrchr(path, '/'), "/" DEFAULT_NAME) &&
           (made == 0 || !text_path_is_within(path, record->made[made - 1]));
}

void cgroup_keep_parents(struct arena *arena, struct cgroup_record *record,
                         bool (*is_kept)(void *context, const char *path), void *context)
{
    struct text_list made = {.arena = arena};

    for (size_t i = 0; i < record->n_made; i++)
        if (!is_parent(record, record->made[i]) || is_default_parent(record, i) ||
            !is_kept(context, record->made[i]))
            text_list_add(&made, record->made[i]);
    record->made = (const char *const *) made.item;
    record->n_made = made.count;
}

int cgroup_open_v2(const struct cgroup *cgroup, int *ret_fd, struct error *error)
{
    *ret_fd = -1;
    for (size_t i = 0; i < cgroup->n_places; i++) {
        if (!cgroup->places[i].hierarchy->v2)
            continue;
        AUTO_FD fd = open(cgroup->places[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            return error_errno(error, errno, "open the cgroup %s", cgroup->places[i].path);
        *ret_fd = fd_take(&fd);
    }
    return 0;
}
