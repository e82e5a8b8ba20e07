/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of rtnetlink: how they are built, what does not fit, and messages with wrong lengths. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "berth/base/fd.h"
#include "berth/sys/netlink.h"
#include "tap.h"

static const struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = 7};

/* Returns the request as a complete message, as the kernel sends it. */
static const struct nlmsghdr *finish(struct sys_netlink_request *request)
{
    struct nlmsghdr *message = (struct nlmsghdr *) request->bytes;

    message->nlmsg_len = (uint32_t) request->size;
    return message;
}

static void test_attributes(void)
{
    struct sys_netlink_request request;

    sys_netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE, &header, sizeof(header));
    sys_netlink_add(&request, IFLA_IFNAME, "eth0", 5);
    sys_netlink_add(&request, IFLA_MTU, &(uint32_t){1400}, 4);
    sys_netlink_add(&request, IFLA_IFALIAS, "", 0);
    const struct nlmsghdr *message = finish(&request);
    const struct rtattr *name = sys_netlink_find(message, sizeof(header), IFLA_IFNAME, 2);
    const struct rtattr *mtu = sys_netlink_find(message, sizeof(header), IFLA_MTU, 4);

    tap_ok(!request.is_too_long && request.size == NLMSG_SPACE(sizeof(header)) + 12 + 8 + 4,
           "attributes are padded");
    tap_ok(message->nlmsg_flags == (NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE),
           "an attribute with flags is found");
    tap_ok(name != NULL && RTA_PAYLOAD(name) == 5 && strcmp(RTA_DATA(name), "eth0") == 0,
           "an attribute with a name is found");
    tap_ok(mtu != NULL && *(const uint32_t *) RTA_DATA(mtu) == 1400,
           "an attribute with a number is found");
    tap_ok(sys_netlink_find(message, sizeof(header), IFLA_IFALIAS, 0) != NULL,
           "an attribute with an empty value is found");
    tap_ok(sys_netlink_find(message, sizeof(header), IFLA_IFALIAS, 1) == NULL,
           "an attribute that is too short is not found");
    tap_ok(sys_netlink_find(message, sizeof(header), IFLA_MASTER, 0) == NULL,
           "an attribute that is missing is not found");
}

static void test_too_long(void)
{
    static const char large[SYS_NETLINK_ROOM];
    struct sys_netlink_request request;

    sys_netlink_begin(&request, RTM_NEWLINK, 0, &header, sizeof(header));
    size_t room = sizeof(request.bytes) - request.size - sizeof(struct rtattr);
    sys_netlink_add(&request, IFLA_IFALIAS, large, room);
    tap_ok(!request.is_too_long && request.size == sizeof(request.bytes),
           "an attribute may end at the last byte of a request");
    sys_netlink_add(&request, IFLA_IFALIAS, "", 0);
    tap_ok(request.is_too_long && request.size == sizeof(request.bytes),
           "a full request takes no further attribute");
    tap_ok(sys_netlink_ask(-1, &request, NULL, NULL) == -EMSGSIZE,
           "a request that was too long is not sent");
    sys_netlink_begin(&request, RTM_NEWLINK, 0, &header, sizeof(header));
    sys_netlink_add(&request, IFLA_IFALIAS, large, room + 1);
    tap_ok(request.is_too_long, "an attribute that ends one byte beyond does not fit");
    sys_netlink_begin(&request, RTM_NEWLINK, 0, &header, sizeof(header));
    sys_netlink_add(&request, IFLA_IFALIAS, large, SIZE_MAX);
    sys_netlink_add(&request, IFLA_IFALIAS, large, SIZE_MAX - 8);
    tap_ok(request.is_too_long && request.size == NLMSG_SPACE(sizeof(header)),
           "lengths do not overflow");
}

static void test_lies(void)
{
    static const uint16_t lengths[] = {0, 1, 3, 13, 100, UINT16_MAX};
    struct sys_netlink_request request;

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        sys_netlink_begin(&request, RTM_NEWLINK, 0, &header, sizeof(header));
        sys_netlink_add(&request, IFLA_IFNAME, "12345678", 8);
        struct rtattr *attribute = (struct rtattr *) (request.bytes + NLMSG_SPACE(sizeof(header)));
        attribute->rta_len = lengths[i];
        tap_ok(sys_netlink_first(finish(&request), sizeof(header)) == NULL,
               "an attribute of %u bytes does not lie within the message", lengths[i]);
    }
    sys_netlink_begin(&request, RTM_NEWLINK, 0, &header, sizeof(header));
    struct nlmsghdr *message = (struct nlmsghdr *) request.bytes;
    for (message->nlmsg_len = 0; message->nlmsg_len < request.size; message->nlmsg_len++)
        if (sys_netlink_first(message, sizeof(header)) != NULL)
            break;
    tap_ok(message->nlmsg_len == request.size,
           "a message shorter than its header has no attributes");
}

