/* SPDX-License-Identifier: Apache-2.0 */
/* rtnetlink(7): requests to the kernel's network stack, and the answers. */
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>

#define SYS_NETLINK_ROOM 1024

/* A request under construction. If it overflows, sys_netlink_ask rejects it. */
struct sys_netlink_request {
    alignas(struct nlmsghdr) unsigned char bytes[SYS_NETLINK_ROOM];
    size_t size;
    bool is_too_long;
};

/* Opens a socket in the network namespace `network_namespace` (-1: the caller's). Returns a
 * descriptor or a negative errno. */
int sys_netlink_open(int network_namespace);

/* Starts a request: `type` is RTM_*, `flags` are NLM_F_*, `header` is the header of the message
 * family. */
void sys_netlink_begin(struct sys_netlink_request *request, int type, int flags, const void *header,
                       size_t size);

/* Appends an attribute with a value of `size` bytes. */
void sys_netlink_add(struct sys_netlink_request *request, int type, const void *value, size_t size);

/* Handles one answer, which is complete. Returns 0 or a negative errno. */
typedef int sys_netlink_reader(void *context, const struct nlmsghdr *answer);

/* Sends the request and passes each answer to `read` (NULL: none). Returns 0 once the kernel has
 * sent everything, -EAGAIN if a dump is inconsistent because something changed during it
 * (NLM_F_DUMP_INTR), or a negative errno. */
int sys_netlink_ask(int socket, struct sys_netlink_request *request, sys_netlink_reader *read,
                    void *context);

/* Return the first attribute of a message with a family header of `header_size` bytes, and the next
 * one; NULL if there is none. The whole attribute lies within the message. */
const struct rtattr *sys_netlink_first(const struct nlmsghdr *message, size_t header_size);
const struct rtattr *sys_netlink_next(const struct nlmsghdr *message,
                                      const struct rtattr *attribute);

/* Returns the attribute `type` if its value has at least `least` bytes; NULL if there is none. */
const struct rtattr *sys_netlink_find(const struct nlmsghdr *message, size_t header_size, int type,
                                      size_t least);
