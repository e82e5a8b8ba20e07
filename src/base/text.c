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

void text_add_wrapped_after(struct text *text, size_t column, size_t margin, size_t columns,
                            const char *words)
{
    size_t blanks = 0;

    for (const char *word = words; *word != '\0'; word += blanks) {
        size_t length = strcspn(word, " ");

        if (column > margin && columns > 0 && column + blanks + length > columns) {
            text_addf(text, "\n%*s", (int) margin, "");
            column = margin;
        } else {
            text_addf(text, "%*s", (int) blanks, "");
            column += blanks;
        }
        text_add_bytes(text, word, length);
        column += length;
        word += length;
        blanks = strspn(word, " ");
    }
    text_add(text, "\n");
}

void text_add_wrapped(struct text *text, size_t margin, size_t columns, const char *words)
{
    text_add_wrapped_after(text, margin, margin, columns, words);
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

size_t text_utf8_length(const char *string)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *next = (const unsigned char *) string;
    size_t length = next[0] < 0x80       ? 1
                    : next[0] >> 5 == 6  ? 2
                    : next[0] >> 4 == 14 ? 3
                    : next[0] >> 3 == 30 ? 4
                                         : 0;
    unsigned point = length == 1 ? next[0] : length == 0 ? 0 : next[0] & (0x7fU >> length);

    for (size_t i = 1; i < length; i++) {
        if (next[i] >> 6 != 2)
            return 0;
        point = point << 6 | (next[i] & 0x3f);
    }
    if (length > 1 && (point < least[length] || point > 0x10ffff || point >> 11 == 0x1b))
        return 0;
    return length;
}

size_t text_utf8_cut(const char *bytes, size_t room)
{
    while (room > 0 && ((unsigned char) bytes[room] & 0xc0) == 0x80)
        room--;
    return room;
}

/* Returns whether the character of `length` bytes is a control character of ASCII or one of U+0080
 * to U+009F, or a byte that is not part of a UTF-8 character: a terminal may obey all of them. */
static bool is_control(const char *character, size_t length)
{
    const unsigned char *byte = (const unsigned char *) character;

    return length == 0 || byte[0] < ' ' || byte[0] == 0x7f || (byte[0] == 0xc2 && byte[1] < 0xa0);
}

/* Appends a control character of `size` bytes. */
static void add_control(struct text *text, const char *bytes, size_t size)
{
    static const char shorter[] = "\n\r\t", letters[] = "nrt";
    const char *form = strchr(shorter, bytes[0]);

    if (form != NULL)
        text_addf(text, "\\%c", letters[form - shorter]);
    for (size_t i = 0; form == NULL && i < size; i++)
        text_addf(text, "\\x%02x", (unsigned char) bytes[i]);
}

void text_add_printable(struct text *text, const char *string, const char *quoted, const char *kept)
{
    for (size_t size; *string != '\0'; string += size) {
        size_t length = text_utf8_length(string);

        size = length > 0 ? length : 1;
        if (is_control(string, length) && strchr(kept, *string) == NULL)
            add_control(text, string, size);
        else if (strchr(quoted, *string) != NULL)
            text_addf(text, "\\%c", *string);
        else
            text_add_bytes(text, string, size);
    }
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

bool text_is_one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(list[i], text))
            return true;
    return false;
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

bool text_next_u64(const char **text, uint64_t *ret_number)
{
    const char *next = *text + strspn(*text, " \t");
    const char *start = next;
    uint64_t number = 0;

    for (; *next >= '0' && *next <= '9'; next++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t) (*next - '0'), &number))
            return false;
    *text = next;
    *ret_number = number;
    return next > start;
}

bool text_next_range(const char **text, uint64_t *ret_first, uint64_t *ret_last)
{
    static const char digits[] = "0123456789";
    char *end;

    if (strspn(*text, digits) == 0)
        return false;
    *ret_first = *ret_last = strtoull(*text, &end, 10);
    if (*end == '-') {
        if (strspn(end + 1, digits) == 0)
            return false;
        *ret_last = strtoull(end + 1, &end, 10);
    }
    *text = end;
    return *ret_first <= *ret_last;
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
