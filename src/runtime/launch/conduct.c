/* SPDX-License-Identifier: Apache-2.0 */
#include "conduct.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/log.h"
#include "berth/plan/print.h"
#include "berth/sys/process.h"
#include "berth/sys/socket.h"
#include "explain/explain.h"

#define ERRNO_MAX 4095 /* the kernel's largest errno */

struct conduct conduct_of(struct arena *arena, const struct plan_header *plan, struct error *error)
{
    struct conduct conduct = {
        .arena = arena,
        .plan = plan,
        .error = error,
        .signals = -1,
        .socket = -1,
        .pidfd = -1,
        .init_pidfd = -1,
        .agent = -1,
        .heard = PLAN_NONE,
        .hook_output = -1,
        .failed_op = -1,
    };

    for (int i = 0; i < PLAN_SLOTS; i++)
        conduct.slot[i] = -1;
    return conduct;
}

static const struct plan_step *step_at(const struct conduct *conduct, int step)
{
    return &plan_steps(conduct->plan)[step];
}

/* Returns whether init has announced its last step, which comes before execve(2) if there is
 * one. */
static bool has_executed(const struct conduct *conduct)
{
    for (int i = (int) conduct->plan->step_count - 1; i > conduct->heard; i--)
        if (step_at(conduct, i)->actor != PLAN_HOST && (step_at(conduct, i)->flags & PLAN_ANNOUNCE))
            return false;
    return conduct->heard != PLAN_NONE;
}

static int next_of_init(const struct conduct *conduct)
{
    int step = conduct->heard == PLAN_NONE ? 0 : conduct->heard + 1;

    while (step < (int) conduct->plan->step_count && step_at(conduct, step)->actor == PLAN_HOST)
        step++;
    return step < (int) conduct->plan->step_count ? step : PLAN_NONE;
}

/* Returns how the process at the other end has ended, without reaping it, or "" if that is unknown;
 * notes the signal. */
static const char *end_of_init(struct conduct *conduct)
{
    siginfo_t info = {0};

    if (!conduct->is_parent || conduct->pidfd < 0 ||
        waitid((idtype_t) P_PIDFD, (id_t) conduct->pidfd, &info, WEXITED | WNOWAIT) < 0)
        return "";
    if (info.si_code == CLD_EXITED)
        return arena_printf(conduct->arena, " with status %d", info.si_status);
    conduct->end_signal = info.si_status;
    return arena_printf(conduct->arena, ", killed by signal %d (%s)", info.si_status,
                        strsignal(info.si_status));
}

static int init_is_gone(struct conduct *conduct)
{
    const char *end = end_of_init(conduct);
    int next = next_of_init(conduct);

    if (next == PLAN_NONE)
        return error_set(conduct->error, ECONNRESET, "the container's init ended%s", end);
    error_at(conduct->error, plan_step_place(conduct->plan, next), ECONNRESET,
             "the container's init ended%s, at or after: %s", end,
             plan_step_words(conduct->arena, conduct->plan, next));
    if (conduct->end_signal == SIGKILL)
        error_hint(conduct->error,
                   "if nobody killed it, linux.resources.memory.limit is too small for it");
    if (conduct->end_signal == SIGSYS)
        error_hint(conduct->error,
                   "linux.seccomp: the filter forbids what starts the program: it has "
                   "to allow execve at least");
    return -ECONNRESET;
}

int conduct_take_signal(struct conduct *conduct)
{
    struct signalfd_siginfo info;

    if (read(conduct->signals, &info, sizeof(info)) != sizeof(info))
        return error_set(conduct->error, EINTR, "interrupted by a signal");
    conduct->error->exit_status = 128 + (int) info.ssi_signo;
    return error_set(conduct->error, EINTR, "interrupted by signal %u", info.ssi_signo);
}

/*
 * Waits for a message of init, or the end of the process that would send it. The socket is not
 * enough: if the first stage dies before it has named init, init keeps the other end open. Returns
 * 1, 0 if the process has ended without a message, or a negative errno.
 */
static int wait_readable(struct conduct *conduct)
{
    struct pollfd fds[] = {{.fd = conduct->socket, .events = POLLIN},
                           {.fd = conduct->signals, .events = POLLIN},
                           {.fd = sys_pidfd_pollable(conduct->pidfd), .events = POLLIN}};

    while (poll(fds, 3, -1) < 0) {
        if (errno != EINTR)
            return error_errno(conduct->error, errno, "wait for the container's init");
    }
    if (fds[1].revents != 0)
        return conduct_take_signal(conduct);
    /* A message may have arrived after poll(2) looked at the socket and before the process
     * ended. */
    return fds[0].revents != 0 || fds[2].revents == 0 || poll(fds, 1, 0) > 0;
}

