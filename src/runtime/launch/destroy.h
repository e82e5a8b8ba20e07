/* SPDX-License-Identifier: Apache-2.0 */
/* Ends and removes a container. */
#pragma once

#include <stdbool.h>

#include "state/state.h"

struct error;

/* Kills the container's process, if it lives, and waits for its end, even if it is frozen. */
int destroy_process(const struct state *state, struct error *error);

/* Returns whether another container that lives uses one of `cgroups`, which holds processes, and
 * warns of it. */
bool destroy_shares_cgroups(const struct state *state, const struct cgroup_record *cgroups);

/* Kills what is left, removes the cgroups, runs the poststop hooks, and removes the state:
 * everything that create has made. */
int destroy_container(struct state *state, struct error *error);
