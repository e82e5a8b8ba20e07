/* SPDX-License-Identifier: Apache-2.0 */
/* Connects the caller's terminal (or pipes) with the container's terminal. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

/* One direction. Bytes from `start` to `end` wait to be written. */
struct console_pump {
    int from;
    int to;
    bool ended;
    bool ends_in_line; /* the last byte read was not a newline */
    size_t start;
    size_t end;
    /* PIPE_BUF: poll(2) reports a pipe writable if this much can be written without blocking */
    char bytes[4096];
};

struct console {
    int master;
    /* held open, so that the master does not hang up while the container may open the slave
     * again */
    int slave;
    bool is_raw;      /* stdin is a terminal in raw mode */
    bool has_hung_up; /* stdin is a terminal that has hung up */
    /* the container's terminal was in canonical mode when the end of stdin was written */
    bool was_canonical;
    struct termios before;
    struct console_pump input;
    struct console_pump output;
};

#define CONSOLE_POLL_FDS 2

/* Sets the terminal's modes for the foreground, and its size unless it `has_size`, before the
 * program runs. */
void console_prepare(int master, bool has_size);

/* Takes ownership of the master side and makes the caller's terminal raw. */
void console_open(struct console *console, int master);

/* Makes the terminal raw again after SIGCONT: the shell has changed its modes. */
void console_continue(const struct console *console);

/* Sets the descriptors and events to poll for. */
void console_prepare_poll(const struct console *console, struct pollfd fds[CONSOLE_POLL_FDS]);

/* Copies what can be copied without blocking. */
void console_move(struct console *console, const struct pollfd fds[CONSOLE_POLL_FDS]);

/* Passes on the new size of the caller's window. */
void console_resize(const struct console *console);

/* Passes on the last output, and restores the caller's terminal. */
void console_close(struct console *console);
