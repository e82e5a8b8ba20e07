/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "berth/base/text.h"

struct seccomp_program {
    const char *bytes; /* struct sock_filter[] */
    size_t size;       /* in bytes */
};

/* Opens the directory `path`, made if it is missing. Returns a descriptor, or -1 when there is none
 * that can be trusted. */
int seccomp_cache_open(const char *path);

/* Finds the program of `key`, in the key's arena. A file that is damaged is no program. */
bool seccomp_cache_take(int dir, const struct text *key, struct seccomp_program *ret_program);

/* Keeps the program for the next time; a failure is only logged. */
void seccomp_cache_keep(int dir, const struct text *key, const struct seccomp_program *program);
