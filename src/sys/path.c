/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "berth/base/fd.h"

int sys_open_in_root(const char *root, const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    struct stat info;

    AUTO_FD dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    AUTO_FD fd = (int) syscall(SYS_openat2, dir, path, &how, sizeof(how));
    if (fd < 0 || fstat(fd, &info) < 0)
        return -errno;
    return S_ISREG(info.st_mode) ? fd_take(&fd) : -EINVAL;
}
