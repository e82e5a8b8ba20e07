/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of linux.seccomp, or that of the annotation in place of it. */
#pragma once

#include "berth/spec/config.h"

struct error;
struct seccomp_code;

/* Where in the configuration the filter is; NULL: there is none. */
const char *filter_place(const struct spec_config *config);

/* Has the kernel the flags of linux.seccomp? */
int filter_check_flags(const struct spec_config *config, struct error *error);

/* Is there a call that the filter forbids, though berth has to make it, under the filter, to start
 * the process? That is an error: the process would die without a word. */
int filter_check_program(const struct spec_config *config, const struct seccomp_code *program,
                         struct error *error);

/* Why a process that has to end under the filter cannot end well, or NULL. */
const char *filter_bars_exit(const struct seccomp_code *program);

/* A sealed memfd with the program; `cache_dir`: as for seccomp_make_program. */
int filter_make(const struct spec_config *config, const char *cache_dir, int *ret_memfd,
                struct error *error);
