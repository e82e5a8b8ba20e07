/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a configuration and checks its rules, with all that is wrong in one go. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "berth/spec/config.h"

struct arena;
struct error;
struct findings;

/* Takes the `size` bytes of a bundle's config.json (config.md, config-linux.md). Returns 0 and sets
 * *ret_config, which lives in `arena`, or -EINVAL with a line in `error`, which must come in empty,
 * for every fault: those of berth/spec/read.h first, then those of berth/spec/check.h that do not
 * follow from one of the first. Of broken JSON no rules are checked. Where rules alone are broken
 * *ret_config is set all the same, else it is NULL then. */
int spec_load_config(struct arena *arena, const char *bytes, size_t size,
                     const struct spec_config **ret_config, struct error *error);

/* Finds the value at a path as errors name it, `linux.namespaces[2].type` or `annotations["a.b"]`,
 * in the text of a document, or the nearest value around it that is there. Returns false when there
 * is none. Lines and columns count from 1. */
bool spec_locate(const char *bytes, size_t size, const char *path, size_t *ret_line,
                 size_t *ret_column);

/* Adds a warning for every property of the config.json in `bytes` that the specification does not
 * have, at any depth, with the one that was probably meant. Properties of other platforms are none.
 * What is no JSON ends the search. */
void spec_find_unknown(const char *bytes, size_t size, struct findings *findings);
