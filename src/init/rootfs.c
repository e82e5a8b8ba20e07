/* SPDX-License-Identifier: Apache-2.0 */
/* The container's root file system: its mount, and the change into it. */
#include "init.h"
#include "path.h"

int init_set_propagation(struct init *init, const struct plan_step *step)
{
    (void) init;
    return sys_mount(NULL, "/", NULL, (unsigned long) step->set_propagation.propagation, NULL);
}

/* Clones the directory with everything below it, and mounts the clone on the directory. */
static int cover_by_itself(struct init *init, int dir)
{
    const int tree = detached_clone(init, dir, "", AT_EMPTY_PATH | AT_RECURSIVE);
    if (tree < 0)
        return tree;
    const int err = detached_attach(init, tree, dir);
    if (err == 0)
        return tree;
    sys_close(tree);
    return err;
}

int init_open_root(struct init *init, const struct plan_step *step)
{
    const int dir = sys_openat(AT_FDCWD, init_text(init, step->open_root.path),
                               O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (dir < 0 || !step->open_root.bind)
        return init_fill(init, step->makes, dir);
    const int root = cover_by_itself(init, dir);
    sys_close(dir);
    return init_fill(init, step->makes, root);
}

/* pivot_root puts the old root on top of the new one, where umount2(2) of "." detaches it.
 * Before that it becomes a slave, so that unmounting does not propagate to the host. */
static int pivot(struct init *init)
{
    const struct mount_attr slave = {.propagation = MS_SLAVE};
    INIT_FD old = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (old < 0)
        return old;
    int err = sys_pivot_root(".", ".");
    if (err == 0)
        err = detached_change(init, old, &slave, true);
    if (err == 0)
        err = sys_umount(".", SYS_MNT_DETACH);
    return err;
}

static int move_over(struct init *init, int root)
{
    INIT_FD top = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

    return top < 0 ? top : detached_attach(init, root, top);
}

#define LAYERS_MAX 64

/* Is the directory the root of a procfs or sysfs? Not if it is gone or not a directory. */
static int is_of_kernel(const char *path, bool *ret_is)
{
    struct sys_statfs system;
    struct statx status;
    INIT_FD fd = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

    *ret_is = false;
    if (fd == -ENOENT || fd == -ENOTDIR)
        return 0;
    int err = fd < 0 ? fd : sys_fstatfs(fd, &system);
    if (err == 0)
        err = path_status(fd, &status);
    if (err == 0)
        *ret_is = (system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC) &&
                  ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 ||
                   /* before Linux 5.8 */
                   (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0);
    return err;
}

int init_hide_mount(struct init *init, const struct plan_step *step)
{
    const char *path = init_text(init, step->hide_mount.path);
    bool is_there = true;

    for (int i = 0; i < LAYERS_MAX; i++) {
        int err = is_of_kernel(path, &is_there);
        if (err < 0 || !is_there)
            return err;
        err = sys_umount(path, SYS_MNT_DETACH | SYS_UMOUNT_NOFOLLOW);
        if (err == -EINVAL || err == -EPERM) /* mount inherited from a more privileged namespace */
            err = sys_mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
                            "size=0,nr_inodes=1");
        if (err < 0)
            return err;
    }
    return -ELOOP;
}

int init_pivot_root(struct init *init, const struct plan_step *step)
{
    const int root = init->slot[PLAN_SLOT_ROOT];
    int err = sys_fchdir(root);
    if (err < 0)
        return err;
    init->looked_at = -1; /* from now on another /proc, or none, shows the mount IDs (status.c) */
    switch (step->pivot_root.how) {
    case PLAN_ROOT_PIVOT:
        err = pivot(init);
        break;
    case PLAN_ROOT_MOVE:
        return move_over(init, root);
    case PLAN_ROOT_CHROOT:
        err = sys_chroot(".");
        break;
    default:
        err = -EINVAL;
    }
    return err < 0 ? err : sys_chdir("/");
}
