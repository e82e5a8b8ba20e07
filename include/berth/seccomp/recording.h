/* SPDX-License-Identifier: Apache-2.0 */
/* A recording: the linux.seccomp object that allows the system calls that a run has made. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/base/text.h"
#include "berth/spec/config.h"

struct error;

/* A kernel has at most three architectures, each with fewer than 500 names of system calls. */
#define SECCOMP_CALLS_MAX 2048

/* The system calls of a run; zero is none. A profile cannot have those without a name in
 * libseccomp. They have room of their own: a program can make any number of them. */
struct seccomp_calls {
    struct seccomp_call_set {
        uint32_t count;
        bool is_full; /* there were more, which are missing */
        struct seccomp_call {
            uint32_t architecture; /* AUDIT_ARCH_*, as struct seccomp_data has it */
            uint32_t number;
        } call[SECCOMP_CALLS_MAX]; /* sorted */
    } named, unnamed;
};

void seccomp_calls_add(struct seccomp_calls *calls, struct seccomp_call call);

/* Describes the calls for a message, only the first few if there are many. */
struct text seccomp_calls_text(struct arena *arena, const struct seccomp_call_set *set);

struct seccomp_recording {
    struct arena *arena;
    uint64_t architectures; /* a bit for each enum spec_seccomp_arch */
    struct text_list names; /* of system calls; sorted, each once */
};

/* Returns an empty recording. It has the system calls that no run shows for certain: those with
 * which a process ends, and those which the kernel has it make after a signal. */
struct seccomp_recording seccomp_recording_of(struct arena *arena);

/* Adds what the document `name` records. Fails, and adds nothing, unless seccomp_recording_text
 * could have written it: a profile with other rules would lose them. Returns 0 or -EINVAL. */
int seccomp_recording_read(struct seccomp_recording *recording, const char *name, const char *bytes,
                           size_t size, struct error *error);

/* Adds the named system calls. */
void seccomp_recording_add(struct seccomp_recording *recording, const struct seccomp_calls *calls);

/* Returns the linux.seccomp object as JSON. */
struct text seccomp_recording_text(const struct seccomp_recording *recording);

/* Makes a sealed memfd with the filter of a recorded run, which asks the listener about every
 * system call of every architecture. Returns it or a negative errno. */
int seccomp_make_recorder(void);
