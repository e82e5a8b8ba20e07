/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unmounts mounts of an existing container by file descriptor, because a path may lead elsewhere by
 * now. umount2(2) does not accept one, but "." works if the mount's root is the working directory.
 * If it cannot be, as for a file, the working directory is the one that holds the mount point:
 * while something is mounted there, nobody in the mount namespace can rename the mount point or put
 * something else there.
 */
#include "init.h"
#include "path.h"

struct init_mounted {
    struct init_mounted *before;
    int mount; /* root of the mount */
    /* directory that holds its mount point; -1: the mount's root can be the working directory */
    int dir;
    char name[SYS_NAME_MAX + 1]; /* name of the mount point in that directory */
};

static int unmount_by_name(int mount, int dir, const char *name)
{
    INIT_FD there = path_open_below(dir, name, O_PATH | O_NOFOLLOW);
    if (there < 0)
        return there;
    if (!path_is_same(there, mount))
        return -ESTALE;
    const int err = sys_fchdir(dir);
    return err < 0 ? err : sys_umount(name, SYS_MNT_DETACH | SYS_UMOUNT_NOFOLLOW);
}

static int unmount(int mount, int dir, const char *name)
{
    const int err = sys_fchdir(mount);
    if (err == 0)
        return sys_umount(".", SYS_MNT_DETACH);
    return dir < 0 ? err : unmount_by_name(mount, dir, name);
}

/* --- undo after a failure --------------------------------------------------------------------- */

/* Finds the directory that holds PLAN_SLOT_TARGET, and its name there. */
static int find_place(const struct init *init, struct init_mounted *note, const char *path)
{
    note->dir = path_open_holder(init->slot[PLAN_SLOT_ROOT], path, note->name);
    if (note->dir < 0)
        return note->dir;
    INIT_FD there = path_open_below(note->dir, note->name, O_PATH | O_NOFOLLOW);
    if (there >= 0 && path_is_same(there, init->slot[PLAN_SLOT_TARGET]))
        return 0;
    init_close(&note->dir);
    return -ESTALE;
}

int init_note_mount(struct init *init, int mount, const char *path)
{
    const int covers_root = init_covers_root(init);
    if (covers_root != 0)
        return covers_root < 0 ? covers_root : -EBUSY;
    struct init_mounted *note = init_allocate(sizeof(*note));
    if (note == NULL)
        return -ENOMEM;
    note->dir = -1;
    const int err = sys_fchdir(mount) == 0 ? 0 : find_place(init, note, path);
    if (err < 0)
        return err;
    note->mount = sys_fcntl(mount, F_DUPFD_CLOEXEC, 0);
    if (note->mount < 0) {
        init_close(&note->dir);
        return note->mount;
    }
    note->before = init->mounted;
    init->mounted = note;
    return 0;
}

void init_forget_mount(struct init *init)
{
    struct init_mounted *note = init->mounted;

    init->mounted = note->before;
    init_close(&note->mount);
    init_close(&note->dir);
}

void init_undo(struct init *init)
{
    while (init->mounted != NULL) {
        unmount(init->mounted->mount, init->mounted->dir, init->mounted->name);
        init_forget_mount(init);
    }
}

void init_give_up(struct init *init)
{
    init_undo(init);
    sys_exit(1);
}

/* --- mounts remove ---------------------------------------------------------------------------- */

int init_find_mount(struct init *init, const struct plan_step *step)
{
    struct statx status;
    const int root = init->slot[PLAN_SLOT_ROOT];
    INIT_FD fd =
        path_open(root, init_text(init, step->find_mount.path), O_PATH, RESOLVE_NO_SYMLINKS);
    if (fd < 0)
        return fd;
    const int err = path_status(fd, &status);
    if (err < 0)
        return err;
    if (path_is_same(fd, root))
        return -EBUSY;
    if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0)
        return -EINVAL;
    return init_fill(init, step->makes, init_take(&fd));
}

int init_unmount(struct init *init, const struct plan_step *step)
{
    char name[SYS_NAME_MAX + 1];
    const int mount = init->slot[PLAN_SLOT_TARGET];
    INIT_FD dir =
        path_open_holder(init->slot[PLAN_SLOT_ROOT], init_text(init, step->unmount.path), name);
    const int err = unmount(mount, dir, name);
    init_empty(init, PLAN_SLOT_TARGET);
    return err;
}

int init_finish(struct init *init, const struct plan_step *step)
{
    (void) step;
    if (init_send(init, 0, -1) < 0)
        init_give_up(init);
    sys_exit(0);
}
