/* SPDX-License-Identifier: Apache-2.0 */
/* ID mappings: linux.uidMappings and gidMappings, written for a process in a new user namespace,
 * and those of mounts. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "executor.h"

struct spec_linux;

/* Maps the IDs of `pid`: directly if the kernel allows it, otherwise with newuidmap(1) and
 * newgidmap(1), which a signal or the end of the first stage ends. Returns 0 or a negative errno.
 * Sets executor->error only if one of these programs or a signal is the reason. */
int idmap_write(struct executor *executor, const struct spec_linux *config, pid_t pid,
                bool privileged);

/* The steps MAKE_ID_MAP and MAP_MOUNT. */
executor_handler idmap_make, idmap_map_mount;
