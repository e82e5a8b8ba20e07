/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces standard streams that are the caller's /dev/null with the container's. Through the file
 * descriptor, root in the container could change the mode, the owner and the times of the host's
 * own node.
 */
#include "init.h"
#include "path.h"

#define NULL_PATH "/dev/null"
#define NULL_DEVICE 0x103U /* makedev(1, 3) */
#define KEPT_FLAGS (O_ACCMODE | O_APPEND | O_NONBLOCK)

/* The container may have put anything there; opening it must not block the init. */
static int open_containers(unsigned flags)
{
    INIT_FD look = path_open(AT_FDCWD, NULL_PATH, O_PATH | O_NOFOLLOW, 0);
    int err = look < 0 ? look : path_check_null(look);
    if (err < 0)
        return err;
    INIT_FD fd = path_open(AT_FDCWD, NULL_PATH, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
    err = fd < 0 ? fd : path_check_null(fd);
    return err < 0 ? err : init_take(&fd);
}

/* Opens a node on a detached tmpfs, for a container without a usable /dev/null. */
static int open_own(unsigned flags)
{
    INIT_FD context = sys_fsopen("tmpfs", FSOPEN_CLOEXEC);
    int err = context < 0 ? context : sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (err < 0)
        return err;
    INIT_FD dir = sys_fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    err = dir < 0 ? dir : sys_mknodat(dir, "null", S_IFCHR | 0666, NULL_DEVICE);
    return err < 0 ? err : path_open_below(dir, "null", flags | O_NOFOLLOW);
}

static int reopen(int stream, unsigned flags)
{
    INIT_FD fd = open_containers(flags & O_ACCMODE);
    if (fd < 0) {
        INIT_FD own = open_own(flags & O_ACCMODE);
        if (own < 0)
            return fd;
        fd = init_take(&own);
    }
    int err = sys_fcntl(fd, F_SETFL, flags & KEPT_FLAGS);
    if (err == 0)
        err = sys_dup3(fd, stream, 0);
    return err < 0 ? err : 0;
}

int init_reopen_null(struct init *init, const struct plan_step *step)
{
    (void) init, (void) step;
    for (int stream = SYS_STDIN; stream <= SYS_STDERR; stream++) {
        const int flags = sys_fcntl(stream, F_GETFL, 0);
        if (flags == -EBADF)
            continue;
        int err = flags < 0 ? flags : path_check_null(stream);
        if (err == -ENODEV)
            continue;
        if (err == 0)
            err = reopen(stream, (unsigned) flags);
        if (err < 0)
            return err;
    }
    return 0;
}
