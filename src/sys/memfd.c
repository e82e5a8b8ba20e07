/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/mount.h"
#include "berth/sys/probe.h"

/* Since Linux 6.3. Older kernels reject them, and every memfd is executable there. */
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

/* Directories to try for unnamed files where memfd_create(2) is refused. */
static const char *const directories[] = {"/dev/shm", "/run", "/tmp", "/var/tmp"};

static int make_unnamed(const char *dir)
{
    char path[PATH_MAX];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0500);

    if (fd >= 0)
        return fd;
    snprintf(path, sizeof(path), "%s/.berth-XXXXXX", dir);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    unlink(path);
    if (fchmod(fd, 0500) == 0)
        return fd;
    close(fd);
    return -EACCES;
}

/* Opens a writable unnamed file. */
static int open_unnamed(bool executable)
{
    const char *own = getenv("XDG_RUNTIME_DIR");
    int result = -ENOENT;

    for (size_t i = 0; i <= COUNT(directories); i++) {
        const char *dir = i == 0 ? own : directories[i - 1];
        struct statvfs system;

        if (dir == NULL || statvfs(dir, &system) < 0 ||
            (executable && (system.f_flag & ST_NOEXEC) != 0))
            continue;
        result = make_unnamed(dir);
        if (result >= 0)
            return result;
    }
    return result;
}

/* Reopens the file read-only: a file open for writing cannot be executed. */
static int reopen(int fd)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int copy = open(path, O_RDONLY | O_CLOEXEC);
    return copy < 0 ? -errno : copy;
}

/* Creates an unnamed file. No other process has a path or a writable descriptor to change it. */
static int unnamed(const void *bytes, size_t size, bool executable)
{
    AUTO_FD fd = open_unnamed(executable);

    if (fd < 0)
        return fd;
    TRY(fd_write_all(fd, bytes, size));
    return reopen(fd);
}

int sys_memfd_sealed(const char *name, const void *bytes, size_t size, bool executable)
{
    AUTO_FD fd = create(name, executable);

    if (sys_is_refusal(fd))
        return unnamed(bytes, size, executable);
    if (fd < 0)
        return fd;
    /* pwrite keeps the file offset at 0. */
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
    int fd = create(name, false);

    return sys_is_refusal(fd) ? open_unnamed(false) : fd;
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

int sys_open_image(const char *name, const void *bytes, size_t size, const char *path)
{
    AUTO_FD fd = sys_memfd_sealed(name, bytes, size, true);

    if (fd == -EACCES)
        fd = sys_open_program(path);
    return fd == -ENOENT ? unnamed(bytes, size, true) : fd_take(&fd);
}
