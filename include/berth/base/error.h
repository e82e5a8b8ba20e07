/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors from the layer spec upwards, in parts and owned by the caller: the function that knows
 * what has failed sets them, and error_text alone puts them into words:
 * `[FILE:LINE:COLUMN: ][PATH: ][ACT: ]CAUSE[ (HINT)]`.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/base/finding.h"

enum error_part {
    ERROR_PATH,  /* a JSON path in config.json: "mounts[3].source" */
    ERROR_FILE,  /* the file or directory that the error is about */
    ERROR_ACT,   /* what failed: "mount tmpfs on /dev/shm" */
    ERROR_CAUSE, /* why, in words; without them it is the errno's text */
    ERROR_HINT,  /* what helps */
    ERROR_MORE,  /* further errors, a line each */
    ERROR_PARTS
};

struct error {
    int number;      /* a positive errno, 0 while there is no error */
    int exit_status; /* the exit status the command should end with, 0: the command's usual one */
    /* NULL, or where error_collect and error_add put what is found, so that the search goes on */
    struct findings *findings;
    bool ignores_warnings;    /* they have been given before */
    bool is_full;             /* no further line has room */
    size_t line, column;      /* in the file, from 1; 0: not known */
    uint16_t used;            /* of bytes */
    uint16_t at[ERROR_PARTS]; /* where each part begins in bytes; 0: there is none */
    char bytes[4064];         /* the first one is '\0' */
};

/* Returns early with the negative result of `call`: the only macro with control flow. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        int try_ = (call);                                                                         \
        if (try_ < 0)                                                                              \
            return try_;                                                                           \
    } while (0)

struct error_path {
    char text[256];
};

/* A JSON path made by a printf(3) format, which lives as long as the block around it. */
#define JSON_PATH(...) error_format_path(&(struct error_path){{0}}, __VA_ARGS__)
const char *error_format_path(struct error_path *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Each of these makes it an error with that number, a positive errno, and returns -number. `format`
 * is one of printf(3); its values must not be parts of this error. `path` is a JSON path or NULL.
 */

/* The words are the cause: "must be absolute". */
int error_set(struct error *error, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int error_at(struct error *error, const char *path, int number, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The words are what failed, and the cause is the errno's text. */
int error_errno(struct error *error, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int error_errno_at(struct error *error, const char *path, int number, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Each of these adds to an error and returns -error->number.
 */

/* Puts `format: ` before what failed: what it was needed for. */
int error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sets the cause in words, which stand in place of the errno's text. */
int error_cause(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets the JSON path, or the file that it is about. */
int error_set_path(struct error *error, const char *path);
int error_set_file(struct error *error, const char *file);

/* Adds what helps, in parentheses after another hint. */
int error_hint(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Becomes what was found, or adds it as a line if it is an error already, whose number stays; when
 * there is no more room, says so once and drops the rest. Where findings are collected, adds it to
 * these instead and keeps the number alone. */
int error_add(struct error *error, const struct finding *finding);

/* Between the parts of what can fail in several places: returns `result`, or, where findings are
 * collected, takes the error into these and returns 0. */
int error_collect(struct error *error, int result);

/* Makes it none. */
void error_clear(struct error *error);

/* Its parts, which live as long as it stays the same. */
struct finding error_finding(const struct error *error);

/* All of it in words, lines without a final newline; "" if there is none. */
const char *error_text(struct arena *arena, const struct error *error);
