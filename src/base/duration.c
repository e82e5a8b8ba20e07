/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/duration.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/text.h"

static const struct unit {
    const char *name;
    int64_t ns;
} units[] = {
    {"ns", 1},
    {"us", 1000},
    {"\xc2\xb5s", 1000}, /* U+00B5, the micro sign */
    {"\xce\xbcs", 1000}, /* U+03BC, the Greek letter mu */
    {"ms", 1000LL * 1000},
    {"s", 1000LL * 1000 * 1000},
    {"m", 60LL * 1000 * 1000 * 1000},
    {"h", 3600LL * 1000 * 1000 * 1000},
};

static const struct unit *find_unit(const char *at, size_t length)
{
    for (size_t i = 0; i < COUNT(units); i++)
        if (strlen(units[i].name) == length && memcmp(units[i].name, at, length) == 0)
            return &units[i];
    return NULL;
}

/* Parses the integer part of a number and multiplies it by the unit. */
static int read_whole(const char *digits, size_t count, int64_t unit, int64_t *ret_ns)
{
    int64_t ns = 0;

    for (size_t i = 0; i < count; i++) {
        if (__builtin_mul_overflow(ns, 10, &ns) || __builtin_add_overflow(ns, digits[i] - '0', &ns))
            return -ERANGE;
    }
    return __builtin_mul_overflow(ns, unit, ret_ns) ? -ERANGE : 0;
}

/* Parses the digits after the point, from the last one back: truncating at each step gives the same
 * result as truncating once. */
static int64_t read_fraction(const char *digits, size_t count, int64_t unit)
{
    int64_t ns = 0;

    while (count-- > 0)
        ns = ((digits[count] - '0') * unit + ns) / 10;
    return ns;
}

/* Parses one number with its unit and moves *at past it. */
static int read_part(const char **at, int64_t *ret_ns)
{
    static const char digits[] = "0123456789";
    const char *whole = *at;
    size_t n_whole = strspn(whole, digits);
    const char *fraction = whole + n_whole + (whole[n_whole] == '.');
    size_t n_fraction = whole[n_whole] == '.' ? strspn(fraction, digits) : 0;
    const char *name = fraction + n_fraction;
    size_t length = strcspn(name, "0123456789.");
    const struct unit *unit = find_unit(name, length);
    int64_t ns;

    if (n_whole + n_fraction == 0 || unit == NULL)
        return -EINVAL;
    TRY(read_whole(whole, n_whole, unit->ns, &ns));
    if (__builtin_add_overflow(ns, read_fraction(fraction, n_fraction, unit->ns), ret_ns))
        return -ERANGE;
    *at = name + length;
    return 0;
}

int duration_to_ns(const char *string, int64_t *ret_ns)
{
    bool negative = string[0] == '-';
    const char *at = string + (string[0] == '-' || string[0] == '+');
    int64_t sum = 0;

    if (text_equal(at, "0")) {
        *ret_ns = 0;
        return 0;
    }
    do {
        int64_t part;

        TRY(read_part(&at, &part));
        if (__builtin_add_overflow(sum, part, &sum))
            return -ERANGE;
    } while (*at != '\0');
    *ret_ns = negative ? -sum : sum;
    return 0;
}
