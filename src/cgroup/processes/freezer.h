/* SPDX-License-Identifier: Apache-2.0 */
/* The freezer of one cgroup. */
#pragma once

#include <stdbool.h>

/* Asks the cgroup `path` to freeze or to thaw, by the file that its version has; nobody waits for
 * it, nor hears of failure. */
void cgroup_ask_to_freeze(const char *path, bool freezes);
