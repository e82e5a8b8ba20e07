/* SPDX-License-Identifier: Apache-2.0 */
/* Whether criu is installed, and works on this kernel. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/sys/memfd.h"
#include "berth/sys/process.h"
#include "doctor.h"

#define CRIU_TIMEOUT_MS 10000

/* Returns a wait status or a negative errno. */
static int run_criu(struct arena *arena, const char *path, const char *argument, char **ret_output)
{
    AUTO_FD output = sys_memfd_empty("criu-check");
    const char *const argv[] = {"criu", argument, NULL};
    const char *const envp[] = {arena_printf(arena, "PATH=%s", file_search_path()), NULL};
    const struct sys_spawn spawn = {
        .path = path,
        .argv = argv,
        .envp = envp,
        .stdin_fd = -1,
        .output_fd = output,
        .error_fd = output,
    };
    int status = output < 0 ? output : sys_run_program(&spawn, CRIU_TIMEOUT_MS);
    TRY(status);
    TRY(file_read(arena, AT_FDCWD, arena_printf(arena, "/proc/self/fd/%d", output), ret_output,
                  NULL));
    return status;
}

/* Returns the first line that begins with `words`, from what follows them, or NULL. */
static const char *find_line(struct arena *arena, const char *output, const char *words)
{
    const char *found = strstr(output, words);

    if (found == NULL)
        return NULL;
    found += strlen(words);
    return arena_copy(arena, found, strcspn(found, "\n"));
}

/* Sets the value to the version and path, as far as criu says them. */
static int read_version(struct arena *arena, const char *path, struct runtime_fact *fact)
{
    char *output;
    int status = run_criu(arena, path, "--version", &output);
    const char *version = status == 0 ? find_line(arena, output, "Version: ") : NULL;

    fact->value = version == NULL ? path : arena_printf(arena, "version %s, %s", version, path);
    return status;
}

static int check_kernel(struct arena *arena, const char *path, struct runtime_fact *fact)
{
    char *output;
    int status = run_criu(arena, path, "check", &output);
    const char *why = status > 0 ? find_line(arena, output, "Error (") : NULL;

    fact->hint = "criu check says what it lacks on this host";
    if (why != NULL)
        fact->hint =
            arena_printf(arena, "criu check: Error (%s: try a newer criu, or another kernel", why);
    return status;
}

void doctor_criu(const struct doctor *doctor, struct runtime_fact *fact)
{
    struct arena *arena = doctor->arena;
    const char *path = file_find_program(arena, "criu");

    fact->state = RUNTIME_FACT_NO;
    if (path == NULL)
        return;
    int status = read_version(arena, path, fact);
    if (status >= 0 && geteuid() != 0) {
        fact->state = RUNTIME_FACT_LIMITED;
        fact->hint = "run them as root";
        return;
    }
    if (status >= 0)
        status = check_kernel(arena, path, fact);
    if (status == 0)
        fact->state = RUNTIME_FACT_YES;
    if (status == -ETIMEDOUT)
        fact->state = RUNTIME_FACT_UNKNOWN;
    if (status < 0)
        fact->hint = arena_printf(arena, "run %s: %s", path, text_of_errno(-status));
}
