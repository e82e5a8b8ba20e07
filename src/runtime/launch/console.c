/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "berth/base/fd.h"
#include "berth/base/log.h"
#include "berth/sys/terminal.h"

/* More than a terminal buffers. Anything beyond was written after the container's end. */
#define DRAIN_MAX ((size_t) 256 * 1024)
#define END_OF_FILE 0x04

/* One of the two terminals turns "\n" into "\r\n". The container's does if the caller's is raw:
 * programs that move the cursor rely on that. Otherwise the caller's does, so that a file or pipe
 * receives exactly what the program wrote. */
static bool passes_output_raw(void)
{
    return sys_terminal_is_same(STDIN_FILENO, STDOUT_FILENO);
}

void console_prepare(int master, bool has_size)
{
    if (!has_size)
        sys_terminal_copy_size(STDIN_FILENO, master);
    if (!passes_output_raw())
        sys_terminal_keep_newlines(master);
}

static bool make_raw(struct termios *ret_before)
{
    return sys_terminal_make_raw(STDIN_FILENO, !passes_output_raw(), ret_before) == 0;
}

void console_open(struct console *console, int master)
{
    *console = (struct console){.master = master,
                                .slave = sys_terminal_open_peer(master),
                                .input = {.from = STDIN_FILENO, .to = master},
                                .output = {.from = master, .to = STDOUT_FILENO}};
    fcntl(master, F_SETFL, fcntl(master, F_GETFL) | O_NONBLOCK);
    console->is_raw = make_raw(&console->before);
}

void console_continue(const struct console *console)
{
    struct termios now;

    if (console->is_raw)
        make_raw(&now);
}

static void prepare_pump(const struct console_pump *pump, struct pollfd *fd)
{
    bool is_empty = pump->start == pump->end;

    *fd = (struct pollfd){.fd = is_empty ? (pump->ended ? -1 : pump->from) : pump->to,
                          .events = is_empty ? POLLIN : POLLOUT};
}

void console_prepare_poll(const struct console *console, struct pollfd fds[CONSOLE_POLL_FDS])
{
    prepare_pump(&console->input, &fds[0]);
    prepare_pump(&console->output, &fds[1]);
}

static bool is_passing(int number)
{
    return number == EINTR || number == EAGAIN;
}

static void fill(struct console_pump *pump)
{
    ssize_t count = read(pump->from, pump->bytes, sizeof(pump->bytes));

    if (count < 0 && is_passing(errno))
        return;
    pump->ended = count <= 0;
    if (count > 0)
        pump->ends_in_line = pump->bytes[count - 1] != '\n';
    pump->start = 0;
    pump->end = count <= 0 ? 0 : (size_t) count;
}

static void empty(struct console_pump *pump)
{
    ssize_t count = write(pump->to, pump->bytes + pump->start, pump->end - pump->start);

    if (count < 0 && is_passing(errno))
        return;
    /* The reader has gone away: the container continues, and its output is dropped. */
    if (count < 0)
        pump->start = pump->end;
    else
        pump->start += (size_t) count;
}

static void move(struct console_pump *pump, const struct pollfd *fd)
{
    if (fd->fd < 0 || fd->revents == 0)
        return;
    if (pump->start == pump->end)
        fill(pump);
    else
        empty(pump);
}

/* The end of a file or pipe becomes the Ctrl-D that a user would type. Within a line, the first one
 * only passes on the line so far, so a second one is needed. */
static void end_input(struct console *console, bool is_canonical)
{
    struct console_pump *input = &console->input;

    input->bytes[0] = input->bytes[1] = END_OF_FILE;
    input->start = 0;
    input->end = input->ends_in_line ? 2 : 1;
    input->ends_in_line = false;
    console->was_canonical = is_canonical;
}

void console_move(struct console *console, const struct pollfd fds[CONSOLE_POLL_FDS])
{
    bool had_ended = console->input.ended;

    console->has_hung_up |=
        console->is_raw && fds[0].fd == STDIN_FILENO && (fds[0].revents & POLLHUP) != 0;
    move(&console->input, &fds[0]);
    move(&console->output, &fds[1]);
    if (!console->input.ended || console->is_raw || console->input.start < console->input.end)
        return;
    /* A shell's line editor changes the mode while it prompts: an end of file written in the former
     * mode had no effect. */
    bool is_canonical = sys_terminal_is_canonical(console->master);
    if (!had_ended || is_canonical != console->was_canonical)
        end_input(console, is_canonical);
}

void console_resize(const struct console *console)
{
    sys_terminal_copy_size(STDIN_FILENO, console->master);
}

static void drain(struct console_pump *output)
{
    size_t drained = 0;

    do {
        drained += output->end - output->start;
        while (output->start < output->end) {
            struct pollfd fd = {.fd = output->to, .events = POLLOUT};

            poll(&fd, 1, -1); /* the caller may have made stdout non-blocking */
            empty(output);
        }
        output->start = output->end = 0;
        fill(output);
    } while (output->end > 0 && drained < DRAIN_MAX);
}

void console_close(struct console *console)
{
    drain(&console->output);
    if (console->is_raw)
        sys_terminal_restore(STDIN_FILENO, &console->before);
    if (console->output.ends_in_line && sys_terminal_is_same(STDOUT_FILENO, STDERR_FILENO))
        log_start_new_line();
    fd_close(&console->slave);
    fd_close(&console->master);
}
