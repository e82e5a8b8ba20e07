/* SPDX-License-Identifier: Apache-2.0 */
/* create, run, exec and mounts: the commands that carry out a plan. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "berth/base/text.h"
#include "command.h"

/* "STEP" or "STEP:ERRNO" */
static int read_fault(const char *fault, int *ret_step, int *ret_errno, struct error *error)
{
    AUTO_ARENA arena = {0};
    uint64_t step;
    uint64_t number = EIO;

    *ret_step = -1;
    if (fault == NULL)
        return 0;
    char *words = arena_string(&arena, fault);
    char *colon = strchr(words, ':');
    if (colon != NULL)
        *colon = '\0';
    if (text_to_u64(words, &step) < 0 || (colon != NULL && text_to_u64(colon + 1, &number) < 0) ||
        step > INT_MAX || number == 0 || number > 4095)
        return error_set(error, EINVAL, "--fault: not STEP or STEP:ERRNO: \"%s\"", fault);
    *ret_step = (int) step;
    *ret_errno = (int) number;
    return 0;
}

int cli_read_launch(const struct cli_arguments *arguments, const char *id,
                    struct runtime_launch *ret_launch, struct error *error)
{
    *ret_launch = (struct runtime_launch){
        .id = id,
        .pid_file = arguments->pid_file,
        .console_socket = arguments->console_socket,
        .pidfd_socket = arguments->pidfd_socket,
        .preserve_fds = arguments->preserve_fds,
        .detach = arguments->detach,
        .no_subreaper = arguments->no_subreaper,
        .record_seccomp = arguments->record_seccomp,
        .trace_file = arguments->trace,
        .traces_spans =
            arguments->trace_format != NULL && text_equal(arguments->trace_format, "otlp"),
    };
    if (arguments->trace_format != NULL && arguments->trace == NULL)
        return error_set(error, EINVAL, "--trace-format: needs --trace FILE");
    return read_fault(arguments->fault, &ret_launch->fault_step, &ret_launch->fault_errno, error);
}

static int read_create(const struct cli_arguments *arguments, struct runtime_create *ret_request,
                       struct error *error)
{
    *ret_request = (struct runtime_create){
        .bundle = arguments->bundle,
        .config_file = arguments->config,
        .no_pivot = arguments->no_pivot,
        .no_new_keyring = arguments->no_new_keyring,
        .keep = arguments->keep,
    };
    return cli_read_launch(arguments, arguments->operands[0], &ret_request->launch, error);
}

static int dry_run(const struct runtime_options *options, const struct runtime_create *request,
                   bool run, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text text = {.arena = &arena};

    TRY(runtime_dry_run(options, request, run, &text, error));
    return cli_print(&text, error);
}

int cli_create(const struct cli_arguments *arguments, const struct runtime_options *options,
               struct error *error)
{
    struct runtime_create request;

    TRY(read_create(arguments, &request, error));
    if (arguments->dry_run)
        return dry_run(options, &request, false, error);
    return runtime_create(options, &request, error);
}

int cli_run(const struct cli_arguments *arguments, const struct runtime_options *options,
            struct error *error)
{
    struct runtime_create request;
    int status = 0;

    TRY(read_create(arguments, &request, error));
    if (arguments->dry_run)
        return dry_run(options, &request, true, error);
    TRY(runtime_run(options, &request, &status, error));
    return status;
}

static int read_exec(struct arena *arena, const struct cli_arguments *arguments,
                     struct runtime_exec *ret_request, struct error *error)
{
    struct text process = {.arena = arena};

    if (arguments->process != NULL)
        TRY(cli_read_file("process", arguments->process, &process, error));
    *ret_request = (struct runtime_exec){
        .process = arguments->process != NULL ? process.bytes : NULL,
        .process_size = process.size,
        .process_name = arguments->process != NULL ? cli_name_file(arguments->process) : NULL,
        .args = arguments->operands + 1,
        .cwd = arguments->cwd,
        .env = arguments->env,
        .terminal = arguments->tty,
        .user = arguments->user,
        .additional_gids = arguments->additional_gids,
        .capabilities = arguments->cap,
        .no_new_privileges = arguments->no_new_privs,
        .selinux_label = arguments->process_label,
        .apparmor_profile = arguments->apparmor,
        .cgroups = arguments->cgroup,
        .ignore_paused = arguments->ignore_paused,
    };
    return cli_read_launch(arguments, arguments->operands[0], &ret_request->launch, error);
}

/* What follows the ID is the program, with its options. */
static int hint_at_order(const struct runtime_exec *request, struct error *error)
{
    const char *program = request->args != NULL ? request->args[0] : NULL;

    if (error->number == ENOENT && program != NULL && program[0] == '-')
        error_hint(error, "the program comes right after the ID, options of exec before it");
    return -error->number;
}

int cli_exec(const struct cli_arguments *arguments, const struct runtime_options *options,
             struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text text = {.arena = &arena};
    struct runtime_exec request;
    int status = 0;

    error->exit_status = 255; /* as for every error that keeps the program from running */
    TRY(read_exec(&arena, arguments, &request, error));
    if (!arguments->dry_run) {
        if (runtime_exec(options, &request, &status, error) < 0)
            return hint_at_order(&request, error);
        return status;
    }
    TRY(runtime_dry_exec(options, &request, &text, error));
    return cli_print(&text, error);
}

static int read_verb(const char *verb, bool *ret_removes, struct error *error)
{
    *ret_removes = text_equal(verb, "remove");
    if (*ret_removes || text_equal(verb, "add"))
        return 0;
    error_set(error, EINVAL, "mounts needs add or remove, not \"%s\"", verb);
    return error_hint(error, "see berth mounts --help");
}

int cli_mounts(const struct cli_arguments *arguments, const struct runtime_options *options,
               struct error *error)
{
    AUTO_ARENA arena = {0};
    const char *file = arguments->operands[2];
    struct text mounts = {.arena = &arena}, text = {.arena = &arena};
    struct runtime_mounts request = {.name = cli_name_file(file)};

    TRY(read_verb(arguments->operands[0], &request.removes, error));
    TRY(cli_read_launch(arguments, arguments->operands[1], &request.launch, error));
    TRY(cli_read_file("mounts", file, &mounts, error));
    request.bytes = mounts.bytes;
    request.size = mounts.size;
    if (!arguments->dry_run)
        return runtime_change_mounts(options, &request, error);
    TRY(runtime_dry_change_mounts(options, &request, &text, error));
    return cli_print(&text, error);
}
