/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

int sys_mount_map(int mount, int user_namespace, bool recursive)
{
    struct mount_attr attributes = {
        .attr_set = MOUNT_ATTR_IDMAP,
        .userns_fd = (unsigned) user_namespace,
    };
    unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

    return syscall(SYS_mount_setattr, mount, "", flags, &attributes, sizeof(attributes)) < 0
               ? -errno
               : 0;
}

int sys_mount_enslave(int mount)
{
    struct mount_attr attributes = {.propagation = MS_SLAVE};
    unsigned flags = AT_EMPTY_PATH | AT_RECURSIVE;

    return syscall(SYS_mount_setattr, mount, "", flags, &attributes, sizeof(attributes)) < 0
               ? -errno
               : 0;
}

int sys_copy_mounts(int pidfd)
{
    if (setns(pidfd, CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return -errno;
    return 0;
}

int sys_open_tree(const char *path, bool recursive, bool follows)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0) |
                     (follows ? 0 : AT_SYMLINK_NOFOLLOW);
    int fd = (int) syscall(SYS_open_tree, AT_FDCWD, path, flags);

    return fd < 0 ? -errno : fd;
}
