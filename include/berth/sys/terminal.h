/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's terminal. */
#pragma once

#include <stdbool.h>
#include <termios.h>

/* Puts the terminal `fd` into raw mode, keeping output processing (termios(3), OPOST) as it is if
 * `keep_output` is set. Stores the old settings in *ret_before. A background process is stopped
 * until it is in the foreground. Returns 0 or a negative errno. */
int sys_terminal_make_raw(int fd, bool keep_output, struct termios *ret_before);

/* Restores the settings saved by sys_terminal_make_raw, unless another process is in the foreground
 * of the terminal now. */
void sys_terminal_restore(int fd, const struct termios *before);

/* Returns whether the other side of the terminal has hung up. `fd` may be -1. */
bool sys_terminal_has_hung_up(int fd);

/* Returns whether the terminal is in canonical mode (termios(3), ICANON): it delivers whole lines
 * and turns the byte VEOF into an end of file. `fd` is its master side. */
bool sys_terminal_is_canonical(int fd);

/* Returns whether both descriptors refer to the same terminal. */
bool sys_terminal_is_same(int one, int other);

/* Stops the terminal from translating newlines in its output (termios(3), ONLCR). `fd` is its
 * master side. */
void sys_terminal_keep_newlines(int fd);

/* Copies the window size of the terminal `from`, if it is one, to the terminal `to`. */
void sys_terminal_copy_size(int from, int to);

/* Opens the controlling terminal. Returns a descriptor or a negative errno: -ENXIO if there is
 * none. */
int sys_terminal_open_own(void);

/* Opens the slave side of the pseudoterminal with the master side `master`, without making it the
 * controlling terminal. Returns a descriptor or a negative errno. */
int sys_terminal_open_peer(int master);
