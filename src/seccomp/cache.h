/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "berth/base/text.h"

struct seccomp_program {
    const char *bytes; /* struct sock_filter[] */
    size_t size;       /* in bytes */
};

/* Opens the directory `path`, creating it if it is missing. Returns a descriptor, or -1 if there is
 * no directory that can be trusted. */
int seccomp_cache_open(const char *path);

/* Looks up the program for `key` and allocates it in the key's arena. Returns false if there is
 * none or it is damaged. */
bool seccomp_cache_take(int dir, const struct text *key, struct seccomp_program *ret_program);

/* Stores the program; a failure is only logged. */
void seccomp_cache_keep(int dir, const struct text *key, const struct seccomp_program *program);
