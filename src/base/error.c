/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/error.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "berth/base/finding.h"

static void append(struct error *error, const char *text)
{
    size_t length = strlen(error->text);

    snprintf(error->text + length, sizeof(error->text) - length, "%s", text);
}

const char *error_text_of(int number)
{
    static _Thread_local char text[128];

    snprintf(text, sizeof(text), "%s", strerror(number));
    /* Callers match the words in lower case; an abbreviation such as "RPC struct is bad" stays. */
    if (text[0] != '\0' && islower((unsigned char) text[1]))
        text[0] = (char) tolower((unsigned char) text[0]);
    return text;
}

int error_set(struct error *error, int number, const char *format, ...)
{
    va_list values;

    error->number = number;
    va_start(values, format);
    vsnprintf(error->text, sizeof(error->text), format, values);
    va_end(values);
    return -number;
}

int error_errno(struct error *error, int number, const char *format, ...)
{
    va_list values;

    error->number = number;
    va_start(values, format);
    vsnprintf(error->text, sizeof(error->text), format, values);
    va_end(values);
    append(error, ": ");
    append(error, error_text_of(number));
    return -number;
}

int error_add(struct error *error, int number, const char *format, ...)
{
    char line[sizeof(error->text)];
    va_list values;

    va_start(values, format);
    vsnprintf(line, sizeof(line), format, values);
    va_end(values);
    if (error->number == 0) {
        error->number = number;
        error->text[0] = '\0';
    } else {
        append(error, "\n");
    }
    append(error, line);
    return -error->number;
}

int error_prefix(struct error *error, const char *format, ...)
{
    char old[sizeof(error->text)];
    va_list values;

    memcpy(old, error->text, sizeof(old));
    va_start(values, format);
    vsnprintf(error->text, sizeof(error->text), format, values);
    va_end(values);
    append(error, ": ");
    append(error, old);
    return -error->number;
}

int error_hint(struct error *error, const char *format, ...)
{
    char hint[1024];
    va_list values;

    va_start(values, format);
    vsnprintf(hint, sizeof(hint), format, values);
    va_end(values);
    append(error, " (");
    append(error, hint);
    append(error, ")");
    return -error->number;
}

void error_clear(struct error *error)
{
    error->number = error->exit_status = 0;
    error->text[0] = '\0';
}

int error_collect(struct error *error, int result)
{
    char *rest = error->text;

    if (result >= 0 || error->findings == NULL)
        return result;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        struct finding finding = finding_of_line(error->findings->arena, FINDING_ERROR, line);

        if (line[0] != '\0')
            findings_add_new(error->findings, &finding);
    }
    error_clear(error);
    return 0;
}
