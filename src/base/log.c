/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/log.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/clock.h"
#include "berth/base/fd.h"
#include "berth/base/json.h"
#include "berth/base/text.h"

#define JOURNAL "/run/systemd/journal/socket"
#define SYSLOG "/dev/log"
#define PATIENCE_MS 10000

/* The log's sink: the one mutable global of the program. */
static struct {
    int fd;           /* a file, or a socket */
    const char *name; /* journald's and syslog's name of this program */
    bool is_journal;
    bool json;
    bool is_in_line;
    bool is_stuck; /* the reader of stderr takes nothing */
    enum log_level level;
    struct arena arena;
    struct text_list held;
} sink = {.fd = -1, .level = LOG_LEVEL_WARNING, .held = {.arena = &sink.arena}};

static const struct {
    const char *name;
    int priority; /* of syslog(3) */
} levels[] = {
    {"error", LOG_ERR}, {"warning", LOG_WARNING}, {"info", LOG_INFO}, {"debug", LOG_DEBUG}};

bool log_level_of_name(const char *name, enum log_level *ret_level)
{
    for (size_t i = 0; i < COUNT(levels); i++) {
        if (!text_equal(levels[i].name, name))
            continue;
        *ret_level = (enum log_level) i;
        return true;
    }
    return false;
}

static int open_service(const char *path, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    /* A service that reads nothing would be waited for: what it has no room for is lost. */
    AUTO_FD fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
        return -errno;
    sink.name = name[0] != '\0' ? name : "berth";
    return fd_take(&fd);
}

static int open_target(const char *target)
{
    if (text_starts_with(target, "journald:")) {
        sink.is_journal = true;
        return open_service(JOURNAL, target + strlen("journald:"));
    }
    if (text_starts_with(target, "syslog:"))
        return open_service(SYSLOG, target + strlen("syslog:"));
    /* A FIFO that nobody reads would be waited for: it is ENXIO, and what does not fit into a full
     * one is lost. */
    int fd = open(target, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);
    return fd < 0 ? -errno : fd;
}

int log_open(const char *target, bool json, enum log_level level)
{
    sink.json = json;
    sink.level = level;
    if (target != NULL && text_starts_with(target, "file:"))
        target += strlen("file:");
    if (target == NULL || target[0] == '\0')
        return 0;
    int fd = open_target(target);
    if (fd < 0)
        return fd;
    sink.fd = fd;
    return 0;
}

bool log_shows(enum log_level level)
{
    return level <= sink.level;
}

/* A value of logfmt: in quotes, as others write and read it, unless letters, digits and a few signs
 * are all of it. */
static const char *quote(struct arena *arena, const char *value)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@^+";
    static const char escaped[] = "\"\\\n\r\t", letters[] = "\"\\nrt";
    struct text text = {.arena = arena};

    if (value[0] != '\0' && value[strspn(value, plain)] == '\0')
        return value;
    text_add(&text, "\"");
    for (const char *byte = value; *byte != '\0'; byte++) {
        const char *sign = strchr(escaped, *byte);

        if (sign != NULL)
            text_addf(&text, "\\%c", letters[sign - escaped]);
        else if ((unsigned char) *byte < ' ' || *byte == 0x7f)
            text_addf(&text, "\\x%02x", (unsigned char) *byte);
        else
            text_add_bytes(&text, byte, 1);
    }
    text_add(&text, "\"");
    return text.bytes;
}

/* With its newline. */
static const char *record_of(struct arena *arena, enum log_level level, const char *message)
{
    struct timespec now;
    char time[CLOCK_UTC_SIZE];
    struct json json;

    clock_gettime(CLOCK_REALTIME, &now);
    clock_print_utc(now.tv_sec, time);
    if (!sink.json)
        return arena_printf(arena, "time=\"%s.%06ldZ\" level=%s msg=%s\n", time, now.tv_nsec / 1000,
                            levels[level].name, quote(arena, message));
    json_start(&json, arena, false);
    json_object_open(&json);
    json_member(&json, "level", levels[level].name);
    json_member(&json, "msg", message);
    json_member(&json, "time", arena_printf(arena, "%s.%06ldZ", time, now.tv_nsec / 1000));
    json_object_close(&json);
    return arena_printf(arena, "%s\n", json.text.bytes);
}

/* systemd's "Native Journal Protocol": a value with a newline has its size before it, 64 bits,
 * little-endian. */
static void put_field(struct text *record, const char *name, const char *value)
{
    uint64_t size = htole64(strlen(value));

    if (strchr(value, '\n') == NULL) {
        text_addf(record, "%s=%s\n", name, value);
        return;
    }
    text_addf(record, "%s\n", name);
    text_add_bytes(record, &size, sizeof(size));
    text_addf(record, "%s\n", value);
}

static void write_to_service(enum log_level level, const char *message)
{
    AUTO_ARENA arena = {0};
    struct text record = {.arena = &arena};

    if (sink.is_journal) {
        put_field(&record, "PRIORITY", arena_printf(&arena, "%d", levels[level].priority));
        put_field(&record, "SYSLOG_IDENTIFIER", sink.name);
        put_field(&record, "MESSAGE", message);
    } else {
        text_addf(&record, "<%d>%s[%d]: %s", LOG_DAEMON | levels[level].priority, sink.name,
                  getpid(), message);
    }
    send(sink.fd, record.bytes, record.size, MSG_NOSIGNAL);
}

static void write_to_file(enum log_level level, const char *message)
{
    AUTO_ARENA arena = {0};
    const char *record = record_of(&arena, level, message);

    fd_write_all(sink.fd, record, strlen(record));
}

/* A write(2) that waits for the reader of a pipe would hold up a container, and signals with it:
 * what there is no room for after a while is lost. */
static void write_in_time(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        struct pollfd room = {.fd = fd, .events = POLLOUT};
        int count = poll(&room, 1, sink.is_stuck ? 0 : PATIENCE_MS);

        if (count < 0 && errno == EINTR)
            continue;
        sink.is_stuck = count == 0;
        if (sink.is_stuck)
            return;
        /* Where poll(2) fails, the message is better late than lost. */
        ssize_t done = write(fd, bytes, size < PIPE_BUF ? size : PIPE_BUF);
        if (done < 0 && errno != EINTR)
            return;
        bytes += done < 0 ? 0 : done;
        size -= done < 0 ? 0 : (size_t) done;
    }
}

/* Not by stdio, which says nothing where it cannot seek. What --debug adds are records, which tell
 * themselves from the words. */
static void write_to_stderr(enum log_level level, const char *message)
{
    AUTO_ARENA arena = {0};
    const char *line = level == LOG_LEVEL_DEBUG
                           ? record_of(&arena, level, message)
                           : arena_printf(&arena, "%s%s\n",
                                          level == LOG_LEVEL_WARNING ? "warning: " : "", message);

    if (sink.is_in_line)
        line = arena_printf(&arena, "\n%s", line);
    sink.is_in_line = false;

    write_in_time(STDERR_FILENO, line, strlen(line));
}

static void write_record(enum log_level level, const char *message)
{
    if (sink.fd >= 0 && sink.name != NULL)
        write_to_service(level, message);
    else if (sink.fd >= 0)
        write_to_file(level, message);
    if (sink.fd >= 0 && level != LOG_LEVEL_ERROR)
        return;
    write_to_stderr(level, message);
}

void log_start_new_line(void)
{
    sink.is_in_line = true;
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
