/* SPDX-License-Identifier: Apache-2.0 */
/* Undoes a failed creation. */
#include <signal.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/log.h"
#include "berth/cgroup/setting.h"
#include "berth/sys/process.h"
#include "creation.h"
#include "destroy.h"
#include "netdevices.h"

#define FROZEN_MS 1000

/* A process that is frozen on cgroup v1, in a container paused meanwhile, dies only when it is
 * thawed: exec must not wait for that. */
static void kill_child(const struct creation *creation, int *pidfd)
{
    if (*pidfd < 0)
        return;
    sys_pidfd_signal(*pidfd, SIGKILL);
    if (creation->create != NULL || sys_pidfd_wait(*pidfd, FROZEN_MS) == 0)
        sys_pidfd_reap(*pidfd, NULL);
    fd_close(pidfd);
}

/* The first stage ends first. Then it has either announced INIT, or INIT notices that the other end
 * is closed and exits. */
static void kill_children(struct creation *creation)
{
    struct conduct *conduct = &creation->conduct;

    kill_child(creation, &creation->launched_fd);
    kill_child(creation, &conduct->pidfd);
    if (creation->init != 0)
        return;
    conduct_drain(conduct);
    if (conduct->init_pid != 0)
        conduct->pidfd = creation_open_init(conduct);
    kill_child(creation, &conduct->pidfd);
}

void creation_undo(struct creation *creation)
{
    /* runtime.md, "Lifecycle": only a failed hook or the end of a created container requires
     * them. */
    bool runs_poststop = creation->conduct.failed_op == PLAN_RUN_HOOK || creation->state.committed;
    struct error error = {0};

    if (creation->kind->end != NULL)
        creation->kind->end(creation);
    kill_children(creation);
    netdevices_undo(creation);
    cgroup_set_back(creation->former_limits);
    creation_close(creation);
    if (creation->pid_file != NULL)
        file_remove_named(creation->pid_file);
    if (!creation->made_state)
        return;
    creation->state.pid = 0;
    /* A planned cgroup that was not created may belong to another container by now. */
    if (!creation->made_cgroups) {
        creation->state.record.n_cgroups = 0;
        creation->state.record.n_made_cgroups = 0;
        creation->state.record.systemd_unit = NULL;
    }
    creation->state.record.rdt_groups = creation->rdt.made;
    creation->state.record.n_rdt_groups = creation->rdt.n_made;
    creation->state.record.poststop = creation->state.record.poststop && runs_poststop;
    if (destroy_container(&creation->state, &error) < 0)
        log_ignored(&error);
}

void creation_close(struct creation *creation)
{
    conduct_close(&creation->conduct);
    fd_close(&creation->far_socket);
    fd_close(&creation->console);
    fd_close(&creation->terminal);
    fd_close(&creation->notify);
    bus_close(&creation->bus);
}

void creation_leave(struct creation *creation)
{
    fd_close(&creation->joined);
    state_close(&creation->state);
}
