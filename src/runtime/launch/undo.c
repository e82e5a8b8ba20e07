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
    struct conduct *conduct = &transaction->conduct;

    kill_child(transaction, &transaction->launched_fd);
    kill_child(transaction, &conduct->pidfd);
    if (transaction->init != 0)
        return;
    conduct_drain(conduct);
    if (conduct->init_pid != 0)
        conduct->pidfd = transaction_open_init(conduct);
    kill_child(transaction, &conduct->pidfd);
}

void transaction_undo(struct transaction *transaction)
{
    /* runtime.md, "Lifecycle": only a failed hook or the end of a created container requires
     * them. */
    bool runs_poststop =
        transaction->conduct.failed_op == PLAN_RUN_HOOK || transaction->state.committed;
    struct error error = {0};

    if (transaction->kind->end != NULL)
        transaction->kind->end(transaction);
    kill_children(transaction);
    netdevices_undo(transaction);
    cgroup_set_back(transaction->former_limits);
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
    conduct_close(&transaction->conduct);
    fd_close(&transaction->conduct.pidfd);
    fd_close(&transaction->far_socket);
    fd_close(&transaction->console);
    fd_close(&transaction->terminal);
    fd_close(&transaction->notify);
    bus_close(&transaction->bus);
}

void transaction_leave(struct transaction *transaction)
{
    fd_close(&transaction->joined);
    state_close(&transaction->state);
}
