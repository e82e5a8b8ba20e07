/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of linux.seccomp, or of the annotation that replaces it. */
#pragma once

#include "berth/spec/config.h"

struct error;
struct seccomp_code;

/* Returns the filter's place in the config, or NULL if there is none. */
const char *filter_place(const struct spec_config *config);

/* Checks that the kernel supports the flags of linux.seccomp. */
int filter_check_flags(const struct spec_config *config, struct error *error);

/* Fails if the filter forbids a system call that berth has to make under it to start the process:
 * the process would die without an explanation. */
int filter_check_program(const struct spec_config *config, const struct seccomp_code *program,
                         struct error *error);

/* Returns why a process under the filter cannot exit normally, or NULL. */
const char *filter_bars_exit(const struct seccomp_code *program);

/* Makes a sealed memfd with the program. `cache_dir` is as for seccomp_make_program. */
int filter_make(const struct spec_config *config, const char *cache_dir, int *ret_memfd,
                struct error *error);
