/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a configuration, or will be: all of it, each with its place. `check` shows
 * it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct json;
struct text;

enum finding_severity { FINDING_ERROR, FINDING_WARNING };

struct finding {
    enum finding_severity severity;
    const char *place; /* a JSON path in config.json: "mounts[3].source", or "" */
    size_t line;       /* there, from 1; 0: not known */
    size_t column;
    const char *words;  /* "no such file or directory" */
    const char *remedy; /* what helps, or "" */
};

struct findings {
    struct arena *arena;
    struct finding *item;
    size_t count;
    size_t room;
};

/* What a line of an error's text says, taken apart: `[FILE:LINE:COLUMN: ][PLACE: ]WORDS[
 * (REMEDY)]`. */
struct finding finding_of_line(struct arena *arena, enum finding_severity severity,
                               const char *line);

/* Adds a copy of `finding`. */
void findings_add(struct findings *findings, const struct finding *finding);

/* The same, unless an error is known of its place, of what is in it or of what it is in. */
void findings_add_new(struct findings *findings, const struct finding *finding);

/* The line again, without where it is in the file. */
const char *finding_line(struct arena *arena, const struct finding *finding);

/* Is any of them an error? */
bool findings_have_error(const struct findings *findings);

/* Writes one line each: `FILE:LINE:COLUMN: SEVERITY: PLACE: WORDS (REMEDY)`. */
void findings_print(const struct findings *findings, const char *file, struct text *text);

/* Writes an array of objects with the members of struct finding; what is not known is left out. */
void findings_write_json(const struct findings *findings, struct json *json);
