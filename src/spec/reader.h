/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the reader share: its state, where it stands in the text, its complaints. */
#pragma once

#include <yajl/yajl_parse.h>

#include "berth/base/text.h"
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
    uint64_t named;    /* a bit for every property of `type` whose name has come */
    uint64_t seen;     /* and whose value has */
    uint64_t at_fault; /* of an object: a bit for every property; else: not 0 if an item is */
    size_t start;      /* where it opens in the text */
};

struct reader {
    struct arena *arena;
    const char *name;  /* of the document, for messages */
    const char *place; /* where it would be in config.json, NULL: it is that */
    const char *bytes;
    size_t size;
    struct error *error;
    bool any_case; /* keys match in any case */
    bool warns;    /* of what is accepted although it is wrong */

    yajl_handle handle;
    size_t faults;
    struct text_list at_fault; /* the paths of the values that are, or have to go with those */
    bool broken;               /* the text was not read to its end */
    size_t token;              /* where the current token starts and ends in the text */
    size_t end;
    size_t line; /* the line of `line_start`, counted on as messages need it */
    size_t line_start;
    size_t ignored; /* open objects and arrays that nobody reads */
    struct spec_property document;
    const void *root;
    struct frame frames[SPEC_TABLE_DEPTH + 2];
    struct frame *top;
};

/* Reads the text into a struct of `type`. Returns 0, or -EINVAL with lines in the reader's error:
 * then *ret_document is what the faults leave of it, which rules can be checked on, or NULL. In
 * that, strings at fault are "", objects and lists are absent, and so are numbers and words; an
 * object that requires a number or word at fault, and a list with any item at fault that is no
 * string, are at fault themselves. The indices of items never shift. */
int reader_read_document(struct reader *reader, const struct spec_type *type,
                         const void **ret_document);

/* The document with what is accepted although it is wrong in the form of what is right. */
const struct spec_config *spec_settle(struct arena *arena, const struct spec_config *config);
const struct spec_resources *spec_settle_resources(struct arena *arena,
                                                   const struct spec_resources *resources);

/* The calls of yajl for every token: they fill the structs. */
extern const yajl_callbacks reader_events;

/* Notes where the token starts and ends that yajl has just passed. */
void reader_note_token(struct reader *reader);

/* The place of the current value: `linux.namespaces[2].type`, `annotations["a.b"]`. */
const char *reader_path(struct reader *reader);

/* Notes that the current value is at fault, for the object or list around it. */
void reader_note_fault(struct reader *reader);

/* Clears the properties at fault of an object. Returns false if it is of no use without them. */
bool reader_mend_object(const struct frame *object);

/* Adds a line `NAME:LINE:COLUMN: PATH: WORDS` about the text at offset `at`; `path` may be "". The
 * current value then is at fault. */
void reader_complain(struct reader *reader, size_t at, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
