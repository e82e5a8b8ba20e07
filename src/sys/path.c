/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "berth/base/fd.h"

int sys_open_regular(int dir, const char *path)
{
    char own[64];
    struct stat info;

    AUTO_FD place = openat(dir, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0 || fstat(place, &info) < 0)
        return -errno;
    if (!S_ISREG(info.st_mode))
        return -EINVAL;
    snprintf(own, sizeof(own), "/proc/self/fd/%d", place);
    int fd = open(own, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Opens the directory `name` in `dir`; creates it if it does not exist. */
static int descend(int dir, const char *name)
{
    int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(dir, name, flags);

    if (fd < 0 && errno == ENOENT) {
        if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
            return -errno;
        fd = openat(dir, name, flags);
    }
    return fd < 0 ? -errno : fd;
}

static int make_file(int dir, const char *name)
{
    struct stat info;

    if (fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0)
        return S_ISDIR(info.st_mode) ? -EISDIR : S_ISLNK(info.st_mode) ? -ELOOP : 0;
    AUTO_FD fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
    return fd < 0 ? -errno : 0;
}

int sys_make_below(int root, const char *path, int file)
{
    AUTO_FD dir = fcntl(root, F_DUPFD_CLOEXEC, 0);
    char name[NAME_MAX + 1];

    if (dir < 0)
        return -errno;
    for (path += strspn(path, "/"); dir >= 0 && *path != '\0'; path += strspn(path, "/")) {
        size_t length = strcspn(path, "/");

        if (length > NAME_MAX)
            return -ENAMETOOLONG;
        memcpy(name, path, length);
        name[length] = '\0';
        path += length;
        if (file && path[strspn(path, "/")] == '\0')
            return make_file(dir, name);
        int below = descend(dir, name);
        fd_close(&dir);
        dir = below;
    }
    return dir < 0 ? dir : 0;
}
