/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"

/* The kernel sends up to 32 KiB per datagram of a dump (netlink(7), NLMSG_GOODSIZE). */
#define ANSWER_SIZE ((size_t) 64 * 1024)

static int open_here(void)
{
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    AUTO_FD fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        return -errno;
    /* A connected socket accepts messages only from the kernel. */
    if (connect(fd, (const struct sockaddr *) &kernel, sizeof(kernel)) < 0)
        return -errno;
    return fd_take(&fd);
}

int sys_netlink_open(int network_namespace)
{
    if (network_namespace < 0)
        return open_here();
    AUTO_FD own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own < 0 || setns(network_namespace, CLONE_NEWNET) < 0)
        return -errno;
    AUTO_FD fd = open_here();
    if (setns(own, CLONE_NEWNET) < 0)
        return -errno;
    return fd_take(&fd);
}

/* --- requests --------------------------------------------------------------------------------- */

static void add_padded(struct sys_netlink_request *request, const void *bytes, size_t size)
{
    size_t padded = NLMSG_ALIGN(size);

    if (padded < size || padded > sizeof(request->bytes) - request->size) {
        request->is_too_long = true;
        return;
    }
    memset(request->bytes + request->size, 0, padded);
    if (size > 0)
        memcpy(request->bytes + request->size, bytes, size);
    request->size += padded;
}

void sys_netlink_begin(struct sys_netlink_request *request, int type, int flags, const void *header,
                       size_t size)
{
    const struct nlmsghdr message = {
        .nlmsg_type = (uint16_t) type,
        .nlmsg_flags = (uint16_t) (NLM_F_REQUEST | NLM_F_ACK | flags),
    };

    request->size = 0;
    request->is_too_long = false;
    add_padded(request, &message, sizeof(message));
    add_padded(request, header, size);
}

void sys_netlink_add(struct sys_netlink_request *request, int type, const void *value, size_t size)
{
    struct rtattr attribute = {.rta_type = (uint16_t) type};

    if (request->is_too_long || size > SYS_NETLINK_ROOM - sizeof(attribute) ||
        RTA_SPACE(size) > sizeof(request->bytes) - request->size) {
        request->is_too_long = true;
        return;
    }
    attribute.rta_len = (uint16_t) RTA_LENGTH(size);
    add_padded(request, &attribute, sizeof(attribute));
    add_padded(request, value, size);
}

static int send_request(int socket, struct sys_netlink_request *request)
{
    struct nlmsghdr *message = (struct nlmsghdr *) request->bytes;

    if (request->is_too_long)
        return -EMSGSIZE;
    message->nlmsg_len = (uint32_t) request->size;
    while (send(socket, request->bytes, request->size, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return 0;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* Returns the negative errno in the first four bytes of a message that ends the answers; 0 if there
 * is none. */
static int errno_of(const struct nlmsghdr *message)
{
    int number = 0;

    if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(number)))
        memcpy(&number, NLMSG_DATA(message), sizeof(number));
    return number > 0 ? -EPROTO : number;
}

/* The reader of the answers. Once it has failed, the remaining answers are read and discarded. */
struct hearing {
    sys_netlink_reader *read;
    void *context;
    int result;
};

static void hear(struct hearing *hearing, const struct nlmsghdr *message)
{
    if (hearing->result == 0 && (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
        hearing->result = -EAGAIN;
    if (hearing->result == 0 && hearing->read != NULL && message->nlmsg_type >= NLMSG_MIN_TYPE)
        hearing->result = hearing->read(hearing->context, message);
}

/* Handles all messages of one datagram; stops at a truncated one. Does not use NLMSG_NEXT, which
 * would overrun if the last message is not padded. Returns false if one of them ends the
 * answers. */
static bool hear_datagram(struct hearing *hearing, const unsigned char *bytes, size_t size)
{
    for (size_t at = 0; at < size && size - at >= sizeof(struct nlmsghdr);) {
        const struct nlmsghdr *message = (const struct nlmsghdr *) (bytes + at);

        if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > size - at)
            break;
        hear(hearing, message);
        if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
            if (hearing->result == 0)
                hearing->result = errno_of(message);
            return false;
        }
        at += NLMSG_ALIGN((size_t) message->nlmsg_len);
    }
    return true;
}

int sys_netlink_ask(int socket, struct sys_netlink_request *request, sys_netlink_reader *read,
                    void *context)
{
    alignas(struct nlmsghdr) unsigned char bytes[ANSWER_SIZE];
    struct hearing hearing = {read, context, 0};

    TRY(send_request(socket, request));
    for (;;) {
        ssize_t size = recv(socket, bytes, sizeof(bytes), MSG_TRUNC);

        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return -errno;
        if ((size_t) size > sizeof(bytes))
            return -EMSGSIZE;
        if (!hear_datagram(&hearing, bytes, (size_t) size))
            return hearing.result;
    }
}

/* --- attributes ------------------------------------------------------------------------------- */

static const struct rtattr *attribute_at(const struct nlmsghdr *message, size_t offset)
{
    const struct rtattr *attribute =
        (const struct rtattr *) ((const unsigned char *) message + offset);

    if (offset > message->nlmsg_len || message->nlmsg_len - offset < sizeof(*attribute) ||
        attribute->rta_len < sizeof(*attribute) || attribute->rta_len > message->nlmsg_len - offset)
        return NULL;
    return attribute;
}

const struct rtattr *sys_netlink_first(const struct nlmsghdr *message, size_t header_size)
{
    return attribute_at(message, NLMSG_SPACE(header_size));
}

const struct rtattr *sys_netlink_next(const struct nlmsghdr *message,
                                      const struct rtattr *attribute)
{
    size_t offset = (size_t) ((const unsigned char *) attribute - (const unsigned char *) message);

    return attribute_at(message, offset + RTA_ALIGN(attribute->rta_len));
}

const struct rtattr *sys_netlink_find(const struct nlmsghdr *message, size_t header_size, int type,
                                      size_t least)
{
    const struct rtattr *attribute = sys_netlink_first(message, header_size);

    while (attribute != NULL && (attribute->rta_type & NLA_TYPE_MASK) != type)
        attribute = sys_netlink_next(message, attribute);
    return attribute == NULL || RTA_PAYLOAD(attribute) < least ? NULL : attribute;
}
