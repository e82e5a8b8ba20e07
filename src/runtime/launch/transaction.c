/* SPDX-License-Identifier: Apache-2.0 */
/* A transaction: its beginning, its plan, and carrying that out. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "transaction.h"

#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/sys/process.h"
#include "berth/sys/socket.h"
#include "berth/sys/terminal.h"
#include "state/look.h"

#define END_MS 2000 /* for a process that is about to end */

/* Makes the root of states absolute: the container sees paths below it. */
static int find_state(struct transaction *transaction)
{
    char current[PATH_MAX];

    transaction->state =
        state_of(transaction->arena, transaction->options, transaction->request->id);
    if (transaction->state.root[0] == '/')
        return 0;
    if (getcwd(current, sizeof(current)) == NULL)
        return error_errno(transaction->error, errno, "find the current directory");
    transaction->state.root = text_path_join(transaction->arena, current, transaction->state.root);
    return 0;
}

int transaction_begin(struct transaction *transaction, struct error *error)
{
    transaction->error = error;
    transaction->far_socket = transaction->launched_fd = transaction->console =
        transaction->notify = -1;
    transaction->joined = transaction->terminal = -1;
    return find_state(transaction);
}

/* Fills in the request for a new container. */
static void request_container(struct transaction *transaction, struct plan_request *request)
{
    const char *dir =
        text_path_join(transaction->arena, transaction->state.root, transaction->state.id);

    transaction->notifies = text_environment("NOTIFY_SOCKET") != NULL;
    request->bundle = transaction->bundle;
    request->rootfs = transaction->rootfs;
    request->no_pivot = transaction->create->no_pivot;
    request->no_new_keyring = transaction->create->no_new_keyring;
    if (transaction->notifies)
        request->notify_dir = text_path_join(transaction->arena, dir, STATE_NOTIFY_DIR);
}

/* Something of the joined container is gone: says that the container has stopped, if it has. */
static int explain_end(struct transaction *transaction, int result)
{
    if (transaction->joined >= 0 && sys_pidfd_wait(transaction->joined, END_MS) == 0)
        return state_not_running(&transaction->state, SPEC_STATUS_STOPPED, transaction->error);
    return result;
}

/* Fills in the request for an existing container. */
static int request_process(struct transaction *transaction, struct plan_request *request)
{
    const struct spec_record *record = &transaction->state.record;

    request->bundle = record->bundle;
    request->rootfs = record->rootfs;
    request->no_new_keyring = record->shares_keyring;
    int result = look_namespaces(transaction->arena, transaction->state.pid, &request->namespaces,
                                 transaction->error);
    return result == -ENOENT || result == -ESRCH ? explain_end(transaction, result) : result;
}

int transaction_build_plan(struct transaction *transaction)
{
    const struct runtime_launch *launch = transaction->request;
    struct plan_request request = {
        .host = &transaction->host,
        .id = launch->id,
        .run = !transaction->kind->awaits_start,
        .kept_fds = transaction->kept_fds,
        .listen_fds = transaction->listen_fds,
        .seccomp_receiver = text_environment("RUN_OCI_SECCOMP_RECEIVER"),
        .image_dir = transaction->image_dir,
        .console_socket = launch->console_socket,
        .pid_file = launch->pid_file,
        .pidfd_socket = launch->pidfd_socket,
        .trace = launch->trace_file != NULL,
        .fault_step = launch->fault_step,
        .fault_errno = launch->fault_errno,
    };

    if (transaction->create != NULL)
        request_container(transaction, &request);
    else
        TRY(request_process(transaction, &request));
    return transaction->kind->build(transaction->arena, transaction->config, &request,
                                    &transaction->plan, transaction->error);
}

static void start_conducting(struct transaction *transaction, int signals)
{
    struct conduct *conduct = &transaction->conduct;

    *conduct = conduct_of(transaction->arena, transaction->plan, transaction->error);
    conduct->handlers = transaction_handlers(transaction);
    conduct->context = transaction;
    conduct->signals = signals;
    if (transaction->request->trace_file != NULL) {
        transaction->trace.arena = transaction->arena;
        conduct->trace = &transaction->trace;
    }
}

static int carry_out(struct transaction *transaction)
{
    struct conduct *conduct = &transaction->conduct;

    TRY(conduct_run(conduct));
    if (transaction->kind->finish != NULL)
        TRY(transaction->kind->finish(conduct));
    if (conduct->trace != NULL) {
        conduct_drain(conduct);
        TRY(trace_write(conduct->trace, transaction->plan, transaction->request->trace_file,
                        transaction->error));
    }
    return 0;
}

int transaction_carry_out(struct transaction *transaction, int signals)
{
    start_conducting(transaction, signals);
    transaction->terminal = sys_terminal_open_own();
    int result = sys_socket_pair(&transaction->conduct.socket, &transaction->far_socket);
    if (result < 0)
        return error_errno(transaction->error, -result, "make a pair of sockets");
    result = carry_out(transaction);
    if (result == 0) {
        /* Open descriptors would delay the end of namespaces. */
        conduct_close(&transaction->conduct);
        return 0;
    }
    transaction_undo(transaction);
    /* The end of a container's process kills all others in its PID namespace, and that process ends
     * only once INIT is gone. */
    return transaction->conduct.end_signal == SIGKILL ? explain_end(transaction, result) : result;
}
