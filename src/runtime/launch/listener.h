/* SPDX-License-Identifier: Apache-2.0 */
/* Passes the seccomp listener to the agent at linux.seccomp.listenerPath (config-linux.md,
 * "Seccomp", "The Container Process State"): the host's steps CONNECT_AGENT and HAND_LISTENER, for
 * `run`, `start` and `exec`. */
#pragma once

#include "executor.h"
#include "state/state.h"

int listener_connect(struct executor *executor, const struct plan_step *step);

/* The process with the filter: process `pid` of the container, which has this status. */
struct listener_process {
    const struct state *container;
    enum spec_status status;
    pid_t pid;
};

int listener_hand(struct executor *executor, const struct plan_step *step,
                  const struct listener_process *process);
