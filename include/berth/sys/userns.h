/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces without processes, which hold the mappings of idmapped mounts. */
#pragma once

/* Creates a user namespace with these mappings, lines "INSIDE OUTSIDE COUNT". Returns a descriptor
 * or a negative errno. */
int sys_user_namespace_make(const char *uid_map, const char *gid_map);

/* Creates a user namespace with the mappings of the user namespace file `path`. Returns a
 * descriptor or a negative errno. */
int sys_user_namespace_copy(const char *path);
