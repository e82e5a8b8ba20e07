/* SPDX-License-Identifier: Apache-2.0 */
/* Times as callers of runc write them: Go's time.ParseDuration. */
#pragma once

#include <stdint.h>

/* Reads a whole string of numbers with units, "1m30s", "1.5h", "-500ms", or "0": units are ns, us,
 * µs (either way to write it), ms, s, m and h. What is below a nanosecond is cut off. Returns 0,
 * -EINVAL or -ERANGE. */
int duration_to_ns(const char *string, int64_t *ret_ns);
