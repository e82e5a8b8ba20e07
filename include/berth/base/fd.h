/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptors: closed by a cleanup attribute, handed over by fd_take. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define AUTO_FD __attribute__((cleanup(fd_close_cleanup))) int

/* Closes *fd if it is not negative and sets it to -1; errno stays as it was. */
void fd_close(int *fd);
static inline void fd_close_cleanup(int *fd)
{
    fd_close(fd);
}

/* Returns *fd and sets it to -1: the caller owns the descriptor from now on. */
static inline int fd_take(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* Writes all `size` bytes, going on after short writes and EINTR. Returns 0 or a negative errno. */
int fd_write_all(int fd, const void *bytes, size_t size);

/* Reads up to `size` bytes until end of file. Returns the count or a negative errno. */
ssize_t fd_read_all(int fd, void *bytes, size_t size);

/* Opens /dev/null in place of each of stdin, stdout and stderr that is closed: else the next file
 * opened would be taken for it. Unless it `swallows_output`, a write to the new stdout is the error
 * that it would be without. Returns 0 or a negative errno. */
int fd_fill_standard(bool swallows_output);

/* Sets or clears FD_CLOEXEC. Returns 0 or a negative errno. */
int fd_set_cloexec(int fd, int on);
