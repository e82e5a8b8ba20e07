/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/clock.h"

#include <stdio.h>

#define DAY_S 86400
#define DAYS_BEFORE_1970 719468 /* days from 1 March of the year 0 */
#define ERA_DAYS 146097         /* 400 years: the calendar then repeats */

/* Counts years from March, so that a leap day is the last day of its year. */
static void date_of(int64_t day, long *ret_year, int *ret_month, int *ret_day)
{
    const int64_t since = day + DAYS_BEFORE_1970;
    const int64_t era = since / ERA_DAYS;
    const long of_era = (long) (since % ERA_DAYS);
    const long year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int of_year = (int) (of_era - (365 * year + year / 4 - year / 100));
    const int month = (5 * of_year + 2) / 153; /* five months have 153 days */

    *ret_day = of_year - (153 * month + 2) / 5 + 1;
    *ret_month = month < 10 ? month + 3 : month - 9;
    *ret_year = year + (long) era * 400 + (*ret_month <= 2);
}

void clock_print_utc(int64_t time, char ret_text[static CLOCK_UTC_SIZE])
{
    const int second = (int) (time % DAY_S);
    long year;
    int month, day;

    date_of(time / DAY_S, &year, &month, &day);
    snprintf(ret_text, CLOCK_UTC_SIZE, "%04ld-%02d-%02dT%02d:%02d:%02d", year, month, day,
             second / 3600, second / 60 % 60, second % 60);
}
