/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"

void text_add_bytes(struct text *text, const void *bytes, size_t size)
{
    if (text->bytes == NULL || text->room - text->size <= size) {
        size_t room = (text->size + size + 1) * 2;
        char *larger = arena_alloc(text->arena, room);

        if (text->size > 0)
            /* NOLINTNEXTLINE(*NonNullParamChecker): bytes is NULL only if size is 0 */
            memcpy(larger, text->bytes, text->size);
        text->bytes = larger;
        text->room = room;
    }
    if (size > 0)
        memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    text_add(text, arena_vprintf(text->arena, format, values));
    va_end(values);
}

void text_list_add(struct text_list *list, const char *string)
{
    /* Room for one item more than the strings: the terminating NULL. */
    list->item = arena_grow(list->arena, list->item, list->count + 1, &list->room, sizeof(char *));
    list->item[list->count++] = (char *) string;
    list->item[list->count] = NULL;
}

const char *text_environment(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool text_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_list_has(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += at[0] == ',';
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

const char *text_of_errno(int number)
{
    static _Thread_local char text[128];

    snprintf(text, sizeof(text), "%s", strerror(number));
    /* Callers match on lower-case text. Leave an abbreviation such as "RPC struct is bad" alone. */
    if (text[0] != '\0' && islower((unsigned char) text[1]))
        text[0] = (char) tolower((unsigned char) text[0]);
    return text;
}

int text_to_u64(const char *string, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (*string == '\0')
        return -EINVAL;
    for (const char *next = string; *next != '\0'; next++) {
        if (*next < '0' || *next > '9')
            return -EINVAL;
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t) (*next - '0'), &number))
            return -ERANGE;
    }
    *ret_number = number;
    return 0;
}

int text_to_i64(const char *string, int64_t *ret_number)
{
    bool negative = *string == '-';
    uint64_t number;
    int result = text_to_u64(string + negative, &number);

    if (result < 0)
        return result;
    if (number > (uint64_t) INT64_MAX + negative)
        return -ERANGE;
    *ret_number = negative ? (int64_t) -number : (int64_t) number;
    return 0;
}

char *text_path_join(struct arena *arena, const char *dir, const char *path)
{
    if (path[0] == '/')
        return arena_string(arena, path);
    size_t length = strlen(dir), rest = strlen(path);
    while (length > 0 && dir[length - 1] == '/')
        length--;
    char *joined = arena_alloc(arena, length + 1 + rest + 1);
    memcpy(joined, dir, length); /* NOLINT(bugprone-not-null-terminated-result): more follows */
    joined[length] = '/';
    memcpy(joined + length + 1, path, rest + 1);
    return joined;
}

char *text_path_clean(struct arena *arena, const char *path)
{
    bool absolute = path[0] == '/';
    char *clean = arena_alloc(arena, strlen(path) + 2);
    size_t used = 0;

    for (const char *part = path; *part != '\0';) {
        size_t length = strcspn(part, "/");

        if (length == 2 && memcmp(part, "..", 2) == 0 && (absolute || used > 0)) {
            while (used > 0 && clean[used - 1] != '/')
                used--;
            used -= used > 0;
        } else if (length > 0 && !(length == 1 && part[0] == '.')) {
            if (absolute || used > 0)
                clean[used++] = '/';
            memcpy(clean + used, part, length);
            used += length;
        }
        part += length + (part[length] == '/');
    }
    if (used == 0)
        clean[used++] = absolute ? '/' : '.';
    clean[used] = '\0';
    return clean;
}

bool text_path_is_within(const char *path, const char *above)
{
    size_t length = strlen(above);

    return strncmp(path, above, length) == 0 && (path[length] == '/' || path[length] == '\0');
}
