/* SPDX-License-Identifier: Apache-2.0 */
/* Go's durations: the cases from its documentation, and what it rejects. */
#include "berth/base/duration.h"

#include <errno.h>
#include <inttypes.h>

#include "tap.h"

#define S INT64_C(1000000000)

static const struct {
    const char *text;
    int result;
    int64_t ns;
} cases[] = {
    {"0", 0, 0},
    {"0s", 0, 0},
    {"-0", 0, 0},
    {"5s", 0, 5 * S},
    {"+5s", 0, 5 * S},
    {"-5s", 0, -5 * S},
    {"500ms", 0, S / 2},
    {"1m30s", 0, 90 * S},
    {"30s1m", 0, 90 * S},
    {"1h15m30.918s", 0, 4530 * S + 918000000},
    {"1.5h", 0, 5400 * S},
    {".5s", 0, S / 2},
    {"1.s", 0, S},
    {"1ns", 0, 1},
    {"0.9ns", 0, 0},
    {"1us", 0, 1000},
    {"1\xc2\xb5s", 0, 1000},
    {"1\xce\xbcs", 0, 1000},
    {"0.3333333333333333333h", 0, 1200 * S - 1},
    {"0.000000000000000000000000000000001h", 0, 0},
    {"9223372036854775807ns", 0, INT64_MAX},
    {"9223372036854775808ns", -ERANGE, 0},
    {"9223372036.854775808s", -ERANGE, 0},
    {"2562048h", -ERANGE, 0},
    {"9223372036s2s", -ERANGE, 0},
    {"99999999999999999999s", -ERANGE, 0},
    {"", -EINVAL, 0},
    {"5", -EINVAL, 0},
    {"-", -EINVAL, 0},
    {"s", -EINVAL, 0},
    {".s", -EINVAL, 0},
    {"--5s", -EINVAL, 0},
    {"5 s", -EINVAL, 0},
    {" 5s", -EINVAL, 0},
    {"5s ", -EINVAL, 0},
    {"5S", -EINVAL, 0},
    {"5d", -EINVAL, 0},
    {"1m5", -EINVAL, 0},
    {"1..5s", -EINVAL, 0},
    {"1.5.5s", -EINVAL, 0},
    {"0x5s", -EINVAL, 0},
    {"1s-1s", -EINVAL, 0},
};

int main(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t ns = 0;
        int result = duration_to_ns(cases[i].text, &ns);

        tap_ok(result == cases[i].result && ns == cases[i].ns, "\"%s\": %d, %" PRId64,
               cases[i].text, result, ns);
    }
    return tap_end();
}
