/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a container's cgroups before they are made. */
#pragma once

#include "compile.h"

/* Looks, for cgroups that need not be there yet, whether the writes can be carried out. Returns 0
 * or a negative errno. */
int cgroup_check_writes(struct cgroup_compiler *compiler);
