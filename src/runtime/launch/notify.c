/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/process.h"
#include "berth/sys/socket.h"
#include "state/state.h"

#define SOCKET_NAME "notify.sock"
#define CALLER_TIMEOUT_MS 10000 /* for a caller that does not read */

static int make_socket(int state_dir)
{
    if (mkdirat(state_dir, STATE_NOTIFY_DIR, 0755) < 0 && errno != EEXIST)
        return -errno;
    AUTO_FD dir = openat(state_dir, STATE_NOTIFY_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    /* Set the mode in spite of the umask: any user of the container may write to the socket. */
    if (fchmod(dir, 0755) < 0)
        return -errno;
    if (unlinkat(dir, SOCKET_NAME, 0) < 0 && errno != ENOENT)
        return -errno;
    AUTO_FD socket = sys_socket_bind(dir, SOCKET_NAME, SOCK_DGRAM);
    if (socket < 0)
        return socket;
    if (fchmodat(dir, SOCKET_NAME, 0777, 0) < 0)
        return -errno;
    return fd_take(&socket);
}

int notify_open(int state_dir, int *ret_socket, struct error *error)
{
    int socket = make_socket(state_dir);

    if (socket < 0)
        return error_errno(error, -socket, "make a socket for NOTIFY_SOCKET");
    *ret_socket = socket;
    return 0;
}

static bool says_ready(char *message)
{
    char *rest = message;
    char *line;

    while ((line = strsep(&rest, "\n")) != NULL)
        if (strcmp(line, "READY=1") == 0)
            return true;
    return false;
}

static void tell_caller(pid_t pid)
{
    char words[64];
    AUTO_FD socket =
        sys_socket_connect_within(getenv("NOTIFY_SOCKET"), SOCK_DGRAM, CALLER_TIMEOUT_MS);

    if (socket < 0)
        return;
    snprintf(words, sizeof(words), "READY=1\nMAINPID=%d\n", pid);
    sys_socket_send(socket, words, strlen(words), -1);
}

bool notify_forward(int socket, pid_t pid)
{
    char message[4096];
    ssize_t size = recv(socket, message, sizeof(message) - 1, MSG_DONTWAIT);

    if (size <= 0)
        return false;
    message[size] = '\0';
    if (!says_ready(message))
        return false;
    tell_caller(pid);
    return true;
}

void notify_wait(int socket, int pidfd, pid_t pid)
{
    struct pollfd fds[] = {{.fd = socket, .events = POLLIN},
                           {.fd = sys_pidfd_pollable(pidfd), .events = POLLIN}};

    const int wait_ms = sys_pidfd_poll_ms(pidfd);

    for (;;) {
        int count = poll(fds, 2, wait_ms);

        if (count < 0 && errno != EINTR)
            return;
        /* A container that has ended may have been ready before. */
        if (fds[0].revents != 0 && notify_forward(socket, pid))
            return;
        if (fds[0].revents == 0 && sys_pidfd_wait(pidfd, 0) == 0)
            return;
    }
}
