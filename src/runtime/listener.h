/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp listener's way to the agent at linux.seccomp.listenerPath (config-linux.md, "Seccomp", "The Container Process
 * State"): the host's steps CONNECT_AGENT and HAND_LISTENER, for `run` and `start`. */
#pragma once

#include "conduct.h"
#include "state.h"

int listener_connect(struct conduct *conduct, const struct plan_step *step);

int listener_hand(struct conduct *conduct, const struct plan_step *step, const struct state *state);
