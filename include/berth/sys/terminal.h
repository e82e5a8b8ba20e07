/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's terminal. */
#pragma once

#include <stdbool.h>
#include <termios.h>

/* Makes the terminal `fd` raw, of which `keep_output` excepts what becomes of output (termios(3),
 * OPOST); *ret_before is what it was. A process in the background is stopped until it is in the
 * foreground. Returns 0 or a negative errno. */
int sys_terminal_make_raw(int fd, bool keep_output, struct termios *ret_before);

/* Sets what sys_terminal_make_raw has saved, unless another process is in the foreground of the
 * terminal now. */
void sys_terminal_restore(int fd, const struct termios *before);

/* Has the other side of the terminal gone away? `fd` may be -1. */
bool sys_terminal_has_hung_up(int fd);

/* Does the terminal, here by its master side, hand over whole lines, and make the end of a file of
 * the byte VEOF (termios(3), ICANON)? */
bool sys_terminal_is_canonical(int fd);

/* Are both descriptors one terminal? */
bool sys_terminal_is_same(int one, int other);

/* The terminal, here by its master side, leaves the newlines in its output as they are (termios(3),
 * ONLCR). */
void sys_terminal_keep_newlines(int fd);

/* Gives the terminal `to` the window size of `from`, if that is a terminal. */
void sys_terminal_copy_size(int from, int to);

/* Opens the controlling terminal. Returns a descriptor or a negative errno, -ENXIO when there is
 * none. */
int sys_terminal_open_own(void);

/* Opens the slave side of the pseudo-terminal whose master side is `master`, which does not become
 * the controlling terminal. Returns a descriptor or a negative errno. */
int sys_terminal_open_peer(int master);
