/* SPDX-License-Identifier: Apache-2.0 */
/* create, run and the dry run. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/plan/print.h"
#include "berth/sys/process.h"
#include "destroy.h"
#include "filter.h"
#include "foreground.h"
#include "hook.h"
#include "notify.h"
#include "state/exit.h"
#include "transaction.h"

#define END_MS 2000 /* for the end of a killed process */

const struct transaction_kind transaction_create = {
    .name = "create", .build = plan_build, .awaits_start = true};
static const struct transaction_kind run = {
    .name = "run", .build = plan_build, .finish = executor_run_until_exec};

struct transaction transaction_of(struct arena *arena, const struct transaction_kind *kind,
                                  const struct runtime_options *options,
                                  const struct runtime_create *request)
{
    return (struct transaction){
        .arena = arena,
        .options = options,
        .request = &request->launch,
        .create = request,
        .kind = kind,
    };
}

int runtime_dry_run(const struct runtime_options *options, const struct runtime_create *request,
                    bool runs, struct text *text, struct error *error)
{
    struct transaction transaction =
        transaction_of(text->arena, runs ? &run : &transaction_create, options, request);

    TRY(transaction_prepare(&transaction, error));
    bus_close(&transaction.bus);
    plan_print(transaction.plan, text);
    return 0;
}

int runtime_create(const struct runtime_options *options, const struct runtime_create *request,
                   struct error *error)
{
    AUTO_ARENA arena = {0};
    struct transaction transaction = transaction_of(&arena, &transaction_create, options, request);

    TRY(transaction_prepare(&transaction, error));
    AUTO_FD signals = foreground_block_signals(false, error);
    if (signals < 0)
        return signals;
    int result = transaction_carry_out(&transaction, signals);
    error->exit_status = 0;
    if (result < 0)
        return result;
    transaction_close(&transaction);
    state_close(&transaction.state);
    return 0;
}

/* Returns whether the process has ended: a frozen one does not. */
static bool kill_process(int pidfd)
{
    sys_pidfd_signal(pidfd, SIGKILL);
    return sys_pidfd_wait(pidfd, END_MS) == 0 && sys_pidfd_reap(pidfd, NULL) >= 0;
}

/* The container runs, but a hook demands that it stops. */
static int stop_after_hook(struct transaction *transaction)
{
    struct error ignored = {0};

    if (kill_process(transaction->executor.pidfd))
        transaction->state.pid = 0;
    if (state_relock(&transaction->state) != -ENOENT &&
        destroy_container(&transaction->state, &ignored) < 0)
        log_ignored(&ignored);
    return -transaction->error->number;
}

static void delete_at_end(struct transaction *transaction)
{
    AUTO_STATE state = state_of(transaction->arena, transaction->options, transaction->request->id);
    struct error error = {0};

    /* Another command may have deleted the container already and created one with the same ID. */
    if (state_open_locked(&state, &error) == 0 && state.pid == transaction->init &&
        state.start_time == transaction->state.start_time) {
        error = (struct error){0};
        destroy_container(&state, &error);
    } else if (error.number == ENOENT) {
        return;
    }
    if (error.number != 0)
        log_ignored(&error);
}

/* The exit status alone does not explain the reason. */
static void warn_of_filter(const struct transaction *transaction, int status)
{
    const char *place = filter_place(transaction->config);

    if (status > 128 && status != 128 + SIGSYS && transaction->bars_exit != NULL)
        log_warning_at(place, "%s", transaction->bars_exit);
    if (status == 128 + SIGSYS && place != NULL)
        log_warning_at(
            place,
            "the filter has killed the container's process (SIGSYS): allow the system call that it "
            "makes, which dmesg or the audit log tells, or let the action be SCMP_ACT_ERRNO");
}

int transaction_wait(struct transaction *transaction, int signals, int *ret_status)
{
    struct foreground foreground = {
        .signals = signals,
        .pidfd = transaction->executor.pidfd,
        .pid = transaction->init,
        .terminal = transaction->terminal,
        .console = fd_take(&transaction->console),
        .notify = fd_take(&transaction->notify),
    };
    int status = foreground_wait(&foreground, transaction->error);

    /* Nothing waits for the process any more, so kill it. */
    if (status < 0) {
        kill_process(transaction->executor.pidfd);
        return status;
    }
    transaction->exit_status = foreground.status;
    if (transaction->request->record_seccomp == NULL)
        warn_of_filter(transaction, status);
    *ret_status = status;
    return 0;
}

int transaction_save_recording(struct transaction *transaction)
{
    return transaction->request->record_seccomp == NULL
               ? 0
               : recorder_save(&transaction->recorder, transaction->error);
}

/* Another command may have deleted the container meanwhile. */
static void record_end(const struct transaction *transaction)
{
    int result = exit_record(&transaction->state, transaction->exit_status);

    if (result < 0 && result != -ENOENT)
        log_warning("the exit status of container \"%s\" cannot be recorded: %s",
                    transaction->request->id, text_of_errno(-result));
}

static int wait_in_foreground(struct transaction *transaction, int signals, int *ret_status)
{
    int result = transaction_wait(transaction, signals, ret_status);

    if (!transaction->create->keep)
        delete_at_end(transaction);
    else if (result == 0)
        record_end(transaction);
    if (result == 0)
        result = transaction_save_recording(transaction);
    state_close(&transaction->state);
    return result;
}

/* Called when the container's program runs. */
int transaction_go_on(struct transaction *transaction, int signals, int *ret_status)
{
    state_unlock(&transaction->state);
    if (hook_run_poststart(&transaction->state, transaction->error) < 0)
        return stop_after_hook(transaction);
    if (!transaction->create->keep)
        state_close(&transaction->state);
    log_release_warnings();
    if (!transaction->request->detach)
        return wait_in_foreground(transaction, signals, ret_status);
    if (transaction->notify >= 0)
        notify_wait(transaction->notify, transaction->executor.pidfd, transaction->init);
    *ret_status = 0;
    return 0;
}

int runtime_run(const struct runtime_options *options, const struct runtime_create *request,
                int *ret_status, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct transaction transaction = transaction_of(&arena, &run, options, request);

    TRY(transaction_prepare(&transaction, error));
    AUTO_FD signals = foreground_block_signals(true, error);
    if (signals < 0)
        return signals;
    if (!request->launch.detach && !request->launch.no_subreaper)
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    TRY(transaction_carry_out(&transaction, signals));
    int result = transaction_go_on(&transaction, signals, ret_status);
    transaction_close(&transaction);
    return result;
}
