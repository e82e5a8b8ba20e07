/* SPDX-License-Identifier: Apache-2.0 */
/* linux.netDevices: network devices on their way into the container, and back when its creation
 * fails. */
#pragma once

#include "conduct.h"

struct creation;

/* The step MOVE_NET_DEVICE. */
conduct_handler netdevices_move;

/* Brings all that were moved back, with the names, addresses and routes that they had. Warns of
 * what cannot be. */
void netdevices_undo(struct creation *creation);
