/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the tests of sessions: a runtime directory, a manager in it, and the log of its
 * requests. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/bus/bus.h"
#include "bus-fake.h"
#include "tap-error.h"
#include "tap.h"

#define DENIED "Access denied (org.freedesktop.DBus.Error.AccessDenied)"

struct play {
    struct arena arena;
    char dir[64]; /* XDG_RUNTIME_DIR */
    char socket[128];
    char log[128];
    size_t files; /* open at the start */
};

static const struct bus_options user = {.user = true};

static inline size_t count_files(const char *dir)
{
    size_t count = 0;
    DIR *stream = opendir(dir);

    while (stream != NULL && readdir(stream) != NULL)
        count++;
    if (stream != NULL)
        closedir(stream);
    return count;
}

static inline void prepare(struct play *play)
{
    char path[128];

    snprintf(play->dir, sizeof(play->dir), "/tmp/berth-bus.XXXXXX");
    if (mkdtemp(play->dir) == NULL)
        abort();
    snprintf(path, sizeof(path), "%s/systemd", play->dir);
    mkdir(path, 0700);
    snprintf(play->socket, sizeof(play->socket), "%s/systemd/private", play->dir);
    snprintf(play->log, sizeof(play->log), "%s/log", play->dir);
    setenv("XDG_RUNTIME_DIR", play->dir, 1);
    unsetenv("DBUS_SESSION_BUS_ADDRESS");
    unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
    play->files = count_files("/proc/self/fd");
}

static inline void expect(const struct error *error, int result, int number, const char *text)
{
    if (!tap_ok(result == -number, "ends with %d: %s", number, text))
        printf("# got %d\n", result);
    if (number != 0)
        tap_text(tap_error(error), text, "its words");
}

/* Returns the requests to the manager since the last call. */
static inline char *take_log(struct play *play)
{
    char *bytes = NULL;

    if (file_read(&play->arena, AT_FDCWD, play->log, &bytes, NULL) < 0)
        return arena_string(&play->arena, "");
    if (truncate(play->log, 0) < 0)
        abort();
    return bytes;
}

static inline void expect_log(const char *log, const char *words)
{
    if (!tap_ok(strstr(log, words) != NULL, "the manager got %s", words))
        printf("# it got: %s\n", log);
}

static inline int start_named(struct bus *bus, const char *name, struct error *error)
{
    pid_t self = getpid();
    struct bus_unit unit = {.name = name, .pids = &self, .n_pids = 1};

    return bus_start_unit(bus, &unit, error);
}

/* Checks that nothing is left of the sessions. Returns the exit status for main. */
static inline int finish(struct play *play)
{
    tap_ok(count_files("/proc/self/fd") == play->files, "no descriptor is left");
    tap_ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "no child is left");
    file_remove_tree(AT_FDCWD, play->dir);
    arena_free(&play->arena);
    return tap_end();
}
