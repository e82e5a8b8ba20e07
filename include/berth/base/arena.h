/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for one command: every allocation comes from an arena, which is freed as a whole when the
 * command ends. When the system is out of memory, the process prints "out of memory" and exits with
 * status 1; later commands find what it left on the host through the container's state directory.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; /* the newest chunk, NULL while the arena is empty */
    size_t used;               /* bytes used in the newest chunk */
};

#define AUTO_ARENA __attribute__((cleanup(arena_free))) struct arena

/* Allocates `size` zeroed bytes, aligned for any type. Never returns NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* Allocates a zeroed array of `count` items of `size` bytes. Exits like a failed allocation if
 * count * size overflows. Never returns NULL. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Makes room for one more item in a growing array: `items` holds `count` items of `size` bytes and
 * has capacity for *room. Returns `items`, or a copy with twice the capacity whose new items are
 * zeroed. */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t *room, size_t size);

#define ARENA_NEW(arena, type) ((type *) arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, count, type) ((type *) arena_array((arena), (count), sizeof(type)))

/* Copies `length` bytes and appends a NUL. Never returns NULL. */
char *arena_copy(struct arena *arena, const void *bytes, size_t length);

/* Copies a string. Never returns NULL. */
char *arena_string(struct arena *arena, const char *string);

/* Formats a new string as printf(3) does. Never returns NULL. */
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list values)
    __attribute__((format(printf, 2, 0)));

/* Frees all memory; the arena is empty afterwards and can be used again. */
void arena_free(struct arena *arena);
