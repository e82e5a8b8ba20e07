/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A signal's number from a number or a name: "9", "KILL", "SIGKILL", "sigkill", "RTMIN+3".
 * -EINVAL. */
int signal_of_text(const char *text);
