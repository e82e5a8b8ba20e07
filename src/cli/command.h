/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: one function each, cli_NAME. They return the exit status, or a negative errno with
 * `error` set. */
#pragma once

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/cli/arguments.h"
#include "berth/runtime/runtime.h"

#define CLI_HEADING(words)
#define CLI_COMMAND(NAME, name, operands, least, most, words, example)                             \
    int cli_##name(const struct cli_arguments *arguments, const struct runtime_options *options,   \
                   struct error *error);
#include "berth/cli/commands.def"
#undef CLI_HEADING
#undef CLI_COMMAND

/* Appends the file `path`, or standard input for "-", to `text`. `what` names it in errors.
 * Returns 0 or a negative errno. */
int cli_read_file(const char *what, const char *path, struct text *text, struct error *error);

/* Reads the options on carrying out a plan for the container `id`. Returns 0 or a negative
 * errno. */
int cli_read_launch(const struct cli_arguments *arguments, const char *id,
                    struct runtime_launch *ret_launch, struct error *error);

/* The name of the file in messages. */
const char *cli_name_file(const char *path);

/* Is it --format json? */
bool cli_wants_json(const struct cli_arguments *arguments);

/* Writes `text` to stdout. Returns 0 or a negative errno. */
int cli_print(const struct text *text, struct error *error);
