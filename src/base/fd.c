/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void fd_close(int *fd)
{
    int number = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = number;
}

int fd_write_all(int fd, const void *bytes, size_t size)
{
    const char *next = bytes;

    while (size > 0) {
        ssize_t written = write(fd, next, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        next += written;
        size -= (size_t) written;
    }
    return 0;
}

ssize_t fd_read_all(int fd, void *bytes, size_t size)
{
    char *next = bytes;
    size_t left = size;

    while (left > 0) {
        ssize_t count = read(fd, next, left);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        if (count == 0)
            break;
        next += count;
        left -= (size_t) count;
    }
    return (ssize_t) (size - left);
}

int fd_fill_standard(bool swallows_output)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        int mode = fd == STDOUT_FILENO && !swallows_output ? O_RDONLY : O_RDWR;

        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode) < 0)
            return -errno;
    }
    return 0;
}
