/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper is a separate program because berth is statically linked and cannot load libsystemd.
 * It knows nothing about systemd and has no timeouts: it does what berth requests (wire.h), waits
 * as long as that takes, and exits when berth does.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "message.h"

enum { CALL_SERVICE = 1, CALL_PATH, CALL_INTERFACE, CALL_METHOD, CALL_SIGNATURE, CALL_VALUES };

struct helper {
    struct library library;
    const char *no_library; /* why it could not be loaded; NULL: it is loaded */
    sd_bus *bus;            /* NULL: not connected */
    sd_bus_slot *match;
};

/* If berth is gone, exits: there is nobody to answer. */
static void send_words(const struct text_list *words)
{
    if (wire_send(WIRE_FD, words, -1) < 0)
        _exit(1);
}

/* Sends the words up to NULL. */
static void answer(struct arena *arena, const char *const *words)
{
    struct text_list list = {.arena = arena};

    for (; *words != NULL; words++)
        text_list_add(&list, *words);
    send_words(&list);
}

#define ANSWER(arena, ...) answer(arena, (const char *const[]){__VA_ARGS__, NULL})

static void answer_errno(struct arena *arena, const char *kind, int number)
{
    ANSWER(arena, kind, arena_printf(arena, "%d", number));
}

static void answer_error(struct arena *arena, int number, const char *name, const char *text)
{
    ANSWER(arena, WIRE_ERROR, arena_printf(arena, "%d", number), name, text);
}

static void disconnect(struct helper *helper)
{
    if (helper->bus == NULL)
        return;
    helper->library.sd_bus_slot_unref(helper->match);
    helper->library.sd_bus_close(helper->bus);
    helper->library.sd_bus_unref(helper->bus);
    helper->match = NULL;
    helper->bus = NULL;
}

static int connect_to(struct helper *helper, const char *address, bool is_bus)
{
    const struct library *library = &helper->library;

    TRY(library->sd_bus_new(&helper->bus));
    TRY(library->sd_bus_set_address(helper->bus, address));
    TRY(library->sd_bus_set_bus_client(helper->bus, is_bus));
    TRY(library->sd_bus_start(helper->bus));
    for (;;) {
        int ready = library->sd_bus_is_ready(helper->bus);

        if (ready != 0)
            return ready;
        int done = library->sd_bus_process(helper->bus, NULL);
        TRY(done);
        if (done == 0)
            TRY(library->sd_bus_wait(helper->bus, UINT64_MAX));
    }
}

static void serve_connect(struct helper *helper, const struct text_list *words)
{
    disconnect(helper);
    int result = connect_to(helper, words->item[1], text_equal(words->item[2], WIRE_BUS));
    if (result < 0) {
        disconnect(helper);
        answer_error(words->arena, -result, "", text_of_errno(-result));
        return;
    }
    ANSWER(words->arena, WIRE_REPLY, "");
}

static int send_signal(sd_bus_message *message, void *userdata, sd_bus_error *ret_error)
{
    const struct library *library = &((struct helper *) userdata)->library;
    AUTO_ARENA arena = {0};
    struct text_list words = {.arena = &arena};

    (void) ret_error;
    text_list_add(&words, WIRE_SIGNAL);
    text_list_add(&words, library->sd_bus_message_get_path(message));
    text_list_add(&words, library->sd_bus_message_get_interface(message));
    text_list_add(&words, library->sd_bus_message_get_member(message));
    if (message_read(library, message, &words) == 0)
        send_words(&words);
    return 0;
}

static void serve_match(struct helper *helper, const struct text_list *words)
{
    const char *rule = words->item[1];
    int result = 0;

    helper->match = helper->library.sd_bus_slot_unref(helper->match);
    if (rule[0] != '\0')
        result = helper->library.sd_bus_add_match(helper->bus, &helper->match, rule, send_signal,
                                                  helper);
    if (result < 0)
        answer_error(words->arena, -result, "", text_of_errno(-result));
    else
        ANSWER(words->arena, WIRE_REPLY, "");
}

