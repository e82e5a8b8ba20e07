/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes that lie in no directory: for mount namespaces in which nobody may make them. */
#pragma once

#include <sys/types.h>

struct sys_device {
    mode_t mode; /* with the type */
    dev_t device;
    uid_t uid;
    gid_t gid;
    const char *options; /* of the tmpfs that it is made on: "a=b,c=d" */
};

/* Makes the node and a detached mount of it alone, which needs CAP_MKNOD and CAP_SYS_ADMIN outside
 * any user namespace. When that goes, the node does. Returns a descriptor of the mount
 * (close-on-exec) or a negative errno. */
int sys_device_make(const struct sys_device *device);
