/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the reader share: its state, where it stands in the text, its complaints. */
#pragma once

#include <yajl/yajl_parse.h>

#include "table.h"

struct arena;
struct error;

/* An object, array or map that is being filled. */
struct frame {
    const struct spec_type *type;         /* the properties of an object, NULL in an array or map */
    const struct spec_property *property; /* what the next value is, NULL: unknown, ignored */
    unsigned char *object;                /* the struct of an object */
    const char *key;                      /* a map's key of the next value */
    unsigned char *items;                 /* of an array or map */
    size_t count;
    size_t room;
    uint64_t seen; /* a bit for every property of `type` that has come */
    size_t start;  /* where it opens in the text */
};

struct reader {
    struct arena *arena;
    const char *name; /* of the document, for messages */
    const char *bytes;
    size_t size;
    struct error *error;
    bool any_case; /* keys match in any case */

    yajl_handle handle;
    size_t faults;
    uint64_t dropped; /* a bit for every member of the document with a fault in it */
    bool broken;      /* the text was not read to its end */
    size_t token; /* where the current token starts and ends in the text */
    size_t end;
    size_t line; /* the line of `line_start`, counted on as messages need it */
    size_t line_start;
    size_t ignored; /* open objects and arrays that nobody reads */
    struct spec_property document;
    const void *root;
    struct frame frames[SPEC_TABLE_DEPTH + 2];
    struct frame *top;
};

/* The calls of yajl for every token: they fill the structs. */
extern const yajl_callbacks reader_events;

/* Notes where the token starts and ends that yajl has just passed. */
void reader_note_token(struct reader *reader);

/* The place of the current value: `linux.namespaces[2].type`, `annotations["a.b"]`. */
const char *reader_path(struct reader *reader);

/* Adds a line `NAME:LINE:COLUMN: PATH: WORDS` about the text at offset `at`; `path` may be "". */
void reader_complain(struct reader *reader, size_t at, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
