/* SPDX-License-Identifier: Apache-2.0 */
/* Paths in a container's file system, opened from the host. */
#pragma once

/* Opens `path`, relative to the directory `dir` or AT_FDCWD, for reading if it is a regular file.
 * Opens no other file type, because opening a device or a FIFO can have side effects, and does not
 * follow a symbolic link in the last component. Returns a descriptor or a negative errno. */
int sys_open_regular(int dir, const char *path);

/* Creates the missing directories of `path` below the directory `root`; the last component is a
 * directory or, if `file` is set, an empty file. Refuses a symbolic link in any component. Returns
 * 0 or a negative errno. */
int sys_make_below(int root, const char *path, int file);
