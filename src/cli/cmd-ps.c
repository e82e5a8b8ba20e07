/* SPDX-License-Identifier: Apache-2.0 */
/* ps: prints the container's processes like ps(1), or as a JSON array. */
#include <errno.h>

#include "berth/base/json.h"
#include "berth/base/text.h"
#include "command.h"

static int print_json(struct arena *arena, const struct runtime_processes *processes,
                      struct error *error)
{
    struct json json;

    json_start(&json, arena, false);
    json_array_open(&json);
    for (size_t i = 0; i < processes->count; i++)
        json_i64(&json, processes->pids[i]);
    json_array_close(&json);
    text_add(&json.text, "\n");
    return cli_print(&json.text, error);
}

int cli_ps(const struct cli_arguments *arguments, const struct runtime_options *options,
           struct error *error)
{
    AUTO_ARENA arena = {0};
    bool as_json = cli_wants_json(arguments);
    struct runtime_processes processes;
    struct text table = {.arena = &arena};

    TRY(runtime_list_processes(options, &arena, arguments->operands[0], &processes, error));
    if (as_json)
        return print_json(&arena, &processes, error);
    TRY(runtime_show_processes(&processes, arguments->operands + 1, &table, error));
    return cli_print(&table, error);
}
