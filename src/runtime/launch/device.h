/* SPDX-License-Identifier: Apache-2.0 */
/* Creates device nodes on the host for a container that may not create them. */
#pragma once

#include "executor.h"

/* The step MAKE_DEVICE. */
executor_handler device_make;
