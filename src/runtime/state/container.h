/* SPDX-License-Identifier: Apache-2.0 */
/* Containers as the outside sees them. */
#pragma once

#include "berth/runtime/runtime.h"
#include "berth/spec/config.h"
#include "state.h"

/* What the state says, with the status given; a stopped container has no pid, an owner is not
 * looked up. */
struct runtime_container container_of_state(const struct state *state, enum spec_status status);
