/* SPDX-License-Identifier: Apache-2.0 */
/* Does not use libm: loading it would cost every command more than all cgroup settings. */
#include "berth/cgroup/setting.h"

#define LN_2 0.693147180559945309417
#define LN_10 2.302585092994045684018

#define SHARES_MIN 2
#define SHARES_MAX 262144
#define WEIGHT_MIN 1
#define WEIGHT_MAX 10000

/* ln(m) = 2 artanh((m - 1) / (m + 1)) for the mantissa; number >= 1. */
static double log2_of(double number)
{
    double exponent = 0;

    while (number >= 2) {
        number /= 2;
        exponent++;
    }
    double z = (number - 1) / (number + 1);
    double power = z;
    double sum = 0;

    for (int i = 1; i < 40; i += 2) {
        sum += power / i;
        power *= z * z;
    }
    return exponent + 2 * sum / LN_2;
}

/* e^x = (e^(x/16))^16 */
static double power_of_ten(double exponent)
{
    double x = exponent * LN_10 / 16;
    double term = 1;
    double sum = 1;

    for (int i = 1; i < 24; i++) {
        term *= x / i;
        sum += term;
    }
    for (int i = 0; i < 4; i++)
        sum *= sum;
    return sum;
}

unsigned cgroup_weight_of_shares(unsigned long long shares)
{
    if (shares <= SHARES_MIN)
        return WEIGHT_MIN;
    if (shares >= SHARES_MAX)
        return WEIGHT_MAX;
    double l = log2_of((double) shares);
    double weight = power_of_ten((l * l + 125 * l) / 612 - 7.0 / 34.0);
    unsigned whole = (unsigned) weight;

    /* Rounding errors must not push a whole number to the next. */
    return weight - whole > 1e-9 ? whole + 1 : whole;
}
