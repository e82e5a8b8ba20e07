/* SPDX-License-Identifier: Apache-2.0 */
/* The tables commands.def and options.def, for the parser and the help. */
#pragma once

#include "berth/cli/arguments.h"

/* The commands that accept an option. */
enum cli_command_bit {
#define CLI_HEADING(words)
#define CLI_COMMAND(NAME, name, operands, least, most, words, example) NAME = 1 << CLI_##NAME,
#include "berth/cli/commands.def"
#undef CLI_HEADING
#undef CLI_COMMAND
    GLOBAL = 1 << CLI_COMMANDS,
    ALL = GLOBAL - 1,
};

enum option_kind { FLAG, STRING, NUMBER, STRINGS };

struct option {
    unsigned commands; /* bits of enum cli_command_bit; 0: not an option, but the heading `words` */
    char letter;
    const char *name;
    enum option_kind kind;
    size_t member; /* offset in struct cli_arguments */
    const char *value;
    const char *words;
};

struct command {
    const char *name;
    const char *operands;
    size_t least;
    size_t most;
    const char *words;
    const char *example;
};

extern const struct option cli_options[];
extern const size_t cli_n_options;
extern const struct command cli_commands[CLI_COMMANDS];
