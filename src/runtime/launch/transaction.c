/* SPDX-License-Identifier: Apache-2.0 */
/* A transaction: its beginning, its plan, and carrying that out. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include "transaction.h"

#include "berth/base/error.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/spec/check.h"
#include "berth/sys/process.h"
#include "berth/sys/socket.h"
#include "berth/sys/terminal.h"
#include "state/host-facts.h"

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
    transaction->recorder = recorder_none();
    return find_state(transaction);
}

/* Fills in the request for a new container. */
static void request_container(struct transaction *transaction, struct plan_request *request)
{
    const char *dir =
        text_path_join(transaction->arena, transaction->state.root, transaction->state.id);

    transaction->notifies =
        text_environment("NOTIFY_SOCKET") != NULL && !spec_is_pod(transaction->config);
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
    int result = host_read_namespaces(transaction->arena, transaction->state.pid,
                                      &request->namespaces, transaction->error);
    if (result == -ENOENT || result == -ESRCH)
        return explain_end(transaction, result);
    if (record->root_inode != 0)
        request->namespaces.root =
            arena_printf(transaction->arena, "%d/root", (int) transaction->state.pid);
    request->namespaces.root_device = record->root_device;
    request->namespaces.root_inode = record->root_inode;
    return result;
}

/* Without spans of its own, berth hands on the caller's context as it is. */
static int find_trace(struct transaction *transaction)
{
    struct trace_context *context = &transaction->trace_context;
    const struct runtime_launch *launch = transaction->request;
    uint64_t random[3];

    transaction->has_trace_context = trace_context_read(context);
    if (launch->trace_file == NULL || !launch->traces_spans)
        return 0;
    if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        return error_errno(transaction->error, errno, "generate a span ID");
    trace_context_begin(context, transaction->has_trace_context, random);
    transaction->has_trace_context = true;
    return 0;
}

int transaction_build_plan(struct transaction *transaction)
{
    const struct runtime_launch *launch = transaction->request;

    TRY(find_trace(transaction));
    if (launch->record_seccomp != NULL)
        TRY(recorder_prepare(&transaction->recorder, launch, transaction->error));
    transaction->host.waits_killable = transaction->recorder.waits_killable;
    struct plan_request request = {
        .host = &transaction->host,
        .id = launch->id,
        .run = !transaction->kind->awaits_start,
        .kept_fds = transaction->kept_fds,
        .listen_fds = transaction->listen_fds,
        .seccomp_receiver = text_environment("RUN_OCI_SECCOMP_RECEIVER"),
        .record_seccomp = launch->record_seccomp,
        .image_dir = transaction->image_dir,
        .console_socket = launch->console_socket,
        .pid_file = launch->pid_file,
        .pidfd_socket = launch->pidfd_socket,
        .trace = launch->trace_file != NULL,
        .trace_context = transaction->has_trace_context ? &transaction->trace_context : NULL,
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

static int carry_out(struct transaction *transaction)
{
    struct executor *executor = &transaction->executor;

    TRY(executor_run(executor));
    return transaction->kind->finish != NULL ? transaction->kind->finish(executor) : 0;
}

static int write_trace(struct transaction *transaction)
{
    executor_drain(&transaction->executor);
    return trace_write(&transaction->trace, transaction->plan, transaction->request->trace_file,
                       transaction->error);
}

/* Hooks already have the IDs of the spans. The command reports why it failed, not why the trace
 * cannot be written. */
static void write_failed_trace(struct transaction *transaction)
{
    struct error error = {0};

    transaction->trace.failed_step = transaction->executor.failed_step;
    transaction->trace.failure = error_text(transaction->arena, transaction->error);
    if (trace_write(&transaction->trace, transaction->plan, transaction->request->trace_file,
                    &error) < 0)
        log_ignored(&error);
}

int transaction_carry_out(struct transaction *transaction, int signals)
{
    struct executor *executor = &transaction->executor;

    *executor = executor_of(transaction->arena, transaction->plan, transaction->error);
    executor->handlers = transaction_handlers(transaction);
    executor->context = transaction;
    executor->signals = signals;
    if (transaction->request->trace_file != NULL) {
        transaction->trace = (struct trace){
            .arena = transaction->arena,
            .command = transaction->kind->name,
            .id = transaction->request->id,
            .context = transaction->request->traces_spans ? &transaction->trace_context : NULL,
            .begin_ns = trace_now_ns(),
        };
        executor->trace = &transaction->trace;
    }
    transaction->terminal = sys_terminal_open_own();
    TRY_ERRNO(sys_socket_pair(&transaction->executor.socket, &transaction->far_socket),
              transaction->error, "make a pair of sockets");
    int result = carry_out(transaction);
    if (result < 0 && executor->trace != NULL)
        write_failed_trace(transaction);
    if (result == 0 && executor->trace != NULL)
        result = write_trace(transaction);
    if (result == 0) {
        /* Open descriptors would delay the end of namespaces. */
        executor_close(&transaction->executor);
        return 0;
    }
    transaction_undo(transaction);
    /* The end of a container's process kills all others in its PID namespace, and that process ends
     * only once INIT is gone. Before, INIT cannot join its namespaces: ESRCH. */
    return transaction->executor.end_signal == SIGKILL || result == -ESRCH
               ? explain_end(transaction, result)
               : result;
}
