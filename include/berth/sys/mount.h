/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts on the host's tree. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* open_tree(2): a detached clone of the mount at `path`, with its submounts if `recursive`; a
 * symbolic link itself unless it `follows` it. Returns a descriptor (close-on-exec) or a negative
 * errno. */
int sys_open_tree(const char *path, bool recursive, bool follows);

/* mount_setattr(2): a mount with all its submounts gets what is mounted where it was cloned, and
 * gives nothing back. Returns 0 or a negative errno. */
int sys_mount_enslave(int mount);

struct sys_file_system {
    const char *type;
    const char *source; /* or NULL */
    /* "a,b=c", a comma in a word behind a backslash, SELinux's labels in quotes; or NULL */
    const char *options;
    uint64_t attributes; /* of the mount, MOUNT_ATTR_* */
    uint64_t superblock; /* MS_RDONLY, MS_SYNCHRONOUS, MS_DIRSYNC, MS_LAZYTIME, MS_MANDLOCK */
};

/* fsopen(2), fsconfig(2), fsmount(2): a detached mount. Returns a descriptor (close-on-exec) or a
 * negative errno. */
int sys_make_file_system(const struct sys_file_system *file_system);

struct sys_mount_maker {
    struct sys_file_system file_system;
    int (*fill)(int dir, const void *what); /* 0 or a negative errno; `dir` is its root */
    const void *what;
    const char *name; /* of what is to be mounted of it; "": its root */
};

/* Mounts a file system in a child, in a mount namespace which ends with that, and fills it there:
 * before Linux 6.15 only what is mounted somewhere can be cloned, or hold other mounts. Returns a
 * descriptor (close-on-exec) of a detached clone of `name` with its submounts or a negative
 * errno. */
int sys_mount_apart(const struct sys_mount_maker *maker);

/* Enters the user namespace of the process and a mount namespace of its own in there, a copy of the
 * caller's whose mounts are slaves of those. Returns 0 or a negative errno. */
int sys_copy_mounts(int pidfd);

/* mount_setattr(2) with MOUNT_ATTR_IDMAP: maps the ids of a detached mount, with its submounts if
 * `recursive`, as the user namespace does. Returns 0 or a negative errno. */
int sys_mount_map(int mount, int user_namespace, bool recursive);
