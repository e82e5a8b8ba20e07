/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a container's process has ended. Nothing waits for that in the background: who has reaped the
 * process knows it, and the kernel knows it until then. `run --keep` reaps the process itself, and
 * records the end as a symbolic link, which is created in one system call, to "STATUS SECONDS": the
 * status as wait(2) reports it, and the time since 1970.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "state.h"

#define STATE_EXIT "exit"

enum exit_source {
    EXIT_REAPED,     /* not known: the process has been reaped */
    EXIT_HIDDEN,     /* not known: the kernel does not show it to the caller */
    EXIT_UNREADABLE, /* not known: an error */
    EXIT_RECORDED,
    EXIT_ZOMBIE, /* the process has not been reaped */
};

struct exit_facts {
    enum exit_source source;
    int number;     /* EXIT_UNREADABLE: a positive errno */
    int status;     /* as wait(2) reports it */
    const char *at; /* EXIT_RECORDED: RFC 3339, UTC */
    pid_t parent;   /* EXIT_ZOMBIE: who has to reap the process; 0: not visible */
};

/* Returns whether the status is known. */
bool exit_is_known(const struct exit_facts *facts);

/* Records the end of the container's process. Returns 0 or a negative errno. */
int exit_record(const struct state *state, int status);

/* Finds out how the process of a stopped container has ended. */
void exit_find(const struct state *state, struct exit_facts *ret_facts);
