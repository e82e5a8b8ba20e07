/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's terminal (or pipes) joined with the container's terminal. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

/* One direction. While `start` < `end` bytes wait to be written. */
struct console_pump {
    int from;
    int to;
    bool ended;
    bool ends_in_line; /* the last byte that was read is no newline */
    size_t start;
    size_t end;
    /* PIPE_BUF: so much a pipe takes without blocking once poll(2) says that it is writable */
    char bytes[4096];
};

struct console {
    int master;
    /* held open, so that the master never hangs up while the container may open it again */
    int slave;
    bool is_raw;        /* stdin is a terminal, and raw */
    bool has_hung_up;   /* stdin is a terminal whose other side has gone away */
    bool was_canonical; /* the container's terminal, when the end of stdin was written to it */
    struct termios before;
    struct console_pump input;
    struct console_pump output;
};

#define CONSOLE_POLL_FDS 2

/* Before the program runs: sets the modes of the terminal, and its size unless it `has_size`, for
 * the foreground. */
void console_prepare(int master, bool has_size);

/* Takes over the master side and makes the caller's terminal raw. */
void console_open(struct console *console, int master);

/* After SIGCONT: the shell has set modes of its own meanwhile. */
void console_continue(const struct console *console);

/* Says what to wait for. */
void console_prepare_poll(const struct console *console, struct pollfd fds[CONSOLE_POLL_FDS]);

/* Moves what can be moved. */
void console_move(struct console *console, const struct pollfd fds[CONSOLE_POLL_FDS]);

/* The caller's window has a new size. */
void console_resize(const struct console *console);

/* Passes the last output on, and gives the caller's terminal back as it was. */
void console_close(struct console *console);
