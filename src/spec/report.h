/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of faults in a document. */
#pragma once

#include <stddef.h>

#include "berth/base/error.h"

/* Reports that the property at a JSON path is wrong (EINVAL): see error_add. */
void report_add(struct error *error, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Warns of something wrong that is accepted: in the findings if these are collected, else in the
 * log. */
void report_warning(struct error *error, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct report_quote {
    char text[96];
};

/* Quotes untrusted text: shortens it and replaces control characters with '?', so that it stays on
 * one line. */
const char *report_quote_bytes(struct report_quote *quote, const char *bytes, size_t size);
const char *report_quote_string(struct report_quote *quote, const char *string);

#define QUOTE(string) report_quote_string(&(struct report_quote){{0}}, (string))
