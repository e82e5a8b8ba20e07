/* SPDX-License-Identifier: Apache-2.0 */
/* events. */
#include <errno.h>
#include <unistd.h>

#include "berth/base/duration.h"
#include "command.h"

static int read_interval(const char *text, int64_t *ret_ns, struct error *error)
{
    int result = duration_to_ns(text, ret_ns);

    if (result < 0)
        return error_set(
            error, -result, "--interval: %s: \"%s\"",
            result == -ERANGE ? "too long" : "not a duration such as 5s, 500ms or 1m30s", text);
    if (*ret_ns <= 0)
        return error_set(error, EINVAL, "--interval: must be greater than 0: \"%s\"", text);
    return 0;
}

int cli_events(const struct cli_arguments *arguments, const struct runtime_options *options,
               struct error *error)
{
    struct runtime_events request = {
        .id = arguments->operands[0], .once = arguments->stats, .output = STDOUT_FILENO};

    TRY(read_interval(arguments->interval != NULL ? arguments->interval : "5s",
                      &request.interval_ns, error));
    return runtime_events(options, &request, error);
}
