/* SPDX-License-Identifier: Apache-2.0 */
#include "pod.h"

#include <errno.h>

#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/spec/annotations.h"
#include "berth/sys/process.h"
#include "state/pins.h"
#include "transaction.h"

#define END_MS 10000 /* for the end of an init that has nothing left to do */

int pod_check_options(const struct transaction *transaction)
{
    const struct runtime_launch *request = transaction->request;
    const struct {
        const char *name;
        bool is_given;
    } options[] = {
        {"--pid-file", request->pid_file != NULL},
        {"--pidfd-socket", request->pidfd_socket != NULL},
        {"--preserve-fds", request->preserve_fds > 0},
    };

    for (size_t i = 0; i < COUNT(options); i++)
        if (options[i].is_given)
            return error_set(transaction->error, EINVAL,
                             "%s: a pod (annotation " SPEC_POD ") has no process", options[i].name);
    return 0;
}

int pod_pin_namespace(struct executor *executor, const struct plan_step *step)
{
    const struct transaction *transaction = executor->context;
    AUTO_FD namespace = fd_take(&executor->slot[step->pin_namespace.namespace]);

    if (namespace < 0)
        return -EBADF;
    return pins_add(&transaction->state, plan_text(executor->plan, step->pin_namespace.file),
                    namespace, (int) step->pin_namespace.type);
}

/* The PID must not be used once the process is reaped: undo closes no other descriptor of it. */
int pod_await_end(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;

    (void) step;
    TRY(sys_pidfd_wait(executor->pidfd, END_MS));
    TRY(sys_pidfd_reap(executor->pidfd, NULL));
    fd_close(&executor->pidfd);
    return state_release_process(&transaction->state);
}
