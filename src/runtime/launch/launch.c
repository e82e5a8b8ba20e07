/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/init/image.h"
#include "berth/sys/launch.h"
#include "berth/sys/memfd.h"
#include "berth/sys/process.h"
#include "berth/sys/socket.h"
#include "transaction.h"

static int open_image(void)
{
    size_t size;
    const void *bytes = init_image(&size);

    return sys_open_image("berth-init", bytes, size, BERTH_INIT_PATH);
}

/* Opens what init receives as its third descriptor, or sets -1 for none. */
static int open_third(const struct transaction *transaction, int *ret_third)
{
    *ret_third = -1;
    if (transaction->kind->awaits_start)
        *ret_third = sys_socket_bind(transaction->state.dir, STATE_START_SOCKET, SOCK_SEQPACKET);
    else if (transaction->joined >= 0)
        *ret_third = sys_pidfd_for_namespaces(transaction->joined);
    else
        return 0;
    return *ret_third < 0 ? *ret_third : 0;
}

static bool launches_into_cgroup(const struct plan_host *host)
{
    for (size_t i = 0; i < host->n_hierarchies; i++)
        if (host->hierarchies[i].is_joined)
            return true;
    return false;
}

int transaction_launch(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;
    AUTO_FD image = open_image();
    AUTO_FD plan = sys_memfd_sealed("berth-plan", executor->plan, executor->plan->size, false);
    AUTO_FD third = -1;
    AUTO_FD cgroup = -1;

    if (image < 0 || plan < 0)
        return image < 0 ? image : plan;
    TRY(open_third(transaction, &third));
    if (transaction->cgroup.systemd == NULL && launches_into_cgroup(&transaction->host))
        TRY(cgroup_open_v2(&transaction->cgroup, &cgroup, transaction->error));
    struct sys_launch launch = {
        .image = image,
        .name = "berth-init",
        .flags = step->launch.namespaces,
        .cgroup = cgroup,
        .given = {transaction->far_socket, plan, third},
        .n_kept = transaction->kept_fds,
    };
    transaction->launched = sys_launch(&launch, &executor->pidfd);
    if (transaction->launched < 0)
        return transaction->launched;
    executor->is_parent = true;
    fd_close(&transaction->far_socket);
    return 0;
}

int transaction_enter_delegated(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;

    (void) step;
    return cgroup_enter_delegated(transaction->arena, &transaction->cgroup, transaction->init,
                                  transaction->error);
}
