/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "berth/base/fd.h"

int sys_open_regular(const char *path)
{
    char own[64];
    struct stat info;

    AUTO_FD place = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0 || fstat(place, &info) < 0)
        return -errno;
    if (!S_ISREG(info.st_mode))
        return -EINVAL;
    snprintf(own, sizeof(own), "/proc/self/fd/%d", place);
    int fd = open(own, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}
