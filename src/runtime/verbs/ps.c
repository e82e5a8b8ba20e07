/* SPDX-License-Identifier: Apache-2.0 */
/* Lists processes as ps(1) does. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/runtime/runtime.h"
#include "berth/sys/memfd.h"
#include "berth/sys/process.h"

#define PS_TIMEOUT_MS 30000

/* A PID column without a heading, which berth puts before the requested columns, and its width. */
#define OWN_COLUMN "pid:10="
#define OWN_WIDTH 11

/* Columns whose values are always one word, whatever a process does. */
static bool is_one_word(const char *heading, size_t length)
{
    static const char *const headings[] = {"UID",  "USER", "RUSER", "EUSER", "F",     "S",
                                           "STAT", "PPID", "TT",    "TTY",   "LABEL", "CONTEXT"};

    for (size_t i = 0; i < COUNT(headings); i++)
        if (strlen(headings[i]) == length && memcmp(headings[i], heading, length) == 0)
            return true;
    return false;
}

struct column {
    int words;    /* before PID on the line; -1: no PID column */
    bool is_sure; /* no process can change the number of words before PID */
};

static struct column find_column(const char *header)
{
    struct column column = {.is_sure = true};

    for (const char *word = header + strspn(header, " "); *word != '\0'; column.words++) {
        size_t length = strcspn(word, " ");

        if (length == 3 && memcmp(word, "PID", 3) == 0)
            return column;
        column.is_sure = column.is_sure && is_one_word(word, length);
        word += length;
        word += strspn(word, " ");
    }
    return (struct column){.words = -1};
}

static bool is_of(const char *line, int words, const struct runtime_processes *processes)
{
    uint64_t pid;

    for (; words > 0; words--) {
        line += strspn(line, " ");
        line += strcspn(line, " ");
    }
    if (!text_next_u64(&line, &pid))
        return false;
    for (size_t i = 0; i < processes->count; i++)
        if ((uint64_t) processes->pids[i] == pid)
            return true;
    return false;
}

static void list_words(struct text_list *argv, const char *const *options)
{
    if (options == NULL || options[0] == NULL)
        text_list_add(argv, "-ef");
    else
        for (; *options != NULL; options++)
            text_list_add(argv, *options);
    text_list_add(argv, NULL);
}

static int run_ps(struct arena *arena, const struct text_list *argv, char **ret_output,
                  struct error *error)
{
    AUTO_FD output = sys_memfd_empty("ps");
    struct sys_spawn spawn = {
        .path = "ps",
        .argv = (const char *const *) argv->item,
        .envp = (const char *const *) environ,
        .stdin_fd = -1,
        .output_fd = output,
        .error_fd = output,
        .searches_path = true,
    };
    int status = output < 0 ? output : sys_run_program(&spawn, PS_TIMEOUT_MS);
    if (status < 0)
        return error_errno(error, -status, "run ps");
    int result = file_read(arena, AT_FDCWD, arena_printf(arena, "/proc/self/fd/%d", output),
                           ret_output, NULL);
    if (result < 0)
        return error_errno(error, -result, "read the output of ps");
    if (status != 0)
        return error_set(error, EIO, "ps failed: %s", *ret_output);
    return 0;
}

/* A process may control words in the columns before its PID, and so fake a PID: berth asks ps for
 * the PID first. */
static int run_ps_surely(struct arena *arena, const char *const *options, char **ret_output,
                         struct error *error)
{
    struct text_list argv = {.arena = arena};

    text_list_add(&argv, "ps");
    text_list_add(&argv, "-o");
    text_list_add(&argv, OWN_COLUMN);
    list_words(&argv, options);
    if (run_ps(arena, &argv, ret_output, error) < 0)
        return error_hint(error, "the column PID must come first");
    return 0;
}

static void show_lines(char *table, int words, size_t skipped,
                       const struct runtime_processes *processes, struct text *text)
{
    for (char *line; (line = strsep(&table, "\n")) != NULL;)
        if (strlen(line) >= skipped && is_of(line, words, processes))
            text_addf(text, "%s\n", line + skipped);
}

int runtime_show_processes(const struct runtime_processes *processes, const char *const *ps_options,
                           struct text *text, struct error *error)
{
    struct text_list argv = {.arena = text->arena};
    char *table;

    text_list_add(&argv, "ps");
    list_words(&argv, ps_options);
    TRY(run_ps(text->arena, &argv, &table, error));
    const char *header = strsep(&table, "\n");
    const struct column column = find_column(header);
    if (column.words < 0)
        return error_set(error, EINVAL,
                         "ps: its options leave out the column PID, by which processes are found");
    text_addf(text, "%s\n", header);
    if (column.is_sure) {
        show_lines(table, column.words, 0, processes, text);
        return 0;
    }
    TRY(run_ps_surely(text->arena, ps_options, &table, error));
    strsep(&table, "\n");
    show_lines(table, 0, OWN_WIDTH, processes, text);
    return 0;
}
