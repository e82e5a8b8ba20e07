/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files in the container's tree. Whoever wrote that tree may have laid traps in it and may still be
 * changing it, so openat2(2) resolves every path strictly inside the root, and the result is a file
 * descriptor.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sys.h"
#include "sys_files.h"

#define PATH_DIRECTORY_MODE 0755
#define PATH_FILE_MODE 0644

/* Opens `path` in `root` with open(2) `flags` (O_CLOEXEC is added). `resolve`: further
 * RESOLVE_*, besides those that confine it to the root and refuse magic links: 0 or
 * RESOLVE_NO_SYMLINKS. Returns a file descriptor, or the error of openat2(2). */
int path_open(int root, const char *path, uint64_t flags, uint64_t resolve);

/* Opens the single component `name` of the directory `dir`, never through a symbolic link (but
 * the link itself with O_PATH | O_NOFOLLOW) and never outside. */
int path_open_below(int dir, const char *name, uint64_t flags);

/* Creates the missing components of `path` in `root`, after path_open has returned ENOENT:
 * directories, and as the last component an empty regular file if `file`. If a symbolic link
 * leads to a missing file, creates that file, inside the root. Returns a file descriptor with
 * O_PATH, -ELOOP if the tree keeps changing, or another negative errno. */
int path_make(int root, const char *path, bool file, uint64_t resolve);

/* Returns the last component of a path without a trailing slash. */
const char *path_name(const char *path);

/* Opens the directory that holds the last component of `path`, and creates it if it is missing;
 * `ret_name` points to that component in `path`. Returns a file descriptor, -EINVAL if the last
 * component cannot be created: "", ".", ".." or with a trailing slash, or another negative
 * errno. */
int path_make_parent(int root, const char *path, const char **ret_name);

/* Opens the directory that holds the file to which `path` leads, through symbolic links at its
 * end, and returns the name of the file in it. Somebody may change the tree meanwhile, so the
 * caller has to check what this name leads to. */
int path_open_holder(int root, const char *path, char ret_name[SYS_NAME_MAX + 1]);

/* openat2(2), or, if that is refused, the same by openat(2): resolves in the root, or beneath
 * it, or anywhere. */
int path_openat2(int dir, const char *path, const struct open_how *how);
int walk_open(int dir, const char *path, const struct open_how *how);

/* statx(2) of the basic fields, and of the mount ID if the kernel supports it. */
int path_statx(int dir, const char *path, int flags, struct statx *ret_status);

/* Adds the mount ID of `fd` to its `status` if it is not there yet. Reads it from the procfs
 * `proc`; AT_FDCWD: the one on /proc. */
int path_find_mount_id(int proc, int fd, struct statx *status);

/* Returns the status of a file descriptor, even one with O_PATH: type, mode, owner, inode,
 * device, mount ID. */
int path_status(int fd, struct statx *ret_status);

/* Are both the same file on the same mount? Of file descriptors also false if the status of
 * either is unknown. */
bool path_is_same(int a, int b);
bool path_is_same_status(const struct statx *a, const struct statx *b);

/* Returns 0 if the file descriptor is a /dev/null (character device 1:3), else -ENODEV, or the
 * error of statx(2). */
int path_check_null(int fd);

/* Returns 0 if the file descriptor is a directory, else -ENOTDIR, or the error of statx(2). */
int path_check_directory(int fd);
