/* SPDX-License-Identifier: Apache-2.0 */
/* Undoing a failed transaction, and closing what is open. */
#include <signal.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/log.h"
#include "berth/cgroup/setting.h"
#include "berth/sys/process.h"
#include "destroy.h"
#include "netdevices.h"
#include "transaction.h"

#define FROZEN_MS 1000

/* A process that is frozen on cgroup v1, in a container paused meanwhile, dies only when it is
 * thawed: exec must not wait for that. */
static void kill_child(const struct transaction *transaction, int *pidfd)
{
    if (*pidfd < 0)
        return;
    sys_pidfd_signal(*pidfd, SIGKILL);
    if (transaction->create != NULL || sys_pidfd_wait(*pidfd, FROZEN_MS) == 0)
        sys_pidfd_reap(*pidfd, NULL);
    fd_close(pidfd);
}

/* The first stage ends first. Then it has either announced INIT, or INIT notices that the other end
 * is closed and exits. */
static void kill_children(struct transaction *transaction)
{
    struct executor *executor = &transaction->executor;

    kill_child(transaction, &transaction->launched_fd);
    kill_child(transaction, &executor->pidfd);
    if (transaction->init != 0)
        return;
    executor_drain(executor);
    if (executor->init_pid != 0)
        executor->pidfd = transaction_open_init(executor);
    kill_child(transaction, &executor->pidfd);
}

void transaction_undo(struct transaction *transaction)
{
    /* runtime.md, "Lifecycle": only a failed hook or the end of a created container requires
     * them. */
    int failed = transaction->executor.failed_step;
    bool runs_poststop =
        transaction->state.committed ||
        (failed != PLAN_NONE && plan_steps(transaction->plan)[failed].op == PLAN_RUN_HOOK);
    struct error error = {0};

    if (transaction->kind->end != NULL)
        transaction->kind->end(transaction);
    kill_children(transaction);
    kill_child(transaction, &transaction->recorder.pidfd); /* only now: they need its answers */
    netdevices_undo(transaction);
    cgroup_undo_set(transaction->former_limits);
    transaction_close(transaction);
    if (transaction->pid_file != NULL)
        file_remove_named(transaction->pid_file);
    if (!transaction->made_state)
        return;
    transaction->state.pid = 0;
    /* A planned cgroup that was not created may belong to another container by now. */
    if (!transaction->made_cgroups) {
        transaction->state.record.n_cgroups = 0;
        transaction->state.record.n_made_cgroups = 0;
        transaction->state.record.systemd_unit = NULL;
    }
    transaction->state.record.rdt_groups = transaction->rdt.made;
    transaction->state.record.n_rdt_groups = transaction->rdt.n_made;
    transaction->state.record.poststop = transaction->state.record.poststop && runs_poststop;
    if (destroy_container(&transaction->state, &error) < 0)
        log_ignored(&error);
}

void transaction_close(struct transaction *transaction)
{
    executor_close(&transaction->executor);
    fd_close(&transaction->executor.pidfd);
    fd_close(&transaction->far_socket);
    fd_close(&transaction->console);
    fd_close(&transaction->terminal);
    fd_close(&transaction->notify);
    recorder_close(&transaction->recorder);
    bus_close(&transaction->bus);
}

void transaction_leave(struct transaction *transaction)
{
    fd_close(&transaction->joined);
    state_close(&transaction->state);
}
