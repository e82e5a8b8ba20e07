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
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/finding.h"
#include "berth/base/json.h"
#include "berth/base/text.h"

#define JOURNAL "/run/systemd/journal/socket"
#define SYSLOG "/dev/log"
#define PATIENCE_MS 10000

/* The log's sink: the program's only mutable global. */
static struct {
    int fd;           /* of a file or a socket; -1: none */
    const char *name; /* what journald and syslog call this program */
    bool is_journal;
    bool json;
    bool is_in_line;
    bool is_stuck; /* the reader of stderr does not read */
    enum log_level level;
    struct arena arena;
    struct findings held; /* warnings held back */
} sink = {.fd = -1, .level = LOG_LEVEL_WARNING, .held = {.arena = &sink.arena}};

struct record {
    enum log_level level;
    const char *message;
    struct finding finding; /* parts other than the message; empty for a plain message */
};

static const struct {
    const char *name;
    int priority; /* for syslog(3) */
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
    /* Non-blocking: a record is lost if the service does not read, instead of blocking berth. */
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
    /* Non-blocking: opening a FIFO without a reader fails with ENXIO, and a record that does not
     * fit into a full FIFO is lost. */
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

/* Quotes a logfmt value, as other logfmt writers do, unless it consists of letters, digits and a
 * few safe characters. */
static const char *quote(struct arena *arena, const char *value)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@^+";
    struct text text = {.arena = arena};

    if (value[0] != '\0' && value[strspn(value, plain)] == '\0')
        return value;
    text_add(&text, "\"");
    text_add_printable(&text, value, "\"\\", "");
    text_add(&text, "\"");
    return text.bytes;
}

/* Formats a record as a line with its newline. */
static const char *line_of(struct arena *arena, const struct record *record)
{
    struct timespec now;
    char time[CLOCK_UTC_SIZE];
    struct json json;

    clock_gettime(CLOCK_REALTIME, &now);
    clock_print_utc(now.tv_sec, time);
    if (!sink.json)
        return arena_printf(arena, "time=\"%s.%06ldZ\" level=%s msg=%s\n", time, now.tv_nsec / 1000,
                            levels[record->level].name, quote(arena, record->message));
    json_start(&json, arena, false);
    json_object_open(&json);
    json_member(&json, "level", levels[record->level].name);
    json_member(&json, "msg", record->message);
    json_member(&json, "time", arena_printf(arena, "%s.%06ldZ", time, now.tv_nsec / 1000));
    finding_write_members(&record->finding, &json);
    json_object_close(&json);
    return arena_printf(arena, "%s\n", json.text.bytes);
}

/* systemd's Native Journal Protocol: a value that contains a newline is preceded by its size, 64
 * bits, little-endian. */
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

static void write_to_service(const struct record *record)
{
    AUTO_ARENA arena = {0};
    struct text text = {.arena = &arena};
    int priority = levels[record->level].priority;

    if (sink.is_journal) {
        put_field(&text, "PRIORITY", arena_printf(&arena, "%d", priority));
        put_field(&text, "SYSLOG_IDENTIFIER", sink.name);
        put_field(&text, "MESSAGE", record->message);
    } else {
        text_addf(&text, "<%d>%s[%d]: %s", LOG_DAEMON | priority, sink.name, getpid(),
                  record->message);
    }
    send(sink.fd, text.bytes, text.size, MSG_NOSIGNAL);
}

static void write_to_file(const struct record *record)
{
    AUTO_ARENA arena = {0};
    const char *line = line_of(&arena, record);

    fd_write_all(sink.fd, line, strlen(line));
}

/* A blocking write(2) to a full pipe would stall the container's stdio and signals. After
 * PATIENCE_MS the rest of the record is dropped. */
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
        /* poll(2) failed: a late message is better than a lost one. */
        ssize_t done = write(fd, bytes, size < PIPE_BUF ? size : PIPE_BUF);
        if (done < 0 && errno != EINTR)
            return;
        bytes += done < 0 ? 0 : done;
        size -= done < 0 ? 0 : (size_t) done;
    }
}

