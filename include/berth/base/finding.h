/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong, or will be, in parts. `check` shows all of them, the log one a record. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct json;
struct text;

enum finding_severity { FINDING_ERROR, FINDING_WARNING };

/* A string may be NULL or "": there is no such part. */
struct finding {
    enum finding_severity severity;
    int number;       /* a positive errno; 0: not known */
    const char *path; /* a JSON path in config.json: "mounts[3].source" */
    const char *file; /* the file or directory that it is about */
    size_t line;      /* there, from 1; 0: not known */
    size_t column;
    const char *act;   /* what failed: "mount tmpfs on /dev/shm" */
    const char *cause; /* why; if missing, the text of the errno says it */
    const char *hint;  /* what helps */
};

struct findings {
    struct arena *arena;
    struct finding *item;
    size_t count;
    size_t room;
};

/* Adds a copy of `finding`. */
void findings_add(struct findings *findings, const struct finding *finding);

/* The same, unless an error is known of its path, of what is in it or of what it is in. */
void findings_add_new(struct findings *findings, const struct finding *finding);

/* Is any of them an error? */
bool findings_have_error(const struct findings *findings);

/* In words: `[FILE:LINE:COLUMN: ][PATH: ][ACT: ]CAUSE[ (HINT)]`. */
const char *finding_text(struct arena *arena, const struct finding *finding);

/* Writes one line each: `FILE:LINE:COLUMN: SEVERITY: [PATH: ][ACT: ]CAUSE[ (HINT)]`. */
void findings_print(const struct findings *findings, const char *file, struct text *text);

/* Adds what programs want to know as members of the open object: path, file, line, column, errno
 * and hint; what is not known is left out. */
void finding_write_members(const struct finding *finding, struct json *json);

/* Writes an array of objects with severity, message and these members. */
void findings_write_json(const struct findings *findings, struct json *json);
