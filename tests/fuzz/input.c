/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/log.h"
#include "berth/sys/process.h"

int __wrap_file_read(struct arena *arena, int dir, const char *path, char **ret_bytes,
                     size_t *ret_size);
ssize_t __wrap_fd_read_all(int fd, void *bytes, size_t size);
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_sys_socket_receive(int fd, void *bytes, size_t size, int *ret_passed);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);
int __wrap_sys_run_program(const struct sys_spawn *spawn, int timeout_ms);
int __wrap_sys_open_regular(int dir, const char *path);

/* The rest of the input, and the arena of the run. */
static struct {
    const unsigned char *next;
    const unsigned char *end;
    struct arena *arena;
} input;

static size_t left(void)
{
    return (size_t) (input.end - input.next);
}

static size_t take(void *bytes, size_t most)
{
    size_t size = left() < most ? left() : most;

    if (size > 0)
        memcpy(bytes, input.next, size);
    input.next += size;
    return size;
}

char *input_part(size_t *ret_size)
{
    if (left() == 0)
        return NULL;
    const unsigned char *separator = memchr(input.next, INPUT_SEPARATOR, left());
    size_t size = (size_t) ((separator == NULL ? input.end : separator) - input.next);
    char *part = arena_copy(input.arena, input.next, size);

    input.next += size + (separator != NULL);
    if (ret_size != NULL)
        *ret_size = size;
    return part;
}

static char directory[] = "/tmp/fuzz-XXXXXX";

static void remove_directory(void)
{
    file_remove_tree(AT_FDCWD, directory);
}

const char *input_directory(void)
{
    static bool is_made;

    if (!is_made) {
        fuzz_require(mkdtemp(directory) != NULL);
        atexit(remove_directory);
        is_made = true;
    }
    return directory;
}

void fuzz_require(bool holds)
{
    if (!holds)
        abort();
}

void fuzz_expect(int result, const struct error *error)
{
    fuzz_require(result <= 0);
    fuzz_require((result < 0) == (error->number != 0));
    fuzz_require((result < 0) == (error->used > 0));
}

const struct fuzz_row *fuzz_find(const char *name)
{
    for (size_t i = 0; i < fuzz_n_rows; i++)
        if (name != NULL && strcmp(fuzz_rows[i].name, name) == 0)
            return &fuzz_rows[i];
    fprintf(stderr, "fuzz: there is no target \"%s\"; there are:", name == NULL ? "" : name);
    for (size_t i = 0; i < fuzz_n_rows; i++)
        fprintf(stderr, " %s", fuzz_rows[i].name);
    fputc('\n', stderr);
    exit(2);
}

void fuzz_run(const struct fuzz_row *row, const void *bytes, size_t size)
{
    AUTO_ARENA arena = {0};
    char *copy = malloc(size + (size == 0));

    fuzz_require(copy != NULL);
    if (size > 0)
        memcpy(copy, bytes, size);
    input.next = (const unsigned char *) copy;
    input.end = input.next + size;
    input.arena = &arena;
    row->run(&arena, copy, size);
    free(copy);
}

/* --- replaced readers ------------------------------------------------------------------------- */

/* An empty part stands for a missing file. */
int __wrap_file_read(struct arena *arena, int dir, const char *path, char **ret_bytes,
                     size_t *ret_size)
{
    size_t size = 0;
    char *part = input_part(&size);

    (void) dir;
    (void) path;
    if (part == NULL || size == 0)
        return -ENOENT;
    *ret_bytes = arena_copy(arena, part, size);
    if (ret_size != NULL)
        *ret_size = size;
    return 0;
}

ssize_t __wrap_fd_read_all(int fd, void *bytes, size_t size)
{
    (void) fd;
    return (ssize_t) take(bytes, size);
}

/* The reader of a datagram socket asks for the real size; that of a stream gets the size it asks
 * for. */
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
    (void) fd;
    if ((flags & MSG_TRUNC) != 0 && left() == 0) {
        errno = ECONNRESET;
        return -1;
    }
    return (ssize_t) take(bytes, size);
}

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
    (void) fd;
    (void) bytes;
    (void) flags;
    return (ssize_t) size;
}

ssize_t __wrap_sys_socket_receive(int fd, void *bytes, size_t size, int *ret_passed)
{
    *ret_passed = -1;
    return fd == INPUT_ENDED ? 0 : (ssize_t) take(bytes, size);
}

/* The first descriptor is always ready, and no process ends. */
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    (void) timeout;
    for (nfds_t i = 0; i < count; i++)
        fds[i].revents = i == 0 ? fds[i].events : 0;
    return 1;
}

/* With the headers of glibc 2.41 clang calls the fortified one. */
int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
    (void) size;
    return __wrap_poll(fds, count, timeout);
}

/* The next part is the program's output. */
int __wrap_sys_run_program(const struct sys_spawn *spawn, int timeout_ms)
{
    (void) spawn;
    (void) timeout_ms;
    return 0;
}

/* Not a real descriptor: only the functions above read it. */
int __wrap_sys_open_regular(int dir, const char *path)
{
    (void) dir;
    (void) path;
    return 1 << 20;
}

/* --- memory: malloc each piece, so that a sanitizer checks its bounds ------------------------- */

struct arena_chunk {
    struct arena_chunk *older;
    max_align_t bytes[];
};

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = calloc(1, sizeof(*chunk) + size);

    fuzz_require(chunk != NULL);
    chunk->older = arena->chunk;
    arena->chunk = chunk;
    return chunk->bytes;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;

    fuzz_require(!__builtin_mul_overflow(count, size, &total));
    return arena_alloc(arena, total);
}

void *arena_grow(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    *room = count + 1 + count / 2;
    void *larger = arena_array(arena, *room, size);
    if (items != NULL)
        memcpy(larger, items, count * size);
    return larger;
}

void arena_free(struct arena *arena)
{
    while (arena->chunk != NULL) {
        struct arena_chunk *older = arena->chunk->older;

        free(arena->chunk);
        arena->chunk = older;
    }
    arena->used = 0;
}
