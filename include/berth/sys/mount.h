/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts on the host's tree. */
#pragma once

#include <stdbool.h>

/* open_tree(2): a detached clone of the mount at `path`, with its submounts if `recursive`. Returns a descriptor
 * (close-on-exec) or a negative errno. */
int sys_open_tree(const char *path, bool recursive);
