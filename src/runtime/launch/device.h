/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that the host makes for a container which may not. */
#pragma once

#include "conduct.h"

/* The step MAKE_DEVICE. */
conduct_handler device_make;
