/* SPDX-License-Identifier: Apache-2.0 */
/* `run` in the foreground: signals and the terminal go through to the container, its status comes
 * back. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;

/* Blocks the signals that end a process, or with `all` every one, and opens a signalfd of those
 * that end it. Returns a descriptor or a negative errno. */
int foreground_block_signals(bool all, struct error *error);

struct foreground {
    int signals; /* foreground_block_signals */
    int pidfd;
    pid_t pid;
    int terminal; /* the controlling one, or -1 */
    int console;  /* the terminal's master side, or -1; taken over */
    int notify;   /* notify_open, or -1; taken over */
};

/* Waits for the end of the container's process, a child of this one. Returns its exit status or 128
 * + the signal that ended it, or a negative errno. */
int foreground_wait(struct foreground *foreground, struct error *error);