/* Returns the output of a hook that init ran. It is the host's memfd, but `start` receives it with
 * the message. */
static int hook_output_of(const struct conduct *conduct, int passed)
{
    return passed >= 0 ? passed : conduct->slot[PLAN_SLOT_HOOK_OUTPUT];
}

static int take_failure(struct conduct *conduct, const struct plan_message *message, int passed)
{
    const struct plan_step *step = step_at(conduct, message->step);
    struct failure failure = {message->step, message->error, message->value,
                              hook_output_of(conduct, passed)};
    struct error warning = {0};
    bool is_optional = (step->flags & PLAN_OPTIONAL) != 0;
    int result = explain_failure(conduct->arena, conduct->plan, &failure,
                                 is_optional ? &warning : conduct->error);

    if (is_optional) {
        log_ignored(&warning);
        return 0;
    }
    conduct->failed_op = step->op;
    return result;
}

static void fill_slot(struct conduct *conduct, int slot, int fd)
{
    fd_close(&conduct->slot[slot]);
    conduct->slot[slot] = fd;
}

int conduct_fill(struct conduct *conduct, const struct plan_step *step, int fd)
{
    if (fd < 0)
        return fd;
    fill_slot(conduct, step->makes, fd);
    return 0;
}

static void log_done(const struct conduct *conduct, int step)
{
    if (log_shows(LOG_LEVEL_DEBUG))
        log_debug("step %d done: %s: %s", step, plan_actor_name(step_at(conduct, step)->actor),
                  plan_step_words(conduct->arena, conduct->plan, step));
}

/* Checks the message: init may be under the container's control by now, so trust nothing. */
static bool makes_sense(const struct conduct *conduct, const struct plan_message *message)
{
    if (message->step < 0 || (uint32_t) message->step >= conduct->plan->step_count ||
        message->error < 0 || message->error > ERRNO_MAX)
        return false;
    const struct plan_step *step = step_at(conduct, message->step);
    bool names_init = step->op == PLAN_CLONE_INIT && message->error == 0;

    return step->actor != PLAN_HOST &&
           (!names_init || (message->value > 0 && message->value <= INT32_MAX));
}

static int take_message(struct conduct *conduct, const struct plan_message *message, int passed)
{
    AUTO_FD fd = passed;

    if (!makes_sense(conduct, message))
        return error_set(conduct->error, EPROTO, "the container's init sent a senseless message");
    const struct plan_step *step = step_at(conduct, message->step);
    if (conduct->trace != NULL && message->end_ns != 0)
        trace_add(conduct->trace,
                  &(struct trace_event){message->step, message->begin_ns, message->end_ns});
    if (message->error != 0)
        TRY(take_failure(conduct, message, fd));
    if (step->op == PLAN_CLONE_INIT) {
        conduct->init_pid = (pid_t) message->value;
        conduct->init_pidfd = fd_take(&fd);
    }
    if (fd >= 0 && message->error == 0 && step->makes != PLAN_NONE)
        fill_slot(conduct, step->makes, fd_take(&fd));
    conduct->heard = message->step;
    log_done(conduct, message->step);
    return 0;
}

/* Receives one message. Returns 1, 0 at end of file, or a negative errno. */
static int receive(struct conduct *conduct)
{
    struct plan_message message;
    int passed = -1;

    ssize_t size = sys_socket_receive(conduct->socket, &message, sizeof(message), &passed);
    /* The peer has closed its end with unread data. The kernel reports this once, before the data
     * that the peer has sent. */
    if (size == -ECONNRESET)
        size = sys_socket_receive(conduct->socket, &message, sizeof(message), &passed);
    if (size == 0)
        return 0;
    if (size > 0 && size != sizeof(message)) {
        fd_close(&passed);
        size = -EPROTO;
    }
    if (size < 0)
        return error_errno(conduct->error, (int) -size, "listen to the container's init");
    int result = take_message(conduct, &message, passed);
    return result < 0 ? result : 1;
}

/* Waits for one message and receives it. Returns 1, 0 if nobody is left to send one, or a negative
 * errno. */
static int listen_once(struct conduct *conduct)
{
    int result = wait_readable(conduct);

    return result > 0 ? receive(conduct) : result;
}

