/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp (config-linux.md, "Seccomp") to a classic BPF program, through libseccomp and a
 * cache. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "berth/spec/config.h"

struct arena;
struct error;
struct findings;

/* Makes a sealed memfd, read from its start, that holds the program as struct sock_filter[].
 *
 * `cache_dir`: a directory for compiled programs, made with mode 0700 if it is missing, or NULL. A
 * program of the cache is taken only if the directory and the file are the caller's own and nobody
 * else can write to them, and only if it was compiled from the very same input, which is kept
 * beside it and compared whole; what is damaged is compiled anew. A cache that cannot be used costs
 * time, never an error.
 *
 * The filter always covers the native architecture, and those that are listed. Names that
 * libseccomp does not know are passed over (they are other architectures', or newer), which is
 * logged when debugging. Where the default action forbids, calls that are newer than all that the
 * profile names answer ENOSYS, as C libraries expect. Returns 0 or a negative errno. */
int seccomp_make_program(const struct spec_seccomp *seccomp, const char *cache_dir, int *ret_memfd,
                         struct error *error);

/* The same of a program that is there already: struct sock_filter[] in base64. Returns 0 or
 * -EINVAL. */
int seccomp_decode_program(const char *base64, int *ret_memfd, struct error *error);

struct seccomp_code {
    const struct sock_filter *code;
    size_t length;
};

/* Reads the program in the memfd into the arena. Returns 0 or a negative errno. */
int seccomp_read_code(struct arena *arena, int memfd, struct seccomp_code *ret_program);

/* What the program answers to the native architecture's system call `number`, whatever its
 * arguments: SECCOMP_RET_*. -EAGAIN: that depends on them. */
int seccomp_answer(const struct seccomp_code *program, long number, uint32_t *ret_answer);

/* Does it surely forbid the call; does it surely let it pass, asking nobody? */
bool seccomp_forbids(const struct seccomp_code *program, long number);
bool seccomp_allows(const struct seccomp_code *program, long number);

/* Fails with the first name of linux.seccomp.syscalls that libseccomp does not know. */
int seccomp_check_names(const struct spec_seccomp *seccomp, struct error *error);

/* Adds a warning for every name of linux.seccomp.syscalls that neither libseccomp nor berth knows,
 * with the name that was probably meant. */
void seccomp_find_unknown(const struct spec_seccomp *seccomp, struct findings *findings);

/* libseccomp's number for the architecture; 0 for what it is too old for. */
uint32_t seccomp_architecture(enum spec_seccomp_arch arch);

/* libseccomp's version: "2.5.4". */
const char *seccomp_library(struct arena *arena);

/* How much of what the kernel has libseccomp can use: seccomp_api_get(3). */
unsigned seccomp_level(void);
