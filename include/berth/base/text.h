/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: a growing buffer in an arena, strict number parsing, paths. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct text {
    struct arena *arena;
    char *bytes; /* NUL-terminated; NULL until something is added */
    size_t size; /* without the NUL */
    size_t room;
};

/* Append `size` bytes, a string, or text formatted as by printf(3). */
void text_add_bytes(struct text *text, const void *bytes, size_t size);
void text_add(struct text *text, const char *string);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends `words` from the column `margin` on, and a newline. Breaks lines at blanks, so that they
 * have at most `columns` (0: any number), and indents them by `margin`. */
void text_add_wrapped(struct text *text, size_t margin, size_t columns, const char *words);

/* The same, after something that takes the columns up to `column`. */
void text_add_wrapped_after(struct text *text, size_t column, size_t margin, size_t columns,
                            const char *words);

/* Returns the length of the UTF-8 character (RFC 3629) that `string` begins with, or 0 if it begins
 * with none. */
size_t text_utf8_length(const char *string);

/* Returns the largest size up to `room` at which `bytes`, which has more, can be cut without
 * cutting a UTF-8 character. */
size_t text_utf8_cut(const char *bytes, size_t room);

/* Control characters that a message for a terminal keeps: the output of another program may contain
 * them. */
#define TEXT_LAYOUT "\t\n"

/* Appends a string with \n, \r, \t or \xNN for each control character that is not in `kept` and
 * each byte that is not UTF-8, and a backslash before each of the characters in `quoted`. */
void text_add_printable(struct text *text, const char *string, const char *quoted,
                        const char *kept);

/* A list of strings that grows in an arena; item[count] is NULL once a string was added. */
struct text_list {
    struct arena *arena;
    char **item;
    size_t count;
    size_t room;
};

/* Appends `string` itself, not a copy. */
void text_list_add(struct text_list *list, const char *string);

/* Returns an environment variable, or NULL if it is unset or empty. */
const char *text_environment(const char *name);

bool text_equal(const char *a, const char *b);
bool text_starts_with(const char *text, const char *prefix);
bool text_is_one_of(const char *text, const char *const *list, size_t count);

/* Returns whether `word` is one of the comma-separated words of `list`. */
bool text_list_has(const char *list, const char *word);

/* Returns the text of errno `number` with a lower-case first letter: "no such file or directory".
 * Valid until the next call in this thread. */
const char *text_of_errno(int number);

/* Parse a whole string as a decimal number: no blanks, no plus sign, and for text_to_u64 no minus
 * sign either. Return 0, -EINVAL or -ERANGE. */
int text_to_u64(const char *string, uint64_t *ret_number);
int text_to_i64(const char *string, int64_t *ret_number);

/* Parses the decimal number that `*text` begins with, after blanks, and moves `*text` after it.
 * Returns false if there is none, or if it is too large. */
bool text_next_u64(const char **text, uint64_t *ret_number);

/* Parses the range that `*text` begins with, "7" or "0-3", and moves `*text` after it. Numbers that
 * are too large count as UINT64_MAX. Returns false if there is no range, or one that ends before it
 * begins. */
bool text_next_range(const char **text, uint64_t *ret_first, uint64_t *ret_last);

/* Returns whether `path` is the directory `above` or lies below it. Both must be clean and
 * absolute, and `above` must not be "/". */
bool text_path_is_within(const char *path, const char *above);

/* Joins with exactly one "/" in between; an absolute `path` is returned unchanged. */
char *text_path_join(struct arena *arena, const char *dir, const char *path);

/* Normalises a path lexically: removes empty and "." parts and resolves ".." (never above "/").
 * Does not look at the file system, so symbolic links are not resolved. */
char *text_path_clean(struct arena *arena, const char *path);
