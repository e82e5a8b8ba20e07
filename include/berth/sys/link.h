/* SPDX-License-Identifier: Apache-2.0 */
/* Network devices (rtnetlink(7)). `socket` comes from sys_netlink_open and selects the network
 * namespace. */
#pragma once

#include <net/if.h>
#include <stdbool.h>

struct text;

struct sys_link {
    int index;
    int master;     /* ifindex of the bridge or bond it is a port of, or 0 */
    unsigned flags; /* IFF_UP, IFF_LOOPBACK... */
    char name[IF_NAMESIZE];
};

/* Finds the device `name`. Returns 0, -ENODEV or another negative errno. */
int sys_link_find(int socket, const char *name, struct sys_link *ret_link);

/* Moves a device to the network namespace `network_namespace` as `name`, with the ifindex
 * `new_index` (0: any). The device loses its addresses and routes and goes down. Fails also if the
 * device has arrived but cannot be given that name. Returns 0, -EBUSY if the ifindex is taken, or
 * another negative errno. */
int sys_link_move(int socket, int index, int network_namespace, const char *name, int new_index);

/* Set the device up; make it a port of the device `master`. Return 0 or a negative errno. */
int sys_link_set_up(int socket, int index);
int sys_link_set_master(int socket, int index, int master);

/* Append to `ret_messages` the netlink messages that describe the device's addresses, or its routes
 * except for those that the kernel adds for addresses. Return 0 or a negative errno. */
int sys_link_save_addresses(int socket, int index, struct text *ret_messages);
int sys_link_save_routes(int socket, int index, struct text *ret_messages);

/* Add the saved addresses or routes to `link`, which may be another device; existing ones are left
 * alone. Unless `all` is set, only permanent addresses of global scope are added. Address labels
 * that do not start with the name of the link are dropped. A failure does not keep the others from
 * being added. Return 0 or the first negative errno. */
int sys_link_restore_addresses(int socket, const struct sys_link *link, const struct text *messages,
                               bool all);
int sys_link_restore_routes(int socket, const struct sys_link *link, const struct text *messages);
