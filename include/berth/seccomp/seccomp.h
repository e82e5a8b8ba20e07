/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles linux.seccomp (config-linux.md, "Seccomp") to a classic BPF program, with libseccomp and
 * a cache. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "berth/spec/config.h"

struct arena;
struct error;
struct findings;

/*
 * Compiles the filter into a sealed memfd that holds struct sock_filter[], its offset at the start.
 *
 * `cache_dir` is a directory for compiled programs, created with mode 0700 if it is missing, or
 * NULL. A cached program is used only if the caller owns the directory and the file, no one else
 * can write to them, and it was compiled from exactly the same input, which is stored in the file
 * and compared in full. A damaged file is compiled anew. A cache that cannot be used costs time but
 * is never an error.
 *
 * The filter covers the native architecture and the listed ones. Names that libseccomp does not
 * know are skipped (they belong to another architecture or a newer kernel) and logged at debug
 * level. If the default action denies, system calls newer than all those the profile names return
 * ENOSYS, as C libraries expect. Returns 0 or a negative errno.
 */
int seccomp_make_program(const struct spec_seccomp *seccomp, const char *cache_dir, int *ret_memfd,
                         struct error *error);

/* Like seccomp_make_program, for an existing program: struct sock_filter[] in base64. Returns 0 or
 * -EINVAL. */
int seccomp_decode_program(const char *base64, int *ret_memfd, struct error *error);

struct seccomp_code {
    const struct sock_filter *code;
    size_t length;
};

/* Reads the program from the memfd into the arena. Returns 0 or a negative errno. */
int seccomp_read_code(struct arena *arena, int memfd, struct seccomp_code *ret_program);

/* Evaluates the program for the native architecture's system call `number`, for any arguments. Sets
 * *ret_answer to SECCOMP_RET_* and returns 0, or returns -EAGAIN if the answer depends on the
 * arguments. */
int seccomp_answer(const struct seccomp_code *program, long number, uint32_t *ret_answer);

/* Return whether the filter certainly denies the call, or certainly allows it without asking an
 * agent or tracer. */
bool seccomp_forbids(const struct seccomp_code *program, long number);
bool seccomp_allows(const struct seccomp_code *program, long number);

/* Fails on the first name in linux.seccomp.syscalls that libseccomp does not know. */
int seccomp_check_names(const struct spec_seccomp *seccomp, struct error *error);

/* Adds a warning for every name in linux.seccomp.syscalls that neither libseccomp nor berth knows,
 * with the name that was probably meant. */
void seccomp_find_unknown(const struct spec_seccomp *seccomp, struct findings *findings);

/* Returns libseccomp's number for the architecture, or 0 if libseccomp is too old to know it. */
uint32_t seccomp_architecture(enum spec_seccomp_arch arch);

/* Returns the architecture of a system call of the machine (AUDIT_ARCH_*), or
 * SPEC_SECCOMP_ARCH_NONE if the specification does not have it. */
enum spec_seccomp_arch seccomp_architecture_of(uint32_t machine, uint64_t number);

/* Returns the name of a system call of the machine (AUDIT_ARCH_*), or NULL if libseccomp does not
 * know it. */
const char *seccomp_name_of(struct arena *arena, uint32_t machine, uint64_t number);

/* Returns libseccomp's version, such as "2.5.4". */
const char *seccomp_library(struct arena *arena);

/* Returns the API level of libseccomp on this kernel: seccomp_api_get(3). */
unsigned seccomp_level(void);
