/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a schemata file: "L3:0=7ff;1=7ff". */
#pragma once

#include <stdbool.h>

/* Does `current`, all that a schemata file says, say what the lines of `wanted` do? Of each
 * resource only the domains that are named there count; the kernel pads with blanks and zeros. */
bool schema_is_in(const char *wanted, const char *current);
