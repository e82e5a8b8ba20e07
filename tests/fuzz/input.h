/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input of a fuzz target stands for everything that berth reads: files, sockets, descriptors.
 * input.c replaces the functions that read (meson.build names them), so that a target calls the
 * real reader of a file and the reader gets the input.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct error;

/* In the input this byte separates files and messages; kernels write it into none. */
#define INPUT_SEPARATOR 0xff

/* A target reads `bytes`, or calls something that reads files or sockets. */
typedef void fuzz_target(struct arena *arena, const char *bytes, size_t size);

struct fuzz_row {
    const char *name;
    fuzz_target *run;
};

extern const struct fuzz_row fuzz_rows[];
extern const size_t fuzz_n_rows;

/* The row of this name; ends the program when there is none. */
const struct fuzz_row *fuzz_find(const char *name);

/* Runs the target on an exact copy of the input, so that a sanitizer sees a read beyond it. */
void fuzz_run(const struct fuzz_row *row, const void *bytes, size_t size);

/* The next part of the input, up to the separator, as a string of exactly its size; NULL: there is
 * none. */
char *input_part(size_t *ret_size);

/* A directory of this program's own, which is removed at its end. */
const char *input_directory(void);

/* A socket whose peer has ended: there is no input from it. */
#define INPUT_ENDED (-2)

/* Aborts unless the result and the error agree: 0 without an error, or a negative errno with a
 * number and a text. */
void fuzz_expect(int result, const struct error *error);
void fuzz_require(bool holds);

/* The targets of init.c, targets-plan.c, targets-host.c and targets-words.c. */
fuzz_target fuzz_init_passwd, fuzz_init_status;
fuzz_target fuzz_recording, fuzz_config, fuzz_process, fuzz_resources, fuzz_mounts, fuzz_record,
    fuzz_locate, fuzz_plan, fuzz_messages;
fuzz_target fuzz_criu_descriptors, fuzz_criu_log, fuzz_criu_mounts, fuzz_criu_talk, fuzz_look,
    fuzz_notify, fuzz_oom, fuzz_own_map, fuzz_processes, fuzz_rdt, fuzz_settings, fuzz_status;
fuzz_target fuzz_annotation, fuzz_choice, fuzz_duration, fuzz_operands, fuzz_signal,
    fuzz_trace_context, fuzz_unit, fuzz_user;

/* Does the init take these bytes for a plan? */
bool fuzz_init_takes_plan(const char *bytes, size_t size);
