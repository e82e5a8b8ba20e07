/* SPDX-License-Identifier: Apache-2.0 */
/* Time for deadlines and for log records. */
#pragma once

#include <stdint.h>
#include <time.h>

_Static_assert(sizeof(time_t) == 8, "meson.build asks the C library for times after 2038");

/* Returns CLOCK_MONOTONIC in milliseconds. */
static inline int64_t clock_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#define CLOCK_UTC_SIZE 64

/* Writes `time`, in seconds since 1970 and not negative, as "YYYY-MM-DDTHH:MM:SS" in UTC (RFC 3339
 * without the zone). Unlike gmtime_r(3) it does not read /etc/localtime. */
void clock_print_utc(int64_t time, char ret_text[static CLOCK_UTC_SIZE]);
