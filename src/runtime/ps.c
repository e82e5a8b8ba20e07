/* SPDX-License-Identifier: Apache-2.0 */
/* Processes as ps(1) shows them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/runtime/runtime.h"
#include "berth/sys/memfd.h"
#include "berth/sys/process.h"

#define PS_TIMEOUT_MS 30000

/* Which word of ps's header is PID, counted from 0; -1: none. */
static int find_column(const char *header)
{
    int column = 0;

    for (const char *word = header + strspn(header, " "); *word != '\0' && *word != '\n';
         column++) {
        size_t length = strcspn(word, " \n");

        if (length == 3 && memcmp(word, "PID", 3) == 0)
            return column;
        word += length;
        word += strspn(word, " ");
    }
    return -1;
}

static bool is_of(const char *line, int column, const struct runtime_processes *processes)
{
    int pid;

    for (; column > 0; column--) {
        line += strspn(line, " ");
        line += strcspn(line, " \n");
    }
    if (sscanf(line, "%d", &pid) != 1)
        return false;
    for (size_t i = 0; i < processes->count; i++)
        if (processes->pids[i] == pid)
            return true;
    return false;
}

static int run_ps(struct arena *arena, const char *const *options, char **ret_output,
                  struct error *error)
{
    struct text_list argv = {.arena = arena};
    AUTO_FD output = sys_memfd_empty("ps");

    text_list_add(&argv, "ps");
    if (options == NULL || options[0] == NULL)
        text_list_add(&argv, "-ef");
    else
        for (; *options != NULL; options++)
            text_list_add(&argv, *options);
    struct sys_spawn spawn = {
        .path = "ps",
        .argv = (const char *const *) argv.item,
        .envp = (const char *const *) environ,
        .stdin_fd = -1,
        .output_fd = output,
        .searches_path = true,
    };
    int status = output < 0 ? output : sys_run_program(&spawn, PS_TIMEOUT_MS);
    if (status < 0)
        return error_errno(error, -status, "run ps");
    int result = file_read(arena, AT_FDCWD, arena_printf(arena, "/proc/self/fd/%d", output),
                           ret_output, NULL);
    if (result < 0)
        return error_errno(error, -result, "read what ps has written");
    if (status != 0)
        return error_set(error, EIO, "ps failed: %s", *ret_output);
    return 0;
}

int runtime_show_processes(const struct runtime_processes *processes, const char *const *ps_options,
                           struct text *text, struct error *error)
{
    char *table;

    TRY(run_ps(text->arena, ps_options, &table, error));
    char *header = strsep(&table, "\n");
    int column = find_column(header);
    if (column < 0)
        return error_set(error, EINVAL,
                         "ps: its options leave out the column PID, by which processes are found");
    text_addf(text, "%s\n", header);
    for (char *line; (line = strsep(&table, "\n")) != NULL;)
        if (is_of(line, column, processes))
            text_addf(text, "%s\n", line);
    return 0;
}
