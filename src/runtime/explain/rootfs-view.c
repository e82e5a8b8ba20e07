/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs-view.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/text.h"
#include "berth/plan/plan.h"

#define MAX_LINKS 40 /* as in the kernel: path_resolution(7) */

/* Returns the rest of `path` below `above`, or NULL if it is not below. */
static const char *below(const char *path, const char *above)
{
    size_t length = text_equal(above, "/") ? 0 : strlen(above);

    if (strncmp(path, above, length) != 0)
        return NULL;
    return path[length] == '/' || path[length] == '\0' ? path + length : NULL;
}

/* Returns the mount that a path without symbolic links is on, or NULL for the root file system.
 * *ret_rest is the rest of the path on it. */
static const struct rootfs_view_mount *mount_of(const struct rootfs_view *view, const char *path,
                                                const char **ret_rest)
{
    for (size_t i = view->n_mounts; i > 0; i--) {
        const char *rest = below(path, view->mounts[i - 1].path);

        if (rest == NULL)
            continue;
        *ret_rest = rest;
        return &view->mounts[i - 1];
    }
    *ret_rest = path;
    return NULL;
}

/* Returns whether berth will create the path, because it is a mount point or leads to one. */
static bool will_be_made(const struct rootfs_view *view, const char *path)
{
    for (size_t i = 0; i < view->n_mounts; i++)
        if (below(view->mounts[i].path, path) != NULL)
            return true;
    return false;
}

struct walk {
    const struct rootfs_view *view;
    struct rootfs_view_place place;
    const char *rest;
    int links;
};

static int locate(struct walk *walk, const char *path)
{
    const char *rest;
    const struct rootfs_view_mount *mount = mount_of(walk->view, path, &rest);
    const char *source = mount == NULL ? walk->view->root : mount->source;

    if (source == NULL)
        return ROOTFS_VIEW_UNSEEN;
    walk->place = (struct rootfs_view_place){
        .path = path,
        .host = arena_printf(walk->view->arena, "%s%s", source, rest),
        .attributes = mount == NULL ? 0 : mount->attributes,
    };
    return 0;
}

static int follow_link(struct walk *walk, const char *above)
{
    char target[PATH_MAX];
    ssize_t size = readlink(walk->place.host, target, sizeof(target) - 1);

    if (size < 0)
        return -errno;
    if (++walk->links > MAX_LINKS)
        return -ELOOP;
    target[size] = '\0';
    walk->rest = arena_printf(walk->view->arena, "%s/%s", target, walk->rest);
    return locate(walk, target[0] == '/' ? "/" : above);
}

static int enter(struct walk *walk, const char *name)
{
    struct arena *arena = walk->view->arena;
    const char *above = walk->place.path;
    const char *path = text_path_clean(arena, text_path_join(arena, above, name));
    struct stat info;
    int result = locate(walk, path);

    if (result < 0)
        return result;
    if (lstat(walk->place.host, &info) < 0) {
        if (errno == ENOENT && will_be_made(walk->view, path))
            return 0;
        return errno == EACCES ? ROOTFS_VIEW_UNSEEN : -errno;
    }
    if (S_ISLNK(info.st_mode))
        return follow_link(walk, above);
    if (!S_ISDIR(info.st_mode) && walk->rest[strspn(walk->rest, "/")] != '\0')
        return -ENOTDIR;
    return 0;
}

int rootfs_view_find(const struct rootfs_view *view, const char *path,
                     struct rootfs_view_place *ret_place)
{
    struct walk walk = {.view = view, .rest = path};
    int result = locate(&walk, "/");

    while (result == 0) {
        walk.rest += strspn(walk.rest, "/");
        size_t length = strcspn(walk.rest, "/");
        if (length == 0)
            break;
        const char *name = arena_copy(view->arena, walk.rest, length);
        walk.rest += length;
        result = enter(&walk, name);
    }
    *ret_place = walk.place;
    return result;
}

static void add_mount(struct rootfs_view *view, const char *target, const char *source,
                      uint64_t attributes)
{
    struct rootfs_view_place place;
    const char *path = rootfs_view_find(view, target, &place) == 0
                           ? place.path
                           : text_path_clean(view->arena, target);

    view->mounts =
        arena_grow(view->arena, view->mounts, view->n_mounts, &view->room, sizeof(*view->mounts));
    view->mounts[view->n_mounts++] = (struct rootfs_view_mount){path, source, attributes};
}

int rootfs_view_find_source(const struct rootfs_view *view, const struct plan_step *step,
                            const char *path, struct rootfs_view_place *ret_place)
{
    const char *clean = text_path_clean(view->arena, path);
    size_t length = view->root == NULL ? 0 : strlen(view->root);

    if (step->actor != PLAN_INIT || length <= 1 || !text_path_is_within(clean, view->root))
        return -EXDEV;
    return rootfs_view_find(view, clean[length] == '\0' ? "/" : clean + length, ret_place);
}

/* Returns the path on the host of a bind mount's source, or NULL if the host cannot look into
 * it. */
static const char *source_on_host(const struct rootfs_view *view, const struct plan_step *step,
                                  const char *path)
{
    struct rootfs_view_place place;
    int result = rootfs_view_find_source(view, step, path, &place);

    if (result == -EXDEV)
        return access(path, F_OK) == 0 ? path : NULL;
    return result == 0 ? place.host : NULL;
}

void rootfs_view_apply(struct rootfs_view *view, const struct plan_header *plan,
                       const struct plan_step *step)
{
    struct rootfs_view_content none = {0};
    struct rootfs_view_content *made =
        step->makes == PLAN_NONE ? &none : &view->contents[step->makes];
    struct rootfs_view_content *used;

    switch (step->op) {
    case PLAN_OPEN_ROOT:
        view->root = plan_text(plan, step->open_root.path);
        break;
    case PLAN_OPEN_TREE:
        *made = (struct rootfs_view_content){
            source_on_host(view, step, plan_text(plan, step->open_tree.path)), 0};
        break;
    case PLAN_MAKE_MOUNT:
        *made = (struct rootfs_view_content){NULL, step->make_mount.attributes};
        break;
    case PLAN_MAKE_DEVICE:
        *made = none;
        break;
    case PLAN_SET_MOUNT_ATTRIBUTES:
        used = &view->contents[step->set_mount_attributes.mount];
        used->attributes =
            (used->attributes & ~step->set_mount_attributes.clear) | step->set_mount_attributes.set;
        break;
    case PLAN_ATTACH_MOUNT:
        used = &view->contents[step->attach_mount.mount];
        add_mount(view, plan_text(plan, step->attach_mount.target), used->path, used->attributes);
        break;
    case PLAN_ATTACH_INSIDE:
        used = &view->contents[step->attach_inside.mount];
        add_mount(view, plan_text(plan, step->attach_inside.target), used->path, used->attributes);
        break;
    case PLAN_OPEN_TARGET:
        *made = (struct rootfs_view_content){plan_text(plan, step->open_target.path), 0};
        break;
    case PLAN_MOUNT_OVER:
        used = &view->contents[PLAN_SLOT_TARGET];
        add_mount(view, used->path != NULL ? used->path : "/", NULL, 0);
        break;
    default:
        break;
    }
}

struct rootfs_view rootfs_view_of_plan(struct arena *arena, const struct plan_header *plan)
{
    struct rootfs_view view = {.arena = arena};

    for (uint32_t i = 0; i < plan->step_count; i++)
        rootfs_view_apply(&view, plan, &plan_steps(plan)[i]);
    return view;
}
