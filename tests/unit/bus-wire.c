/* SPDX-License-Identifier: Apache-2.0 */
/* How berth and its helper react if the other violates the format of wire.h. */
#include "bus-play.h"

#include <endian.h>
#include <sys/socket.h>

#include "berth/base/clock.h"
#include "berth/sys/process.h"
#include "wire.h"

#define SHORT_MS 300
#define MALFORMED "the helper for D-Bus does not keep to its form"
#define BYTES(text) (text), sizeof(text) - 1

enum { STOP_REQUESTS = 2 }; /* by bus_stop_unit before it waits for a job: match, StopUnit */

/* A helper that answers "match" correctly, sends `bytes` in reply to the call and exits with
 * `status`, or goes on to answer correctly. */
struct script {
    const char *name;
    const char *bytes;
    size_t size;
    int status; /* -1: it does not exit */
    int number;
    const char *text;
};

static void send_frame(int fd, const void *bytes, size_t size)
{
    uint32_t length = (uint32_t) size;

    if (write(fd, &length, sizeof(length)) != sizeof(length) ||
        write(fd, bytes, size) != (ssize_t) size)
        _exit(9);
}

/* Sends the bytes of a script. The size of each complete frame is sent in native byte order. */
static void send_script(int fd, const struct script *script)
{
    char bytes[64];
    uint32_t length;

    memcpy(bytes, script->bytes, script->size);
    for (size_t at = 0; script->size - at >= sizeof(length); at += length) {
        memcpy(&length, bytes + at, sizeof(length));
        length = le32toh(length);
        memcpy(bytes + at, &length, sizeof(length));
        at += sizeof(length);
        if (length > script->size - at)
            break;
    }
    if (write(fd, bytes, script->size) != (ssize_t) script->size)
        _exit(9);
}

static _Noreturn void play_helper(int fd, const struct script *script)
{
    struct arena arena = {0};
    struct text_list words;

    for (int i = 0; i < STOP_REQUESTS; i++) {
        if (wire_receive(fd, &arena, -1, &words) < 0)
            _exit(9);
        if (i < STOP_REQUESTS - 1)
            send_frame(fd, BYTES("reply\0\0"));
    }
    send_script(fd, script);
    if (script->status >= 0)
        _exit(script->status);
    while (wire_receive(fd, &arena, -1, &words) == 0)
        send_frame(fd, BYTES("reply\0\0"));
    _exit(9);
}

static struct bus start_script(struct arena *arena, const struct script *script, int timeout_ms)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        play_helper(pair[1], script);
    }
    close(pair[1]);
    return (struct bus){.arena = arena,
                        .options = {.timeout_ms = timeout_ms},
                        .address = "unix:path=/manager",
                        .is_direct = true,
                        .helper = pid,
                        .pidfd = sys_pidfd_open(pid),
                        .socket = pair[0]};
}

/* A frame shorter than 256 bytes; `size` is its least significant byte. */
#define FRAME(size, words) size "\0\0\0" words

static const struct script scripts[] = {
    {"a frame too large", BYTES("\xff\xff\xff\xff"), -1, EBADMSG, MALFORMED},
    {"an empty frame", BYTES("\0\0\0\0"), -1, EBADMSG, MALFORMED},
    {"no NUL at the end", BYTES(FRAME("\x07", "reply\0o")), -1, EBADMSG, MALFORMED},
    {"an unknown kind", BYTES(FRAME("\x06", "other\0")), -1, EBADMSG, MALFORMED},
    {"a reply without signature", BYTES(FRAME("\x06", "reply\0")), -1, EBADMSG, MALFORMED},
    {"an error of three words",
     BYTES(FRAME("\x09", "error\0"
                         "1\0\0")),
     -1, EBADMSG, MALFORMED},
    {"an error without number", BYTES(FRAME("\x0e", "error\0abc\0\0no\0")), -1, EIO, "no"},
    {"an error of no number",
     BYTES(FRAME("\x0c", "error\0"
                         "0\0\0no\0")),
     -1, EIO, "no"},
    {"closed without number", BYTES(FRAME("\x07", "closed\0")), -1, EBADMSG, MALFORMED},
    {"closed",
     BYTES(FRAME("\x0b", "closed\0"
                         "104\0")),
     -1, ECONNRESET,
     "systemd at unix:path=/manager ended the connection: connection reset by peer"},
    {"no job", BYTES(FRAME("\x0a", "reply\0s\0x\0")), -1, EBADMSG, "systemd answers with no job"},
    {"a job and a reply", BYTES(FRAME("\x0b", "reply\0o\0/j\0") FRAME("\x0b", "reply\0o\0/j\0")),
     -1, EBADMSG, MALFORMED},
    {"a job and a short signal",
     BYTES(FRAME("\x0b", "reply\0o\0/j\0") FRAME("\x09", "signal\0/\0")), -1, EBADMSG, MALFORMED},
    {"a job and an end", BYTES(FRAME("\x0b", "reply\0o\0/j\0")), 3, ECONNRESET,
     "the helper for D-Bus ended with status 3"},
    {"half a size", BYTES("\x07\0"), 0, ECONNRESET, "the helper for D-Bus ended with status 0"},
    {"half a frame", BYTES(FRAME("\x07", "reply")), 4, ECONNRESET,
     "the helper for D-Bus ended with status 4"},
    {"half a frame, and silence", BYTES(FRAME("\x07", "reply")), -1, ETIMEDOUT,
     "systemd does not answer within 0.3 s"},
};

