/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/finding.h"

#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/json.h"
#include "berth/base/style.h"
#include "berth/base/text.h"

#define MARGIN 4 /* of the lines after a finding's first */

static const char *const severity_names[] = {"error", "warning"};
static const enum style severity_styles[] = {STYLE_RED, STYLE_YELLOW};

static bool is_set(const char *part)
{
    return part != NULL && part[0] != '\0';
}

/* --- lists ------------------------------------------------------------------------------------ */

static const char *copy(struct arena *arena, const char *part)
{
    return is_set(part) ? arena_string(arena, part) : "";
}

void findings_add(struct findings *findings, const struct finding *finding)
{
    struct arena *arena = findings->arena;

    findings->item =
        arena_grow(arena, findings->item, findings->count, &findings->room, sizeof(*finding));
    findings->item[findings->count++] = (struct finding){
        .severity = finding->severity,
        .number = finding->number,
        .path = copy(arena, finding->path),
        .file = copy(arena, finding->file),
        .line = finding->line,
        .column = finding->column,
        .act = copy(arena, finding->act),
        .cause = copy(arena, finding->cause),
        .hint = copy(arena, finding->hint),
    };
}

/* Returns whether the JSON path `inner` is `outer` or lies below it. */
static bool is_within(const char *inner, const char *outer)
{
    size_t length = strlen(outer);

    return length > 0 && strncmp(inner, outer, length) == 0 &&
           (inner[length] == '\0' || inner[length] == '.' || inner[length] == '[');
}

void findings_add_new(struct findings *findings, const struct finding *finding)
{
    AUTO_ARENA arena = {0};
    const char *path = finding->path != NULL ? finding->path : "";
    const char *words = finding_text(&arena, finding);

    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *known = &findings->item[i];

        if (known->severity != FINDING_ERROR)
            continue;
        if (is_within(known->path, path) || is_within(path, known->path) ||
            text_equal(finding_text(&arena, known), words))
            return;
    }
    findings_add(findings, finding);
}

bool findings_have_error(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->item[i].severity == FINDING_ERROR)
            return true;
    return false;
}

/* --- words ------------------------------------------------------------------------------------ */

static void add_part(struct text *text, const char *part)
{
    if (is_set(part))
        text_addf(text, "%s: ", part);
}

/* The only place that formats the parts; `position` is "" or ends with ": ". */
static const char *word(struct arena *arena, const char *position, const struct finding *finding)
{
    struct text text = {.arena = arena};

    text_add(&text, position);
    add_part(&text, finding->path);
    add_part(&text, finding->act);
    text_add(&text, is_set(finding->cause) ? finding->cause : text_of_errno(finding->number));
    if (is_set(finding->hint))
        text_addf(&text, " (%s)", finding->hint);
    return text.bytes;
}

const char *finding_text(struct arena *arena, const struct finding *finding)
{
    bool has_position = is_set(finding->file) && finding->line > 0;

    return word(arena,
                has_position ? arena_printf(arena, "%s:%zu:%zu: ", finding->file, finding->line,
                                            finding->column)
                             : "",
                finding);
}

void findings_print(const struct findings *findings, const char *file, struct text *text)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->item[i];
        const char *severity = severity_names[finding->severity];
        struct text words = {.arena = text->arena};
        size_t start = text->size;

        text_add_printable(text, file, "", TEXT_LAYOUT);
        if (finding->line > 0)
            text_addf(text, ":%zu:%zu", finding->line, finding->column);
        size_t column = text->size - start + strlen(": : ") + strlen(severity);
        text_addf(text,
                  ": %s: ", style_of(text->arena, severity_styles[finding->severity], severity));
        text_add_printable(&words, word(text->arena, "", finding), "", TEXT_LAYOUT);
        text_add_wrapped_after(text, column, MARGIN, style_columns(), words.bytes);
    }
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void write_string(struct json *json, const char *name, const char *part)
{
    if (is_set(part))
        json_member(json, name, part);
}

static void write_number(struct json *json, const char *name, size_t number)
{
    if (number == 0)
        return;
    json_key(json, name);
    json_u64(json, number);
}

void finding_write_members(const struct finding *finding, struct json *json)
{
    write_string(json, "path", finding->path);
    write_string(json, "file", finding->file);
    write_number(json, "line", finding->line);
    write_number(json, "column", finding->column);
    write_number(json, "errno", (size_t) finding->number);
    write_string(json, "hint", finding->hint);
}

void findings_write_json(const struct findings *findings, struct json *json)
{
    json_array_open(json);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->item[i];
        const struct finding said = {
            .number = finding->number, .act = finding->act, .cause = finding->cause};

        json_object_open(json);
        json_member(json, "severity", severity_names[finding->severity]);
        json_member(json, "message", word(findings->arena, "", &said));
        finding_write_members(finding, json);
        json_object_close(json);
    }
    json_array_close(json);
}
