/* SPDX-License-Identifier: Apache-2.0 */
/* What goes in and out as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "command.h"

#define STDIN_MOST (1 << 20) /* bytes */

int cli_read_file(struct arena *arena, const char *what, const char *path, char **ret_bytes, size_t *ret_size,
                  struct error *error)
{
    if (!text_equal(path, "-")) {
        int result = file_read(arena, AT_FDCWD, path, ret_bytes, ret_size);

        return result < 0 ? error_errno(error, -result, "read the %s %s", what, path) : 0;
    }
    char *bytes = arena_alloc(arena, STDIN_MOST);
    ssize_t size = fd_read_all(STDIN_FILENO, bytes, STDIN_MOST);
    if (size < 0)
        return error_errno(error, (int) -size, "read the %s from stdin", what);
    if (size == STDIN_MOST)
        return error_set(error, EFBIG, "read the %s from stdin: more than %d bytes", what, STDIN_MOST);
    *ret_bytes = bytes;
    *ret_size = (size_t) size;
    return 0;
}

int cli_print(const struct text *text, struct error *error)
{
    int result = fd_write_all(STDOUT_FILENO, text->bytes, text->size);

    return result < 0 ? error_errno(error, -result, "write to stdout") : 0;
}
