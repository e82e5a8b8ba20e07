/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/idmap.h"
#include "berth/sys/socket.h"

/* the kernel's limit of 340 lines, three numbers each (user_namespaces(7)) */
#define MAP_SIZE (340 * 33 + 1)

/* A child that keeps a user namespace alive while its /proc files are needed. */
struct userns_holder {
    pid_t pid;
    int socket; /* the child exits when this is closed */
};

/* Enters the user namespace, or a new one if it is -1, reports the errno and waits until the socket
 * is closed. */
static _Noreturn void hold_user_namespace(int user_namespace, int socket)
{
    int result = user_namespace < 0 ? unshare(CLONE_NEWUSER) : setns(user_namespace, CLONE_NEWUSER);
    int number = result < 0 ? errno : 0;
    char byte;

    if (write(socket, &number, sizeof(number)) == sizeof(number) && number == 0)
        while (read(socket, &byte, 1) < 0 && errno == EINTR)
            continue;
    _exit(0);
}

static void userns_holder_end(struct userns_holder *holder)
{
    fd_close(&holder->socket);
    while (holder->pid > 0 && waitpid(holder->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

#define AUTO_USERNS_HOLDER __attribute__((cleanup(userns_holder_end))) struct userns_holder

static int userns_holder_start(int user_namespace, struct userns_holder *ret_holder)
{
    AUTO_FD far = -1;
    int number = EPROTO;

    TRY(sys_socket_pair(&ret_holder->socket, &far));
    ret_holder->pid = fork();
    if (ret_holder->pid < 0)
        return -errno;
    if (ret_holder->pid == 0) {
        close(ret_holder->socket);
        hold_user_namespace(user_namespace, far);
    }
    fd_close(&far);
    if (fd_read_all(ret_holder->socket, &number, sizeof(number)) != sizeof(number))
        return -EPROTO;
    return -number;
}

int sys_user_namespace_make(const char *uid_map, const char *gid_map)
{
    AUTO_USERNS_HOLDER holder = {-1, -1};

    TRY(userns_holder_start(-1, &holder));
    TRY(sys_idmap_write(holder.pid, false, uid_map));
    TRY(sys_idmap_write(holder.pid, true, gid_map));
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/ns/user", holder.pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* The kernel pads the columns when it prints a map, but accepts less than a page: squeeze the
 * blanks. */
static void squeeze_blanks(char *map)
{
    char *to = map;

    for (const char *from = map; *from != '\0'; from++)
        if (*from != ' ' || (to > map && to[-1] != ' ' && to[-1] != '\n'))
            *to++ = *from;
    *to = '\0';
}

static int read_map(pid_t pid, bool groups, char map[static MAP_SIZE])
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", pid, groups ? "gid_map" : "uid_map");
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t size = fd_read_all(fd, map, MAP_SIZE - 1);
    if (size < 0)
        return (int) size;
    map[size] = '\0';
    squeeze_blanks(map);
    return 0;
}

int sys_user_namespace_copy(const char *path)
{
    AUTO_USERNS_HOLDER holder = {-1, -1};
    char uid_map[MAP_SIZE];
    char gid_map[MAP_SIZE];

    AUTO_FD user_namespace = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (user_namespace < 0)
        return -errno;
    TRY(userns_holder_start(user_namespace, &holder));
    TRY(read_map(holder.pid, false, uid_map));
    TRY(read_map(holder.pid, true, gid_map));
    return sys_user_namespace_make(uid_map, gid_map);
}
