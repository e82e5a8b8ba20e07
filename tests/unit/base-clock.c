/* SPDX-License-Identifier: Apache-2.0 */
/* Compares clock_print_utc with gmtime_r(3) for every day of more than 400 years, and reads a file
 * of a time that 32 bits cannot hold. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/clock.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "tap.h"

#define DAY_S 86400
#define DAYS 300000             /* until 2791 */
#define LATE (INT64_C(1) << 32) /* in 2106 */

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

static void test_late_file(void)
{
    const struct timespec times[2] = {{.tv_sec = LATE}, {.tv_sec = LATE}};
    AUTO_ARENA arena = {0};
    AUTO_FD file = memfd_create("late", MFD_CLOEXEC);
    char path[sizeof("/proc/self/fd/") + 10];
    char *bytes = NULL;
    size_t size = 0;
    struct stat info = {0};

    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    tap_ok(write(file, "text", 4) == 4 && futimens(file, times) == 0 && fstat(file, &info) == 0 &&
               info.st_mtime == LATE,
           "a file can be of %lld", (long long) LATE);
    tap_ok(file_read(&arena, AT_FDCWD, path, &bytes, &size) == 0 && size == 4,
           "a file from after 2038 can be read");
}

int main(void)
{
    bool good = true;

    /* Use a different time of day for each. */
    for (int64_t day = 0; good && day < DAYS; day++)
        good = agrees(day * DAY_S + day * 7919 % DAY_S);
    tap_ok(good, "every day from 1970 on is the date that gmtime_r(3) gives");
    tap_ok(agrees(951782399) && agrees(951868799) && agrees(4107542399),
           "the last seconds of February in 2000 and 2100 have the right date");
    test_late_file();
    return tap_end();
}
