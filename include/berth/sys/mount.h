/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts in the host's mount namespace. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* open_tree(2): clones the mount at `path` as a detached mount, with its submounts if `recursive`.
 * Follows a symbolic link at the end only if `follows`. Returns a descriptor (close-on-exec) or a
 * negative errno. */
int sys_open_tree(const char *path, bool recursive, bool follows);

/* mount_setattr(2): makes a mount and its submounts slaves (MS_SLAVE) of the mounts they were
 * cloned from: later mounts propagate to the clone but not back. Returns 0 or a negative errno. */
int sys_mount_enslave(int mount);

struct sys_file_system {
    const char *type;
    const char *source; /* or NULL */
    /* "a,b=c"; "\," is a comma in a value; SELinux labels are quoted; or NULL */
    const char *options;
    uint64_t attributes; /* of the mount, MOUNT_ATTR_* */
    uint64_t superblock; /* MS_RDONLY, MS_SYNCHRONOUS, MS_DIRSYNC, MS_LAZYTIME, MS_MANDLOCK */
};

/* fsopen(2), fsconfig(2), fsmount(2): creates a detached mount. Returns a descriptor
 * (close-on-exec) or a negative errno. */
int sys_make_file_system(const struct sys_file_system *file_system);

struct sys_mount_maker {
    struct sys_file_system file_system;
    /* returns 0 or a negative errno; `dir` is the root of the file system */
    int (*fill)(int dir, const void *what);
    const void *what;
    const char *name; /* path in the file system to clone; "": its root */
};

/* Mounts a file system in a child process with a mount namespace of its own and calls `fill` there:
 * before Linux 6.15 the kernel cannot clone a detached mount or mount onto it. Returns a detached
 * clone of `name` with its submounts (close-on-exec) or a negative errno. */
int sys_mount_apart(const struct sys_mount_maker *maker);

/* Enters the user namespace of the process and then a new mount namespace: a copy of the caller's
 * whose mounts are slaves of the originals. Returns 0 or a negative errno. */
int sys_copy_mounts(int pidfd);

/* mount_setattr(2) with MOUNT_ATTR_IDMAP: makes a detached mount an idmapped mount with the
 * mappings of `user_namespace`, with its submounts if `recursive`. Returns 0 or a negative
 * errno. */
int sys_mount_map(int mount, int user_namespace, bool recursive);
