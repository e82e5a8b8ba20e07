/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads JSON documents into the structs of berth/spec/config.h.
 *
 * Every function parses `size` bytes of text (no NUL needed at the end) and allocates structs in
 * `arena`. It returns 0 and sets *ret_..., or returns -EINVAL with one line per fault in `error`:
 * `config.json:12:7: mounts[1].source: expected a string, got a number`. Faults are malformed JSON,
 * a wrong type, an unknown word of a fixed set, a number that is out of range or has a fraction, a
 * missing required property, a duplicate name in an object (glossary.md, JSON) and a NUL in a
 * string. Unknown properties are ignored (config.md, Extensibility); null means absent. Rules that
 * involve several properties are checked by berth/spec/check.h.
 */
#pragma once

#include <stddef.h>

#include "berth/spec/config.h"

struct arena;
struct error;

/* Reads a bundle's config.json (config.md, config-linux.md). */
int spec_read_config(struct arena *arena, const char *bytes, size_t size,
                     const struct spec_config **ret_config, struct error *error);

/* Reads the state of a container (runtime.md, State). */
int spec_read_state(struct arena *arena, const char *bytes, size_t size,
                    const struct spec_state **ret_state, struct error *error);

/* Reads the features of a runtime (features.md, features-linux.md). */
int spec_read_features(struct arena *arena, const char *bytes, size_t size,
                       const struct spec_features **ret_features, struct error *error);

/* Returns the name of a kind of hook, in the order in which hooks run, or NULL if `index` is past
 * the last one. */
const char *spec_hook_name(size_t index);

struct spec_text {
    const char *bytes;
    size_t size;
};

/* Reads only a process object, for `exec --process`. `name` is the document's name in messages. */
int spec_read_process(struct arena *arena, const char *name, const struct spec_text *text,
                      const struct spec_process **ret_process, struct error *error);

/* Reads only a resources object, for `update --resources`. Keys match case-insensitively, because
 * callers rely on Go's decoder. `name` is NULL if the user did not write the document: messages
 * then have no line number. */
int spec_read_resources(struct arena *arena, const char *name, const struct spec_text *text,
                        const struct spec_resources **ret_resources, struct error *error);

/* Reads berth's own record of a container (schemas/record.json). */
int spec_read_record(struct arena *arena, const char *bytes, size_t size,
                     const struct spec_record **ret_record, struct error *error);

/* Reads only mounts, for `mounts add`: an array of them, or an object with an array `mounts`, such
 * as a config.json. `name` is the document's name in messages. */
int spec_read_mounts(struct arena *arena, const char *name, const struct spec_text *text,
                     const struct spec_mounts **ret_mounts, struct error *error);

/* Reads only a linux.seccomp object. Unknown properties are faults: whoever writes the document
 * anew would lose them. `name` is the document's name in messages. */
int spec_read_seccomp(struct arena *arena, const char *name, const struct spec_text *text,
                      const struct spec_seccomp **ret_seccomp, struct error *error);
