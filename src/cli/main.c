/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "berth/base/fd.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "command.h"

static int (*const commands[])(const struct cli_arguments *, const struct runtime_options *,
                               struct error *) = {
#define CLI_COMMAND(NAME, name, operands, least, most, words) cli_##name,
#include "berth/cli/commands.def"
#undef CLI_COMMAND
};

static int open_log(const struct cli_arguments *arguments, struct error *error)
{
    const char *path = arguments->log;
    const char *format = arguments->log_format != NULL ? arguments->log_format : "text";

    if (!text_equal(format, "text") && !text_equal(format, "json"))
        return error_set(error, EINVAL, "--log-format is text or json, not \"%s\"", format);
    if (path != NULL && text_starts_with(path, "file:"))
        path += sizeof("file:") - 1;
    if (path != NULL && *path == '\0')
        path = NULL;
    int result = log_open(path, text_equal(format, "json"),
                          arguments->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING);
    return result < 0 ? error_errno(error, -result, "open the log %s", path) : 0;
}

static int read_options(const struct cli_arguments *arguments, struct runtime_options *ret_options,
                        struct error *error)
{
    const char *manager = arguments->cgroup_manager != NULL ? arguments->cgroup_manager : "cgroupfs";

    *ret_options = (struct runtime_options){.root = arguments->root};
    if (arguments->systemd_cgroup || text_equal(manager, "systemd"))
        ret_options->cgroup_manager = RUNTIME_CGROUP_SYSTEMD;
    else if (text_equal(manager, "disabled"))
        ret_options->cgroup_manager = RUNTIME_CGROUP_DISABLED;
    else if (!text_equal(manager, "cgroupfs"))
        return error_set(error, EINVAL, "--cgroup-manager is cgroupfs, systemd or disabled, not \"%s\"",
                         manager);
    return 0;
}

static int print_help(const struct cli_arguments *arguments, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text text = {.arena = &arena};

    if (arguments->help)
        cli_help(arguments->command, &text);
    else
        text_addf(&text, "berth version " BERTH_VERSION "\nspec: %s\n", runtime_spec_version());
    return cli_print(&text, error);
}

/* What a caller may have left in disorder: closed standard streams, and SIGCHLD ignored, with which children are lost. */
static int settle(struct error *error)
{
    signal(SIGCHLD, SIG_DFL);
    int result = fd_fill_standard();

    return result < 0 ? error_errno(error, -result, "open /dev/null in place of a closed stream") : 0;
}

static int carry_out(const struct cli_arguments *arguments, struct error *error)
{
    struct runtime_options options;

    TRY(settle(error));
    if (arguments->help || arguments->version)
        return print_help(arguments, error);
    TRY(open_log(arguments, error));
    TRY(read_options(arguments, &options, error));
    return commands[arguments->command](arguments, &options, error);
}

int main(int argc, char **argv)
{
    AUTO_ARENA arena = {0};
    struct cli_arguments arguments;
    struct error error = {0};

    (void) argc;
    if (cli_parse(&arena, argv, &arguments, &error) < 0) {
        struct text help = {.arena = &arena};

        cli_help(arguments.command, &help);
        log_error("%s\n\n%s", error.text, help.bytes);
        return 1;
    }
    int status = carry_out(&arguments, &error);
    if (status >= 0) {
        log_release_warnings();
        return status;
    }
    log_error("%s", error.text);
    return error.exit_status != 0 ? error.exit_status : 1;
}
