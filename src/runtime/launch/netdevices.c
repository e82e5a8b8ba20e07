/* SPDX-License-Identifier: Apache-2.0 */
#include "netdevices.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/plan/print.h"
#include "berth/sys/link.h"
#include "berth/sys/netlink.h"
#include "transaction.h"

#define NUMBERS_MAX 32768 /* numbers tried for a template: the kernel's own limit */

struct net_device {
    struct net_device *earlier;
    struct sys_link link; /* as on the host */
    struct text addresses;
    struct text routes;
    const char *inside; /* the name in the container */
};

/* One socket in each of the two network namespaces. */
struct way {
    int host;
    int container;
};

static void way_close(struct way *way)
{
    fd_close(&way->host);
    fd_close(&way->container);
}

#define AUTO_WAY __attribute__((cleanup(way_close))) struct way

static int way_open(int network_namespace, struct way *ret_way)
{
    ret_way->host = sys_netlink_open(-1);
    TRY(ret_way->host);
    ret_way->container = sys_netlink_open(network_namespace);
    return ret_way->container;
}

static int open_own_namespace(void)
{
    int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static bool is_own_namespace(int network_namespace)
{
    AUTO_FD own = open_own_namespace();
    struct stat a, b;

    return own >= 0 && fstat(own, &a) == 0 && fstat(network_namespace, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* --- into the container ----------------------------------------------------------------------- */

/* Returns 0 if no device has the name. */
static int check_name_is_free(int socket, const char *name)
{
    struct sys_link other;
    int result = sys_link_find(socket, name, &other);

    return result == 0 ? -EEXIST : result == -ENODEV ? 0 : result;
}

/* Chooses the name in the container. The kernel would not report what it made of a template, so
 * berth resolves it here. */
static int choose_name(struct arena *arena, int socket, const char *wanted, const char **ret_name)
{
    const char *number = strstr(wanted, "%d");

    *ret_name = wanted;
    if (number == NULL)
        return check_name_is_free(socket, wanted);
    for (int i = 0; i < NUMBERS_MAX; i++) {
        char *name =
            arena_printf(arena, "%.*s%d%s", (int) (number - wanted), wanted, i, number + 2);

        if (strlen(name) >= IF_NAMESIZE)
            return -ENAMETOOLONG;
        int result = check_name_is_free(socket, name);
        *ret_name = name;
        if (result != -EEXIST)
            return result;
    }
    return -ENFILE;
}

static struct net_device *note(struct transaction *transaction, const struct sys_link *link)
{
    struct net_device *device = ARENA_NEW(transaction->arena, struct net_device);

    *device = (struct net_device){
        .link = *link,
        .addresses.arena = transaction->arena,
        .routes.arena = transaction->arena,
    };
    return device;
}

/* The device may have moved and then failed to get its new name: then it has the former one. */
static int move(struct transaction *transaction, const struct way *way, struct net_device *device,
                int network_namespace)
{
    struct sys_link found;
    int result = sys_link_move(way->host, device->link.index, network_namespace, device->inside, 0);

    if (result < 0 && sys_link_find(way->host, device->link.name, &found) == 0 &&
        found.index == device->link.index)
        return result;
    if (result < 0)
        device->inside = device->link.name;
    device->earlier = transaction->net_devices;
    transaction->net_devices = device;
    return result;
}

static int set_up(const struct way *way, const struct net_device *device)
{
    struct sys_link link;

    TRY(sys_link_find(way->container, device->inside, &link));
    TRY(sys_link_restore_addresses(way->container, &link, &device->addresses, false));
    return sys_link_set_up(way->container, link.index);
}

static int refuse(struct executor *executor, const struct plan_step *step, const char *why)
{
    int index = (int) (step - plan_steps(executor->plan));

    return error_at(executor->error, plan_step_place(executor->plan, index), EINVAL, "%s: %s",
                    plan_step_words(executor->arena, executor->plan, index), why);
}

int netdevices_move(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;
    int network_namespace = executor->slot[PLAN_SLOT_NETWORK];
    AUTO_WAY way = {-1, -1};
    const char *name = plan_text(executor->plan, step->move_net_device.device);
    const char *wanted = plan_text(executor->plan, step->move_net_device.name);
    struct sys_link link;

    if (is_own_namespace(network_namespace))
        return refuse(executor, step, "the container is in the caller's own network namespace");
    TRY(way_open(network_namespace, &way));
    TRY(sys_link_find(way.host, name, &link));
    if (link.flags & IFF_LOOPBACK)
        return refuse(executor, step, "the loopback device of a network namespace stays there");
    struct net_device *device = note(transaction, &link);
    TRY(sys_link_save_addresses(way.host, link.index, &device->addresses));
    TRY(sys_link_save_routes(way.host, link.index, &device->routes));
    /* A device may be found by an alternative name, which it keeps. */
    TRY(choose_name(transaction->arena, way.container,
                    text_equal(wanted, name) ? device->link.name : wanted, &device->inside));
    TRY(move(transaction, &way, device, network_namespace));
    return set_up(&way, device);
}

/* --- and back --------------------------------------------------------------------------------- */

static int bring_back(const struct way *way, const struct net_device *device)
{
    const struct sys_link *before = &device->link;
    AUTO_FD own = open_own_namespace();
    struct sys_link link;

    TRY(own);
    TRY(sys_link_find(way->container, device->inside, &link));
    int result = sys_link_move(way->container, link.index, own, before->name, before->index);
    if (result == -EBUSY)
        result = sys_link_move(way->container, link.index, own, before->name, 0);
    TRY(result);
    TRY(sys_link_find(way->host, before->name, &link));
    result = sys_link_restore_addresses(way->host, &link, &device->addresses, true);
    if (before->master != 0)
        TRY(sys_link_set_master(way->host, link.index, before->master));
    if (before->flags & IFF_UP)
        TRY(sys_link_set_up(way->host, link.index));
    TRY(sys_link_restore_routes(way->host, &link, &device->routes));
    return result;
}

void netdevices_undo(struct transaction *transaction)
{
    const struct net_device *device = transaction->net_devices;
    AUTO_WAY way = {-1, -1};
    int opened = device == NULL ? 0 : way_open(transaction->executor.slot[PLAN_SLOT_NETWORK], &way);

    for (; device != NULL; device = device->earlier) {
        int result = opened < 0 ? opened : bring_back(&way, device);

        if (result < 0)
            log_warning("bring the network device %s back as it was: %s", device->link.name,
                        text_of_errno(-result));
    }
    transaction->net_devices = NULL;
}
