/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of faults for people: one line each, as many as the error's text has room for. */
#pragma once

#include <stddef.h>

struct error;

/* Adds a line with number EINVAL, to the findings where these are collected; when there is no more
 * room says so once and drops the rest. */
void report_add(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says what is accepted although it is wrong: to the findings where these are collected, else to
 * the log. */
void report_warning(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct report_quote {
    char text[96];
};

/* Puts foreign text into quotes: shortened, control characters as '?', so that a line stays a line.
 */
const char *report_quote_bytes(struct report_quote *quote, const char *bytes, size_t size);
const char *report_quote_string(struct report_quote *quote, const char *string);

#define QUOTE(string) report_quote_string(&(struct report_quote){{0}}, (string))
