/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/link.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/sys/netlink.h"

#define LISTINGS_MAX 5 /* give up if the network changes during every dump */

/* --- devices ---------------------------------------------------------------------------------- */

static int read_link(void *context, const struct nlmsghdr *answer)
{
    struct sys_link *link = context;
    struct ifinfomsg header;

    if (answer->nlmsg_type != RTM_NEWLINK || answer->nlmsg_len < NLMSG_LENGTH(sizeof(header)))
        return -EPROTO;
    memcpy(&header, NLMSG_DATA(answer), sizeof(header));
    const struct rtattr *name = sys_netlink_find(answer, sizeof(header), IFLA_IFNAME, 2);
    const struct rtattr *master =
        sys_netlink_find(answer, sizeof(header), IFLA_MASTER, sizeof(link->master));
    if (name == NULL || RTA_PAYLOAD(name) > sizeof(link->name))
        return -EPROTO;
    *link = (struct sys_link){.index = header.ifi_index, .flags = header.ifi_flags};
    memcpy(link->name, RTA_DATA(name), RTA_PAYLOAD(name));
    link->name[sizeof(link->name) - 1] = '\0';
    if (master != NULL)
        memcpy(&link->master, RTA_DATA(master), sizeof(link->master));
    return 0;
}

int sys_link_find(int socket, const char *name, struct sys_link *ret_link)
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    struct sys_netlink_request request;
    struct sys_link link = {0};

    if (strlen(name) >= sizeof(link.name))
        return -ENODEV;
    sys_netlink_begin(&request, RTM_GETLINK, 0, &header, sizeof(header));
    sys_netlink_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
    TRY(sys_netlink_ask(socket, &request, read_link, &link));
    if (link.index <= 0)
        return -EPROTO;
    *ret_link = link;
    return 0;
}

static void begin_change(struct sys_netlink_request *request, int index, unsigned flags)
{
    const struct ifinfomsg header = {
        .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = flags, .ifi_change = flags};

    sys_netlink_begin(request, RTM_SETLINK, 0, &header, sizeof(header));
}

int sys_link_move(int socket, int index, int network_namespace, const char *name, int new_index)
{
    const uint32_t fd = (uint32_t) network_namespace;
    struct sys_netlink_request request;

    begin_change(&request, index, 0);
    sys_netlink_add(&request, IFLA_NET_NS_FD, &fd, sizeof(fd));
    sys_netlink_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
    if (new_index != 0)
        sys_netlink_add(&request, IFLA_NEW_IFINDEX, &new_index, sizeof(new_index));
    return sys_netlink_ask(socket, &request, NULL, NULL);
}

int sys_link_set_up(int socket, int index)
{
    struct sys_netlink_request request;

    begin_change(&request, index, IFF_UP);
    return sys_netlink_ask(socket, &request, NULL, NULL);
}

int sys_link_set_master(int socket, int index, int master)
{
    struct sys_netlink_request request;

    begin_change(&request, index, 0);
    sys_netlink_add(&request, IFLA_MASTER, &master, sizeof(master));
    return sys_netlink_ask(socket, &request, NULL, NULL);
}

/* --- saving addresses and routes -------------------------------------------------------------- */

struct listing {
    int index;
    struct text *messages;
};

static void keep(struct listing *listing, const struct nlmsghdr *message)
{
    static const unsigned char nothing[NLMSG_ALIGNTO];
    size_t size = message->nlmsg_len;

    text_add_bytes(listing->messages, message, size);
    text_add_bytes(listing->messages, nothing, NLMSG_ALIGN(size) - size);
}

static int read_address(void *context, const struct nlmsghdr *answer)
{
    struct listing *listing = context;
    struct ifaddrmsg header;

    if (answer->nlmsg_type != RTM_NEWADDR || answer->nlmsg_len < NLMSG_LENGTH(sizeof(header)))
        return -EPROTO;
    memcpy(&header, NLMSG_DATA(answer), sizeof(header));
    if (header.ifa_index == (unsigned) listing->index &&
        (header.ifa_family == AF_INET || header.ifa_family == AF_INET6))
        keep(listing, answer);
    return 0;
}

/* Skips multipath routes (RTA_MULTIPATH), which use other devices too. */
static int read_route(void *context, const struct nlmsghdr *answer)
{
    struct listing *listing = context;
    struct rtmsg header;
    int index;

    if (answer->nlmsg_type != RTM_NEWROUTE || answer->nlmsg_len < NLMSG_LENGTH(sizeof(header)))
        return -EPROTO;
    memcpy(&header, NLMSG_DATA(answer), sizeof(header));
    const struct rtattr *out = sys_netlink_find(answer, sizeof(header), RTA_OIF, sizeof(index));
    if (out == NULL || (header.rtm_flags & RTM_F_CLONED) != 0 ||
        header.rtm_protocol == RTPROT_KERNEL || header.rtm_protocol == RTPROT_RA ||
        (header.rtm_family != AF_INET && header.rtm_family != AF_INET6))
        return 0;
    memcpy(&index, RTA_DATA(out), sizeof(index));
    if (index == listing->index)
        keep(listing, answer);
    return 0;
}

static int list(int socket, int type, struct listing *listing, sys_netlink_reader *read)
{
    /* struct ifaddrmsg starts the same way */
    const struct rtmsg header = {.rtm_family = AF_UNSPEC};
    struct sys_netlink_request request;
    size_t before = listing->messages->size;
    int result = -EAGAIN;

    for (int i = 0; i < LISTINGS_MAX && result == -EAGAIN; i++) {
        listing->messages->size = before;
        sys_netlink_begin(&request, type, NLM_F_DUMP, &header,
                          type == RTM_GETADDR ? sizeof(struct ifaddrmsg) : sizeof(header));
        result = sys_netlink_ask(socket, &request, read, listing);
    }
    return result;
}

