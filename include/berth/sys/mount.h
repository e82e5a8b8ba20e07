/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts on the host's tree. */
#pragma once

#include <stdbool.h>

/* open_tree(2): a detached clone of the mount at `path`, with its submounts if `recursive`; a symbolic link itself unless it
 * `follows` it. Returns a descriptor
 * (close-on-exec) or a negative errno. */
int sys_open_tree(const char *path, bool recursive, bool follows);

/* mount_setattr(2) with MOUNT_ATTR_IDMAP: maps the ids of a detached mount, with its submounts if `recursive`, as the user
 * namespace does. Returns 0 or a negative errno. */
int sys_mount_map(int mount, int user_namespace, bool recursive);
