/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one record a message, to stderr and to the file of --log. At the default level a failing
 * command writes exactly one error record (podman reads the whole log as one JSON object).
 */
#pragma once

#include <stdbool.h>

struct error;
struct finding;
struct findings;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Opens the log: `target` is "FILE", "file:FILE", "journald:NAME", "syslog:NAME", or NULL or an
 * empty file for stderr alone; records of a file are text lines or, with `json`, objects
 * {"level","msg","time"} with an RFC 3339 time, and what else is known of an error or warning (see
 * finding_write_members). Errors always go to stderr too; the rest goes to
 * stderr only when there is no other target. Returns 0 or a negative errno. */
int log_open(const char *target, bool json, enum log_level level);

/* "error", "warning", "info", "debug"; false for another name. */
bool log_level_of_name(const char *name, enum log_level *ret_level);

bool log_shows(enum log_level level);

/* Warnings are held back (unless debugging) until log_release_warnings says that the command goes
 * well: a failing command's one record is its error. */
void log_release_warnings(void);

/* A program has left the cursor of the terminal within a line: the next record on stderr begins a
 * new one. */
void log_start_new_line(void);

/* Adds the warnings held back to `findings`, in place of logging them. */
void log_take_warnings(struct findings *findings);

void log_error(const struct error *error);

/* What was found, or an error, is no more than a warning. */
void log_warning_of(const struct finding *finding);
void log_ignored(const struct error *error);

void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Of the property at that JSON path. */
void log_warning_at(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
