/* SPDX-License-Identifier: Apache-2.0 */
/* A fake manager whose behaviour depends on the unit's name. It uses libsystemd itself. */
#pragma once

#include <sys/types.h>

/* Starts a manager process on its own socket at `path`, for one connection at a time. Returns when
 * the socket accepts connections. The manager appends each request to the file `log`. */
pid_t fake_start_direct(const char *path, const char *log);

/* As fake_start_direct, on the bus at `address`. */
pid_t fake_start_on_bus(const char *address, const char *log);

/* Kills the manager unless it has ended, and reaps it. */
void fake_end(pid_t pid);
