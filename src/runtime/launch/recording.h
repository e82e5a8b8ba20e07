/* SPDX-License-Identifier: Apache-2.0 */
/* The file of --record-seccomp. */
#pragma once

#include <limits.h>

#include "berth/seccomp/recording.h"

struct error;

struct recording_file {
    int dir;
    const char *name; /* in `dir`; the end of `path` */
    const char *path; /* for messages */
};

/* Writes the path of the file's directory. Returns 0 or -ENAMETOOLONG. */
int recording_directory(const struct recording_file *file, char ret_path[static PATH_MAX]);

/* Fails if the file cannot be written, or exists and is not a recording. Changes nothing. */
int recording_check(const struct recording_file *file, struct error *error);

#define RECORDING_WAIT_FOREVER (-1)

/* Adds the calls to the file, which is created if it is missing. Several processes may do so at
 * once: each waits for a lock on the directory, up to `timeout_ms` milliseconds. */
int recording_extend(const struct recording_file *file, const struct seccomp_calls *calls,
                     int timeout_ms, struct error *error);
