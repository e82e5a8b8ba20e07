/* SPDX-License-Identifier: Apache-2.0 */
/* Findings: problems, in parts, that a command has hit or would hit. `check` prints all of them;
 * the log writes one per record. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct json;
struct text;

enum finding_severity { FINDING_ERROR, FINDING_WARNING };

/* A string that is NULL or "" is an absent part. */
struct finding {
    enum finding_severity severity;
    int number;       /* a positive errno; 0: unknown */
    const char *path; /* a JSON path in config.json: "mounts[3].source" */
    const char *file; /* the file or directory the finding is about */
    size_t line;      /* position in the file, from 1; 0: unknown */
    size_t column;
    const char *act;   /* what failed: "mount tmpfs on /dev/shm" */
    const char *cause; /* why it failed; if absent, the text of the errno */
    const char *hint;  /* what the user can do about it */
};

struct findings {
    struct arena *arena;
    struct finding *item;
    size_t count;
    size_t room;
};

/* Appends a copy of `finding`. */
void findings_add(struct findings *findings, const struct finding *finding);

/* Like findings_add, but drops the finding if there is an error with the same text, or for the same
 * JSON path, a parent of it or a child of it. */
void findings_add_new(struct findings *findings, const struct finding *finding);

/* Returns whether any finding is an error. */
bool findings_have_error(const struct findings *findings);

/* Formats a finding as `[FILE:LINE:COLUMN: ][PATH: ][ACT: ]CAUSE[ (HINT)]`. */
const char *finding_text(struct arena *arena, const struct finding *finding);

/* Formats one line per finding: `FILE:LINE:COLUMN: SEVERITY: [PATH: ][ACT: ]CAUSE[ (HINT)]`. For a
 * terminal: shows control characters by their codes, and breaks lines that do not fit. */
void findings_print(const struct findings *findings, const char *file, struct text *text);

/* Adds the machine-readable parts as members of the open object: path, file, line, column, errno
 * and hint. Unknown parts are left out. */
void finding_write_members(const struct finding *finding, struct json *json);

/* Writes an array of objects with severity, message and the members of finding_write_members. */
void findings_write_json(const struct findings *findings, struct json *json);
