/* SPDX-License-Identifier: Apache-2.0 */
#include "executor.h"

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

struct executor executor_of(struct arena *arena, const struct plan_header *plan,
                            struct error *error)
{
    struct executor executor = {
        .arena = arena,
        .plan = plan,
        .error = error,
        .signals = -1,
        .socket = -1,
        .pidfd = -1,
        .watched = -1,
        .watched_fd = -1,
        .init_pidfd = -1,
        .agent = -1,
        .heard = PLAN_NONE,
        .hook_output = -1,
        .failed_step = PLAN_NONE,
    };

    for (int i = 0; i < PLAN_SLOTS; i++)
        executor.slot[i] = -1;
    return executor;
}

static const struct plan_step *step_at(const struct executor *executor, int step)
{
    return &plan_steps(executor->plan)[step];
}

/* Returns whether init has announced its last step, which comes before execve(2) if there is
 * one. */
static bool has_executed(const struct executor *executor)
{
    for (int i = (int) executor->plan->step_count - 1; i > executor->heard; i--)
        if (step_at(executor, i)->actor != PLAN_HOST &&
            (step_at(executor, i)->flags & PLAN_ANNOUNCE))
            return false;
    return executor->heard != PLAN_NONE;
}

static int next_of_init(const struct executor *executor)
{
    int step = executor->heard == PLAN_NONE ? 0 : executor->heard + 1;

    while (step < (int) executor->plan->step_count && step_at(executor, step)->actor == PLAN_HOST)
        step++;
    return step < (int) executor->plan->step_count ? step : PLAN_NONE;
}

/* Returns how the process at the other end has ended, without reaping it, or "" if that is unknown;
 * notes the signal. */
static const char *end_of_init(struct executor *executor)
{
    siginfo_t info = {0};

    if (!executor->is_parent || executor->pidfd < 0 ||
        waitid((idtype_t) P_PIDFD, (id_t) executor->pidfd, &info, WEXITED | WNOWAIT) < 0)
        return "";
    if (info.si_code == CLD_EXITED)
        return arena_printf(executor->arena, " with status %d", info.si_status);
    executor->end_signal = info.si_status;
    return arena_printf(executor->arena, ", killed by signal %d (%s)", info.si_status,
                        strsignal(info.si_status));
}

static int init_is_gone(struct executor *executor)
{
    const char *end = end_of_init(executor);
    int next = next_of_init(executor);

    if (next == PLAN_NONE)
        return error_set(executor->error, ECONNRESET, "the container's init ended%s", end);
    error_at(executor->error, plan_step_place(executor->plan, next), ECONNRESET,
             "the container's init ended%s, at or after: %s", end,
             plan_step_words(executor->arena, executor->plan, next));
    if (executor->end_signal == SIGKILL)
        error_hint(executor->error,
                   "if nobody killed it, linux.resources.memory.limit is too small for it");
    if (executor->end_signal == SIGSYS)
        error_hint(executor->error,
                   "linux.seccomp: the filter forbids starting the program: it has "
                   "to allow execve at least");
    return -ECONNRESET;
}

int executor_read_signal(struct executor *executor)
{
    struct signalfd_siginfo info;

    if (read(executor->signals, &info, sizeof(info)) != sizeof(info))
        return error_set(executor->error, EINTR, "interrupted by a signal");
    executor->error->exit_status = 128 + (int) info.ssi_signo;
    return error_set(executor->error, EINTR, "interrupted by signal %u", info.ssi_signo);
}

/*
 * Waits for a message of init, or the end of the process that would send it. The socket is not
 * enough: if the first stage dies before it has named init, init keeps the other end open. Returns
 * 1, 0 if the process has ended without a message, or a negative errno.
 */
static int wait_readable(struct executor *executor)
{
    if (executor->watched != executor->pidfd)
        executor->watched_fd = sys_pidfd_pollable(executor->pidfd);
    executor->watched = executor->pidfd;
    struct pollfd fds[] = {{.fd = executor->socket, .events = POLLIN},
                           {.fd = executor->signals, .events = POLLIN},
                           {.fd = executor->watched_fd, .events = POLLIN}};

    while (poll(fds, 3, -1) < 0) {
        if (errno != EINTR)
            return error_errno(executor->error, errno, "wait for the container's init");
    }
    if (fds[1].revents != 0)
        return executor_read_signal(executor);
    /* A message may have arrived after poll(2) looked at the socket and before the process
     * ended. */
    return fds[0].revents != 0 || fds[2].revents == 0 || poll(fds, 1, 0) > 0;
}

