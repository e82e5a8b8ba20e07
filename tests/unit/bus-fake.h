/* SPDX-License-Identifier: Apache-2.0 */
/* A manager that does as the name of the unit says; it speaks through libsystemd itself. */
#pragma once

#include <sys/types.h>

/* Starts a process that is the manager, over its own socket at `path`, for one connection at a
 * time. Returns when that can be connected to. What it is asked for is added to the file `log`. */
pid_t fake_start_direct(const char *path, const char *log);

/* As fake_start_direct, on the bus at `address`. */
pid_t fake_start_on_bus(const char *address, const char *log);

/* Ends it if it has not ended, and reaps it. */
void fake_end(pid_t pid);
