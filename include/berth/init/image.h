/* SPDX-License-Identifier: Apache-2.0 */
/* The init, a static ELF executable embedded in this program, which carries out FIRST's and
 * INIT's steps of a plan. It expects the file descriptors of enum plan_descriptor
 * (berth/plan/plan.h), and no arguments except argv[0]. */
#pragma once

#include <stddef.h>

/* Returns the executable's bytes, and their number in *ret_size. Write them to a memfd and
 * execute it with execveat(2). */
const void *init_image(size_t *ret_size);
