/* SPDX-License-Identifier: Apache-2.0 */
/* create and run. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "berth/base/text.h"
#include "command.h"

/* "STEP" or "STEP:ERRNO" */
static int read_fault(const char *fault, struct runtime_create *request, struct error *error)
{
    AUTO_ARENA arena = {0};
    uint64_t step;
    uint64_t number = EIO;

    request->fault_step = -1;
    if (fault == NULL)
        return 0;
    char *words = arena_string(&arena, fault);
    char *colon = strchr(words, ':');
    if (colon != NULL)
        *colon = '\0';
    if (text_to_u64(words, &step) < 0 || (colon != NULL && text_to_u64(colon + 1, &number) < 0) ||
        step > INT_MAX || number == 0 || number > 4095)
        return error_set(error, EINVAL, "--fault: not STEP or STEP:ERRNO: \"%s\"", fault);
    request->fault_step = (int) step;
    request->fault_errno = (int) number;
    return 0;
}

static int read_request(const struct cli_arguments *arguments, struct runtime_create *ret_request,
                        struct error *error)
{
    *ret_request = (struct runtime_create){
        .id = arguments->operands[0],
        .bundle = arguments->bundle,
        .config_file = arguments->config,
        .pid_file = arguments->pid_file,
        .console_socket = arguments->console_socket,
        .preserve_fds = arguments->preserve_fds,
        .no_pivot = arguments->no_pivot,
        .no_new_keyring = arguments->no_new_keyring,
        .trace_file = arguments->trace,
        .detach = arguments->detach,
        .keep = arguments->keep,
        .no_subreaper = arguments->no_subreaper,
    };
    return read_fault(arguments->fault, ret_request, error);
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

    TRY(read_request(arguments, &request, error));
    if (arguments->dry_run)
        return dry_run(options, &request, false, error);
    return runtime_create(options, &request, error);
}

int cli_run(const struct cli_arguments *arguments, const struct runtime_options *options,
            struct error *error)
{
    struct runtime_create request;
    int status = 0;

    TRY(read_request(arguments, &request, error));
    if (arguments->dry_run)
        return dry_run(options, &request, true, error);
    TRY(runtime_run(options, &request, &status, error));
    return status;
}
