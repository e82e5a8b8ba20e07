/* SPDX-License-Identifier: Apache-2.0 */
/* Containers as commands report them. */
#pragma once

#include "berth/runtime/runtime.h"
#include "berth/spec/config.h"
#include "state.h"

/* Returns what the state says, with the given status. A stopped container has no pid. The owner is
 * not looked up. */
struct runtime_container container_of_state(const struct state *state, enum spec_status status);
