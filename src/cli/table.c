/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include "berth/base/array.h"

const struct option cli_options[] = {
#define CLI_HEADING(words) {0, 0, NULL, FLAG, 0, NULL, words},
#define CLI_OPTION(commands, letter, name, kind, member, value, words)                             \
    {commands, letter, name, kind, offsetof(struct cli_arguments, member), value, words},
#include "berth/cli/options.def"
#undef CLI_HEADING
#undef CLI_OPTION
};
const size_t cli_n_options = COUNT(cli_options);

const struct command cli_commands[] = {
#define CLI_HEADING(words)
#define CLI_COMMAND(NAME, name, operands, least, most, words, example)                             \
    [CLI_##NAME] = {#name, operands, least, most, words, example},
#include "berth/base/array.h"
#include "berth/cli/commands.def"
#undef CLI_HEADING
#undef CLI_COMMAND
};