int sys_link_save_addresses(int socket, int index, struct text *ret_messages)
{
    struct listing listing = {index, ret_messages};

    return list(socket, RTM_GETADDR, &listing, read_address);
}

int sys_link_save_routes(int socket, int index, struct text *ret_messages)
{
    struct listing listing = {index, ret_messages};

    return list(socket, RTM_GETROUTE, &listing, read_route);
}

/* --- restoring addresses and routes ----------------------------------------------------------- */

/* Returns the message after `message`, or the first one if it is NULL. */
static const struct nlmsghdr *next_message(const struct text *messages,
                                           const struct nlmsghdr *message)
{
    size_t offset = message == NULL ? 0
                                    : (size_t) ((const char *) message - messages->bytes) +
                                          NLMSG_ALIGN(message->nlmsg_len);

    return offset >= messages->size ? NULL : (const struct nlmsghdr *) (messages->bytes + offset);
}

static void copy_attribute(struct sys_netlink_request *request, const struct rtattr *attribute)
{
    sys_netlink_add(request, attribute->rta_type, RTA_DATA(attribute), RTA_PAYLOAD(attribute));
}

static int ask_unless_there(int socket, struct sys_netlink_request *request)
{
    int result = sys_netlink_ask(socket, request, NULL, NULL);

    return result == -EEXIST ? 0 : result;
}

/* In IPv6, IFA_F_TEMPORARY (the same bit as IFA_F_SECONDARY) marks a temporary address, which only
 * the kernel can create. */
static bool is_wanted(const struct nlmsghdr *message, bool all)
{
    struct ifaddrmsg header;

    memcpy(&header, NLMSG_DATA(message), sizeof(header));
    uint32_t flags = header.ifa_flags;
    const struct rtattr *attribute =
        sys_netlink_find(message, sizeof(header), IFA_FLAGS, sizeof(flags));
    if (attribute != NULL)
        memcpy(&flags, RTA_DATA(attribute), sizeof(flags));
    if (header.ifa_family == AF_INET6 && (flags & IFA_F_TEMPORARY) != 0)
        return false;
    return all || ((flags & IFA_F_PERMANENT) != 0 && header.ifa_scope == RT_SCOPE_UNIVERSE);
}

static bool is_label_of_other(const struct rtattr *attribute, const struct sys_link *link)
{
    size_t length = strlen(link->name);

    return (attribute->rta_type & NLA_TYPE_MASK) == IFA_LABEL &&
           (RTA_PAYLOAD(attribute) < length ||
            memcmp(RTA_DATA(attribute), link->name, length) != 0);
}

static int restore_address(int socket, const struct sys_link *link, const struct nlmsghdr *message)
{
    struct sys_netlink_request request;
    struct ifaddrmsg header;

    memcpy(&header, NLMSG_DATA(message), sizeof(header));
    header.ifa_index = (unsigned) link->index;
    sys_netlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
    for (const struct rtattr *attribute = sys_netlink_first(message, sizeof(header));
         attribute != NULL; attribute = sys_netlink_next(message, attribute))
        if (!is_label_of_other(attribute, link))
            copy_attribute(&request, attribute);
    return ask_unless_there(socket, &request);
}

int sys_link_restore_addresses(int socket, const struct sys_link *link, const struct text *messages,
                               bool all)
{
    int result = 0;

    for (const struct nlmsghdr *message = next_message(messages, NULL); message != NULL;
         message = next_message(messages, message)) {
        int one = is_wanted(message, all) ? restore_address(socket, link, message) : 0;

        result = result < 0 ? result : one;
    }
    return result;
}

static int restore_route(int socket, const struct sys_link *link, const struct nlmsghdr *message)
{
    struct sys_netlink_request request;
    struct rtmsg header;

    memcpy(&header, NLMSG_DATA(message), sizeof(header));
    header.rtm_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE; /* the other flags are state */
    sys_netlink_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
    for (const struct rtattr *attribute = sys_netlink_first(message, sizeof(header));
         attribute != NULL; attribute = sys_netlink_next(message, attribute)) {
        int type = attribute->rta_type & NLA_TYPE_MASK;

        if (type == RTA_OIF)
            sys_netlink_add(&request, RTA_OIF, &link->index, sizeof(link->index));
        else if (type != RTA_CACHEINFO)
            copy_attribute(&request, attribute);
    }
    return ask_unless_there(socket, &request);
}

static bool has_gateway(const struct nlmsghdr *message)
{
    return sys_netlink_find(message, sizeof(struct rtmsg), RTA_GATEWAY, 0) != NULL ||
           sys_netlink_find(message, sizeof(struct rtmsg), RTA_VIA, 0) != NULL;
}

/* Routes with a gateway come last: the kernel accepts them only once the gateway is reachable. */
int sys_link_restore_routes(int socket, const struct sys_link *link, const struct text *messages)
{
    int result = 0;

    for (int by_gateway = 0; by_gateway < 2; by_gateway++)
        for (const struct nlmsghdr *message = next_message(messages, NULL); message != NULL;
             message = next_message(messages, message)) {
            bool is_turn = has_gateway(message) == (by_gateway != 0);
            int one = is_turn ? restore_route(socket, link, message) : 0;

            result = result < 0 ? result : one;
        }
    return result;
}
