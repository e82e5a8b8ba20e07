/* SPDX-License-Identifier: Apache-2.0 */
/* What checks and explanations look up on the host. Nothing here changes it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "berth/plan/build.h"

struct arena;
struct error;
struct spec_linux;

/* The kernel's file below /proc/sys or anywhere, without its last newline; NULL: it cannot be
 * read. */
const char *look_text(struct arena *arena, const char *path);

/* The number in it, or `absent`. */
int64_t look_number(const char *path, int64_t absent);

/* Does the kernel have the file system, or a module for it? */
bool look_has_file_system(struct arena *arena, const char *type);

/* May root of a user namespace mount it? */
bool look_is_for_user_namespaces(const char *type);

/* A user namespace may mount proc and sysfs only where these are whole outside: the path of a mount
 * that hides a part of `type`, or NULL. */
const char *look_over_mount(struct arena *arena, const char *type);

/* Is AppArmor or SELinux ("apparmor", "selinux") active? */
bool look_has_lsm(struct arena *arena, const char *name);

/* Is the AppArmor profile loaded, or cannot that be seen? */
bool look_has_profile(struct arena *arena, const char *profile);

/* Why a caller without root's rights may not make a user namespace, with what helps; NULL: nothing
 * is seen against it. */
const char *look_user_namespace_ban(struct arena *arena);

/* The limit of 0 in /proc/sys/user that forbids namespaces of one of the types (CLONE_NEW*): its
 * name, or NULL. */
const char *look_namespace_limit(struct arena *arena, uint64_t types);

/* The names of all limits for these types, parted by " and ". */
const char *look_namespace_limits(struct arena *arena, uint64_t types);

/* What the specification calls the namespace of a type (CLONE_NEW*), and its file in /proc/PID/ns;
 * NULL: there is none. */
const char *look_namespace_name(uint64_t type);
const char *look_namespace_file(const char *name);

/* The namespaces of process `pid`: their names, as the links in /proc/PID/ns are
 * ("net:[4026531840]"), and the types (CLONE_NEW*) of those that the caller is not in himself.
 * Returns 0 or a negative errno: whatever cannot be read is an error, but a type of namespace that
 * the kernel does not have. */
int look_namespaces(struct arena *arena, pid_t pid, struct plan_namespaces *ret_namespaces,
                    struct error *error);

/* The types (CLONE_NEW*) of the namespaces of `config` whose path leads to the caller's own.
 * Returns 0 or a negative errno. */
int look_own_namespaces(const struct spec_linux *config, uint64_t *ret_types, struct error *error);

struct look_user {
    uint32_t uid; /* on the host */
    uint32_t gid;
    const struct spec_linux *maps; /* whose mappings he is root of, or NULL */
};

/* Of the directories that lead to `path`, and itself, the first that this user, who has no rights
 * outside his user namespace, may not pass; NULL: none. */
const char *look_closed_directory(struct arena *arena, const char *path,
                                  const struct look_user *user);

/* The limit on processes that is reached, as "pids.max of /a/b is 5" or "RLIMIT_NPROC is 5"; NULL:
 * none that is seen. */
const char *look_process_limit(struct arena *arena);
