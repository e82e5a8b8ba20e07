/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink(7): requests to the kernel's network, and what it answers. */
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>

#define SYS_NETLINK_ROOM 1024

/* A request while it is being made. What does not fit is noted, and refused when it is sent. */
struct sys_netlink_request {
    alignas(struct nlmsghdr) unsigned char bytes[SYS_NETLINK_ROOM];
    size_t size;
    bool is_too_long;
};

/* A socket in the network namespace `network_namespace`, -1: the caller's own. Returns a descriptor
 * or a negative errno. */
int sys_netlink_open(int network_namespace);

/* Begins a request: RTM_* `type`, NLM_F_* `flags`, and the header of its family. */
void sys_netlink_begin(struct sys_netlink_request *request, int type, int flags, const void *header,
                       size_t size);

void sys_netlink_add(struct sys_netlink_request *request, int type, const void *value, size_t size);

/* Takes one answer, whole and of at least the size of its netlink header. Returns 0 or a negative
 * errno. */
typedef int sys_netlink_reader(void *context, const struct nlmsghdr *answer);

/* Sends the request and hands all answers to `read` (NULL: nobody). Returns 0 once the kernel says
 * that this was all, -EAGAIN when they do not belong together because something has changed
 * meanwhile, or a negative errno. */
int sys_netlink_ask(int socket, struct sys_netlink_request *request, sys_netlink_reader *read,
                    void *context);

/* The first attribute of a message whose family header has `header_size` bytes, and the next one;
 * NULL: there is none. They lie whole within the message. */
const struct rtattr *sys_netlink_first(const struct nlmsghdr *message, size_t header_size);
const struct rtattr *sys_netlink_next(const struct nlmsghdr *message,
                                      const struct rtattr *attribute);

/* The attribute of `type`, with a value of at least `least` bytes; NULL: there is none. */
const struct rtattr *sys_netlink_find(const struct nlmsghdr *message, size_t header_size, int type,
                                      size_t least);
