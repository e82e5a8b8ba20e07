/* SPDX-License-Identifier: Apache-2.0 */
/* state, explain, features, list, spec: commands that print or write text. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/fd.h"
#include "berth/base/json.h"
#include "berth/base/style.h"
#include "berth/base/text.h"
#include "berth/spec/defaults.h"
#include "command.h"

#define COLUMNS 6
#define CREATED 4
#define COLUMN_MIN 12 /* minimum width, as in the output of runc, which uses Go's tabwriter */
#define COLUMN_PADDING 3

int cli_state(const struct cli_arguments *arguments, const struct runtime_options *options,
              struct error *error)
{
    AUTO_ARENA arena = {0};
    struct runtime_container container;
    struct json json;

    TRY(runtime_find(options, &arena, arguments->operands[0], &container, error));
    json_start(&json, &arena, true);
    runtime_container_json(&container, &json);
    text_add(&json.text, "\n");
    return cli_print(&json.text, error);
}

int cli_explain(const struct cli_arguments *arguments, const struct runtime_options *options,
                struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text text = {.arena = &arena};

    TRY(runtime_explain(options, arguments->operands[0], &text, error));
    return cli_print(&text, error);
}

int cli_features(const struct cli_arguments *arguments, const struct runtime_options *options,
                 struct error *error)
{
    AUTO_ARENA arena = {0};
    struct json json;

    (void) arguments;
    (void) options;
    json_start(&json, &arena, true);
    runtime_features(&json);
    text_add(&json.text, "\n");
    return cli_print(&json.text, error);
}

static void list_ids(const struct runtime_containers *containers, struct text *text)
{
    for (size_t i = 0; i < containers->count; i++)
        text_addf(text, "%s\n", containers->item[i].id);
}

static void list_json(const struct runtime_containers *containers, struct text *text)
{
    struct json json;

    json_start(&json, text->arena, false);
    json_array_open(&json);
    for (size_t i = 0; i < containers->count; i++)
        runtime_container_json(&containers->item[i], &json);
    json_array_close(&json);
    text_addf(text, "%s\n", json.text.bytes);
}

static void row_of(const struct runtime_container *container, struct arena *arena,
                   const char *ret_row[COLUMNS])
{
    ret_row[0] = container->id;
    ret_row[1] = arena_printf(arena, "%d", container->pid);
    ret_row[2] = container->status;
    ret_row[3] = container->bundle;
    ret_row[CREATED] = container->created;
    ret_row[5] = container->owner == NULL ? "?" : container->owner;
}

static void add_padded(struct text *text, const char *word, size_t width)
{
    static const char blanks[] = "                ";
    size_t length = strlen(word);

    text_add_bytes(text, word, length);
    while (length < width) {
        size_t step = width - length < sizeof(blanks) - 1 ? width - length : sizeof(blanks) - 1;

        text_add_bytes(text, blanks, step);
        length += step;
    }
}

/* Sets the width of every column but the last one, and returns that of the table. */
static size_t widths_of(const char *const (*rows)[COLUMNS], size_t count, size_t least,
                        size_t ret_width[COLUMNS])
{
    size_t sum = 0;

    for (size_t column = 0; column < COLUMNS; column++) {
        bool is_last = column == COLUMNS - 1;

        ret_width[column] = is_last ? 0 : least;
        for (size_t i = 0; i < count; i++) {
            size_t length = strlen(rows[i][column]) + (is_last ? 0 : COLUMN_PADDING);

            if (length > ret_width[column])
                ret_width[column] = length;
        }
        sum += ret_width[column];
    }
    ret_width[COLUMNS - 1] = 0;
    return sum;
}

/* "2026-11-30T13:51:43.555340606Z" without the fraction of the second */
static const char *without_fraction(struct arena *arena, const char *time)
{
    size_t length = strcspn(time, ".");

    return time[length] == '\0' ? time : arena_printf(arena, "%.*sZ", (int) length, time);
}

/* A table that is too wide for the terminal loses the fractions of seconds, and blanks. */
static void list_table(const struct runtime_containers *containers, struct text *text)
{
    static const char *const header[COLUMNS] = {"ID",     "PID",     "STATUS",
                                                "BUNDLE", "CREATED", "OWNER"};
    const char *(*rows)[COLUMNS] = arena_array(text->arena, containers->count + 1, sizeof(*rows));
    size_t count = containers->count + 1, width[COLUMNS];

    memcpy(rows[0], header, sizeof(header));
    for (size_t i = 0; i < containers->count; i++)
        row_of(&containers->item[i], text->arena, rows[i + 1]);
    size_t columns = style_columns();
    if (widths_of(rows, count, COLUMN_MIN, width) > columns && columns > 0) {
        for (size_t i = 1; i < count; i++)
            rows[i][CREATED] = without_fraction(text->arena, rows[i][CREATED]);
        widths_of(rows, count, 0, width);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t column = 0; column < COLUMNS; column++)
            add_padded(text, rows[i][column], width[column]);
        text_add(text, "\n");
    }
}

int cli_list(const struct cli_arguments *arguments, const struct runtime_options *options,
             struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text text = {.arena = &arena};
    struct runtime_containers containers;
    bool as_json = cli_wants_json(arguments) && !arguments->quiet;

    TRY(runtime_list(options, &arena, !as_json, &containers, error));
    if (arguments->quiet)
        list_ids(&containers, &text);
    else if (as_json)
        list_json(&containers, &text);
    else
        list_table(&containers, &text);
    return cli_print(&text, error);
}

#define V2_FILE "/sys/fs/cgroup/cgroup.controllers"

int cli_spec(const struct cli_arguments *arguments, const struct runtime_options *options,
             struct error *error)
{
    AUTO_ARENA arena = {0};
    const char *bundle = arguments->bundle != NULL ? arguments->bundle : ".";
    const char *path =
        text_path_join(&arena, bundle, arguments->file != NULL ? arguments->file : "config.json");

    (void) options;
    AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        error_errno(error, errno, "write %s", path);
        return error->number == EEXIST
                   ? error_hint(error, "remove it first, or write another with --file")
                   : -error->number;
    }
    const char *config = arguments->rootless ? spec_rootless_config(&arena, getuid(), getgid())
                                             : spec_default_config();
    if (access(V2_FILE, F_OK) < 0)
        config = spec_without_cgroup_namespace(&arena, config);
    int result = fd_write_all(fd, config, strlen(config));
    if (result < 0) {
        unlink(path);
        return error_errno(error, -result, "write %s", path);
    }
    return 0;
}
