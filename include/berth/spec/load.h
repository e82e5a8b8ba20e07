/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a configuration and checks its rules, reporting all errors together. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "berth/spec/config.h"

struct arena;
struct error;
struct findings;

/* Reads the `size` bytes of a bundle's config.json (config.md, config-linux.md). Returns 0 and sets
 * *ret_config, which lives in `arena`, or returns -EINVAL with one line per fault in `error`, which
 * must be empty at first: faults of berth/spec/read.h, then those of berth/spec/check.h unless they
 * only follow from one of the former. Rules are not checked if the JSON is malformed. On error,
 * *ret_config is set if only rules are broken, else NULL. */
int spec_load_config(struct arena *arena, const char *bytes, size_t size,
                     const struct spec_config **ret_config, struct error *error);

/* Finds a value in the text of a document by its path in the form errors use, such as
 * `linux.namespaces[2].type` or `annotations["a.b"]`. If the value is missing, finds its closest
 * existing parent. Returns false if there is none. Lines and columns count from 1. */
bool spec_locate(const char *bytes, size_t size, const char *path, size_t *ret_line,
                 size_t *ret_column);

/* Adds a warning for every property, at any depth, that the specification does not define, with the
 * name that was probably meant. Properties for other platforms are fine. Stops at malformed
 * JSON. */
void spec_find_unknown(const char *bytes, size_t size, struct findings *findings);

/* The same for a document that has the linux.resources alone. */
void spec_find_unknown_resources(const char *bytes, size_t size, struct findings *findings);
