/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads JSON documents into the structs of berth/spec/config.h.
 *
 * Every function takes `size` bytes of text (no NUL needed at the end) and fills structs in
 * `arena`. It returns 0 and sets *ret_..., or -EINVAL with all that is wrong in `error`, a line
 * each: `config.json:12:7: mounts[1].source: expected a string, got a number`. Wrong are broken
 * JSON, a wrong type, an unknown word of a fixed set, a number out of its range or with a fraction,
 * a missing required property, a name that an object has twice (glossary.md, JSON), a NUL in a
 * string. Unknown properties are ignored (config.md, Extensibility), null is the same as absent.
 * What rules tie properties together is checked by berth/spec/check.h.
 */
#pragma once

#include <stddef.h>

#include "berth/spec/config.h"

struct arena;
struct error;

/* A bundle's config.json (config.md, config-linux.md). */
int spec_read_config(struct arena *arena, const char *bytes, size_t size,
                     const struct spec_config **ret_config, struct error *error);

/* The state of a container (runtime.md, State). */
int spec_read_state(struct arena *arena, const char *bytes, size_t size,
                    const struct spec_state **ret_state, struct error *error);

/* What a runtime says of itself (features.md, features-linux.md). */
int spec_read_features(struct arena *arena, const char *bytes, size_t size,
                       const struct spec_features **ret_features, struct error *error);

/* The names of the kinds of hooks, in the order in which they run; NULL: `index` is behind the
 * last. */
const char *spec_hook_name(size_t index);

struct spec_text {
    const char *bytes;
    size_t size;
};

/* The process object alone, as `exec --process` gets it. `name`: of the document, for messages. */
int spec_read_process(struct arena *arena, const char *name, const struct spec_text *text,
                      const struct spec_process **ret_process, struct error *error);

/* The resources object alone, as `update --resources` gets it; keys match in any case, for callers
 * count on Go's reader. `name` is NULL when there is no document that the user knows: messages are
 * without a line, then. */
int spec_read_resources(struct arena *arena, const char *name, const struct spec_text *text,
                        const struct spec_resources **ret_resources, struct error *error);

/* The runtime's own record of a container (schemas/record.json). */
int spec_read_record(struct arena *arena, const char *bytes, size_t size,
                     const struct spec_record **ret_record, struct error *error);

/* Mounts alone, as `mounts add` gets them: an array of them, or an object whose property `mounts`
 * is one, such as a config.json. `name`: of the document, for messages. */
int spec_read_mounts(struct arena *arena, const char *name, const struct spec_text *text,
                     const struct spec_mounts **ret_mounts, struct error *error);
