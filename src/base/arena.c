/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_SIZE ((size_t) 32 * 1024)
#define CHUNK_FIRST ((size_t) 8 * 1024) /* enough for many short-lived arenas */
#define ITEMS_FIRST 8                   /* of a growing array */
#define ALIGNMENT alignof(max_align_t)

struct arena_chunk {
    struct arena_chunk *older;
    size_t size;
    alignas(max_align_t) unsigned char bytes[];
};

static _Noreturn void end_for_want_of_memory(void)
{
    static const char words[] =
        "out of memory (raise RLIMIT_DATA, RLIMIT_AS or the memory limit of the cgroup)\n";

    if (write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
        _exit(1);
    exit(1);
}

static void add_chunk(struct arena *arena, size_t least)
{
    size_t usual = arena->chunk == NULL ? CHUNK_FIRST : CHUNK_SIZE;
    size_t size = least > usual ? least : usual;
    struct arena_chunk *chunk = malloc(sizeof(*chunk) + size);

    if (chunk == NULL)
        end_for_want_of_memory();
    chunk->older = arena->chunk;
    chunk->size = size;
    arena->chunk = chunk;
    arena->used = 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - CHUNK_SIZE)
        end_for_want_of_memory();
    size = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (arena->chunk == NULL || arena->chunk->size - arena->used < size)
        add_chunk(arena, size);
    void *bytes = arena->chunk->bytes + arena->used;
    arena->used += size;
    return memset(bytes, 0, size); /* not a whole chunk: what is never taken needs no page */
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        end_for_want_of_memory();
    return arena_alloc(arena, total);
}

void *arena_grow(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    *room = *room == 0 ? ITEMS_FIRST : *room * 2;
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
