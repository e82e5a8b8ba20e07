/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "berth/base/arena.h"
#include "berth/base/clock.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/launch.h"
#include "berth/sys/memfd.h"
#include "berth/sys/process.h"

#define NAME "berth-bus"
#define LIBRARY_REMEDY                                                                             \
    "--systemd-cgroup needs it: install the package libsystemd0 or systemd-libs of the "           \
    "distribution"

extern const unsigned char bus_helper_start[], bus_helper_end[]; /* ../image.S */

static int open_image(struct error *error)
{
    size_t size = (size_t) (bus_helper_end - bus_helper_start);
    int fd = sys_open_image(NAME, bus_helper_start, size, BERTH_BUS_PATH);

    return fd < 0 ? error_errno(error, -fd, "open the helper for D-Bus") : fd;
}

static int start_helper(struct bus *bus, struct error *error)
{
    AUTO_FD image = open_image(error);
    int pair[2];

    if (image < 0)
        return image;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return error_errno(error, errno, "make a socket for the helper for D-Bus");
    AUTO_FD near = pair[0];
    AUTO_FD far = pair[1];
    struct sys_launch launch = {.image = image, .name = NAME, .cgroup = -1, .given = {far, -1, -1}};
    pid_t pid = sys_launch(&launch, &bus->pidfd);
    if (pid < 0)
        return error_errno(error, -pid, "start the helper for D-Bus");
    bus->helper = pid;
    bus->socket = fd_take(&near);
    return 0;
}

/* Kills the helper, which has nothing to clean up. It is a child that nobody has reaped, so its PID
 * is its own. Returns the result of sys_pidfd_reap. */
static int end_helper(struct bus *bus, int *ret_status)
{
    if (sys_pidfd_signal(bus->pidfd, SIGKILL) < 0)
        kill(bus->helper, SIGKILL);
    fd_close(&bus->socket);
    int status = sys_pidfd_reap(bus->pidfd, ret_status);
    fd_close(&bus->pidfd);
    bus->helper = 0;
    return status;
}

void bus_close(struct bus *bus)
{
    if (bus->helper > 0)
        end_helper(bus, NULL);
}

/* Ends the session: a late answer would be mistaken for the answer to the next request. */
static int lose(struct bus *bus, int number, struct error *error)
{
    int wait_status = 0;
    int status = end_helper(bus, &wait_status);

    if (number == ETIMEDOUT)
        return error_set(error, number, "systemd does not answer within %g s",
                         bus->options.timeout_ms / 1e3);
    if (number == EBADMSG)
        return error_set(error, number, "the helper for D-Bus does not keep to its form");
    if (number == EMSGSIZE)
        return error_set(error, number, "more than %u bytes for D-Bus", WIRE_MAX_BYTES);
    if (number != ECONNRESET && number != EPIPE)
        return error_errno(error, number, "ask the helper for D-Bus");
    if (WIFSIGNALED(wait_status))
        return error_set(error, ECONNRESET, "the helper for D-Bus ended by signal %d",
                         WTERMSIG(wait_status));
    return error_set(error, ECONNRESET, "the helper for D-Bus ended with status %d", status);
}

/* Parses a positive errno sent by the helper. */
static int number_of(const char *word)
{
    uint64_t number;

    return text_to_u64(word, &number) == 0 && number > 0 && number < 4096 ? (int) number : EIO;
}

/* Receives the next message; "closed" ends the session and is an error. */
static int receive(struct bus *bus, struct arena *arena, struct text_list *ret_words,
                   struct error *error)
{
    int result = wire_receive(bus->socket, arena, bus->end_ms, ret_words);

    if (result < 0)
        return lose(bus, -result, error);
    if (!text_equal(ret_words->item[0], WIRE_CLOSED))
        return 0;
    if (ret_words->count != 2)
        return lose(bus, EBADMSG, error);
    end_helper(bus, NULL);
    return error_errno(error, number_of(ret_words->item[1]), "systemd at %s ended the connection",
                       bus->address);
}

static struct bus_answer answer_of(const struct text_list *words)
{
    return (struct bus_answer){.words = (const char *const *) words->item + 1,
                               .n_words = words->count - 1};
}

static int parse_error(const struct text_list *words, struct bus_answer *ret_answer,
                       struct error *error)
{
    const char *name = words->item[2];
    const char *text = words->item[3];

