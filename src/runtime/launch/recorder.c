/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/plan/build.h"
#include "berth/sys/listener.h"
#include "berth/sys/probe.h"
#include "berth/sys/process.h"
#include "berth/sys/socket.h"
#include "berth/sys/worker.h"
#include "recording.h"
#include "transaction.h"

#define ANSWER_MS 10000 /* for the recorder, which does nothing that takes long */
#define LOCK_MS 10000

/* What the command says to the recorder, a byte each. */
static const char ask_for_calls = 'c', tell_written = 'w';

struct recorder recorder_none(void)
{
    return (struct recorder){.dir = -1, .socket = -1, .pidfd = -1};
}

static struct recording_file file_of(const struct recorder *recorder)
{
    const char *slash = strrchr(recorder->file, '/');

    return (struct recording_file){recorder->dir, slash == NULL ? recorder->file : slash + 1,
                                   recorder->file};
}

/* --- the recorder itself ---------------------------------------------------------------------- */

struct answer {
    struct seccomp_calls calls;
    bool is_last; /* no process is under the filter any more */
};

struct work {
    int listener; /* -1: not yet, or no process is under the filter any more */
    int socket;   /* -1: the command has ended */
    struct answer answer;
    uint32_t sent;    /* how many of the calls the command has got */
    uint32_t written; /* how many it has written */
};

static void let_pass(struct work *work)
{
    struct sys_notice notice;

    if (sys_listener_receive(work->listener, &notice) < 0)
        return;
    seccomp_calls_add(&work->answer.calls,
                      (struct seccomp_call){notice.architecture, notice.number});
    sys_listener_continue(work->listener, notice.id);
}

/* Takes the listener, answers with the calls, or hears that the command has written them. */
static void take_request(struct work *work)
{
    AUTO_FD listener = -1;
    char byte;

    work->answer.is_last = work->listener < 0;
    if (sys_socket_receive(work->socket, &byte, 1, &listener) <= 0)
        fd_close(&work->socket);
    else if (listener >= 0)
        work->listener = fd_take(&listener);
    else if (byte == tell_written)
        work->written = work->sent;
    else if (sys_socket_send(work->socket, &work->answer, sizeof(work->answer), -1) == 0)
        work->sent = work->answer.calls.named.count;
}

static void serve(struct work *work)
{
    while (work->listener >= 0 || work->socket >= 0) {
        struct pollfd fds[] = {{.fd = work->listener, .events = POLLIN},
                               {.fd = work->socket, .events = POLLIN}};

        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents & POLLIN)
            let_pass(work);
        else if (fds[0].revents != 0)
            fd_close(&work->listener);
        if (fds[1].revents != 0)
            take_request(work);
    }
}

/* Nobody is left to hear of an error. */
static void record(int socket, int dir, const void *argument)
{
    AUTO_ARENA arena = {0};
    struct recording_file file = file_of(argument);
    struct work *work = ARENA_NEW(&arena, struct work);
    struct error ignored = {0};

    work->listener = -1;
    work->socket = socket;
    serve(work);
    file.dir = dir;
    if (work->answer.calls.named.count > work->written)
        recording_extend(&file, &work->answer.calls, RECORDING_WAIT_FOREVER, &ignored);
}

/* --- the command ------------------------------------------------------------------------------ */

static int check_kernel(struct recorder *recorder, struct error *error)
{
    int result = sys_probe_seccomp_flags(SECCOMP_FILTER_FLAG_NEW_LISTENER);

    if (result < 0) {
        error_errno(error, -result, "--record-seccomp: ask the kernel for user notification");
        return error_hint(error, "seccomp_unotify(2): %s", sys_refusal());
    }
    /* Earlier kernels do not tell when the last process is gone. */
    if (!sys_kernel_is(5, 9))
        return error_set(error, ENOTSUP, "--record-seccomp: needs Linux 5.9 or later");
    recorder->waits_killable =
        sys_probe_seccomp_flags(PLAN_SECCOMP_WAIT_KILLABLE | SECCOMP_FILTER_FLAG_NEW_LISTENER) == 0;
    return 0;
}

static int open_directory(struct recorder *recorder, struct error *error)
{
    const struct recording_file file = file_of(recorder);
    char dir[PATH_MAX];

    TRY_ERRNO(recording_directory(&file, dir), error, "--record-seccomp");
    recorder->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (recorder->dir >= 0)
        return 0;
    error_errno(error, errno, "--record-seccomp: open the directory %s", dir);
    return error_set_file(error, dir);
}

