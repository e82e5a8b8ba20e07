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
    const char *path;   /* of the container's cgroup, clean and with a leading "/" */
    bool is_free;       /* no absolute cgroupsPath: the runtime decides where it is */
    bool is_default;    /* /ID, where the id keeps others away */
    bool below_default; /* below /berth, which is the runtime's own */
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
    /* Flat: a parent of its own would double what has to be made and removed. */
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

/* CLONE_INTO_CGROUP needs the right to move processes in the first cgroup that is above both. */
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

/* Those that systemd uses for units, where they are not on v2 (CGROUP DELEGATION in its
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

/* Whether the directory is removed after the container even if it is there before: what an earlier
 * container of the id has left or is about to leave, and below /berth, where all is the runtime's,
 * the parents: the last container that leaves removes them. */
static bool is_runtimes(const struct planner *planner, bool is_own)
{
    return is_own ? planner->is_default : planner->below_default;
}

/* Notes which directories will be made, the topmost first: those that are missing, and those that
 * are the runtime's. *ret_existing is the deepest directory that exists. */
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
    /* The mount point, too: in a container it may be a cgroup like any other. */
    if (cgroup_read(planner->arena, path, file, &text) == 0 && strstr(text, word) != NULL)
        return error_at(planner->error, PLACE, EBUSY, "container's cgroup unexpectedly frozen: %s",
                        path);
    return 0;
}

static int refuse_processes(void *context, const char *path)
{
    struct planner *planner = context;
    char *processes;
    int result = cgroup_read_processes(planner->arena, path, &processes);

    if (result < 0)
        return error_errno_at(planner->error, PLACE, -result, "read the processes of the cgroup %s",
                              path);
    if (processes[0] == '\0')
        return 0;
    return error_at(planner->error, PLACE, EBUSY,
                    "container's cgroup is not empty: %s holds processes already", path);
}

/* With all below it: what is there is not the container's to be paused, signalled and killed with
 * it. */
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

/* What an earlier container of the id has left is taken and removed with this one, but not a tree
 * of somebody else's that has this name by chance. */
static int check_childless(struct planner *planner, const char *path)
{
    planner->parent = path;
    return cgroup_walk(planner->arena, path, refuse_child, planner);
}

/* Where an unprivileged user's cgroups go: below the caller's own cgroup or, since on v2 one with
 * processes has no controllers to give, below the nearest cgroup above without any that the user
 * may write to. */
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

/* Where the config does not say where, the container may go without. */
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

/* Returns 1 when the container gets a cgroup here, 0 when it has to go without. */
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
    if (place->exists && planner->is_default)
        TRY(check_childless(planner, place->path));
    text_list_add(&planner->paths, place->path);
    return 1;
}

/* On version 1 a container could get rid of its limits in a cgroup of its own. */
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
