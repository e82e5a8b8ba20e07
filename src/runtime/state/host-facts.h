/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up facts about the host for checks and explanations. Changes nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "berth/plan/build.h"

struct arena;
struct error;
struct spec_linux;

/* Reads a file of the kernel, below /proc/sys or elsewhere, without its last newline. Returns NULL
 * if it cannot be read. */
const char *host_read_text(struct arena *arena, const char *path);

/* Returns the number in the file, or `absent`. */
int64_t host_read_number(const char *path, int64_t absent);

/* Returns whether the kernel has the file system, or a module for it. */
bool host_has_file_system(struct arena *arena, const char *type);

/* Returns whether root of a user namespace may mount it. */
bool host_lets_userns_mount(const char *type);

/* Returns the path of a mount that hides a part of `type` ("proc" or "sysfs"), or NULL. A user
 * namespace may mount these only if nothing is hidden outside. */
const char *host_find_overmount(struct arena *arena, const char *type);

/* Returns whether the security module ("apparmor", "selinux") is active. */
bool host_has_lsm(struct arena *arena, const char *name);

/* Returns whether the AppArmor profile is loaded, or whether that is unknown. */
bool host_has_apparmor_profile(struct arena *arena, const char *profile);

/* Returns why an unprivileged caller cannot create a user namespace, with what helps, or NULL if no
 * reason is known. */
const char *host_userns_ban(struct arena *arena);

/* Returns the name of a limit in /proc/sys/user that is 0 and thereby forbids namespaces of one of
 * the types (CLONE_NEW*), or NULL. */
const char *host_namespace_limit(struct arena *arena, uint64_t types);

/* Returns the names of all limits for these types, separated by " and ". */
const char *host_namespace_limits(struct arena *arena, uint64_t types);

/* Return the specification's name of a namespace type (CLONE_NEW*), and its file in /proc/PID/ns,
 * or NULL if there is none. */
const char *host_namespace_name(uint64_t type);
const char *host_namespace_file(const char *name);

/* Reads the namespaces of process `pid`: their names, as in the links in /proc/PID/ns
 * ("net:[4026531840]"), and the types (CLONE_NEW*) of those that the caller is not in. Returns 0 or
 * a negative errno. Only a namespace type that the kernel lacks may be unreadable. */
int host_read_namespaces(struct arena *arena, pid_t pid, struct plan_namespaces *ret_namespaces,
                         struct error *error);

/* Finds the types (CLONE_NEW*) of the namespaces in `config` whose path leads to the caller's own.
 * Returns 0 or a negative errno. */
int host_find_own_namespaces(const struct spec_linux *config, uint64_t *ret_types,
                             struct error *error);

/* Returns what helps if prctl(2) answers PR_SCHED_CORE with the errno. */
const char *host_core_scheduling_hint(int number);

struct host_user {
    uint32_t uid; /* on the host */
    uint32_t gid;
    const struct spec_linux *maps; /* the user is root of these mappings; or NULL */
};

/* Returns the first directory on `path`, including itself, that this user cannot search, or NULL.
 * The user has no capabilities outside the user namespace. */
const char *host_closed_directory(struct arena *arena, const char *path,
                                  const struct host_user *user);

/* Returns that the limit of this cgroup, or of one above it, has been reached, as "pids.max of the
 * cgroup /a/b is 5", or NULL. */
const char *host_full_pids_cgroup(struct arena *arena, const char *directory);

/* Returns the limit on the caller's processes that has been reached, as "pids.max of the cgroup
 * /a/b is 5" or "RLIMIT_NPROC is 5", or NULL if none is seen. */
const char *host_process_limit(struct arena *arena);
