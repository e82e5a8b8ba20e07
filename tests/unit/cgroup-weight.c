/* SPDX-License-Identifier: Apache-2.0 */
/* Converts every value of cpu.shares to cpu.weight, and compares it with the result of the math
 * library. */
#include <math.h>

#include "berth/cgroup/setting.h"
#include "tap.h"

int main(void)
{
    unsigned wrong = 0;

    for (unsigned shares = 3; shares < 262144; shares++) {
        double l = log2(shares);
        unsigned expected = (unsigned) ceil(pow(10, (l * l + 125 * l) / 612 - 7.0 / 34.0));

        if (cgroup_weight_of_shares(shares) != expected && ++wrong < 5)
            printf("# %u: expected %u, got %u\n", shares, expected,
                   cgroup_weight_of_shares(shares));
    }
    tap_ok(wrong == 0, "every number of shares gives the expected weight");
    tap_ok(cgroup_weight_of_shares(1024) == 100, "the default shares give the default weight");
    tap_ok(cgroup_weight_of_shares(2) == 1 && cgroup_weight_of_shares(0) == 1,
           "the lowest shares give the lowest weight");
    tap_ok(cgroup_weight_of_shares(262144) == 10000 && cgroup_weight_of_shares(1u << 31) == 10000,
           "the highest shares give the highest weight");
    return tap_end();
}
