/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one record per message, to stderr and to the file of --log. At the default level a
 * failing command writes exactly one error record (podman parses the whole log as one JSON object).
 */
#pragma once

#include <stdbool.h>

struct error;
struct finding;
struct findings;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Opens the log. `target` is "FILE", "file:FILE", "journald:NAME" or "syslog:NAME"; NULL or an
 * empty FILE means stderr only. Records in a file are text lines or, if `json` is set, objects
 * {"level","msg","time"} with an RFC 3339 time and the known parts of an error or warning (see
 * finding_write_members). Errors always go to stderr too; other records go to stderr only if there
 * is no other target. Returns 0 or a negative errno. */
int log_open(const char *target, bool json, enum log_level level);

/* Parses "error", "warning", "info" or "debug". Returns false for any other name. */
bool log_level_of_name(const char *name, enum log_level *ret_level);

bool log_shows(enum log_level level);

/* Writes the warnings that the log has held back. It holds warnings back (except at debug level)
 * until a command has succeeded, so that a failing command writes a single record, its error. */
void log_release_warnings(void);

/* Starts the next record on stderr on a new line: a program has left the terminal's cursor in the
 * middle of one. */
void log_start_new_line(void);

/* Moves the warnings held back into `findings` instead of logging them. */
void log_pop_warnings(struct findings *findings);

void log_error(const struct error *error);

/* Log a finding or an error as a warning. */
void log_warning_of(const struct finding *finding);
void log_ignored(const struct error *error);

void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A warning about the property at the JSON path `path`. */
void log_warning_at(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
