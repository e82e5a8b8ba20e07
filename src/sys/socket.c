/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"

/* Control buffer for one descriptor, aligned as CMSG_FIRSTHDR requires. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int sys_socket_pair(int *ret_near, int *ret_far)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    *ret_near = pair[0];
    *ret_far = pair[1];
    return 0;
}

int sys_socket_bind(int dir, const char *name, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    /* A path through /proc always fits into the short sun_path. */
    if (snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir, name) >=
        (int) sizeof(address.sun_path))
        return -ENAMETOOLONG;
    AUTO_FD fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
        return -errno;
    if (type == SOCK_SEQPACKET && listen(fd, 1) < 0)
        return -errno;
    return fd_take(&fd);
}

/* An abstract name starts with a NUL, and the address length delimits it (unix(7)). */
static int connect_abstract(int fd, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);

    if (length > sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, name, length);
    address.sun_path[0] = '\0';
    socklen_t size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length);
    return connect(fd, (struct sockaddr *) &address, size) < 0 ? -errno : 0;
}

static int connect_file(int fd, int dir, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    AUTO_FD place = openat(dir, path, O_PATH | O_CLOEXEC);
    if (place < 0)
        return -errno;
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", place);
    return connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0 ? -errno : 0;
}

static int connect_to(int fd, int dir, const char *path)
{
    return path[0] == '@' ? connect_abstract(fd, path) : connect_file(fd, dir, path);
}

int sys_socket_connect(int dir, const char *path, int type)
{
    AUTO_FD fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    TRY(connect_to(fd, dir, path));
    return fd_take(&fd);
}

int sys_socket_connect_within(const char *path, int type, int timeout_ms)
{
    struct timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000L};
    AUTO_FD fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
        return -errno;
    TRY(connect_to(fd, AT_FDCWD, path));
    return fd_take(&fd);
}

int sys_socket_send(int fd, const void *bytes, size_t size, int passed)
{
    union control control = {0};
    struct iovec part = {.iov_base = (void *) bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (passed >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &passed, sizeof(int));
    }
    do {
        ssize_t count = sendmsg(fd, &message, MSG_NOSIGNAL);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        part.iov_base = (char *) part.iov_base + count;
        part.iov_len -= (size_t) count;
        message.msg_control = NULL;
        message.msg_controllen = 0;
    } while (part.iov_len > 0);
    return 0;
}

ssize_t sys_socket_receive(int fd, void *bytes, size_t size, int *ret_passed)
{
    union control control = {0};
    struct iovec part = {.iov_base = bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    ssize_t count;

    do {
        count = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return -errno;
    *ret_passed = -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(ret_passed, CMSG_DATA(header), sizeof(int));
    if (message.msg_flags & MSG_TRUNC) {
        fd_close(ret_passed);
        return -EBADMSG;
    }
    return count;
}
