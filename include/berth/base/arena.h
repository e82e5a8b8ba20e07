/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for one command: everything is taken from an arena and given back at once at its end.
 * When the system has no memory left the process prints "out of memory" and exits with status 1;
 * what it had begun on the host is found again through the container's state directory.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; /* the newest chunk, NULL while the arena is empty */
    size_t used;               /* bytes taken from the newest chunk */
};

#define AUTO_ARENA __attribute__((cleanup(arena_free))) struct arena

/* Takes `size` zeroed bytes, aligned for any type. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* Takes a zeroed array of `count` items of `size` bytes; count * size must not overflow. Never
 * NULL. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Makes room for one more item in an array that grows: `items` are `count` items of `size` bytes
 * with room for *room. Returns them, or a copy with twice the room; what is beyond `count` is
 * zeroed. */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t *room, size_t size);

#define ARENA_NEW(arena, type) ((type *) arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, count, type) ((type *) arena_array((arena), (count), sizeof(type)))

/* Copies `length` bytes of `bytes` and ends them with a NUL. Never NULL. */
char *arena_copy(struct arena *arena, const void *bytes, size_t length);

/* Copies the string `string`. Never NULL. */
char *arena_string(struct arena *arena, const char *string);

/* Formats as printf(3) does into a new string. Never NULL. */
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list values)
    __attribute__((format(printf, 2, 0)));

/* Gives back all memory; the arena is empty and may be used again. */
void arena_free(struct arena *arena);
