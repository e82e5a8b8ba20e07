/* SPDX-License-Identifier: Apache-2.0 */
/* linux.netDevices: moves network devices into the container, and back if its creation fails. */
#pragma once

#include "executor.h"

struct transaction;

/* The step MOVE_NET_DEVICE. */
executor_handler netdevices_move;

/* Moves all moved devices back, with their former names, addresses and routes. Warns of what it
 * cannot restore. */
void netdevices_undo(struct transaction *transaction);
