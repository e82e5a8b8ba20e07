/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "berth/base/arena.h"
#include "berth/base/clock.h"
#include "berth/base/error.h"

static int wait_for(int fd, short events, int64_t end_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};

    for (;;) {
        int64_t left = end_ms < 0 ? -1 : end_ms - clock_now_ms();
        int count = end_ms >= 0 && left <= 0 ? 0 : poll(&poll_fd, 1, (int) left);

        if (count > 0)
            return 0;
        if (count == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

static int send_bytes(int fd, const void *bytes, size_t size, int64_t end_ms)
{
    for (size_t done = 0; done < size;) {
        TRY(wait_for(fd, POLLOUT, end_ms));
        ssize_t count =
            send(fd, (const char *) bytes + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0)
            done += (size_t) count;
        else if (count < 0 && errno != EINTR && errno != EAGAIN)
            return -errno;
    }
    return 0;
}

static int receive_bytes(int fd, void *bytes, size_t size, int64_t end_ms)
{
    for (size_t done = 0; done < size;) {
        TRY(wait_for(fd, POLLIN, end_ms));
        ssize_t count = recv(fd, (char *) bytes + done, size - done, MSG_DONTWAIT);
        if (count == 0)
            return -ECONNRESET;
        if (count > 0)
            done += (size_t) count;
        else if (errno != EINTR && errno != EAGAIN)
            return -errno;
    }
    return 0;
}

int wire_send(int fd, const struct text_list *words, int64_t end_ms)
{
    AUTO_ARENA arena = {0};
    struct text bytes = {.arena = &arena};
    uint32_t size = 0;

    text_add_bytes(&bytes, &size, sizeof(size));
    for (size_t i = 0; i < words->count; i++)
        text_add_bytes(&bytes, words->item[i], strlen(words->item[i]) + 1);
    if (bytes.size - sizeof(size) > WIRE_MAX_BYTES)
        return -EMSGSIZE;
    size = (uint32_t) (bytes.size - sizeof(size));
    memcpy(bytes.bytes, &size, sizeof(size));
    return send_bytes(fd, bytes.bytes, bytes.size, end_ms);
}

int wire_receive(int fd, struct arena *arena, int64_t end_ms, struct text_list *ret_words)
{
    struct text_list words = {.arena = arena};
    uint32_t size;

    TRY(receive_bytes(fd, &size, sizeof(size), end_ms));
    if (size == 0 || size > WIRE_MAX_BYTES)
        return -EBADMSG;
    char *bytes = arena_alloc(arena, size);
    TRY(receive_bytes(fd, bytes, size, end_ms));
    if (bytes[size - 1] != '\0')
        return -EBADMSG;
    for (size_t at = 0; at < size; at += strlen(bytes + at) + 1)
        text_list_add(&words, bytes + at);
    *ret_words = words;
    return 0;
}
