/* SPDX-License-Identifier: Apache-2.0 */
/* The Test Anything Protocol, as meson reads it: call tap_ok for every check, and tap_end at the
 * end of main. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count;
static int tap_failed;

/* One check; the rest is its name, as for printf(3). Returns `good`. */
__attribute__((format(printf, 2, 3))) static inline bool tap_ok(bool good, const char *format, ...)
{
    char name[4096];
    va_list values;

    tap_count++;
    tap_failed += !good;
    va_start(values, format);
    vsnprintf(name, sizeof(name), format, values);
    va_end(values);
    /* A name is one line, and meson copies it into XML, which has no control characters. */
    for (char *byte = name; *byte != '\0'; byte++)
        if ((unsigned char) *byte < ' ')
            *byte = ' ';
    printf("%s %d - %s\n", good ? "ok" : "not ok", tap_count, name);
    return good;
}

/* Checks that both texts are equal, and prints both if not. NULL is printed as (null). */
static inline bool tap_text(const char *got, const char *expected, const char *name)
{
    bool good = got == expected || (got != NULL && expected != NULL && strcmp(got, expected) == 0);

    tap_ok(good, "%s", name);
    if (!good)
        printf("# expected: %s\n#      got: %s\n", expected ? expected : "(null)",
               got ? got : "(null)");
    return good;
}

/* Returns the exit status for main. */
static inline int tap_end(void)
{
    printf("1..%d\n", tap_count);
    return tap_failed == 0 ? 0 : 1;
}
