/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors from the spec layer upwards. An error is stored in parts and owned by the caller: the
 * function that knows what failed fills in the parts, and only error_text formats them:
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
    ERROR_FILE,  /* the file or directory the error is about */
    ERROR_ACT,   /* what failed: "mount tmpfs on /dev/shm" */
    ERROR_CAUSE, /* why it failed; if empty, the text of the errno */
    ERROR_HINT,  /* what the user can do about it */
    ERROR_MORE,  /* further errors, one per line */
    ERROR_PARTS
};

struct error {
    int number;      /* a positive errno, 0 while there is no error */
    int exit_status; /* exit status for the command; 0: the command's usual one */
    /* if not NULL, error_collect and error_add append findings here, so that checking can go on */
    struct findings *findings;
    bool ignores_warnings;    /* warnings were already reported */
    bool is_full;             /* no room for another line */
    size_t line, column;      /* position in the file, from 1; 0: unknown */
    uint16_t used;            /* bytes used in `bytes` */
    uint16_t at[ERROR_PARTS]; /* offset of each part in `bytes`; 0: no such part */
    char bytes[4064];         /* the first byte is always '\0' */
};

/* Returns the result of `call` from the calling function if it is negative. Only the TRY macros
 * change the control flow. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        int try_ = (call);                                                                         \
        if (try_ < 0)                                                                              \
            return try_;                                                                           \
    } while (0)

/* The same for a call that returns a negative errno and sets no error: sets the error as
 * error_errno and error_errno_at do. */
#define TRY_ERRNO(call, error, ...)                                                                \
    do {                                                                                           \
        int try_ = (int) (call);                                                                   \
        if (try_ < 0)                                                                              \
            return error_errno(error, -try_, __VA_ARGS__);                                         \
    } while (0)
#define TRY_ERRNO_AT(call, error, path, ...)                                                       \
    do {                                                                                           \
        int try_ = (int) (call);                                                                   \
        if (try_ < 0)                                                                              \
            return error_errno_at(error, path, -try_, __VA_ARGS__);                                \
    } while (0)

struct error_path {
    char text[256];
};

/* Formats a JSON path as printf(3) does; a long one is cut and ends with "...". It is valid until
 * the end of the enclosing block. */
#define JSON_PATH(...) error_format_path(&(struct error_path){{0}}, __VA_ARGS__)
const char *error_format_path(struct error_path *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Each of these sets the error to `number`, a positive errno, and returns -number. `format` is a
 * printf(3) format; its arguments must not point into this error. `path` is a JSON path or NULL.
 */

/* The message is the cause: "must be absolute". */
int error_set(struct error *error, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int error_at(struct error *error, const char *path, int number, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The message says what failed; the cause is the text of the errno. */
int error_errno(struct error *error, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int error_errno_at(struct error *error, const char *path, int number, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Each of these adds to an existing error and returns -error->number.
 */

/* Puts `format: ` in front of what failed, to say what it was needed for. */
int error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sets a cause that replaces the text of the errno. */
int error_cause(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Set the JSON path or the file that the error is about. */
int error_set_path(struct error *error, const char *path);
int error_set_file(struct error *error, const char *file);

/* Sets the hint; an existing hint is kept, with the new one in parentheses after it. */
int error_hint(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets the error to `finding` or, if there is an error already, appends it as a further line and
 * keeps the errno. When there is no room left, says so once and drops the rest. If findings are
 * being collected, appends it to them instead and sets only the errno. Returns -error->number. */
int error_add(struct error *error, const struct finding *finding);

/* Adds all lines of another error in the same way. */
int error_add_all(struct error *error, const struct error *other);

/* For code that goes on after a failure: returns `result`, or, if findings are being collected,
 * moves the error into them and returns 0. */
int error_collect(struct error *error, int result);

/* Resets to no error. */
void error_clear(struct error *error);

/* Returns the parts of the error, valid until the error changes. */
struct finding error_finding(const struct error *error);

/* Returns the further errors, a line each; "" if there are none. Valid until the error changes. */
const char *error_more(const struct error *error);

/* Formats the whole error as lines without a final newline; "" if there is no error. */
const char *error_text(struct arena *arena, const struct error *error);
