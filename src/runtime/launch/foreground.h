/* SPDX-License-Identifier: Apache-2.0 */
/* `run` in the foreground: forwards signals and the terminal to the container, and returns its exit
 * status. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;

/* Blocks the signals that end a process, or every signal if `all`, and opens a signalfd for those
 * that end it. Returns a descriptor or a negative errno. */
int foreground_block_signals(bool all, struct error *error);

struct foreground {
    int signals; /* from foreground_block_signals */
    int pidfd;
    pid_t pid;
    int terminal; /* the controlling terminal, or -1 */
    int console;  /* the terminal's master side, or -1; owned */
    int notify;   /* from notify_open, or -1; owned */
    int status;   /* as wait(2) reports it, once the process has been reaped */
};

/* Waits for the end of the container's process, a child of this one. Returns its exit status, 128 +
 * the signal that ended it, or a negative errno. */
int foreground_wait(struct foreground *foreground, struct error *error);
