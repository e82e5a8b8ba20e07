/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/finding.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/json.h"
#include "berth/base/style.h"
#include "berth/base/text.h"

static const char *const severity_names[] = {"error", "warning"};
static const enum style severity_styles[] = {STYLE_RED, STYLE_YELLOW};

/* Passes over "[...]", where a quoted key may hold anything. NULL: it does not end. */
static const char *skip_index(const char *at)
{
    bool quoted = false;

    for (at++; *at != '\0'; at++) {
        quoted ^= *at == '"';
        if (*at == ']' && !quoted)
            return at + 1;
    }
    return NULL;
}

/* How long the JSON path is that the line begins with, up to its ": "; 0: it begins with none. */
static size_t length_of_place(const char *line)
{
    const char *at = line;

    if (!islower((unsigned char) *at))
        return 0;
    while (at != NULL && (isalnum((unsigned char) *at) || *at == '.' || *at == '_' || *at == '['))
        at = *at == '[' ? skip_index(at) : at + 1;
    return at != NULL && strncmp(at, ": ", 2) == 0 ? (size_t) (at - line) : 0;
}

/* "FILE:LINE:COLUMN: " */
static const char *take_position(const char *line, struct finding *finding)
{
    size_t name = strcspn(line, ": ");
    char *end;

    if (line[name] != ':' || !isdigit((unsigned char) line[name + 1]))
        return line;
    finding->line = strtoul(line + name + 1, &end, 10);
    finding->column = *end == ':' ? strtoul(end + 1, &end, 10) : 0;
    if (finding->column > 0 && strncmp(end, ": ", 2) == 0)
        return end + 2;
    finding->line = finding->column = 0;
    return line;
}

/* Where the " (" of the parenthesis at the end is; NULL: there is none. */
static const char *find_remedy(const char *words)
{
    const char *at = words + strlen(words);
    int depth = 0;

    if (at == words || at[-1] != ')')
        return NULL;
    while (at > words) {
        at--;
        depth += (*at == ')') - (*at == '(');
        if (depth == 0)
            return at > words && at[-1] == ' ' ? at - 1 : NULL;
    }
    return NULL;
}

void findings_add(struct findings *findings, const struct finding *finding)
{
    findings->item = arena_grow(findings->arena, findings->item, findings->count, &findings->room,
                                sizeof(*finding));
    findings->item[findings->count++] = *finding;
}

struct finding finding_of_line(struct arena *arena, enum finding_severity severity,
                               const char *line)
{
    struct finding finding = {.severity = severity, .place = "", .remedy = ""};

    line = take_position(line, &finding);
    size_t length = length_of_place(line);
    if (length > 0) {
        finding.place = arena_copy(arena, line, length);
        line += length + strlen(": ");
    }
    const char *remedy = find_remedy(line);
    if (remedy != NULL && remedy > line) {
        finding.remedy = arena_copy(arena, remedy + 2, strlen(remedy) - 3);
        finding.words = arena_copy(arena, line, (size_t) (remedy - line));
    } else {
        finding.words = arena_string(arena, line);
    }
    return finding;
}

/* Is `inner` the place `outer` or in it? */
static bool is_within(const char *inner, const char *outer)
{
    size_t length = strlen(outer);

    return length > 0 && strncmp(inner, outer, length) == 0 &&
           (inner[length] == '\0' || inner[length] == '.' || inner[length] == '[');
}

void findings_add_new(struct findings *findings, const struct finding *finding)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *known = &findings->item[i];

        if (known->severity != FINDING_ERROR)
            continue;
        if (is_within(known->place, finding->place) || is_within(finding->place, known->place) ||
            (text_equal(known->place, finding->place) && text_equal(known->words, finding->words)))
            return;
    }
    findings_add(findings, finding);
}

const char *finding_line(struct arena *arena, const struct finding *finding)
{
    bool has_remedy = finding->remedy[0] != '\0';

    return arena_printf(arena, "%s%s%s%s%s%s", finding->place,
                        finding->place[0] != '\0' ? ": " : "", finding->words,
                        has_remedy ? " (" : "", finding->remedy, has_remedy ? ")" : "");
}

bool findings_have_error(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->item[i].severity == FINDING_ERROR)
            return true;
    return false;
}

void findings_print(const struct findings *findings, const char *file, struct text *text)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->item[i];

        text_add(text, file);
        if (finding->line > 0)
            text_addf(text, ":%zu:%zu", finding->line, finding->column);
        text_addf(text, ": %s: %s\n",
                  style_of(text->arena, severity_styles[finding->severity],
                           severity_names[finding->severity]),
                  finding_line(text->arena, finding));
    }
}

void findings_write_json(const struct findings *findings, struct json *json)
{
    json_array_open(json);
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->item[i];

        json_object_open(json);
        json_member(json, "severity", severity_names[finding->severity]);
        if (finding->place[0] != '\0')
            json_member(json, "place", finding->place);
        if (finding->line > 0) {
            json_key(json, "line");
            json_u64(json, finding->line);
            json_key(json, "column");
            json_u64(json, finding->column);
        }
        json_member(json, "words", finding->words);
        if (finding->remedy[0] != '\0')
            json_member(json, "remedy", finding->remedy);
        json_object_close(json);
    }
    json_array_close(json);
}
