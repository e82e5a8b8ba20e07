/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces that nobody lives in: they hold the mappings of id-mapped mounts. */
#pragma once

/* Makes one; `uid_map` and `gid_map` are lines "INSIDE OUTSIDE COUNT". Returns a descriptor or a
 * negative errno. */
int sys_user_namespace_make(const char *uid_map, const char *gid_map);

/* Makes one with the mappings of the user namespace `path`. Returns a descriptor or a negative
 * errno. */
int sys_user_namespace_copy(const char *path);
