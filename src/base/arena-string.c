/* SPDX-License-Identifier: Apache-2.0 */
/* Strings in an arena. Uses nothing of the arena but arena_alloc. */
#include <stdio.h>
#include <string.h>

#include "berth/base/arena.h"

char *arena_copy(struct arena *arena, const void *bytes, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);

    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

char *arena_string(struct arena *arena, const char *string)
{
    return arena_copy(arena, string, strlen(string));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list values)
{
    char usual[256];
    va_list again;

    va_copy(again, values);
    size_t length = (size_t) vsnprintf(usual, sizeof(usual), format, values);
    char *string = arena_alloc(arena, length + 1);
    if (length < sizeof(usual))
        memcpy(string, usual, length);
    else
        vsnprintf(string, length + 1, format, again);
    va_end(again);
    return string;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    char *string = arena_vprintf(arena, format, values);
    va_end(values);
    return string;
}
