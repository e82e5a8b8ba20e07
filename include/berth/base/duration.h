/* SPDX-License-Identifier: Apache-2.0 */
/* Durations in the format of Go's time.ParseDuration, which callers of runc use. */
#pragma once

#include <stdint.h>

/* Parses a whole string as a duration: numbers with units, such as "1m30s", "1.5h" or "-500ms", or
 * "0". Units are ns, us, µs (U+00B5 or U+03BC), ms, s, m and h. Fractions of a nanosecond are
 * truncated. Returns 0, -EINVAL or -ERANGE. */
int duration_to_ns(const char *string, int64_t *ret_ns);
