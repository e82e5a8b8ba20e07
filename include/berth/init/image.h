/* SPDX-License-Identifier: Apache-2.0 */
/* The init as it is embedded in this program: a static ELF executable that carries out FIRST's and
 * INIT's steps of a plan. It expects the descriptors of enum plan_descriptor (berth/plan/plan.h)
 * and argv[0] alone. */
#pragma once

#include <stddef.h>

/* The executable's bytes and their number: to be written to a memfd, see execveat(2). */
const void *init_image(size_t *ret_size);
