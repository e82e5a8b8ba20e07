/* SPDX-License-Identifier: Apache-2.0 */
/* state, features, list, spec: commands that print or write text. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/fd.h"
#include "berth/base/json.h"
#include "berth/base/text.h"
#include "berth/spec/defaults.h"
#include "command.h"

#define COLUMNS 6
#define COLUMN_LEAST 12 /* minimum width, as in the output of runc, which uses Go's tabwriter */
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

static void list_ids(const struct runtime_container *containers, size_t count, struct text *text)
{
    for (size_t i = 0; i < count; i++)
        text_addf(text, "%s\n", containers[i].id);
}

static void list_json(const struct runtime_container *containers, size_t count, struct text *text)
{
    struct json json;

    json_start(&json, text->arena, false);
    json_array_open(&json);
    for (size_t i = 0; i < count; i++)
        runtime_container_json(&containers[i], &json);
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
    ret_row[4] = container->created;
    ret_row[5] = container->owner == NULL ? "?" : container->owner;
}

static void add_padded(struct text *text, const char *word, size_t width)
{
    text_add(text, word);
    for (size_t length = strlen(word); length < width; length++)
        text_add_bytes(text, " ", 1);
}

static void list_table(const struct runtime_container *containers, size_t count, struct text *text)
{
    static const char *const header[COLUMNS] = {"ID",     "PID",     "STATUS",
                                                "BUNDLE", "CREATED", "OWNER"};
    const char *(*rows)[COLUMNS] = arena_array(text->arena, count + 1, sizeof(*rows));
    size_t width[COLUMNS] = {0};

    memcpy(rows[0], header, sizeof(header));
    for (size_t i = 0; i < count; i++)
        row_of(&containers[i], text->arena, rows[i + 1]);
    for (size_t column = 0; column < COLUMNS - 1; column++) {
        width[column] = COLUMN_LEAST;
        for (size_t i = 0; i <= count; i++)
            if (strlen(rows[i][column]) + COLUMN_PADDING > width[column])
                width[column] = strlen(rows[i][column]) + COLUMN_PADDING;
    }
    for (size_t i = 0; i <= count; i++) {
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
    struct runtime_container *containers;
    size_t count;
    bool as_json = cli_wants_json(arguments);

    TRY(runtime_list(options, &arena, &containers, &count, error));
    if (arguments->quiet)
        list_ids(containers, count, &text);
    else if (as_json)
        list_json(containers, count, &text);
    else
        list_table(containers, count, &text);
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
    if (fd < 0)
        return error_errno(error, errno, "write %s", path);
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
