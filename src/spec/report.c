/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "berth/base/error.h"
#include "berth/base/finding.h"
#include "berth/base/log.h"
#include "berth/base/text.h"

void report_add(struct error *error, const char *path, const char *format, ...)
{
    char words[1024];
    const struct finding finding = {.number = EINVAL, .path = path, .cause = words};
    va_list values;

    va_start(values, format);
    vsnprintf(words, sizeof(words), format, values);
    va_end(values);
    error_add(error, &finding);
}

void report_warning(struct error *error, const char *path, const char *format, ...)
{
    char words[1024];
    const struct finding finding = {.severity = FINDING_WARNING, .path = path, .cause = words};
    va_list values;

    if (error->ignores_warnings)
        return;
    va_start(values, format);
    vsnprintf(words, sizeof(words), format, values);
    va_end(values);
    if (error->findings != NULL)
        findings_add(error->findings, &finding);
    else
        log_warning_of(&finding);
}

const char *report_quote_bytes(struct report_quote *quote, const char *bytes, size_t size)
{
    size_t room = sizeof(quote->text) - sizeof("\"...\"");
    size_t shown = size <= room ? size : text_utf8_cut(bytes, room);

    quote->text[0] = '"';
    for (size_t i = 0; i < shown; i++) {
        unsigned char byte = (unsigned char) bytes[i];

        quote->text[i + 1] = byte < ' ' || byte == 0x7f ? '?' : (char) byte;
    }
    snprintf(quote->text + 1 + shown, sizeof(quote->text) - 1 - shown, "%s",
             shown < size ? "...\"" : "\"");
    return quote->text;
}

const char *report_quote_string(struct report_quote *quote, const char *string)
{
    return report_quote_bytes(quote, string, strlen(string));
}
