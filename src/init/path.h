/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places in the container's tree. Whoever wrote that tree may have laid traps in it and may still
 * be changing it, so a path is resolved by openat2(2) inside the root and nothing else; what comes
 * out is a descriptor.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sys.h"
#include "sys_files.h"

#define PATH_DIRECTORY_MODE 0755
#define PATH_FILE_MODE 0644

/* Opens `path` in `root` with open(2) `flags` (O_CLOEXEC is added). `resolve`: RESOLVE_* beside
 * those that keep it in the root and off magic links: 0 or RESOLVE_NO_SYMLINKS. A descriptor, or
 * what openat2(2) says. */
int path_open(int root, const char *path, uint64_t flags, uint64_t resolve);

/* Opens the one component `name` of the directory `dir`, never through a symbolic link (but with
 * O_PATH | O_NOFOLLOW the link itself) and never outside. */
int path_open_below(int dir, const char *name, uint64_t flags);

/* Makes what of `path` in `root` is missing, after path_open has found that the whole of it is:
 * directories, and at the end an empty regular file if `file`. A symbolic link to a missing place
 * makes that place, inside the root. Returns a descriptor with O_PATH. ELOOP when the tree keeps
 * changing. */
int path_make(int root, const char *path, bool file, uint64_t resolve);

/* The last component of a path without a slash at its end. */
const char *path_name(const char *path);

/* Opens the directory that holds the last component of `path`, made if it is missing; `ret_name`
 * points to that component in `path`. EINVAL when it is none that could be made: "", ".", ".." or
 * with a slash after it. */
int path_make_parent(int root, const char *path, const char **ret_name);

/* Opens the directory that holds what `path` leads to, also where symbolic links stand at its end,
 * and tells by which name. Who changes the tree meanwhile may be in the way, so that what goes by
 * this name has to be looked at. */
int path_open_holder(int root, const char *path, char ret_name[SYS_NAME_MAX + 1]);

/* openat2(2), or where that is refused what does the same by openat(2): resolves in the root, or
 * beneath it, or anywhere. */
int path_openat2(int dir, const char *path, const struct open_how *how);
int walk_open(int dir, const char *path, const struct open_how *how);

/* statx(2) of what all systems tell, and the mount where the kernel tells it. */
int path_statx(int dir, const char *path, int flags, struct statx *ret_status);

/* Adds the mount of `fd` that `status` is about, if it is not in there: from the procfs `proc`,
 * AT_FDCWD: that on /proc. */
int path_find_mount_id(int proc, int fd, struct statx *status);

/* What lies behind the descriptor, also one with O_PATH: type, mode, owner, inode, device, mount
 * id. */
int path_status(int fd, struct statx *ret_status);

/* Whether both are the same file on the same mount; of descriptors also false if either cannot be
 * told. */
bool path_is_same(int a, int b);
bool path_is_same_status(const struct statx *a, const struct statx *b);

/* 0 when the descriptor is a /dev/null (character device 1:3), else -ENODEV, or what statx(2)
 * says. */
int path_check_null(int fd);

/* 0 when the descriptor is a directory, else -ENOTDIR, or what statx(2) says. */
int path_check_directory(int fd);
