/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a configuration and checks its rules, with all that is wrong in one go. */
#pragma once

#include <stddef.h>

#include "berth/spec/config.h"

struct arena;
struct error;

/* Takes the `size` bytes of a bundle's config.json (config.md, config-linux.md). Returns 0 and sets
 * *ret_config, which lives in `arena`, or -EINVAL with a line in `error`, which must come in empty,
 * for every fault: those of berth/spec/read.h first, then those of berth/spec/check.h that do not
 * follow from one of the first. Of broken JSON no rules are checked. */
int spec_load_config(struct arena *arena, const char *bytes, size_t size,
                     const struct spec_config **ret_config, struct error *error);
