/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct arena;

/* Returns the number of a signal given by number or name, such as "9", "KILL", "SIGKILL", "sigkill"
 * or "RTMIN+3", or -EINVAL. */
int signal_of_text(const char *text);

/* Returns the name of a signal, such as "SIGKILL" or "SIGRTMIN+3", or NULL if it has none. */
const char *signal_name(struct arena *arena, int signal);

/* Returns the name of the signal that `text` was probably meant to name, or NULL. */
const char *signal_like(const char *text);
