/* SPDX-License-Identifier: Apache-2.0 */
/* start, kill, delete: one call each. */
#include "command.h"

int cli_start(const struct cli_arguments *arguments, const struct runtime_options *options,
              struct error *error)
{
    return runtime_start(options, arguments->operands[0], error);
}

int cli_kill(const struct cli_arguments *arguments, const struct runtime_options *options,
             struct error *error)
{
    const char *signal = arguments->n_operands > 1 ? arguments->operands[1] : "TERM";

    return runtime_kill(options, arguments->operands[0], signal, arguments->all, error);
}

int cli_delete(const struct cli_arguments *arguments, const struct runtime_options *options,
               struct error *error)
{
    return runtime_delete(options, arguments->operands[0], arguments->force, error);
}
