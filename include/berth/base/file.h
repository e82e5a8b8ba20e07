/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files on the host's own, trusted paths. `dir` is a directory descriptor or AT_FDCWD. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct arena;

/* Reads a whole file, ended with a NUL that `ret_size` (may be NULL) does not count; at most 64 MiB
 * (-EFBIG). Never waits: -ESPIPE for what is no regular file, such as a FIFO. Returns 0 or a
 * negative errno. */
int file_read(struct arena *arena, int dir, const char *path, char **ret_bytes, size_t *ret_size);

/* The words for the errno of file_read. */
const char *file_read_error(int number);

/* The same of a file that the caller's user has named, which may be a pipe: waits for its end. */
int file_read_named(struct arena *arena, const char *path, char **ret_bytes, size_t *ret_size);

/* Writes `text` to an existing file with one write(2), as the files of proc and cgroup want it.
 * Returns 0 or a negative errno. */
int file_put(int dir, const char *path, const char *text);

/* Writes a file whole: to a temporary name beside it, then rename(2). Readers see the old or the
 * new content; a failure leaves the old one. No fsync: a reboot ends every container anyway.
 * Returns 0 or a negative errno. */
int file_replace(int dir, const char *path, const void *bytes, size_t size, mode_t mode);

/* The same of a file that the caller's user has named. But what is there and no file, such as a
 * device, is written into; so is what a link with an absolute path leads to, such as /dev/stdout,
 * unless the link is of another user, who could mean any file. */
int file_write_named(const char *path, const void *bytes, size_t size, mode_t mode);

/* Removes what that has made, and nothing else. */
void file_remove_named(const char *path);

/* The same as file_replace of a file that the owner of the directory alone may read, and does
 * own. */
int file_replace_private(int dir, const char *path, const void *bytes, size_t size);

/* Makes the directory `path` and its missing parents with `mode`. Returns 0 or a negative errno. */
int file_make_dirs(const char *path, mode_t mode);

/* Removes a directory and all below it, never following a symbolic link nor leaving its file
 * system. A missing one is success. Returns 0 or a negative errno. */
int file_remove_tree(int dir, const char *path);

/* faccessat(2) of the caller's effective ids, also where a seccomp filter refuses faccessat2(2),
 * for which the libc has no answer. Returns 0 or a negative errno. */
int file_access(int dir, const char *path, int mode);
