/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's log. */
#pragma once

/* Takes the text of one record, without its newline. */
typedef void sys_kmsg_taker(void *context, const char *text);

/* Calls `take` for every record of /dev/kmsg that the kernel itself has written, the oldest first:
 * others have another facility. Returns 0, -ENODEV if /dev/kmsg is not the kernel's log, or another
 * negative errno. */
int sys_kmsg_read(sys_kmsg_taker *take, void *context);
