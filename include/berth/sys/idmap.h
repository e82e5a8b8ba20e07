/* SPDX-License-Identifier: Apache-2.0 */
/* user_namespaces(7): the id maps of a process. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Writes `map` (lines "INSIDE OUTSIDE COUNT") to /proc/PID/uid_map or, with `groups`, gid_map.
 * Returns 0 or a negative errno. */
int sys_idmap_write(pid_t pid, bool groups, const char *map);

/* What `id` of the process's user namespace is in the caller's. Returns 0 or a negative errno:
 * -EINVAL when it is none. */
int sys_idmap_find(pid_t pid, bool groups, uint32_t id, uint32_t *ret_outside);

/* Writes "deny" to /proc/PID/setgroups, as the kernel demands before an ordinary user maps a group.
 * Returns 0 or a negative errno. */
int sys_idmap_deny_setgroups(pid_t pid);
