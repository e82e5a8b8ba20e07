/* SPDX-License-Identifier: Apache-2.0 */
/* The UID and GID maps of a process (user_namespaces(7)). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Writes `map`, lines "INSIDE OUTSIDE COUNT", to /proc/PID/uid_map or, if `groups` is set, to
 * /proc/PID/gid_map. Returns 0 or a negative errno. */
int sys_idmap_write(pid_t pid, bool groups, const char *map);

struct sys_id_range {
    uint64_t inside, outside, count;
};

/* Parses a line "INSIDE OUTSIDE COUNT" of a map. Returns false if it is malformed. */
bool sys_idmap_parse(const char *line, struct sys_id_range *ret_range);

/* Translates `id` from the process's user namespace to the caller's. Returns 0 or a negative errno:
 * -EINVAL if the ID is not mapped. */
int sys_idmap_find(pid_t pid, bool groups, uint32_t id, uint32_t *ret_outside);

/* Writes "deny" to /proc/PID/setgroups, which the kernel requires before an unprivileged user
 * writes gid_map. Returns 0 or a negative errno. */
int sys_idmap_deny_setgroups(pid_t pid);
