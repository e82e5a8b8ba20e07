/* SPDX-License-Identifier: Apache-2.0 */
/* Reading whole files, and writing whole outputs. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "command.h"

#define STDIN_MAX (1 << 20) /* bytes */

static int read_stdin(const char *what, struct text *text, struct error *error)
{
    char *bytes = arena_alloc(text->arena, STDIN_MAX);
    ssize_t size = fd_read_all(STDIN_FILENO, bytes, STDIN_MAX);

    if (size < 0)
        return error_errno(error, (int) -size, "read the %s from stdin", what);
    if (size == STDIN_MAX)
        return error_set(error, EFBIG, "read the %s from stdin: more than %d bytes", what,
                         STDIN_MAX);
    text_add_bytes(text, bytes, (size_t) size);
    return 0;
}

int cli_read_file(const char *what, const char *path, struct text *text, struct error *error)
{
    char *bytes;
    size_t size;

    if (text_equal(path, "-"))
        return read_stdin(what, text, error);
    int result = file_read_named(text->arena, path, &bytes, &size);
    if (result < 0) {
        error_errno(error, -result, "read the %s %s", what, path);
        return error_set_file(error, path);
    }
    text_add_bytes(text, bytes, size);
    return 0;
}

const char *cli_name_file(const char *path)
{
    return text_equal(path, "-") ? "stdin" : path;
}

bool cli_wants_json(const struct cli_arguments *arguments)
{
    return arguments->format != NULL && text_equal(arguments->format, "json");
}

int cli_print(const struct text *text, struct error *error)
{
    int result = fd_write_all(STDOUT_FILENO, text->bytes, text->size);
    sigset_t pending;

    /* Everything else is done: a reader that has gone away ends berth as it ends any program. */
    if (result == -EPIPE) {
        sigemptyset(&pending);
        sigaddset(&pending, SIGPIPE);
        sigprocmask(SIG_UNBLOCK, &pending, NULL);
    }
    return result < 0 ? error_errno(error, -result, "write to stdout") : 0;
}
