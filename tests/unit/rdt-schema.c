/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the content of a schemata file with what a config requests. */
#include "schema.h"
#include "tap.h"

/* As the kernel prints it. */
#define CURRENT "    MB:0= 70;1=100\n    L3:0=07f0;1=001f\nL3CODE:0=ff\n"

static const struct {
    const char *wanted;
    bool expected;
} cases[] = {
    {"L3:0=7f0;1=1f", true},
    {"L3:1=1F;0=007f0", true},
    {"L3:1=1f", true},
    {"L3:1=1f;", true},
    {" L3 : 0 = 7f0 ", true},
    {"MB:0=70", true},
    {"MB:00=070;1=100\n", true},
    {"L3CODE:0=ff\nL3:0=7f0", true},
    {"", true},
    {"L3:0=7f", false},
    {"L3:0=7f00", false},
    {"L3:2=1f", false},
    {"L3:0", false},
    {"L3:0=", false},
    {"L2:0=ff", false},
    {"L3DATA:0=ff", false},
    {"MB:0=100", false},
    {"L3:0=7f0\nMB:1=70", false},
    {"nonsense", false},
};

int main(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        tap_ok(schema_is_in(cases[i].wanted, CURRENT) == cases[i].expected, "\"%s\" is%s there",
               cases[i].wanted, cases[i].expected ? "" : " not");
    tap_ok(!schema_is_in("L3:0=1", ""), "an empty schemata file has no schema");
    return tap_end();
}
