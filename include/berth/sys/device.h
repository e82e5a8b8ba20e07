/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes that are in no directory: for mount namespaces in which nobody may call mknod(2). */
#pragma once

#include <sys/types.h>

struct sys_device {
    mode_t mode; /* file type and permissions, as for mknod(2) */
    dev_t device;
    uid_t uid;
    gid_t gid;
    const char *options; /* of the tmpfs that holds the node: "a=b,c=d" */
};

/* Creates a device node and returns a detached mount of it (close-on-exec) or a negative errno. The
 * node is destroyed with the mount. Needs CAP_MKNOD and CAP_SYS_ADMIN in the initial user
 * namespace. */
int sys_device_make(const struct sys_device *device);
