/* SPDX-License-Identifier: Apache-2.0 */
/* Compares clock_print_utc with gmtime_r(3) for every day of more than 400 years. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "berth/base/clock.h"
#include "tap.h"

#define DAY_S 86400
#define DAYS 300000 /* until 2791 */

static bool agrees(int64_t time)
{
    const time_t seconds = (time_t) time;
    char expected[CLOCK_UTC_SIZE], text[CLOCK_UTC_SIZE];
    struct tm date;

    gmtime_r(&seconds, &date);
    strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &date);
    clock_print_utc(time, text);
    if (strcmp(expected, text) == 0)
        return true;
    printf("# expected %s, got %s\n", expected, text);
    return false;
}

int main(void)
{
    bool good = true;

    /* Use a different time of day for each. */
    for (int64_t day = 0; good && day < DAYS; day++)
        good = agrees(day * DAY_S + day * 7919 % DAY_S);
    tap_ok(good, "every day from 1970 on is that of gmtime_r");
    tap_ok(agrees(951782399) && agrees(951868799) && agrees(4107542399),
           "the last seconds of February in 2000 and 2100");
    return tap_end();
}
