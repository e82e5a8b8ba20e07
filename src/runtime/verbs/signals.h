/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Returns the number of a signal given by number or name, such as "9", "KILL", "SIGKILL", "sigkill"
 * or "RTMIN+3", or -EINVAL. */
int signal_of_text(const char *text);
