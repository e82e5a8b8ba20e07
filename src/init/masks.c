/* SPDX-License-Identifier: Apache-2.0 */
/* Paths that the container's process shall not see, or not change. */
#include "init.h"
#include "path.h"

/* A mount of its own, as the host's mounts are gone when the masks are put up. Read-only: it is the host's own node, whose
 * mode, owner and times root in the container could change. */
int init_open_null(struct init *init, const struct plan_step *step)
{
    const struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC};
    const int fd = sys_open_tree(AT_FDCWD, "/dev/null",
                                 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    if (fd < 0)
        return fd;
    int err = path_check_null(fd);
    if (err == 0)
        err = sys_mount_setattr(fd, "", AT_EMPTY_PATH, &readonly);
    if (err == 0)
        return init_fill(init, step->makes, fd);
    sys_close(fd);
    return err;
}

/* The path in the container. -ENOENT: there is nothing; -ESTALE: there is a symbolic link, but it
 * leads nowhere. */
static int open_existing(int root, const char *path)
{
    const int fd = path_open(root, path, O_PATH, 0);
    if (fd == -ENOTDIR)
        return -ENOENT;
    if (fd != -ENOENT)
        return fd;
    INIT_FD link = path_open(root, path, O_PATH | O_NOFOLLOW, 0);
    return link < 0 ? -ENOENT : -ESTALE;
}

static int attach(int mount, int target)
{
    return sys_move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* The first path gets the mount itself, as kernels before 6.15 clone only what is attached; and a
 * mount that is never attached costs a grace period when it is closed. */
static int cover(int mask, bool *attached, int target)
{
    if (!*attached) {
        const int err = attach(mask, target);
        *attached = err == 0;
        return err;
    }
    INIT_FD clone = sys_open_tree(mask, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return clone < 0 ? clone : attach(clone, target);
}

int init_mask_path(struct init *init, const struct plan_step *step)
{
    const int root = init->slot[PLAN_SLOT_ROOT];
    INIT_FD target = open_existing(root, init_step_text(init, step, 0));
    if (target < 0)
        return target == -ENOENT ? 0 : target == -ESTALE ? -ENOENT : target;
    if (path_is_same(target, root))
        return -EINVAL; /* a mount there would hide nothing from who is inside already */
    const int err = path_check_directory(target);
    if (err == 0)
        return cover(init->slot[PLAN_SLOT_EMPTY], &init->empty_attached, target);
    return err == -ENOTDIR ? cover(init->slot[PLAN_SLOT_NULL], &init->null_attached, target) : err;
}

int init_protect_path(struct init *init, const struct plan_step *step)
{
    const struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};
    const int root = init->slot[PLAN_SLOT_ROOT];
    INIT_FD target = open_existing(root, init_step_text(init, step, 0));
    if (target < 0)
        return target == -ENOENT || target == -ESTALE ? 0 : target;
    if (path_is_same(target, root))
        return sys_mount_setattr(root, "", AT_EMPTY_PATH | AT_RECURSIVE, &readonly);
    INIT_FD clone = sys_open_tree(
        target, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (clone < 0)
        return clone;
    const int err = sys_mount_setattr(clone, "", AT_EMPTY_PATH | AT_RECURSIVE, &readonly);
    return err < 0 ? err : attach(clone, target);
}
