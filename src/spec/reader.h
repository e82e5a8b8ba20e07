/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the reader: its state, its position in the text, its error reports. */
#pragma once

#include <yajl/yajl_parse.h>

#include "berth/base/text.h"
#include "table.h"

struct arena;
struct error;
struct finding;

/* An object, array or map that is being read. */
struct frame {
    const struct spec_type *type;         /* properties of an object; NULL in an array or map */
    const struct spec_property *property; /* what the next value is; NULL: unknown, ignored */
    unsigned char *object;                /* the struct of an object */
    const char *key;                      /* a map's key for the next value */
    unsigned char *items;                 /* of an array or map */
    size_t count;
    size_t room;
    uint64_t named; /* a bit for every property of `type` whose name was read */
    uint64_t seen;  /* a bit for every property whose value was read */
    /* object: a bit for every faulty property; array or map: not 0 if an item is faulty */
    uint64_t at_fault;
    size_t start; /* offset of its opening bracket */
};

struct reader {
    struct arena *arena;
    const char *name;  /* of the document, for messages */
    const char *place; /* its path in config.json; NULL: it is the config.json */
    const char *bytes;
    size_t size;
    struct error *error;
    bool any_case; /* keys match case-insensitively */
    bool strict;   /* unknown properties are faults */
    bool warns;    /* warn of faults that are accepted */

    yajl_handle handle;
    size_t faults;
    struct text_list at_fault; /* paths of faulty values and of those dropped because of them */
    bool broken;               /* the text was not read to its end */
    size_t token;              /* where the current token starts and ends in the text */
    size_t end;
    size_t line; /* line number of `line_start`, advanced when a message needs it */
    size_t line_start;
    size_t ignored; /* number of open objects and arrays that are ignored */
    struct spec_property document;
    const void *root;
    struct frame frames[SPEC_TABLE_DEPTH + 2];
    struct frame *top;
};

/* Parses the text into a struct of `type`. Returns 0, or -EINVAL with lines in the reader's error.
 * *ret_document is then NULL, or what is left of the document for checking rules: faulty strings
 * are ""; faulty objects, lists, numbers and words are absent. An object is itself faulty if it
 * requires a faulty number or word, and a list if any item that is not a string is faulty. The
 * indices of items never change. */
int reader_read_document(struct reader *reader, const struct spec_type *type,
                         const void **ret_document);

/* Reads a config.json, and the annotations that hold JSON. */
int reader_read_config(struct reader *reader, const struct spec_config **ret_config);

/* Return the document with values that are wrong but accepted replaced by the correct form. */
const struct spec_config *spec_settle(struct arena *arena, const struct spec_config *config);
const struct spec_resources *spec_settle_resources(struct arena *arena,
                                                   const struct spec_resources *resources);

/* yajl's callbacks, which fill the structs. */
extern const yajl_callbacks reader_events;

/* Records the start and end of the token that yajl has just consumed. */
void reader_note_token(struct reader *reader);

/* Returns the path of the current value: `linux.namespaces[2].type`, `annotations["a.b"]`. */
const char *reader_path(struct reader *reader);

/* Marks the current value as faulty in the enclosing object or list. */
void reader_note_fault(struct reader *reader);

/* Clears the faulty properties of an object. Returns false if the object is useless without
 * them. */
bool reader_mend_object(const struct frame *object);

/* Adds a line `NAME:LINE:COLUMN: PATH: WORDS` about the text at offset `at`; `path` may be "".
 * Marks the current value as faulty. */
void reader_add_error(struct reader *reader, size_t at, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same for a finding with a path, a cause and a hint; sets its errno and its position. */
void reader_add_finding(struct reader *reader, size_t at, const struct finding *finding);
