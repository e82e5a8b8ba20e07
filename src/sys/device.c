/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/sys/mount.h"

#define NODE "node"

static int make_node(int dir, const void *what)
{
    const struct sys_device *device = what;

    umask(0);
    if (mknodat(dir, NODE, device->mode, device->device) < 0 ||
        fchownat(dir, NODE, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return 0;
}

/* The tmpfs belongs to the initial user namespace, so its device nodes can be opened in other user
 * namespaces too. */
int sys_device_make(const struct sys_device *device)
{
    const struct sys_mount_maker maker = {
        .file_system = {.type = "tmpfs",
                        .source = "device",
                        .options = device->options,
                        .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC},
        .fill = make_node,
        .what = device,
        .name = NODE,
    };

    return sys_mount_apart(&maker);
}
