/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a container. */
#pragma once

#include <stdbool.h>

#include "state/state.h"

struct error;

/* Kills the container's process, if it lives, and waits for its end; a frozen one too. */
int destroy_process(const struct state *state, struct error *error);

/* Is any of `cgroups`, which holds processes, also one of another container that lives? That is a
 * warning. */
bool destroy_shares_cgroups(const struct state *state, const struct cgroup_record *cgroups);

/* Kills what is left, removes the cgroups, runs the poststop hooks, and removes the state: all that
 * create has made. */
int destroy_container(struct state *state, struct error *error);
