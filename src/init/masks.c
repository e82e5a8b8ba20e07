/* SPDX-License-Identifier: Apache-2.0 */
/* Paths that the container's process must not see, or not change. */
#include "init.h"
#include "path.h"

/* A clone, because the host's mounts are gone when the masks are attached. Read-only, because it
 * is the host's own node, whose mode, owner and times root in the container could change. */
int init_open_null(struct init *init, const struct plan_step *step)
{
    const struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
                                                    MOUNT_ATTR_NOEXEC};
    const int fd = detached_clone(init, AT_FDCWD, "/dev/null", AT_SYMLINK_NOFOLLOW);
    if (fd < 0)
        return fd;
    int err = path_check_null(fd);
    if (err == 0)
        err = detached_change(init, fd, &readonly, false);
    if (err == 0)
        return init_fill(init, step->makes, fd);
    sys_close(fd);
    return err;
}

/* Opens the path in the container, or in one of its mounts. Returns -ENOENT if it does not
 * exist, -ESTALE if it is a dangling symbolic link. */
static int open_existing(int root, const char *path, struct statx *ret_status)
{
    INIT_FD fd = path_open(root, path, O_PATH | O_NOFOLLOW, 0);
    int err = fd < 0 ? fd : path_status(fd, ret_status);
    if (err == 0 && S_ISLNK(ret_status->stx_mode)) {
        init_close(&fd);
        fd = path_open(root, path, O_PATH, 0);
        err = fd == -ENOENT ? -ESTALE : fd < 0 ? fd : path_status(fd, ret_status);
    }
    return err == -ENOTDIR ? -ENOENT : err < 0 ? err : init_take(&fd);
}

/* Attaches the mount itself to the first path, because kernels before 6.15 clone only attached
 * mounts, and closing a mount that was never attached costs a grace period. */
static int cover(struct init *init, int mask, bool *attached, int target)
{
    if (!*attached) {
        const int err = detached_attach(init, mask, target);
        *attached = err == 0;
        return err;
    }
    INIT_FD clone = detached_clone(init, mask, "", AT_EMPTY_PATH);
    return clone < 0 ? clone : detached_attach(init, clone, target);
}

int init_mask_path(struct init *init, const struct plan_step *step)
{
    const int root = init->slot[step->mask_path.root];
    struct statx status;
    INIT_FD target = open_existing(root, init_text(init, step->mask_path.below), &status);
    if (target < 0)
        return target == -ENOENT ? 0 : target == -ESTALE ? -ENOENT : target;
    const int is_root = init_holds(init, step->mask_path.root, &status);
    if (is_root < 0)
        return is_root;
    if (is_root)
        return -EINVAL; /* a mount there hides nothing from a process that is already inside */
    if (S_ISDIR(status.stx_mode))
        return cover(init, init->slot[PLAN_SLOT_EMPTY], &init->empty_attached, target);
    return cover(init, init->slot[PLAN_SLOT_NULL], &init->null_attached, target);
}

int init_protect_path(struct init *init, const struct plan_step *step)
{
    const struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};
    const int root = init->slot[step->protect_path.root];
    struct statx status;
    INIT_FD target = open_existing(root, init_text(init, step->protect_path.below), &status);
    if (target < 0)
        return target == -ENOENT || target == -ESTALE ? 0 : target;
    const int is_root = init_holds(init, step->protect_path.root, &status);
    if (is_root < 0)
        return is_root;
    if (is_root)
        return detached_change(init, root, &readonly, true);
    INIT_FD clone = detached_clone(init, target, "", AT_EMPTY_PATH | AT_RECURSIVE);
    if (clone < 0)
        return clone;
    const int err = detached_change(init, clone, &readonly, true);
    return err < 0 ? err : detached_attach(init, clone, target);
}