/* Does not use stdio, which writes nothing if it cannot seek. Debug records are formatted as log
 * lines, to tell them from messages. Names in the image and the configuration must not control the
 * terminal that shows a message. */
static void write_to_stderr(const struct record *record)
{
    AUTO_ARENA arena = {0};
    struct text text = {.arena = &arena};

    text_add(&text, sink.is_in_line ? "\n" : "");
    sink.is_in_line = false;
    if (record->level == LOG_LEVEL_DEBUG) {
        text_add(&text, line_of(&arena, record));
    } else {
        text_add(&text, record->level == LOG_LEVEL_WARNING ? "warning: " : "");
        text_add_printable(&text, record->message, "", TEXT_LAYOUT);
        text_add(&text, "\n");
    }
    write_in_time(STDERR_FILENO, text.bytes, text.size);
}

static void write_record(const struct record *record)
{
    if (sink.fd >= 0 && sink.name != NULL)
        write_to_service(record);
    else if (sink.fd >= 0)
        write_to_file(record);
    if (sink.fd >= 0 && record->level != LOG_LEVEL_ERROR)
        return;
    write_to_stderr(record);
}

static void write_warning(const struct finding *finding)
{
    AUTO_ARENA arena = {0};
    const struct record record = {
        .level = LOG_LEVEL_WARNING,
        .message = finding_text(&arena, finding),
        .finding = *finding,
    };

    write_record(&record);
}

/* --- warnings held back ----------------------------------------------------------------------- */

void log_start_new_line(void)
{
    sink.is_in_line = true;
}

static void forget_warnings(void)
{
    sink.held = (struct findings){.arena = &sink.arena};
    arena_free(&sink.arena);
}

void log_release_warnings(void)
{
    for (size_t i = 0; i < sink.held.count; i++)
        write_warning(&sink.held.item[i]);
    forget_warnings();
}

void log_pop_warnings(struct findings *findings)
{
    for (size_t i = 0; i < sink.held.count; i++)
        findings_add(findings, &sink.held.item[i]);
    forget_warnings();
}

/* --- messages --------------------------------------------------------------------------------- */

void log_error(const struct error *error)
{
    AUTO_ARENA arena = {0};
    const struct record record = {
        .level = LOG_LEVEL_ERROR,
        .message = error_text(&arena, error),
        .finding = error_finding(error),
    };

    write_record(&record);
}

void log_warning_of(const struct finding *finding)
{
    struct finding warning = *finding;

    if (!log_shows(LOG_LEVEL_WARNING))
        return;
    warning.severity = FINDING_WARNING;
    if (log_shows(LOG_LEVEL_DEBUG))
        write_warning(&warning);
    else
        findings_add(&sink.held, &warning);
}

void log_ignored(const struct error *error)
{
    const struct finding finding = error_finding(error);
    const char *line = error_more(error);

    log_warning_of(&finding);
    for (size_t length; (length = strcspn(line, "\n")) > 0; line += length + (line[length] != '\0'))
        log_warning("%.*s", (int) length, line);
}

__attribute__((format(printf, 2, 0))) static void warn(const char *path, const char *format,
                                                       va_list values)
{
    AUTO_ARENA arena = {0};
    const struct finding finding = {
        .path = path,
        .cause = arena_vprintf(&arena, format, values),
    };

    log_warning_of(&finding);
}

void log_warning(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    warn(NULL, format, values);
    va_end(values);
}

void log_warning_at(const char *path, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    warn(path, format, values);
    va_end(values);
}

void log_debug(const char *format, ...)
{
    AUTO_ARENA arena = {0};
    va_list values;

    if (!log_shows(LOG_LEVEL_DEBUG))
        return;
    va_start(values, format);
    const struct record record = {
        .level = LOG_LEVEL_DEBUG,
        .message = arena_vprintf(&arena, format, values),
    };
    va_end(values);
    write_record(&record);
}