static void test_scripts(struct play *play)
{
    char text[256];

    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        /* Only silence takes the time: on a loaded machine an answer may come late. */
        const int timeout_ms = scripts[i].number == ETIMEDOUT ? SHORT_MS : BUS_TIMEOUT_MS;
        AUTO_BUS bus = start_script(&play->arena, &scripts[i], timeout_ms);
        struct error error = {0};

        printf("# %s\n", scripts[i].name);
        int result = bus_stop_unit(&bus, "x.scope", &error);
        snprintf(text, sizeof(text), "stop the unit x.scope: %s", scripts[i].text);
        expect(&error, result, scripts[i].number, text);
    }
}

/* A helper that does not read: the request does not fit in its socket's buffer. */
static void test_deaf(struct play *play)
{
    static const struct script deaf = {.name = "deaf", .bytes = "", .status = -1};
    enum { MANY = 100000 };
    const char **words = ARENA_ARRAY(&play->arena, MANY, const char *);
    struct bus_property property = {"After", "as", words, MANY};
    AUTO_BUS bus = start_script(&play->arena, &deaf, SHORT_MS);
    struct error error = {0};

    for (size_t i = 0; i < MANY; i++)
        words[i] = "a.service";
    kill(bus.helper, SIGSTOP);
    expect(&error, bus_set_properties(&bus, "x.scope", &property, 1, &error), ETIMEDOUT,
           "set properties of the unit x.scope: systemd does not answer within 0.3 s");
}

#define MAX_WORDS 18
#define TARGET "call", "a.b", "/c", "d.e", "F"

/* Requests to the real helper, and the start of its answer. */
static const struct {
    const char *const request[MAX_WORDS + 1];
    const char *answer;
} requests[] = {
    {{"nothing"}, "error 22  the helper knows no such request"},
    {{""}, "error 22  the helper knows no such request"},
    {{"connect", "unix:path=/x"}, "error 22  the helper knows no such request"},
    {{"call", "a.b", "/c", "d.e", "F"}, "error 22  the helper knows no such request"},
    {{"call", "a.b", "c", "d.e", "F", ""}, "error 22  the call is malformed"},
    {{"call", "a.b", "/c", "d", "F", ""}, "error 22  the call is malformed"},
    {{TARGET, "s"}, "error 22  values are missing"},
    {{TARGET, "", "1"}, "error 22  values are left over"},
    {{TARGET, "as", "2", "a"}, "error 22  values are missing"},
    {{TARGET, "as", "18446744073709551615", "a"}, "error 22  values are missing"},
    {{TARGET, "as", "-1", "a"}, "error 22  no value of the D-Bus type a: \"-1\""},
    {{TARGET, "a", "1", "a"}, "error 22  no values of the D-Bus types"},
    {{TARGET, "(s", "a"}, "error 22  no values of the D-Bus types"},
    {{TARGET, "s)", "a", "b"}, "error 22  no values of the D-Bus types"},
    {{TARGET, "v", "ss", "a", "b"}, "error 22  no value of the D-Bus type v: \"ss\""},
    {{TARGET, "v", "", "b"}, "error 22  no value of the D-Bus type v: \"\""},
    {{TARGET, "h", "1"}, "error 22  no value of the D-Bus type h: \"1\""},
    {{TARGET, "!", "1"}, "error 22  no value of the D-Bus type !: \"1\""},
    {{TARGET, "q", "65536"}, "error 22  no value of the D-Bus type q: \"65536\""},
    {{TARGET, "g", "("}, "error 22  no value of the D-Bus type g: \"(\""},
    {{"match", "nonsense"}, "error 22 "},
    {{"match", ""}, "reply "},
    {{TARGET, "a{sv}ya(v)", "1", "k", "au", "2", "3", "4", "5", "1", "b", "true"},
     "error 53 org.freedesktop.DBus.Error.UnknownObject"},
    {{"connect", "unix:path=/nonexistent/bus", "peer"}, "error 2  no such file or directory"},
    {{TARGET, ""}, "closed 107"},
    {{"match", ""}, "closed 107"},
};

static void ask_raw(const struct bus *bus, size_t i)
{
    AUTO_ARENA arena = {0};
    struct text_list words = {.arena = &arena};
    struct text answer = {.arena = &arena};

    for (size_t word = 0; word < MAX_WORDS && requests[i].request[word] != NULL; word++)
        text_list_add(&words, requests[i].request[word]);
    if (wire_send(bus->socket, &words, clock_now_ms() + BUS_TIMEOUT_MS) < 0 ||
        wire_receive(bus->socket, &arena, clock_now_ms() + BUS_TIMEOUT_MS, &words) < 0) {
        tap_ok(false, "the helper answers a request with: %s", requests[i].answer);
        return;
    }
    for (size_t word = 0; word < words.count; word++)
        text_addf(&answer, "%s%s", word == 0 ? "" : " ", words.item[word]);
    if (!tap_ok(text_starts_with(answer.bytes, requests[i].answer),
                "the helper answers a request with: %s", requests[i].answer))
        printf("# got: %s\n", answer.bytes);
}

static void test_requests(struct play *play)
{
    AUTO_BUS bus = {0};
    struct error error = {0};
    uint32_t size = 0;
    pid_t fake = fake_start_direct(play->socket, play->log);

    int result = bus_open(&play->arena, &user, &bus, &error);
    expect(&error, result, 0, "a session for raw requests opens");
    if (result < 0) {
        fake_end(fake);
        return;
    }
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        ask_raw(&bus, i);
    tap_ok(write(bus.socket, &size, sizeof(size)) == sizeof(size),
           "the helper ends after an empty message");
    expect(&error, bus_stop_unit(&bus, "x.scope", &error), ECONNRESET,
           "stop the unit x.scope: the helper for D-Bus ended with status 0");
    fake_end(fake);
}

int main(void)
{
    struct play play = {0};

    alarm(240);
    prepare(&play);
    test_scripts(&play);
    test_deaf(&play);
    test_requests(&play);
    return finish(&play);
}
