/* SPDX-License-Identifier: Apache-2.0 */
/* Freezes one cgroup. */
#pragma once

#include <stdbool.h>

/* Writes to the freezer file of the cgroup `path`, v1's or v2's. Neither waits nor reports a
 * failure. */
void cgroup_ask_to_freeze(const char *path, bool freezes);
