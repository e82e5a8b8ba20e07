/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a cgroup as properties of systemd's unit for it. */
#pragma once

#include "compile.h"
#include "systemd-properties.h"

/* Adds what the writes, which have been carried out, are to a unit, as far as systemd of `version`
 * knows it. */
void cgroup_add_settings(struct cgroup_properties *properties, const struct cgroup_writes *writes,
                         unsigned version);
