/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptors: closed by a cleanup attribute, transferred with fd_take. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define AUTO_FD __attribute__((cleanup(fd_close_cleanup))) int

/* Closes *fd if it is not negative and sets it to -1. Preserves errno. */
void fd_close(int *fd);
static inline void fd_close_cleanup(int *fd)
{
    fd_close(fd);
}

/* Returns *fd and sets it to -1: the caller now owns the descriptor. */
static inline int fd_take(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* Writes all `size` bytes, retrying after short writes and EINTR. Returns 0 or a negative errno. */
int fd_write_all(int fd, const void *bytes, size_t size);

/* Reads until `size` bytes or end of file. Returns the number of bytes or a negative errno. */
ssize_t fd_read_all(int fd, void *bytes, size_t size);

/* Opens /dev/null for each of stdin, stdout and stderr that is closed; otherwise the next opened
 * file would get its number. A write to the new stdout fails, as it would on a closed one, unless
 * `swallows_output` is set. Returns 0 or a negative errno. */
int fd_fill_standard(bool swallows_output);
