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

/* Returns whether `word` is one of the comma-separated words of `list`. */
bool text_list_has(const char *list, const char *word);

/* Returns the text of errno `number` with a lower-case first letter: "no such file or directory".
 * Valid until the next call in this thread. */
const char *text_of_errno(int number);

/* Parse a whole string as a decimal number: no blanks, no plus sign, and for text_to_u64 no minus
 * sign either. Return 0, -EINVAL or -ERANGE. */
int text_to_u64(const char *string, uint64_t *ret_number);
int text_to_i64(const char *string, int64_t *ret_number);

/* Returns whether `path` is the directory `above` or lies below it. Both must be clean and
 * absolute, and `above` must not be "/". */
bool text_path_is_within(const char *path, const char *above);

/* Joins with exactly one "/" in between; an absolute `path` is returned unchanged. */
char *text_path_join(struct arena *arena, const char *dir, const char *path);

/* Normalises a path lexically: removes empty and "." parts and resolves ".." (never above "/").
 * Does not look at the file system, so symbolic links are not resolved. */
char *text_path_clean(struct arena *arena, const char *path);
