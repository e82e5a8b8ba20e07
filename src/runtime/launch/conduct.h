/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's part of a plan: carries out its own steps in their order, and speaks with the init
 * (plan.h). `start` uses the second half alone: it listens to an init that goes on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "berth/plan/plan.h"
#include "trace.h"

struct arena;
struct conduct;
struct error;

/* Carries out one step of the host's. Returns 0 or a negative errno; the words are the conductor's
 * unless conduct->error has some. */
typedef int conduct_handler(struct conduct *conduct, const struct plan_step *step);

struct conduct {
    struct arena *arena;
    const struct plan_header *plan;
    conduct_handler *const *handlers; /* by op */
    void *context;                    /* for the handlers */
    struct trace *trace;              /* NULL: none */
    struct error *error;
    int signals;          /* a signalfd that interrupts waiting, or -1 */
    int socket;           /* to the init; -1 before there is one and after its end */
    int pidfd;            /* of the process at its other end, or -1 */
    bool is_parent;       /* that process is this one's child */
    int slot[PLAN_SLOTS]; /* descriptors, or -1 */
    int agent;            /* the connection of CONNECT_AGENT, or -1 */
    int32_t heard;        /* the last step that the init has announced, or PLAN_NONE */
    pid_t init_pid;       /* what CLONE_INIT has announced, or 0 */
    /* what the handler of the present step tells the init with its announcement */
    int64_t answer;
    int init_pidfd;     /* that came with it, or -1 */
    int64_t hook_value; /* the wait status that a failing handler of RUN_HOOK leaves */
    int hook_output;    /* and the output, or -1 */
    int failed_op;      /* of the step that has failed, or -1 */
};

/* Nothing carried out, nothing open. */
struct conduct conduct_of(struct arena *arena, const struct plan_header *plan, struct error *error);

/* Puts the descriptor that a step makes into its slot; a negative `fd` is returned as it is, else
 * 0. */
int conduct_fill(struct conduct *conduct, const struct plan_step *step, int fd);

/* Carries out the steps of the host's that come behind `heard`, and before AWAIT_START if there is
 * one: those behind it are `start`'s. Returns 0 or a negative errno. */
int conduct_run(struct conduct *conduct);

/* Listens until the container's program runs, or the init has finished. Returns 0 or a negative
 * errno. */
int conduct_until_executed(struct conduct *conduct);

/* Takes what the init may still have said, without waiting. */
void conduct_drain(struct conduct *conduct);

/* Closes all descriptors but pidfd. */
void conduct_close(struct conduct *conduct);

/* Takes a signal that interrupts: -EINTR, worded. */
int conduct_take_signal(struct conduct *conduct);
