/* SPDX-License-Identifier: Apache-2.0 */
/* Freezes one cgroup. */
#pragma once

#include <stdbool.h>

/* Writes to the freezer file of the cgroup `path`, v1's or v2's, and does not wait. Returns 0,
 * -ENOENT if its hierarchy has no freezer or the cgroup is gone, or another negative errno. */
int cgroup_ask_to_freeze(const char *path, bool freezes);
