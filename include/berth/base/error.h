/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors from the layer spec upwards: a number for programs and a text for people, owned by the
 * caller. The text is worded once, where the meaning is known: `PLACE: ACT: STRERROR (REMEDY)`.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

struct findings;

struct error {
    int number;      /* a positive errno, 0 while there is no error */
    int exit_status; /* the exit status the command should end with, 0: the command's usual one */
    /* NULL, or where error_collect puts what is found, so that the search goes on */
    struct findings *findings;
    bool ignores_warnings; /* they have been given before */
    char text[4096];       /* one or more lines without a final newline */
};

/* Returns early with the negative result of `call`: the only macro with control flow. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        int try_ = (call);                                                                         \
        if (try_ < 0)                                                                              \
            return try_;                                                                           \
    } while (0)

/* Sets number and text (a printf(3) format); `number` is a positive errno. Returns -number. */
int error_set(struct error *error, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As error_set, and appends ": " and the text of errno `number`, in lower case as callers match
 * it. */
int error_errno(struct error *error, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a line to the text of `error`; the number of the first one stays. Returns -error->number. */
int error_add(struct error *error, int number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts `format: ` before the text. Returns -error->number. */
int error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends ` (hint)` to the text. Returns -error->number. */
int error_hint(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Between the parts of what can fail in several places: returns `result`, or, where findings are
 * collected, takes the error into these and returns 0. */
int error_collect(struct error *error, int result);

/* Makes it none. */
void error_clear(struct error *error);

/* The text of errno `number` with a lower-case first letter: "no such file or directory". */
const char *error_text_of(int number);
