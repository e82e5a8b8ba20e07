/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    char *t = to;
    const char *f = from;

    while (size-- > 0)
        *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    char *t = to;
    const char *f = from;

    if ((uintptr_t) to <= (uintptr_t) from)
        while (size-- > 0)
            *t++ = *f++;
    else
        while (size-- > 0)
            t[size] = f[size];
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    char *t = to;

    while (size-- > 0)
        *t++ = (char) byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *x = a, *y = b;

    for (; size > 0; x++, y++, size--)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strlen(const char *text)
{
    const char *end = text;

    while (*end != '\0')
        end++;
    return (size_t) (end - text);
}

char *strchr(const char *text, int c)
{
    for (;; text++) {
        if (*text == (char) c)
            return (char *) (uintptr_t) text;
        if (*text == '\0')
            return NULL;
    }
}

bool init_equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b)
        a++, b++;
    return *a == *b;
}

bool init_begins(const char *text, const char *prefix)
{
    while (*prefix != '\0' && *text == *prefix)
        text++, prefix++;
    return *prefix == '\0';
}

int init_parse_u32(const char *text, size_t size, uint32_t *ret_number)
{
    uint64_t number = 0;

    if (size == 0 || size > 10)
        return -EINVAL;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
        number = number * 10 + (uint64_t) (text[i] - '0');
    }
    if (number > UINT32_MAX)
        return -EINVAL;
    *ret_number = (uint32_t) number;
    return 0;
}

/* Not every architecture can divide, or divide 64 bits, without a library: multiplies by 2^35 /
 * 10, rounded up. */
static uint32_t tenth_of(uint32_t number)
{
    return (uint32_t) ((uint64_t) number * 0xcccccccdU >> 35);
}

/* Removes the last digit and returns it. */
static char pop_digit(uint64_t *number)
{
    const uint32_t high = (uint32_t) (*number >> 32), low = (uint32_t) *number;
    const uint32_t middle = (high - 10 * tenth_of(high)) << 16 | low >> 16;
    const uint32_t last = (middle - 10 * tenth_of(middle)) << 16 | (low & 0xffff);

    *number = (uint64_t) tenth_of(high) << 32 | (uint64_t) tenth_of(middle) << 16 | tenth_of(last);
    return (char) ('0' + (last - 10 * tenth_of(last)));
}

void init_print(char *to, const char *prefix, uint64_t number)
{
    char digits[20];
    size_t n = 0;

    while (*prefix != '\0')
        *to++ = *prefix++;
    do {
        digits[n++] = pop_digit(&number);
    } while (number > 0);
    while (n > 0)
        *to++ = digits[--n];
    *to = '\0';
}

void *init_allocate(size_t size)
{
    long address = sys_mmap(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

    return address < 0 && address > -4096 ? NULL : (void *) address;
}
