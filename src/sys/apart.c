/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/mount.h"
#include "berth/sys/socket.h"

static int make_and_clone(const struct sys_mount_maker *maker)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE, NULL) < 0)
        return -errno;
    AUTO_FD dir = sys_make_file_system(&maker->file_system);
    if (dir < 0)
        return dir;
    if (syscall(SYS_move_mount, dir, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return -errno;
    TRY(maker->fill(dir, maker->what));
    int clone = (int) syscall(SYS_open_tree, dir, maker->name,
                              OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW |
                                  AT_EMPTY_PATH | AT_RECURSIVE);
    return clone < 0 ? -errno : clone;
}

static _Noreturn void make_for(const struct sys_mount_maker *maker, int socket)
{
    int clone = make_and_clone(maker);
    int number = clone < 0 ? -clone : 0;

    sys_socket_send(socket, &number, sizeof(number), clone < 0 ? -1 : clone);
    _exit(0);
}

static int receive(int socket)
{
    int number = 0;
    AUTO_FD clone = -1;
    ssize_t size = sys_socket_receive(socket, &number, sizeof(number), &clone);

    if (size < 0)
        return (int) size;
    if (size != sizeof(number))
        return -EPROTO;
    if (number != 0)
        return -number;
    return clone < 0 ? -EPROTO : fd_take(&clone);
}

int sys_mount_apart(const struct sys_mount_maker *maker)
{
    AUTO_FD near = -1;
    AUTO_FD far = -1;

    TRY(sys_socket_pair(&near, &far));
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        make_for(maker, far);
    fd_close(&far);
    int clone = receive(near);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return clone;
}
