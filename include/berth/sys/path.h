/* SPDX-License-Identifier: Apache-2.0 */
/* Paths on a container's tree, seen from the host. */
#pragma once

/* Opens the regular file `path` below the directory `root` for reading, as if that were "/": openat2(2) with
 * RESOLVE_IN_ROOT. Returns a descriptor or a negative errno; -EINVAL when it is no regular file. */
int sys_open_in_root(const char *root, const char *path);