    *ret_answer = answer_of(words);
    error_set(error, number_of(words->item[1]), "%s", text);
    if (name[0] == '\0')
        return -error->number;
    ret_answer->error_name = name;
    return error_hint(error, "%s", name);
}

int bus_ask(struct bus *bus, const struct text_list *request, struct bus_answer *ret_answer,
            struct error *error)
{
    struct text_list words;
    int result = wire_send(bus->socket, request, bus->end_ms);

    *ret_answer = (struct bus_answer){0};
    if (result < 0)
        return lose(bus, -result, error);
    do {
        TRY(receive(bus, request->arena, &words, error));
    } while (text_equal(words.item[0], WIRE_SIGNAL));
    *ret_answer = answer_of(&words);
    if (text_equal(words.item[0], WIRE_REPLY) && words.count >= 2)
        return 0;
    if (text_equal(words.item[0], WIRE_ERROR) && words.count == 4)
        return parse_error(&words, ret_answer, error);
    if (text_equal(words.item[0], WIRE_NO_LIBRARY) && words.count == 2) {
        end_helper(bus, NULL);
        error_set(error, ENOPKG, "load " BUS_LIBRARY ": %s", words.item[1]);
        return error_hint(error, LIBRARY_REMEDY);
    }
    return lose(bus, EBADMSG, error);
}

int bus_await_signal(struct bus *bus, struct arena *arena, struct bus_answer *ret_signal,
                     struct error *error)
{
    struct text_list words;

    TRY(receive(bus, arena, &words, error));
    if (!text_equal(words.item[0], WIRE_SIGNAL) || words.count < 5)
        return lose(bus, EBADMSG, error);
    *ret_signal = answer_of(&words);
    return 0;
}

static int connect_to(struct bus *bus, const struct bus_address *address, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text_list request = {.arena = &arena};
    struct bus_answer answer;

    bus->address = address->text;
    bus->is_direct = address->is_direct;
    text_list_add(&request, WIRE_CONNECT);
    text_list_add(&request, address->text);
    text_list_add(&request, address->is_direct ? WIRE_PEER : WIRE_BUS);
    return bus_ask(bus, &request, &answer, error);
}

static int add_hint(const struct bus *bus, struct error *error)
{
    const char *dir = getenv("XDG_RUNTIME_DIR");

    if (!bus->options.user)
        return error_hint(error, "is systemd running?");
    return error_hint(error,
                      "is systemd running for this user? See loginctl enable-linger; "
                      "XDG_RUNTIME_DIR is %s%s",
                      dir == NULL ? "not set" : "", dir == NULL ? "" : dir);
}

/* Tries the addresses in order; the error lists them all. */
static int connect_session(struct bus *bus, struct error *error)
{
    struct bus_address addresses[BUS_ADDRESSES];
    size_t count = bus_find_addresses(bus->arena, bus->options.user, addresses);
    struct text tried = {.arena = bus->arena};

    for (size_t i = 0; i < count; i++) {
        if (connect_to(bus, &addresses[i], error) == 0)
            return 0;
        if (bus->helper == 0 && error->number == ENOPKG)
            return -error->number;
        text_addf(&tried, "%s%s: %s", i == 0 ? "" : "; ", addresses[i].text,
                  error_text(bus->arena, error));
        if (bus->helper == 0)
            break;
    }
    error_errno(error, error->number, "connect to systemd");
    error_cause(error, "%s", tried.bytes);
    return add_hint(bus, error);
}

int bus_begin(struct bus *bus, struct error *error)
{
    bus->end_ms = clock_now_ms() + bus->options.timeout_ms;
    if (bus->helper > 0)
        return 0;
    TRY(start_helper(bus, error));
    int result = connect_session(bus, error);
    if (result < 0)
        bus_close(bus);
    return result;
}

int bus_open(struct arena *arena, const struct bus_options *options, struct bus *ret_bus,
             struct error *error)
{
    struct bus bus = {.arena = arena, .options = *options, .pidfd = -1, .socket = -1};

    if (bus.options.timeout_ms <= 0)
        bus.options.timeout_ms = BUS_TIMEOUT_MS;
    TRY(bus_begin(&bus, error));
    *ret_bus = bus;
    return 0;
}
