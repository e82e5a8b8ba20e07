/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/fd.h"
#include "berth/base/json.h"
#include "berth/base/text.h"

/* The log's sink: the one mutable global of the program. */
static struct {
    int fd;
    bool json;
    enum log_level level;
    struct arena arena;
    struct text_list held;
} sink = {.fd = -1, .level = LOG_LEVEL_WARNING, .held = {.arena = &sink.arena}};

static const char *const level_names[] = {"error", "warning", "info", "debug"};

int log_open(const char *path, bool json, enum log_level level)
{
    sink.json = json;
    sink.level = level;
    if (path == NULL)
        return 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    sink.fd = fd;
    return 0;
}

bool log_shows(enum log_level level)
{
    return level <= sink.level;
}

static const char *record_of(struct arena *arena, enum log_level level, const char *message)
{
    struct timespec now;
    struct tm date;
    char time[40];
    struct json json;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &date);
    strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &date);
    if (!sink.json)
        return arena_printf(arena, "time=\"%s.%06ldZ\" level=%s msg=", time, now.tv_nsec / 1000,
                            level_names[level]);
    json_start(&json, arena, false);
    json_object_open(&json);
    json_member(&json, "level", level_names[level]);
    json_member(&json, "msg", message);
    json_member(&json, "time", arena_printf(arena, "%s.%06ldZ", time, now.tv_nsec / 1000));
    json_object_close(&json);
    return arena_printf(arena, "%s\n", json.text.bytes);
}

static void write_record(enum log_level level, const char *message)
{
    AUTO_ARENA arena = {0};

    if (sink.fd >= 0) {
        const char *record = record_of(&arena, level, message);

        if (!sink.json)
            record = arena_printf(&arena, "%s%s\n", record, message);
        dprintf(sink.fd, "%s", record);
    }
    if (sink.fd < 0 || level == LOG_LEVEL_ERROR)
        dprintf(STDERR_FILENO, "%s%s\n", level == LOG_LEVEL_WARNING ? "warning: " : "", message);
}

void log_release_warnings(void)
{
    for (size_t i = 0; i < sink.held.count; i++)
        write_record(LOG_LEVEL_WARNING, sink.held.item[i]);
    sink.held = (struct text_list){.arena = &sink.arena};
    arena_free(&sink.arena);
}

void log_take_warnings(struct text_list *list)
{
    for (size_t i = 0; i < sink.held.count; i++)
        text_list_add(list, arena_string(list->arena, sink.held.item[i]));
    sink.held = (struct text_list){.arena = &sink.arena};
    arena_free(&sink.arena);
}

__attribute__((format(printf, 2, 0))) static void log_at(enum log_level level, const char *format,
                                                         va_list values)
{
    AUTO_ARENA arena = {0};

    if (!log_shows(level))
        return;
    char *message = arena_vprintf(&arena, format, values);
    if (level == LOG_LEVEL_WARNING && !log_shows(LOG_LEVEL_DEBUG))
        text_list_add(&sink.held, arena_string(&sink.arena, message));
    else
        write_record(level, message);
}

void log_error(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    log_at(LOG_LEVEL_ERROR, format, values);
    va_end(values);
}

void log_warning(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    log_at(LOG_LEVEL_WARNING, format, values);
    va_end(values);
}

void log_debug(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    log_at(LOG_LEVEL_DEBUG, format, values);
    va_end(values);
}
