/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes the host's part of a plan: carries out the host's steps in order, and communicates with
 * init (plan.h). `start` uses only the second half: it listens to an init that continues.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "berth/plan/plan.h"
#include "trace.h"

struct arena;
struct executor;
struct error;

/* Carries out one step of the host. Returns 0 or a negative errno. If the handler sets
 * executor->error, that replaces the default message. */
typedef int executor_handler(struct executor *executor, const struct plan_step *step);

struct executor {
    struct arena *arena;
    const struct plan_header *plan;
    executor_handler *const *handlers; /* by op */
    void *context;                     /* for the handlers */
    struct trace *trace;               /* or NULL */
    struct error *error;
    int signals;          /* a signalfd that interrupts waiting, or -1 */
    int socket;           /* to init; -1 before init exists and after its end */
    int pidfd;            /* of the process at the other end, or -1 */
    int watched;          /* the pidfd that watched_fd is of */
    int watched_fd;       /* what to poll for its end, or -1 */
    bool is_parent;       /* that process is a child of this one */
    int slot[PLAN_SLOTS]; /* descriptors, or -1 */
    int agent;            /* the connection of CONNECT_AGENT, or -1 */
    int end_signal;       /* that has killed init, once that is gone; 0: none, or unknown */
    int32_t heard;        /* the last step that init has announced, or PLAN_NONE */
    pid_t init_pid;       /* the PID that CLONE_INIT has announced, or 0 */
    /* the current step's handler sends this value to init with its announcement */
    int64_t answer;
    int init_pidfd;     /* received with it, or -1 */
    int64_t hook_value; /* the wait status, set by a failing RUN_HOOK handler */
    int hook_output;    /* the hook's output, or -1 */
    int failed_step;    /* or PLAN_NONE */
};

/* Returns a struct with nothing carried out and nothing open. */
struct executor executor_of(struct arena *arena, const struct plan_header *plan,
                            struct error *error);

/* Stores in its slot the descriptor that a step makes. Returns 0, or `fd` if that is negative. */
int executor_fill(struct executor *executor, const struct plan_step *step, int fd);

/* Carries out the host's steps after `heard`, up to AWAIT_START if there is one: `start` carries
 * out the rest. Returns 0 or a negative errno. */
int executor_run(struct executor *executor);

/* Receives messages until the container's program runs, or init has finished. Returns 0 or a
 * negative errno. */
int executor_run_until_exec(struct executor *executor);

/* Receives what init has sent, without waiting. */
void executor_drain(struct executor *executor);

/* Closes all descriptors except pidfd. */
void executor_close(struct executor *executor);

/* Reads an interrupting signal. Returns -EINTR, with an error. */
int executor_read_signal(struct executor *executor);