/* Returns the output of a hook that init ran. It is the host's memfd, but `start` receives it with
 * the message. */
static int hook_output_of(const struct executor *executor, int passed)
{
    return passed >= 0 ? passed : executor->slot[PLAN_SLOT_HOOK_OUTPUT];
}

static int handle_failure(struct executor *executor, const struct plan_message *message, int passed)
{
    const struct plan_step *step = step_at(executor, message->step);
    struct failure failure = {message->step, message->error, message->value,
                              hook_output_of(executor, passed)};
    struct error warning = {0};
    bool is_optional = (step->flags & PLAN_OPTIONAL) != 0;
    int result = explain_failure(executor->arena, executor->plan, &failure,
                                 is_optional ? &warning : executor->error);

    if (is_optional) {
        log_ignored(&warning);
        return 0;
    }
    executor->failed_step = message->step;
    return result;
}

static void fill_slot(struct executor *executor, int slot, int fd)
{
    fd_close(&executor->slot[slot]);
    executor->slot[slot] = fd;
}

int executor_fill(struct executor *executor, const struct plan_step *step, int fd)
{
    if (fd < 0)
        return fd;
    fill_slot(executor, step->makes, fd);
    return 0;
}

static void log_done(const struct executor *executor, int step)
{
    if (log_shows(LOG_LEVEL_DEBUG))
        log_debug("step %d done: %s: %s", step, plan_actor_name(step_at(executor, step)->actor),
                  plan_step_words(executor->arena, executor->plan, step));
}

/* Checks the message: init may be under the container's control by now, so trust nothing. */
static bool makes_sense(const struct executor *executor, const struct plan_message *message)
{
    if (message->step < 0 || (uint32_t) message->step >= executor->plan->step_count ||
        message->error < 0 || message->error > ERRNO_MAX)
        return false;
    const struct plan_step *step = step_at(executor, message->step);
    bool names_init = step->op == PLAN_CLONE_INIT && message->error == 0;

    return step->actor != PLAN_HOST &&
           (!names_init || (message->value > 0 && message->value <= INT32_MAX));
}

static int handle_message(struct executor *executor, const struct plan_message *message, int passed)
{
    AUTO_FD fd = passed;

    if (!makes_sense(executor, message))
        return error_set(executor->error, EPROTO, "the container's init sent a malformed message");
    const struct plan_step *step = step_at(executor, message->step);
    if (executor->trace != NULL && message->end_ns != 0)
        trace_add(executor->trace,
                  &(struct trace_event){message->step, message->begin_ns, message->end_ns});
    if (message->error != 0)
        TRY(handle_failure(executor, message, fd));
    if (step->op == PLAN_CLONE_INIT) {
        executor->init_pid = (pid_t) message->value;
        executor->init_pidfd = fd_take(&fd);
    }
    if (fd >= 0 && message->error == 0 && step->makes != PLAN_NONE)
        fill_slot(executor, step->makes, fd_take(&fd));
    executor->heard = message->step;
    log_done(executor, message->step);
    return 0;
}

/* Receives one message. Returns 1, 0 at end of file, or a negative errno. */
static int receive(struct executor *executor)
{
    struct plan_message message;
    int passed = -1;

    ssize_t size = sys_socket_receive(executor->socket, &message, sizeof(message), &passed);
    /* The peer has closed its end with unread data. The kernel reports this once, before the data
     * that the peer has sent. */
    if (size == -ECONNRESET)
        size = sys_socket_receive(executor->socket, &message, sizeof(message), &passed);
    if (size == 0)
        return 0;
    if (size > 0 && size != sizeof(message)) {
        fd_close(&passed);
        size = -EPROTO;
    }
    if (size < 0)
        return error_errno(executor->error, (int) -size, "listen to the container's init");
    int result = handle_message(executor, &message, passed);
    return result < 0 ? result : 1;
}

/* Waits for one message and receives it. Returns 1, 0 if nobody is left to send one, or a negative
 * errno. */
static int listen_once(struct executor *executor)
{
    int result = wait_readable(executor);

    return result > 0 ? receive(executor) : result;
}

static int wait_for(struct executor *executor, int32_t step)
{
    while (executor->heard < step) {
        int result = listen_once(executor);
        if (result <= 0)
            return result < 0 ? result : init_is_gone(executor);
    }
    return 0;
}