static int wait_for(struct conduct *conduct, int32_t step)
{
    while (conduct->heard < step) {
        int result = listen_once(conduct);
        if (result <= 0)
            return result < 0 ? result : init_is_gone(conduct);
    }
    return 0;
}

int conduct_until_executed(struct conduct *conduct)
{
    int result;

    do {
        result = listen_once(conduct);
    } while (result > 0);
    if (result < 0)
        return result;
    return has_executed(conduct) ? 0 : init_is_gone(conduct);
}

static int announce(struct conduct *conduct, int step)
{
    int makes = step_at(conduct, step)->makes;
    int passed = makes == PLAN_NONE ? -1 : conduct->slot[makes];
    struct plan_message message = {.step = step, .value = conduct->answer};
    int result = sys_socket_send(conduct->socket, &message, sizeof(message), passed);

    /* The container could not unmount a mount that is open here. */
    if (makes != PLAN_NONE && plan_slot_is_source(makes))
        fd_close(&conduct->slot[makes]);
    /* Init may have reported a failure: its message is the better explanation. */
    if (result == -EPIPE || result == -ECONNRESET) {
        do {
            result = receive(conduct);
        } while (result > 0);
        return result < 0 ? result : init_is_gone(conduct);
    }
    if (result < 0)
        return error_errno(conduct->error, -result, "speak to the container's init");
    return 0;
}

/* Receives the messages that init has sent so far. Returns 1, 0 if init is gone, or a negative
 * errno if it has failed. */
static int catch_up(struct conduct *conduct)
{
    int result = 1;

    while (conduct->socket >= 0 && result > 0) {
        struct pollfd fd = {.fd = conduct->socket, .events = POLLIN};

        if (poll(&fd, 1, 0) <= 0)
            break;
        result = receive(conduct);
    }
    return result;
}

/* Returns whether a host step may fail with this errno because the process has ended: systemd
 * removes its cgroup right away. */
static bool may_come_of_end(int number)
{
    return number == ESRCH || number == ENOENT || number == ENODEV;
}

static int fail(struct conduct *conduct, int step, int number)
{
    struct failure failure = {step, number, conduct->hook_value, conduct->hook_output};
    struct error own = *conduct->error;

    error_clear(conduct->error);
    /* If init has failed meanwhile, the host's step may have failed because of that, so report
     * init's error. A signal to this command remains the reason. */
    int caught = own.number == EINTR ? 1 : catch_up(conduct);
    if (caught < 0)
        return caught;
    if (caught == 0 && may_come_of_end(number) && !has_executed(conduct))
        return init_is_gone(conduct);
    conduct->failed_op = step_at(conduct, step)->op;
    *conduct->error = own;
    return own.number != 0
               ? -own.number
               : explain_failure(conduct->arena, conduct->plan, &failure, conduct->error);
}

static int run_step(struct conduct *conduct, int index)
{
    const struct plan_step *step = step_at(conduct, index);
    bool is_faulty = conduct->plan->fault_step == index;

    if (step->wait != PLAN_NONE)
        TRY(wait_for(conduct, step->wait));
    conduct->answer = 0;
    uint64_t begin_ns = conduct->trace == NULL ? 0 : trace_now_ns();
    int result =
        is_faulty ? -conduct->plan->fault_errno : conduct->handlers[step->op](conduct, step);
    if (result < 0)
        return fail(conduct, index, -result);
    if (conduct->trace != NULL)
        trace_add(conduct->trace, &(struct trace_event){index, begin_ns, trace_now_ns()});
    log_done(conduct, index);
    return step->flags & PLAN_ANNOUNCE ? announce(conduct, index) : 0;
}

int conduct_run(struct conduct *conduct)
{
    for (int i = conduct->heard + 1; i < (int) conduct->plan->step_count; i++) {
        if (step_at(conduct, i)->op == PLAN_AWAIT_START)
            break;
        if (step_at(conduct, i)->actor == PLAN_HOST)
            TRY(run_step(conduct, i));
    }
    return 0;
}

void conduct_drain(struct conduct *conduct)
{
    struct error ignored = {0};
    struct error *own = conduct->error;

    conduct->error = &ignored;
    catch_up(conduct);
    conduct->error = own;
}

void conduct_close(struct conduct *conduct)
{
    fd_close(&conduct->socket);
    fd_close(&conduct->hook_output);
    fd_close(&conduct->agent);
    fd_close(&conduct->init_pidfd);
    for (int i = 0; i < PLAN_SLOTS; i++)
        fd_close(&conduct->slot[i]);
}
