/* SPDX-License-Identifier: Apache-2.0 */
/* Paths on a container's tree, seen from the host. */
#pragma once

/* Opens `path`, from the directory `dir` or AT_FDCWD, for reading if it is a regular file: nothing
 * else is ever opened, as that might have effects, nor is a symbolic link followed at its end.
 * Returns a descriptor or a negative errno. */
int sys_open_regular(int dir, const char *path);

/* Makes what is missing of the path, directories and at the end a directory or, with `file`, an
 * empty file, below the directory `root`; no part of it may be a symbolic link. Returns 0 or a
 * negative errno. */
int sys_make_below(int root, const char *path, int file);
