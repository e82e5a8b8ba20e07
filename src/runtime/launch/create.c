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
#include "berth/sys/socket.h"
#include "berth/sys/terminal.h"
#include "creation.h"
#include "destroy.h"
#include "filter.h"
#include "foreground.h"
#include "hook.h"
#include "notify.h"

#define END_MS 2000 /* for the end of a killed process */

static void start_conducting(struct creation *creation, int signals)
{
    struct conduct *conduct = &creation->conduct;

    *conduct = conduct_of(creation->arena, creation->plan, creation->error);
    conduct->handlers = creation_handlers(creation);
    conduct->context = creation;
    conduct->signals = signals;
    if (creation->request->trace_file != NULL) {
        creation->trace.arena = creation->arena;
        conduct->trace = &creation->trace;
    }
}

static int conduct_creation(struct creation *creation)
{
    struct conduct *conduct = &creation->conduct;

    TRY(conduct_run(conduct));
    if (creation->kind->finish != NULL)
        TRY(creation->kind->finish(conduct));
    if (conduct->trace != NULL) {
        conduct_drain(conduct);
        TRY(trace_write(conduct->trace, creation->plan, creation->request->trace_file,
                        creation->error));
    }
    return 0;
}

/* INIT has ended without a message. If it had joined a container, the end of that container's
 * process has killed it, and that process ends only once INIT is gone. */
static int explain_end(struct creation *creation)
{
    if (creation->joined >= 0 && sys_pidfd_wait(creation->joined, END_MS) == 0)
        return state_not_running(&creation->state, SPEC_STATUS_STOPPED, creation->error);
    return -ECONNRESET;
}

int creation_carry_out(struct creation *creation, int signals)
{
    start_conducting(creation, signals);
    creation->terminal = sys_terminal_open_own();
    int result = sys_socket_pair(&creation->conduct.socket, &creation->far_socket);
    if (result < 0)
        return error_errno(creation->error, -result, "make a pair of sockets");
    result = conduct_creation(creation);
    if (result == 0) {
        conduct_close(&creation->conduct); /* open descriptors would delay the end of namespaces */
        return 0;
    }
    creation_undo(creation);
    return result == -ECONNRESET ? explain_end(creation) : result;
}

const struct creation_kind creation_create = {.build = plan_build, .awaits_start = true};
static const struct creation_kind run = {.build = plan_build, .finish = conduct_until_executed};

struct creation creation_of(struct arena *arena, const struct creation_kind *kind,
                            const struct runtime_options *options,
                            const struct runtime_create *request)
{
    return (struct creation){
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
    struct creation creation =
        creation_of(text->arena, runs ? &run : &creation_create, options, request);

    TRY(creation_prepare(&creation, error));
    bus_close(&creation.bus);
    plan_print(creation.plan, text);
    return 0;
}

int runtime_create(const struct runtime_options *options, const struct runtime_create *request,
                   struct error *error)
{
    AUTO_ARENA arena = {0};
    struct creation creation = creation_of(&arena, &creation_create, options, request);

    TRY(creation_prepare(&creation, error));
    AUTO_FD signals = foreground_block_signals(false, error);
    if (signals < 0)
        return signals;
    int result = creation_carry_out(&creation, signals);
    error->exit_status = 0;
    if (result < 0)
        return result;
    creation_close(&creation);
    fd_close(&creation.conduct.pidfd);
    state_close(&creation.state);
    return 0;
}

/* Returns whether the process has ended: a frozen one does not. */
static bool kill_process(int pidfd)
{
    sys_pidfd_signal(pidfd, SIGKILL);
    return sys_pidfd_wait(pidfd, END_MS) == 0 && sys_pidfd_reap(pidfd, NULL) >= 0;
}

/* The container runs, but a hook demands that it stops. */
static int stop_after_hook(struct creation *creation)
{
    struct error ignored = {0};

    if (kill_process(creation->conduct.pidfd))
        creation->state.pid = 0;
    if (state_relock(&creation->state) != -ENOENT &&
        destroy_container(&creation->state, &ignored) < 0)
        log_ignored(&ignored);
    return -creation->error->number;
}

static void delete_at_end(struct creation *creation)
{
    AUTO_STATE state = state_of(creation->arena, creation->options, creation->request->id);
    struct error error = {0};

    /* Another command may have deleted the container already and created one with the same ID. */
    if (state_open_locked(&state, &error) == 0 && state.pid == creation->init &&
        state.start_time == creation->state.start_time) {
        error = (struct error){0};
        destroy_container(&state, &error);
    } else if (error.number == ENOENT) {
        return;
    }
    if (error.number != 0)
        log_ignored(&error);
}

/* The exit status alone does not explain the reason. */
static void warn_of_filter(const struct creation *creation, int status)
{
    const char *place = filter_place(creation->config);

    if (status > 128 && status != 128 + SIGSYS && creation->bars_exit != NULL)
        log_warning_at(place, "%s", creation->bars_exit);
    if (status == 128 + SIGSYS && place != NULL)
        log_warning_at(
            place,
            "the filter has killed the container's process (SIGSYS): allow the system call that it "
            "makes, which dmesg or the audit log tells, or let the action be SCMP_ACT_ERRNO");
}

int creation_wait(struct creation *creation, int signals, int *ret_status)
{
    struct foreground foreground = {
        .signals = signals,
        .pidfd = creation->conduct.pidfd,
        .pid = creation->init,
        .terminal = creation->terminal,
        .console = fd_take(&creation->console),
        .notify = fd_take(&creation->notify),
    };
    int status = foreground_wait(&foreground, creation->error);

    /* Nothing waits for the process any more, so kill it. */
    if (status < 0) {
        kill_process(creation->conduct.pidfd);
        return status;
    }
    warn_of_filter(creation, status);
    *ret_status = status;
    return 0;
}

static int wait_in_foreground(struct creation *creation, int signals, int *ret_status)
{
    int result = creation_wait(creation, signals, ret_status);

    if (!creation->create->keep)
        delete_at_end(creation);
    return result;
}

/* Called when the container's program runs. */
int creation_go_on(struct creation *creation, int signals, int *ret_status)
{
    state_unlock(&creation->state);
    if (hook_run_poststart(&creation->state, creation->error) < 0)
        return stop_after_hook(creation);
    state_close(&creation->state);
    log_release_warnings();
    if (!creation->request->detach)
        return wait_in_foreground(creation, signals, ret_status);
    if (creation->notify >= 0)
        notify_wait(creation->notify, creation->conduct.pidfd, creation->init);
    *ret_status = 0;
    return 0;
}

int runtime_run(const struct runtime_options *options, const struct runtime_create *request,
                int *ret_status, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct creation creation = creation_of(&arena, &run, options, request);

    TRY(creation_prepare(&creation, error));
    AUTO_FD signals = foreground_block_signals(true, error);
    if (signals < 0)
        return signals;
    if (!request->launch.detach && !request->launch.no_subreaper)
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    TRY(creation_carry_out(&creation, signals));
    int result = creation_go_on(&creation, signals, ret_status);
    creation_close(&creation);
    fd_close(&creation.conduct.pidfd);
    return result;
}