/* --- the kernel at the other end of a socket pair --------------------------------------------- */

struct count {
    int answers;
    int fail_at;
};

static int count_answer(void *context, const struct nlmsghdr *answer)
{
    struct count *count = context;

    return answer->nlmsg_type == RTM_NEWLINK && ++count->answers == count->fail_at ? -EDOM : 0;
}

static void answer(int fd, int type, int flags, int number)
{
    struct {
        struct nlmsghdr header;
        int number;
    } message = {{.nlmsg_len = sizeof(message),
                  .nlmsg_type = (uint16_t) type,
                  .nlmsg_flags = (uint16_t) flags},
                 number};

    if (send(fd, &message, sizeof(message), 0) < 0)
        tap_ok(false, "the fake kernel sends its answer");
}

/* Sends a request after answers of the `types`, ending with 0, with `number` have been queued. */
static int ask(const int *types, int flags, int number, struct count *count)
{
    struct sys_netlink_request request;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
        return -errno;
    for (; *types != 0; types++)
        answer(pair[1], *types, flags, number);
    sys_netlink_begin(&request, RTM_GETLINK, 0, &header, sizeof(header));
    int result = sys_netlink_ask(pair[0], &request, count_answer, count);
    bool is_empty = recv(pair[0], &request, sizeof(request), MSG_DONTWAIT) < 0;
    close(pair[0]);
    close(pair[1]);
    return is_empty ? result : -EILSEQ;
}

static void test_answers(void)
{
    static const int three[] = {RTM_NEWLINK, RTM_NEWLINK, RTM_NEWLINK, NLMSG_DONE, 0};
    static const int ack[] = {NLMSG_ERROR, 0};
    struct count count = {0};

    tap_ok(ask(three, NLM_F_MULTI, 0, &count) == 0 && count.answers == 3,
           "a list of answers is read to its end");
    tap_ok(ask(ack, 0, -ENODEV, &count) == -ENODEV, "an error ends the exchange");
    tap_ok(ask(ack, 0, 0, &count) == 0, "an acknowledgement ends the exchange");
    tap_ok(ask(ack, 0, 5, &count) == -EPROTO,
           "an error message with a positive number is malformed");
    count = (struct count){.fail_at = 2};
    tap_ok(ask(three, NLM_F_MULTI, 0, &count) == -EDOM && count.answers == 2,
           "after a reader has failed, the other messages are received and dropped");
    count = (struct count){0};
    tap_ok(ask(three, NLM_F_MULTI | NLM_F_DUMP_INTR, 0, &count) == -EAGAIN && count.answers == 0,
           "a list that has changed meanwhile is reported");
}

/* Sends a datagram of `count` messages, each one byte longer than its header. The last one is
 * padded only if `padded`. */
static void send_small(int fd, size_t count, bool padded)
{
    struct small {
        struct nlmsghdr header;
        char value[NLMSG_ALIGNTO];
    } messages[8] = {0};

    for (size_t i = 0; i < count; i++)
        messages[i].header =
            (struct nlmsghdr){.nlmsg_len = sizeof(struct nlmsghdr) + 1, .nlmsg_type = RTM_NEWLINK};
    size_t size = count * sizeof(struct small) - (padded ? 0 : NLMSG_ALIGNTO - 1);
    tap_ok(send(fd, messages, size, 0) == (ssize_t) size, "a datagram of %zu bytes is sent", size);
}

/* The second datagram is shorter than the first: the rest of the first must not be read again. */
static void test_unpadded(void)
{
    struct sys_netlink_request request;
    struct count count = {0};
    int pair[2];

    if (!tap_ok(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0, "a pair of sockets is created"))
        return;
    send_small(pair[1], 3, true);
    send_small(pair[1], 2, false);
    answer(pair[1], NLMSG_ERROR, 0, 0);
    sys_netlink_begin(&request, RTM_GETLINK, 0, &header, sizeof(header));
    int result = sys_netlink_ask(pair[0], &request, count_answer, &count);
    tap_ok(result == 0 && count.answers == 5, "a last message without padding is read: %d answers",
           count.answers);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    alarm(240);
    test_attributes();
    test_too_long();
    test_lies();
    test_answers();
    test_unpadded();
    return tap_end();
}
