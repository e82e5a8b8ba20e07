/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the writes to a container's cgroups before these exist. */
#pragma once

#include "compile.h"

/* Checks whether the writes will succeed; the cgroups need not exist yet. Returns 0 or a
 * negative errno. */
int cgroup_check_writes(struct cgroup_compiler *compiler);
