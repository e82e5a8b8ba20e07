/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/mount.h"

/* Since Linux 6.3; unknown before, where a memfd can always be executed. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#define MFD_EXEC 16U
#endif

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int create(const char *name, bool executable)
{
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create(name, flags | (executable ? MFD_EXEC : MFD_NOEXEC_SEAL));

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create(name, flags);
    return fd < 0 ? -errno : fd;
}

int sys_memfd_sealed(const char *name, const void *bytes, size_t size, bool executable)
{
    AUTO_FD fd = create(name, executable);

    if (fd < 0)
        return fd;
    /* pwrite leaves the offset at the start, for readers. */
    ssize_t written = pwrite(fd, bytes, size, 0);
    if (written < 0)
        return -errno;
    if ((size_t) written != size)
        return -EIO;
    if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
        return -errno;
    return fd_take(&fd);
}

int sys_memfd_empty(const char *name)
{
    return create(name, false);
}

int sys_open_program(const char *path)
{
    struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};
    AUTO_FD tree = sys_open_tree(path, false, true);

    if (tree >= 0 &&
        syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &readonly, sizeof(readonly)) == 0)
        return fd_take(&tree);
    int fd = open(path, O_PATH | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}
