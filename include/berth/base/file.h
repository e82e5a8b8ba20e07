/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on whole files at trusted paths on the host. `dir` is a directory descriptor or
 * AT_FDCWD. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct arena;
struct stat;

/* Reads a whole regular file of at most 64 MiB (else -EFBIG) and appends a NUL, which *ret_size
 * does not count; `ret_size` may be NULL. Never blocks: returns -ESPIPE for other files, such as a
 * FIFO. Returns 0 or a negative errno. */
int file_read(struct arena *arena, int dir, const char *path, char **ret_bytes, size_t *ret_size);

/* Returns the message for an errno of file_read. */
const char *file_read_error(int number);

/* Like file_read, for a path that the user gave: it may be a pipe, which is read until end of
 * file. */
int file_read_named(struct arena *arena, const char *path, char **ret_bytes, size_t *ret_size);

/* Writes `text` to an existing file with a single write(2), as procfs and cgroupfs require. Returns
 * 0 or a negative errno. */
int file_put(int dir, const char *path, const char *text);

/* Replaces a file atomically: writes a temporary file next to it, then calls rename(2). Readers see
 * the old or the new content, and a failure keeps the old content. There is no fsync, because no
 * container survives a reboot. Returns 0 or a negative errno. */
int file_replace(int dir, const char *path, const void *bytes, size_t size, mode_t mode);

/* Like file_replace, with the owner and mode of the file that is replaced. If the caller cannot
 * give its group, the new file's group gets no rights. */
int file_replace_alike(int dir, const char *path, const void *bytes, size_t size,
                       const struct stat *replaced);

/* Like file_replace, for a path that the user gave. An existing file that is not regular, such as a
 * device, is written in place. So is the target of a symbolic link with an absolute path, such as
 * /dev/stdout, unless an unprivileged other user owns the link and could point it at any file. */
int file_write_named(const char *path, const void *bytes, size_t size, mode_t mode);

/* Removes the file that file_write_named created; leaves anything but a regular file. */
void file_remove_named(const char *path);

/* Like file_replace, with mode 0600 and, when root writes into another user's directory, the owner
 * of that directory. */
int file_replace_private(int dir, const char *path, const void *bytes, size_t size);

/* Creates the directory `path` and its missing parents with `mode`, like mkdir -p. Returns 0 or a
 * negative errno. */
int file_make_dirs(const char *path, mode_t mode);

/* Removes a directory and everything in it. Never follows a symbolic link and never crosses into
 * another file system. A missing directory is success. Returns 0 or a negative errno. */
int file_remove_tree(int dir, const char *path);

/* Returns PATH or, where it is not set, the usual directories. */
const char *file_search_path(void);

/* Returns the path of the executable `name` in these directories, or NULL. */
const char *file_find_program(struct arena *arena, const char *name);

/* faccessat(2) with AT_EACCESS, the caller's effective IDs. Also works where a seccomp filter
 * rejects faccessat2(2), which the libc does not handle. Returns 0 or a negative errno. */
int file_access(int dir, const char *path, int mode);
