/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a schemata file: "L3:0=7ff;1=7ff". */
#pragma once

#include <stdbool.h>

/* Returns whether `current`, the content of a schemata file, matches the lines of `wanted`. Only
 * the domains named in `wanted` are compared; the padding that the kernel adds (blanks and zeros)
 * is ignored. */
bool schema_is_in(const char *wanted, const char *current);
