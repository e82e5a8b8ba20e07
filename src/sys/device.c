/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/device.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/mount.h"
#include "berth/sys/socket.h"

#define NODE "node"

/* Before Linux 6.15 only what is mounted somewhere can be cloned: here that is a mount namespace
 * which ends with the process. The file system is of the initial user namespace, whose devices can
 * be opened in others, too. */
static int make_and_clone(const struct sys_device *device)
{
    const struct sys_file_system file_system = {
        .type = "tmpfs",
        .source = "device",
        .options = device->options,
        .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
    };

    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE, NULL) < 0)
        return -errno;
    AUTO_FD dir = sys_make_file_system(&file_system);
    if (dir < 0)
        return dir;
    if (syscall(SYS_move_mount, dir, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
        return -errno;
    umask(0);
    if (mknodat(dir, NODE, device->mode, device->device) < 0 ||
        fchownat(dir, NODE, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    int mount = (int) syscall(SYS_open_tree, dir, NODE,
                              OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    return mount < 0 ? -errno : mount;
}

static _Noreturn void make_for(const struct sys_device *device, int socket)
{
    int mount = make_and_clone(device);
    int number = mount < 0 ? -mount : 0;

    sys_socket_send(socket, &number, sizeof(number), mount < 0 ? -1 : mount);
    _exit(0);
}

static int receive(int socket)
{
    int number = 0;
    AUTO_FD mount = -1;
    ssize_t size = sys_socket_receive(socket, &number, sizeof(number), &mount);

    if (size < 0)
        return (int) size;
    if (size != sizeof(number))
        return -EPROTO;
    if (number != 0)
        return -number;
    return mount < 0 ? -EPROTO : fd_take(&mount);
}

int sys_device_make(const struct sys_device *device)
{
    AUTO_FD near = -1;
    AUTO_FD far = -1;

    TRY(sys_socket_pair(&near, &far));
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        make_for(device, far);
    fd_close(&far);
    int mount = receive(near);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return mount;
}