int executor_run_until_exec(struct executor *executor)
{
    int result;

    do {
        result = listen_once(executor);
    } while (result > 0);
    if (result < 0)
        return result;
    return has_executed(executor) ? 0 : init_is_gone(executor);
}

static int announce(struct executor *executor, int step)
{
    int makes = step_at(executor, step)->makes;
    int passed = makes == PLAN_NONE ? -1 : executor->slot[makes];
    struct plan_message message = {.step = step, .value = executor->answer};
    int result = sys_socket_send(executor->socket, &message, sizeof(message), passed);

    /* The container could not unmount a mount that is open here. */
    if (makes != PLAN_NONE && plan_slot_is_source(makes))
        fd_close(&executor->slot[makes]);
    /* Init may have reported a failure: its message is the better explanation. */
    if (result == -EPIPE || result == -ECONNRESET) {
        do {
            result = receive(executor);
        } while (result > 0);
        return result < 0 ? result : init_is_gone(executor);
    }
    if (result < 0)
        return error_errno(executor->error, -result, "speak to the container's init");
    return 0;
}

/* Receives the messages that init has sent so far. Returns 1, 0 if init is gone, or a negative
 * errno if it has failed. */
static int catch_up(struct executor *executor)
{
    int result = 1;

    while (executor->socket >= 0 && result > 0) {
        struct pollfd fd = {.fd = executor->socket, .events = POLLIN};

        if (poll(&fd, 1, 0) <= 0)
            break;
        result = receive(executor);
    }
    return result;
}

/* Returns whether a host step may fail with this errno because the process has ended: systemd
 * removes its cgroup right away. */
static bool may_come_of_end(int number)
{
    return number == ESRCH || number == ENOENT || number == ENODEV;
}

static int fail(struct executor *executor, int step, int number)
{
    struct failure failure = {step, number, executor->hook_value, executor->hook_output};
    struct error own = *executor->error;

    error_clear(executor->error);
    /* If init has failed meanwhile, the host's step may have failed because of that, so report
     * init's error. A signal to this command remains the reason. */
    int caught = own.number == EINTR ? 1 : catch_up(executor);
    if (caught < 0)
        return caught;
    if (caught == 0 && may_come_of_end(number) && !has_executed(executor))
        return init_is_gone(executor);
    executor->failed_step = step;
    *executor->error = own;
    return own.number != 0
               ? -own.number
               : explain_failure(executor->arena, executor->plan, &failure, executor->error);
}

/* A plan that `start` has read from a file may have a step that `start` does not carry out. */
static int carry_out(struct executor *executor, const struct plan_step *step, int index)
{
    if (executor->plan->fault_step == index)
        return -executor->plan->fault_errno;
    return executor->handlers[step->op] == NULL ? -ENOSYS
                                                : executor->handlers[step->op](executor, step);
}

static int run_step(struct executor *executor, int index)
{
    const struct plan_step *step = step_at(executor, index);

    if (step->wait != PLAN_NONE)
        TRY(wait_for(executor, step->wait));
    executor->answer = 0;
    uint64_t begin_ns = executor->trace == NULL ? 0 : trace_now_ns();
    int result = carry_out(executor, step, index);
    if (executor->trace != NULL)
        trace_add(executor->trace, &(struct trace_event){index, begin_ns, trace_now_ns()});
    if (result < 0)
        return fail(executor, index, -result);
    log_done(executor, index);
    return step->flags & PLAN_ANNOUNCE ? announce(executor, index) : 0;
}

int executor_run(struct executor *executor)
{
    for (int i = executor->heard + 1; i < (int) executor->plan->step_count; i++) {
        if (step_at(executor, i)->op == PLAN_AWAIT_START)
            break;
        if (step_at(executor, i)->actor == PLAN_HOST)
            TRY(run_step(executor, i));
    }
    return 0;
}

void executor_drain(struct executor *executor)
{
    struct error ignored = {0};
    struct error *own = executor->error;

    executor->error = &ignored;
    catch_up(executor);
    executor->error = own;
}

void executor_close(struct executor *executor)
{
    fd_close(&executor->socket);
    fd_close(&executor->hook_output);
    fd_close(&executor->agent);
    fd_close(&executor->init_pidfd);
    for (int i = 0; i < PLAN_SLOTS; i++)
        fd_close(&executor->slot[i]);
}
