/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing statistics: stats.c has the table, read.c the files, write.c and devices.c
 * the kinds of values. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/cgroup/place.h"

struct json;
struct stats_file;

/* Converts text to a number. Returns 0 or -EBADMSG. */
typedef int stats_convert_function(const char *text, uint64_t *ret_number);

/* The source of a value. */
struct stats_source {
    const char *file;
    const char *key;                 /* selects a line, a column or words; NULL: the whole file */
    stats_convert_function *convert; /* NULL: a plain number */
    /* instead of `file`: the file of this property of linux.resources */
    const char *setting;
};

struct stats_writer;

/* Writes one member. Returns 0 or a negative errno with an error. */
typedef int stats_write_function(struct stats_writer *writer);

struct stats_row {
    const char *path; /* JSON path of the member: "cpu.usage.total" */
    stats_write_function *write;
    bool always;            /* write it even if it is 0 */
    const char *controller; /* look at its v1 hierarchy first; NULL: only at v2 */
    struct stats_source v1[5];
    struct stats_source v2[4];
};

struct stats_writer {
    struct arena *arena;
    const struct cgroup *cgroup;
    struct json *json;
    struct error *error;
    struct stats_file *files; /* the files read so far */
    /* the current row */
    const struct stats_row *row;
    const struct cgroup_place *place; /* NULL: the container has no cgroup for it */
    const struct stats_source *sources;
};

/* --- read.c --- */

/* Is it a source, and not the end of the array? */
bool stats_is_source(const struct stats_source *source);

/* Reads a file of the row's cgroup; *ret_text is NULL if it does not exist. Returns 0 or a
 * negative errno. */
int stats_read(struct stats_writer *writer, const char *file, const char **ret_text);

/* Finds a source's file, or the rest of the line that starts with its key; *ret_text is NULL if
 * there is none. Returns 0 or a negative errno. */
int stats_find(struct stats_writer *writer, const struct stats_source *source,
               const char **ret_text);

/* Finds the first of the row's sources whose file exists and is not empty; *ret_source is NULL
 * if there is none. Returns 0 or a negative errno. */
int stats_find_file(struct stats_writer *writer, const struct stats_source **ret_source,
                    const char **ret_text);

/* Reads one number from a source; *ret_found is false if there is none. Returns 0 or a negative
 * errno. */
int stats_take(struct stats_writer *writer, const struct stats_source *source, uint64_t *ret_number,
               bool *ret_found);

/* Returns the next line of *rest without its newline, NULL at the end, and advances *rest. */
char *stats_next_line(struct stats_writer *writer, const char **rest);

/* Reports that `text` in the source's file is malformed. Returns -EBADMSG. */
int stats_malformed(struct stats_writer *writer, const struct stats_source *source,
                    const char *text);

/* Conversions. */
/* "max" is UINT64_MAX; a negative count, which some kernels report, is 0 */
stats_convert_function stats_number;
stats_convert_function stats_or_none;      /* "max" is 0 */
stats_convert_function stats_microseconds; /* microseconds to nanoseconds */
stats_convert_function stats_ticks;        /* ticks of USER_HZ to nanoseconds */
stats_convert_function stats_lines;        /* the number of lines */

/* --- write.c: kinds of values --- */

stats_write_function stats_write_first; /* the number of the first source that exists */
stats_write_function stats_write_sum;   /* the sum of all sources; no limit if one has none */
stats_write_function stats_write_signed;
stats_write_function stats_write_numbers; /* "1 2 3" */
stats_write_function stats_write_column;  /* a column of a table with a heading */
stats_write_function stats_write_set;     /* "0-3,7" */
stats_write_function stats_write_map;     /* lines of key and number */
stats_write_function stats_write_null;
stats_write_function stats_write_empty; /* {} */

/* --- devices.c: kinds that are objects or lists of objects --- */

/* block devices: v1 "8:0 Read 5", v2 "8:0 rbytes=5 ..." */
stats_write_function stats_write_devices;
stats_write_function stats_write_pressure; /* PSI */
stats_write_function stats_write_hugetlb;  /* by page size */
