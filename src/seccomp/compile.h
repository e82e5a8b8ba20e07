/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "berth/base/text.h"
#include "berth/seccomp/seccomp.h"

/* Compiles without a cache and writes the program to `fd`. */
int seccomp_compile(const struct spec_seccomp *seccomp, int fd, struct error *error);

/* Returns the default action with its errno as SECCOMP_RET_*. */
uint32_t seccomp_default_action(const struct spec_seccomp *seccomp);

/* Adds everything the program depends on, each part with its length in front, so that different
 * inputs have different keys. */
void seccomp_write_key(const struct spec_seccomp *seccomp, struct text *key);
