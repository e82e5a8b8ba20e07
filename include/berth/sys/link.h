/* SPDX-License-Identifier: Apache-2.0 */
/* Network devices, by sockets of sys_netlink_open, each of which stands for a network namespace. */
#pragma once

#include <net/if.h>
#include <stdbool.h>

struct text;

struct sys_link {
    int index;
    int master;     /* the index of the bridge or bond that it is a port of, or 0 */
    unsigned flags; /* IFF_UP, IFF_LOOPBACK... */
    char name[IF_NAMESIZE];
};

/* Finds the device `name`. Returns 0, -ENODEV or another negative errno. */
int sys_link_find(int socket, const char *name, struct sys_link *ret_link);

/* Moves a device into the network namespace `network_namespace`, where it is called `name` and has
 * the index `new_index`, 0: any. It loses its addresses and routes and is down. When it has arrived
 * but cannot have that name this is an error, too. Returns 0, -EBUSY for a taken index, or another
 * negative errno. */
int sys_link_move(int socket, int index, int network_namespace, const char *name, int new_index);

/* Sets it up; makes it a port of the device `master`. Return 0 or a negative errno. */
int sys_link_set_up(int socket, int index);
int sys_link_set_master(int socket, int index, int master);

/* Adds to `ret_messages` the messages that tell of the device's addresses, or of its routes but for
 * those that the kernel makes for addresses. Return 0 or a negative errno. */
int sys_link_save_addresses(int socket, int index, struct text *ret_messages);
int sys_link_save_routes(int socket, int index, struct text *ret_messages);

/* Gives them to `link`, which may be another device. What it has already is fine. Of addresses
 * either all, or those that are permanent and global; without labels that are not of the link's
 * name. Those that cannot be given do not hold up the others. Return 0 or the first negative
 * errno. */
int sys_link_restore_addresses(int socket, const struct sys_link *link, const struct text *messages,
                               bool all);
int sys_link_restore_routes(int socket, const struct sys_link *link, const struct text *messages);
