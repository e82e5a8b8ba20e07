/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/error.h"

#include <stdio.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/text.h"

#define NO_ROOM "(there are more errors)"
#define CUT "..."

const char *error_format_path(struct error_path *path, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    int length = vsnprintf(path->text, sizeof(path->text), format, values);
    va_end(values);
    if ((size_t) length < sizeof(path->text))
        return path->text;
    memcpy(path->text + text_utf8_cut(path->text, sizeof(path->text) - sizeof(CUT)), CUT,
           sizeof(CUT));
    return path->text;
}

/* --- parts ------------------------------------------------------------------------------------ */

static const char *part_of(const struct error *error, enum error_part part)
{
    return error->bytes + error->at[part];
}

/* Appends to the part that was begun last. */
__attribute__((format(printf, 2, 0))) static void append(struct error *error, const char *format,
                                                         va_list values)
{
    char *end = error->bytes + error->used - 1;

    vsnprintf(end, sizeof(error->bytes) - error->used + 1, format, values);
    error->used = (uint16_t) (error->used + strlen(end));
}

__attribute__((format(printf, 2, 3))) static void appendf(struct error *error, const char *format,
                                                          ...)
{
    va_list values;

    va_start(values, format);
    append(error, format, values);
    va_end(values);
}

/* The old content of the part stays in the buffer, where `append` may still read it. */
static void begin(struct error *error, enum error_part part)
{
    if (error->used == 0)
        error->used = 1;
    if (error->used == sizeof(error->bytes)) /* no room: drop the part */
        return;
    error->at[part] = error->used;
    error->bytes[error->used++] = '\0';
}

static void put(struct error *error, enum error_part part, const char *string)
{
    if (string == NULL || string[0] == '\0')
        return;
    begin(error, part);
    appendf(error, "%s", string);
}

void error_clear(struct error *error)
{
    error->number = error->exit_status = 0;
    error->line = error->column = 0;
    error->is_full = false;
    error->used = 0;
    memset(error->at, 0, sizeof(error->at));
}

/* Starts a new error, for which the exit status that was set stays. */
static void renew(struct error *error, int number)
{
    int exit_status = error->exit_status;

    error_clear(error);
    error->exit_status = exit_status;
    error->number = number;
}

/* Starts a new error whose `part` the caller appends. */
static void start(struct error *error, const char *path, int number, enum error_part part)
{
    renew(error, number);
    put(error, ERROR_PATH, path);
    begin(error, part);
}

int error_set(struct error *error, int number, const char *format, ...)
{
    va_list values;

    start(error, NULL, number, ERROR_CAUSE);
    va_start(values, format);
    append(error, format, values);
    va_end(values);
    return -number;
}

int error_at(struct error *error, const char *path, int number, const char *format, ...)
{
    va_list values;

    start(error, path, number, ERROR_CAUSE);
    va_start(values, format);
    append(error, format, values);
    va_end(values);
    return -number;
}

int error_errno(struct error *error, int number, const char *format, ...)
{
    va_list values;

    start(error, NULL, number, ERROR_ACT);
    va_start(values, format);
    append(error, format, values);
    va_end(values);
    return -number;
}

int error_errno_at(struct error *error, const char *path, int number, const char *format, ...)
{
    va_list values;

    start(error, path, number, ERROR_ACT);
    va_start(values, format);
    append(error, format, values);
    va_end(values);
    return -number;
}

/* --- adding to an error ----------------------------------------------------------------------- */

int error_prefix(struct error *error, const char *format, ...)
{
    const char *act = part_of(error, ERROR_ACT);
    va_list values;

    begin(error, ERROR_ACT);
    va_start(values, format);
    append(error, format, values);
    va_end(values);
    if (act[0] != '\0')
        appendf(error, ": %s", act);
    return -error->number;
}

int error_cause(struct error *error, const char *format, ...)
{
    va_list values;

    begin(error, ERROR_CAUSE);
    va_start(values, format);
    append(error, format, values);
    va_end(values);
    return -error->number;
}

int error_set_path(struct error *error, const char *path)
{
    put(error, ERROR_PATH, path);
    return -error->number;
}

int error_set_file(struct error *error, const char *file)
{
    put(error, ERROR_FILE, file);
    return -error->number;
}

int error_hint(struct error *error, const char *format, ...)
{
    const char *hint = part_of(error, ERROR_HINT);
    va_list values;

    begin(error, ERROR_HINT);
    if (hint[0] != '\0')
        appendf(error, "%s) (", hint);
    va_start(values, format);
    append(error, format, values);
    va_end(values);
    return -error->number;
}

static void become(struct error *error, const struct finding *finding)
{
    renew(error, finding->number);
    error->line = finding->line;
    error->column = finding->column;
    put(error, ERROR_PATH, finding->path);
    put(error, ERROR_FILE, finding->file);
    put(error, ERROR_ACT, finding->act);
    put(error, ERROR_CAUSE, finding->cause);
    put(error, ERROR_HINT, finding->hint);
}

static void add_line(struct error *error, const struct finding *finding)
{
    AUTO_ARENA arena = {0};
    const char *more = error_more(error);
    bool is_last = more + strlen(more) + 1 == error->bytes + error->used;

    if (error->is_full)
        return;
    const char *line = finding_text(&arena, finding);
    error->is_full = error->used + strlen(line) + sizeof("\n\n" NO_ROOM) > sizeof(error->bytes);
    if (error->is_full)
        line = NO_ROOM;
    if (!is_last)
        begin(error, ERROR_MORE);
    appendf(error, "%s%s%s", is_last ? "" : more, more[0] != '\0' ? "\n" : "", line);
}

int error_add(struct error *error, const struct finding *finding)
{
    if (error->findings != NULL)
        findings_add(error->findings, finding);
    else if (error->number == 0)
        become(error, finding);
    else
        add_line(error, finding);
    if (error->number == 0)
        error->number = finding->number;
    return -error->number;
}

int error_add_all(struct error *error, const struct error *other)
{
    const struct finding first = error_finding(other);
    const struct finding more = {.number = other->number, .cause = error_more(other)};

    error_add(error, &first);
    return more.cause[0] == '\0' ? -error->number : error_add(error, &more);
}

int error_collect(struct error *error, int result)
{
    if (result >= 0 || error->findings == NULL)
        return result;
    if (error->used > 0) { /* else error_add has added it */
        struct finding finding = error_finding(error);

        findings_add_new(error->findings, &finding);
    }
    error_clear(error);
    return 0;
}

/* --- reading an error ------------------------------------------------------------------------- */

struct finding error_finding(const struct error *error)
{
    return (struct finding){
        .severity = FINDING_ERROR,
        .number = error->number,
        .path = part_of(error, ERROR_PATH),
        .file = part_of(error, ERROR_FILE),
        .line = error->line,
        .column = error->column,
        .act = part_of(error, ERROR_ACT),
        .cause = part_of(error, ERROR_CAUSE),
        .hint = part_of(error, ERROR_HINT),
    };
}

const char *error_more(const struct error *error)
{
    return part_of(error, ERROR_MORE);
}

const char *error_text(struct arena *arena, const struct error *error)
{
    const struct finding finding = error_finding(error);
    const char *more = error_more(error);

    if (error->number == 0)
        return "";
    return arena_printf(arena, "%s%s%s", finding_text(arena, &finding), more[0] != '\0' ? "\n" : "",
                        more);
}
