/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/json.h"
#include "berth/base/text.h"
#include "stats.h"

#define SET_MAX 65535 /* far above what any kernel supports */

static const char *name_of(const struct stats_row *row)
{
    const char *dot = strrchr(row->path, '.');

    return dot == NULL ? row->path : dot + 1;
}

static void write_number(struct stats_writer *writer, uint64_t number)
{
    if (number == 0 && !writer->row->always)
        return;
    json_key(writer->json, name_of(writer->row));
    json_u64(writer->json, number);
}

int stats_write_first(struct stats_writer *writer)
{
    uint64_t number = 0;
    bool found = writer->place == NULL;

    for (const struct stats_source *source = writer->sources; !found && stats_is_source(source);
         source++)
        TRY(stats_take(writer, source, &number, &found));
    write_number(writer, number);
    return 0;
}

int stats_write_sum(struct stats_writer *writer)
{
    uint64_t sum = 0;

    for (const struct stats_source *source = writer->sources;
         writer->place != NULL && stats_is_source(source); source++) {
        uint64_t number;
        bool found;

        TRY(stats_take(writer, source, &number, &found));
        if (found && __builtin_add_overflow(sum, number, &sum))
            sum = UINT64_MAX;
    }
    write_number(writer, sum);
    return 0;
}

int stats_write_signed(struct stats_writer *writer)
{
    const struct stats_source *source;
    const char *text;
    int64_t number = 0;

    TRY(stats_find_file(writer, &source, &text));
    if (source != NULL && text_to_i64(text, &number) < 0)
        return stats_malformed(writer, source, text);
    json_key(writer->json, name_of(writer->row));
    json_i64(writer->json, number);
    return 0;
}

/* Opens the list with its first item, so that an empty list is omitted. */
static void add_item(struct stats_writer *writer, bool *opened, uint64_t number)
{
    if (!*opened) {
        json_key(writer->json, name_of(writer->row));
        json_array_open(writer->json);
        *opened = true;
    }
    json_u64(writer->json, number);
}

static void close_list(struct stats_writer *writer, bool opened)
{
    if (opened)
        json_array_close(writer->json);
}

int stats_write_numbers(struct stats_writer *writer)
{
    const struct stats_source *source;
    const char *text;
    bool opened = false;

    TRY(stats_find_file(writer, &source, &text));
    if (source == NULL)
        return 0;
    char *rest = arena_string(writer->arena, text);
    for (char *word; (word = strsep(&rest, " \n")) != NULL;) {
        uint64_t number;

        if (word[0] == '\0')
            continue;
        if (stats_number(word, &number) < 0)
            return stats_malformed(writer, source, word);
        add_item(writer, &opened, number);
    }
    close_list(writer, opened);
    return 0;
}

/* The word with this index in a line, NULL if there are fewer. */
static char *find_word(char *line, size_t index)
{
    char *word = NULL;

    for (size_t i = 0; i <= index; i++)
        if ((word = strsep(&line, " ")) == NULL)
            return NULL;
    return word;
}

static bool find_column(char *heading, const char *name, size_t *ret_index)
{
    size_t index = 0;

    for (char *word; (word = strsep(&heading, " ")) != NULL; index++) {
        if (!text_equal(word, name))
            continue;
        *ret_index = index;
        return true;
    }
    return false;
}

int stats_write_column(struct stats_writer *writer)
{
    const struct stats_source *source;
    const char *rest;
    size_t index;
    bool opened = false;

    TRY(stats_find_file(writer, &source, &rest));
    if (source == NULL || !find_column(stats_next_line(writer, &rest), source->key, &index))
        return 0;
    for (char *line; (line = stats_next_line(writer, &rest)) != NULL;) {
        const char *whole = arena_string(writer->arena, line);
        const char *word = find_word(line, index);
        uint64_t number;

        if (word == NULL || stats_number(word, &number) < 0)
            return stats_malformed(writer, source, whole);
        add_item(writer, &opened, number);
    }
    close_list(writer, opened);
    return 0;
}

int stats_write_set(struct stats_writer *writer)
{
    const struct stats_source *source;
    const char *text;
    bool opened = false;

    TRY(stats_find_file(writer, &source, &text));
    if (source == NULL)
        return 0;
    const char *rest = text;
    do {
        uint64_t first, last;

        if (!text_next_range(&rest, &first, &last) || last > SET_MAX ||
            (*rest != ',' && *rest != '\0'))
            return stats_malformed(writer, source, text);
        while (first <= last)
            add_item(writer, &opened, first++);
    } while (*rest++ != '\0');
    close_list(writer, opened);
    return 0;
}

int stats_write_map(struct stats_writer *writer)
{
    const struct stats_source *source;
    const char *rest;

    TRY(stats_find_file(writer, &source, &rest));
    if (source == NULL)
        return 0;
    json_key(writer->json, name_of(writer->row));
    json_object_open(writer->json);
    for (char *line; (line = stats_next_line(writer, &rest)) != NULL;) {
        char *blank = strchr(line, ' ');
        uint64_t number;

        if (blank == NULL || blank == line || stats_number(blank + 1, &number) < 0)
            return stats_malformed(writer, source, line);
        *blank = '\0';
        json_key(writer->json, line);
        json_u64(writer->json, number);
    }
    json_object_close(writer->json);
    return 0;
}

int stats_write_null(struct stats_writer *writer)
{
    json_key(writer->json, name_of(writer->row));
    json_string(writer->json, NULL);
    return 0;
}

int stats_write_empty(struct stats_writer *writer)
{
    json_key(writer->json, name_of(writer->row));
    json_object_open(writer->json);
    json_object_close(writer->json);
    return 0;
}
