/* SPDX-License-Identifier: Apache-2.0 */
/* How statistics are read and written: stats.c has the table, stats-read.c the files, stats-write.c
 * the kinds of values. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/cgroup/place.h"

struct json;
struct stats_file;

/* Makes a number of a text. Returns 0 or -EBADMSG. */
typedef int stats_convert_function(const char *text, uint64_t *ret_number);

/* Where a value is. */
struct stats_source {
    const char *file;
    const char *key; /* of the line, the column or the words that are meant; NULL: the whole file */
    stats_convert_function *convert; /* NULL: a plain number */
    /* instead of a file: the one that this property of linux.resources is written to */
    const char *setting;
};

struct stats_writer;

/* Writes one member. Returns 0 or a negative errno with an error. */
typedef int stats_write_function(struct stats_writer *writer);

struct stats_row {
    const char *path; /* of the member: "cpu.usage.total" */
    stats_write_function *write;
    bool always;            /* also when it is 0 */
    const char *controller; /* its v1 hierarchy is looked at first; NULL: the v2 one alone */
    struct stats_source v1[6];
    struct stats_source v2[4];
};

struct stats_writer {
    struct arena *arena;
    const struct cgroup *cgroup;
    struct json *json;
    struct error *error;
    struct stats_file *files; /* what has been read */
    /* the row at hand */
    const struct stats_row *row;
    const struct cgroup_place *place; /* NULL: the container has none for it */
    const struct stats_source *sources;
};

/* --- stats-read.c --- */

/* Is it one of a row's sources, and not the end of them? */
bool stats_is_source(const struct stats_source *source);

/* The text of a file in the row's cgroup, NULL when there is none. Returns 0 or a negative
 * errno. */
int stats_read(struct stats_writer *writer, const char *file, const char **ret_text);

/* The text of a source's file, or of its key's line behind the key; NULL when there is none.
 * Returns 0 or a negative errno. */
int stats_find(struct stats_writer *writer, const struct stats_source *source,
               const char **ret_text);

/* The first of the row's sources whose file is there and not empty; *ret_source is NULL when there
 * is none. Returns 0 or a negative errno. */
int stats_find_file(struct stats_writer *writer, const struct stats_source **ret_source,
                    const char **ret_text);

/* Takes one number by a source; *ret_found is false when there is none. Returns 0 or a negative
 * errno. */
int stats_take(struct stats_writer *writer, const struct stats_source *source, uint64_t *ret_number,
               bool *ret_found);

/* The next line of *rest without its newline, NULL at the end. */
char *stats_next_line(struct stats_writer *writer, const char **rest);

/* `text` of the source's file is not as the kernel writes it. Returns -EBADMSG. */
int stats_malformed(struct stats_writer *writer, const struct stats_source *source,
                    const char *text);

/* Conversions. */
/* "max" is all ones; below 0, as some kernels count, is 0 */
stats_convert_function stats_number;
stats_convert_function stats_or_none;      /* "max" is 0 */
stats_convert_function stats_microseconds; /* to nanoseconds, as the next */
stats_convert_function stats_ticks;        /* of USER_HZ */
stats_convert_function stats_lines;        /* how many there are */

/* --- stats-write.c: kinds of values --- */

stats_write_function stats_write_first; /* the number of the first source that is there */
stats_write_function stats_write_sum;   /* of all sources; without a limit when one has none */
stats_write_function stats_write_signed;
stats_write_function stats_write_numbers; /* "1 2 3" */
stats_write_function stats_write_column;  /* of a table with a heading */
stats_write_function stats_write_set;     /* "0-3,7" */
stats_write_function stats_write_map;     /* lines of key and number */
stats_write_function stats_write_null;
stats_write_function stats_write_empty; /* {} */

/* --- stats-devices.c: kinds that are objects or lists of them --- */

/* block devices: v1 "8:0 Read 5", v2 "8:0 rbytes=5 ..." */
stats_write_function stats_write_devices;
stats_write_function stats_write_pressure; /* PSI */
stats_write_function stats_write_hugetlb;  /* by page size */
