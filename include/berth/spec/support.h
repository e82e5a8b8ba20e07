/* SPDX-License-Identifier: Apache-2.0 */
/* What the specification has and this version of the runtime does not carry out. */
#pragma once

#include "berth/spec/config.h"

struct error;

/* Looks for properties that are understood but not carried out. Adds a line for each to `error`,
 * which must come in empty: `linux.netDevices: this version of berth cannot set it`. Returns 0 or
 * -ENOTSUP. */
int spec_check_support(const struct spec_config *config, struct error *error);
