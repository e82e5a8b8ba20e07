/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: a growing buffer in an arena, strict numbers, paths. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct text {
    struct arena *arena;
    char *bytes; /* ended with a NUL once anything was added, NULL before */
    size_t size; /* without the NUL */
    size_t room;
};

/* Adds `size` bytes, a string, a formatted text. */
void text_add_bytes(struct text *text, const void *bytes, size_t size);
void text_add(struct text *text, const char *string);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A list of strings that grows in an arena; `item[count]` is always NULL once anything was
 * added. */
struct text_list {
    struct arena *arena;
    char **item;
    size_t count;
    size_t room;
};

/* Adds `string` itself, not a copy. */
void text_list_add(struct text_list *list, const char *string);

/* A variable of the environment, or NULL; one that is empty counts as unset. */
const char *text_environment(const char *name);

bool text_equal(const char *a, const char *b);
bool text_starts_with(const char *text, const char *prefix);

/* Is `word` one of the words of "a,b,c"? */
bool text_list_has(const char *list, const char *word);

/* The text of errno `number` with a lower-case first letter: "no such file or directory". The next
 * call overwrites it. */
const char *text_of_errno(int number);

/* Reads a whole string as a decimal number: no sign for the unsigned one, no blanks, no overflow.
 * Return 0, -EINVAL or -ERANGE. */
int text_to_u64(const char *string, uint64_t *ret_number);
int text_to_i64(const char *string, int64_t *ret_number);

/* Is `path` the directory `above`, or in it? Both are clean and absolute; "/" is above none. */
bool text_path_is_within(const char *path, const char *above);

/* Joins with exactly one "/" between; an absolute `path` stands alone. */
char *text_path_join(struct arena *arena, const char *dir, const char *path);

/* Makes a path clean in words only: no empty parts, no ".", ".." taken off (never above "/").
 * No look at the file system, so symbolic links are not followed. */
char *text_path_clean(struct arena *arena, const char *path);
