/* SPDX-License-Identifier: Apache-2.0 */
/* The link that names the container's process, for state.c. */
#pragma once

#include "state.h"

#define STATE_PROCESS "process"

/* Sets pid, start_time and committed. Returns 0, also if there is no process yet, or a negative
 * errno. */
int state_read_process(struct state *state);

/* Returns 0 if the process lives, -ESRCH if not, or another negative errno if that is unknown. */
int state_check_alive(pid_t pid, uint64_t start_time);
