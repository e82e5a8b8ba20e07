/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/text.h"
#include "berth/plan/plan.h"

#define MOST_LINKS 40 /* as in the kernel: path_resolution(7) */

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
static const struct tree_mount *mount_of(const struct tree *tree, const char *path,
                                         const char **ret_rest)
{
    for (size_t i = tree->n_mounts; i > 0; i--) {
        const char *rest = below(path, tree->mounts[i - 1].path);

        if (rest == NULL)
            continue;
        *ret_rest = rest;
        return &tree->mounts[i - 1];
    }
    *ret_rest = path;
    return NULL;
}

/* Returns whether berth will create the path, because it is a mount point or leads to one. */
static bool will_be_made(const struct tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->n_mounts; i++)
        if (below(tree->mounts[i].path, path) != NULL)
            return true;
    return false;
}

struct walk {
    const struct tree *tree;
    struct tree_place place;
    const char *rest;
    int links;
};

static int locate(struct walk *walk, const char *path)
{
    const char *rest;
    const struct tree_mount *mount = mount_of(walk->tree, path, &rest);
    const char *source = mount == NULL ? walk->tree->root : mount->source;

    if (source == NULL)
        return TREE_UNSEEN;
    walk->place = (struct tree_place){
        .path = path,
        .host = arena_printf(walk->tree->arena, "%s%s", source, rest),
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
    if (++walk->links > MOST_LINKS)
        return -ELOOP;
    target[size] = '\0';
    walk->rest = arena_printf(walk->tree->arena, "%s/%s", target, walk->rest);
    return locate(walk, target[0] == '/' ? "/" : above);
}

static int enter(struct walk *walk, const char *name)
{
    struct arena *arena = walk->tree->arena;
    const char *above = walk->place.path;
    const char *path = text_path_clean(arena, text_path_join(arena, above, name));
    struct stat info;
    int result = locate(walk, path);

    if (result < 0)
        return result;
    if (lstat(walk->place.host, &info) < 0) {
        if (errno == ENOENT && will_be_made(walk->tree, path))
            return 0;
        return errno == EACCES ? TREE_UNSEEN : -errno;
    }
    if (S_ISLNK(info.st_mode))
        return follow_link(walk, above);
    if (!S_ISDIR(info.st_mode) && walk->rest[strspn(walk->rest, "/")] != '\0')
        return -ENOTDIR;
    return 0;
}

int tree_find(const struct tree *tree, const char *path, struct tree_place *ret_place)
{
    struct walk walk = {.tree = tree, .rest = path};
    int result = locate(&walk, "/");

    while (result == 0) {
        walk.rest += strspn(walk.rest, "/");
        size_t length = strcspn(walk.rest, "/");
        if (length == 0)
            break;
        const char *name = arena_copy(tree->arena, walk.rest, length);
        walk.rest += length;
        result = enter(&walk, name);
    }
    *ret_place = walk.place;
    return result;
}

static void add_mount(struct tree *tree, const char *target, const char *source,
                      uint64_t attributes)
{
    struct tree_place place;
    const char *path =
        tree_find(tree, target, &place) == 0 ? place.path : text_path_clean(tree->arena, target);

    tree->mounts =
        arena_grow(tree->arena, tree->mounts, tree->n_mounts, &tree->room, sizeof(*tree->mounts));
    tree->mounts[tree->n_mounts++] = (struct tree_mount){path, source, attributes};
}

int tree_find_source(const struct tree *tree, const struct plan_step *step, const char *path,
                     struct tree_place *ret_place)
{
    const char *clean = text_path_clean(tree->arena, path);
    size_t length = tree->root == NULL ? 0 : strlen(tree->root);

    if (step->actor != PLAN_INIT || length <= 1 || !text_path_is_within(clean, tree->root))
        return -EXDEV;
    return tree_find(tree, clean[length] == '\0' ? "/" : clean + length, ret_place);
}

/* Returns the path on the host of a bind mount's source, or NULL if the host cannot look into
 * it. */
static const char *source_on_host(const struct tree *tree, const struct plan_step *step,
                                  const char *path)
{
    struct tree_place place;
    int result = tree_find_source(tree, step, path, &place);

    if (result == -EXDEV)
        return access(path, F_OK) == 0 ? path : NULL;
    return result == 0 ? place.host : NULL;
}

void tree_take_step(struct tree *tree, const struct plan_header *plan, const struct plan_step *step)
{
    struct tree_content none = {0};
    struct tree_content *made = step->makes == PLAN_NONE ? &none : &tree->contents[step->makes];
    struct tree_content *used;

    switch (step->op) {
    case PLAN_OPEN_ROOT:
        tree->root = plan_text(plan, step->open_root.path);
        break;
    case PLAN_OPEN_TREE:
        *made = (struct tree_content){
            source_on_host(tree, step, plan_text(plan, step->open_tree.path)), 0};
        break;
    case PLAN_MAKE_MOUNT:
        *made = (struct tree_content){NULL, step->make_mount.attributes};
        break;
    case PLAN_MAKE_DEVICE:
        *made = none;
        break;
    case PLAN_SET_MOUNT_ATTRIBUTES:
        used = &tree->contents[step->set_mount_attributes.mount];
        used->attributes =
            (used->attributes & ~step->set_mount_attributes.clear) | step->set_mount_attributes.set;
        break;
    case PLAN_ATTACH_MOUNT:
        used = &tree->contents[step->attach_mount.mount];
        add_mount(tree, plan_text(plan, step->attach_mount.target), used->path, used->attributes);
        break;
    case PLAN_ATTACH_INSIDE:
        used = &tree->contents[step->attach_inside.mount];
        add_mount(tree, plan_text(plan, step->attach_inside.target), used->path, used->attributes);
        break;
    case PLAN_OPEN_TARGET:
        *made = (struct tree_content){plan_text(plan, step->open_target.path), 0};
        break;
    case PLAN_MOUNT_OVER:
        used = &tree->contents[PLAN_SLOT_TARGET];
        add_mount(tree, used->path != NULL ? used->path : "/", NULL, 0);
        break;
    default:
        break;
    }
}

struct tree tree_of_plan(struct arena *arena, const struct plan_header *plan)
{
    struct tree tree = {.arena = arena};

    for (uint32_t i = 0; i < plan->step_count; i++)
        tree_take_step(&tree, plan, &plan_steps(plan)[i]);
    return tree;
}