int recorder_prepare(struct recorder *recorder, const struct runtime_launch *request,
                     struct error *error)
{
    recorder->file = request->record_seccomp;
    if (request->detach) {
        error_set(error, EINVAL, "--record-seccomp: cannot be combined with --detach");
        return error_hint(error, "berth writes the recording when the process has exited");
    }
    if (file_of(recorder).name[0] == '\0')
        return error_set(error, EINVAL, "--record-seccomp: \"%s\" names no file", recorder->file);
    TRY(check_kernel(recorder, error));
    TRY(open_directory(recorder, error));
    const struct recording_file file = file_of(recorder);
    return recording_check(&file, error);
}

/* Lets `checkpoint` refuse the container, which has a record already if this is exec. It is locked
 * only here, before a process is under the filter. */
static int record_use(struct transaction *transaction)
{
    AUTO_STATE state = state_of(transaction->arena, transaction->options, transaction->state.id);

    if (transaction->state.record.records_seccomp)
        return 0;
    TRY(state_open_locked(&state, transaction->error));
    state.record.records_seccomp = true;
    return state_save(&state, transaction->error);
}

int recorder_start(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;
    struct recorder *recorder = &transaction->recorder;
    const struct sys_forked forked = {"berth-recorder", recorder->dir, record, recorder};

    TRY(record_use(transaction));
    pid_t pid = sys_fork_worker(&forked, &recorder->socket, &recorder->pidfd);

    return pid < 0 ? pid : executor_fill(executor, step, seccomp_make_recorder());
}

int recorder_hand(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;
    AUTO_FD listener = fd_take(&executor->slot[PLAN_SLOT_LISTENER]);

    (void) step;
    return listener < 0 ? -EBADF : sys_socket_send(transaction->recorder.socket, "", 1, listener);
}

/* Returns the size of what it has received, or a negative errno. */
static ssize_t ask(const struct recorder *recorder, struct answer *answer)
{
    struct pollfd fd = {.fd = recorder->socket, .events = POLLIN};
    int passed = -1;

    TRY(sys_socket_send(recorder->socket, &ask_for_calls, 1, -1));
    int count = poll(&fd, 1, ANSWER_MS);
    if (count <= 0)
        return count < 0 ? -errno : -ETIMEDOUT;
    ssize_t size = sys_socket_receive(recorder->socket, answer, sizeof(*answer), &passed);
    fd_close(&passed);
    return size;
}

/* Leaves no zombie to a process 1 that does not reap. */
static void await_end(struct recorder *recorder)
{
    fd_close(&recorder->socket);
    if (sys_pidfd_wait(recorder->pidfd, ANSWER_MS) == 0)
        sys_pidfd_reap(recorder->pidfd, NULL);
}

static void warn_of_missing(const struct recorder *recorder, const struct seccomp_calls *calls)
{
    AUTO_ARENA arena = {0};

    if (calls->unnamed.count > 0)
        log_warning("--record-seccomp: %s lacks system calls that libseccomp has no name for: %s",
                    recorder->file, seccomp_calls_text(&arena, &calls->unnamed).bytes);
    if (calls->named.is_full)
        log_warning("--record-seccomp: %s is not complete: there were more than %d different "
                    "system calls",
                    recorder->file, SECCOMP_CALLS_MAX);
}

int recorder_save(struct recorder *recorder, struct error *error)
{
    AUTO_ARENA arena = {0};
    const struct recording_file file = file_of(recorder);
    struct answer *answer = ARENA_NEW(&arena, struct answer);
    ssize_t size = ask(recorder, answer);

    if (size != sizeof(*answer))
        return error_errno(error, size < 0 ? (int) -size : ECONNRESET,
                           "--record-seccomp: get the system calls from the recorder");
    TRY(recording_extend(&file, &answer->calls, LOCK_MS, error));
    /* If it does not hear this, it writes the same again. */
    sys_socket_send(recorder->socket, &tell_written, 1, -1);
    if (answer->is_last)
        await_end(recorder);
    warn_of_missing(recorder, &answer->calls);
    return 0;
}

void recorder_close(struct recorder *recorder)
{
    fd_close(&recorder->socket);
    fd_close(&recorder->pidfd);
    fd_close(&recorder->dir);
}
