/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/filter.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/seccomp/seccomp.h"
#include "berth/sys/memfd.h"

#define BITS 6 /* per character of base64 (RFC 4648) */

/* Returns the number of bytes, or -EINVAL. `ret_bytes` must have room for three bytes per four
 * characters. */
static ssize_t decode(const char *base64, uint8_t *ret_bytes)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strcspn(base64, "=");
    size_t padding = strlen(base64 + length);
    ssize_t size = 0;
    uint32_t bits = 0;

    if ((length + padding) % 4 != 0 || padding > 2 || strspn(base64 + length, "=") != padding)
        return -EINVAL;
    for (size_t i = 0; i < length; i++) {
        const char *letter = strchr(letters, base64[i]);

        if (letter == NULL)
            return -EINVAL;
        bits = bits << BITS | (uint32_t) (letter - letters);
        /* The number of bits left over after the whole bytes is 6, 4, 2 or 0. */
        if (i % 4 > 0)
            ret_bytes[size++] = (uint8_t) (bits >> (BITS - 2 * (i % 4)));
    }
    return size;
}

int seccomp_decode_program(const char *base64, int *ret_memfd, struct error *error)
{
    AUTO_ARENA arena = {0};
    uint8_t *bytes = arena_alloc(&arena, strlen(base64) + 1);
    ssize_t size = decode(base64, bytes);

    if (size < 0)
        return error_set(error, EINVAL, "this is not base64");
    if (size == 0 || size % (ssize_t) sizeof(struct sock_filter) != 0 ||
        size > (ssize_t) (BPF_MAXINSNS * sizeof(struct sock_filter)))
        return error_set(error, EINVAL,
                         "%zd bytes are not a program of 1 to %d instructions of %zu bytes each",
                         size, BPF_MAXINSNS, sizeof(struct sock_filter));
    int fd = sys_memfd_sealed("seccomp", bytes, (size_t) size, false);
    if (fd < 0)
        return error_errno(error, -fd, "make a memfd");
    *ret_memfd = fd;
    return 0;
}