static void answer_reply(struct helper *helper, struct arena *arena, sd_bus_message *reply)
{
    struct text_list words = {.arena = arena};

    text_list_add(&words, WIRE_REPLY);
    int result = message_read(&helper->library, reply, &words);
    if (result < 0)
        answer_error(arena, -result, "", "the reply cannot be read");
    else
        send_words(&words);
}

static void call(struct helper *helper, struct arena *arena, sd_bus_message *message)
{
    const struct library *library = &helper->library;
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    int result = library->sd_bus_call(helper->bus, message, UINT64_MAX, &error, &reply);

    if (result >= 0)
        answer_reply(helper, arena, reply);
    else if (library->sd_bus_is_open(helper->bus) <= 0)
        answer_errno(arena, WIRE_CLOSED, -result);
    else
        answer_error(arena, -result, error.name != NULL ? error.name : "",
                     error.message != NULL ? error.message : text_of_errno(-result));
    library->sd_bus_error_free(&error);
    library->sd_bus_message_unref(reply);
}

static void serve_call(struct helper *helper, const struct text_list *words)
{
    const struct library *library = &helper->library;
    char **item = words->item;
    struct message_values values = {
        .words = words, .first = CALL_VALUES, .fault = "the call is malformed"};
    sd_bus_message *message = NULL;
    int result = library->sd_bus_message_new_method_call(helper->bus, &message, item[CALL_SERVICE],
                                                         item[CALL_PATH], item[CALL_INTERFACE],
                                                         item[CALL_METHOD]);

    if (result >= 0)
        result = message_append(library, message, item[CALL_SIGNATURE], &values);
    if (result < 0)
        answer_error(words->arena, -result, "", values.fault);
    else
        call(helper, words->arena, message);
    library->sd_bus_message_unref(message);
}

/* The requests and their handlers. */
static const struct {
    const char *kind;
    size_t least_words;
    bool needs_bus;
    void (*serve)(struct helper *helper, const struct text_list *words);
} requests[] = {
    {WIRE_CONNECT, 3, false, serve_connect},
    {WIRE_MATCH, 2, true, serve_match},
    {WIRE_CALL, CALL_VALUES, true, serve_call},
};

static void serve(struct helper *helper)
{
    AUTO_ARENA arena = {0};
    struct text_list words;

    if (wire_receive(WIRE_FD, &arena, -1, &words) < 0)
        _exit(0);
    for (size_t i = 0; i < COUNT(requests); i++) {
        if (!text_equal(requests[i].kind, words.item[0]) || words.count < requests[i].least_words)
            continue;
        if (helper->no_library != NULL)
            ANSWER(&arena, WIRE_NO_LIBRARY, helper->no_library);
        else if (requests[i].needs_bus && helper->bus == NULL)
            answer_errno(&arena, WIRE_CLOSED, ENOTCONN);
        else
            requests[i].serve(helper, &words);
        return;
    }
    answer_error(&arena, EINVAL, "", "the helper knows no such request");
}

/* Messages that arrived during a call wait in sd-bus's queue, without the descriptor being
 * ready. */
static void process_all(struct helper *helper)
{
    AUTO_ARENA arena = {0};
    int result = 1;

    while (helper->bus != NULL && result > 0)
        result = helper->library.sd_bus_process(helper->bus, NULL);
    if (result >= 0)
        return;
    disconnect(helper);
    answer_errno(&arena, WIRE_CLOSED, -result);
}

static void run(struct helper *helper)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = WIRE_FD, .events = POLLIN}, {.fd = -1}};

        process_all(helper);
        if (helper->bus != NULL) {
            fds[1].fd = helper->library.sd_bus_get_fd(helper->bus);
            fds[1].events = (short) helper->library.sd_bus_get_events(helper->bus);
        }
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        /* A hangup takes precedence over requests received before it. */
        if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
            return;
        if (fds[0].revents & POLLIN)
            serve(helper);
    }
}

/* Blocks all signals and redirects stdio to /dev/null: signals to the process group are for berth,
 * and the helper must not hold the terminal or pipes open. */
static void stand_alone(void)
{
    sigset_t all;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "berth-bus");
    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    if (null > STDERR_FILENO)
        close(null);
}

int main(void)
{
    struct helper helper = {0};

    stand_alone();
    helper.no_library = library_load(&helper.library);
    run(&helper);
    return 0;
}
