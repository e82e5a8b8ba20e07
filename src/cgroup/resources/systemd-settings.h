/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a cgroup as properties of systemd's unit for it. */
#pragma once

#include "compile.h"
#include "systemd/properties.h"

/* Changes what systemd has no property for into the next best that the files can hold, too: no
 * limit of 0 tasks but of 1, which also allows the container's process and no other. */
void cgroup_suit_systemd(struct cgroup_writes *writes);

/* Adds what the writes, which have been carried out, are to a unit, as far as systemd of `version`
 * knows it. */
void cgroup_add_settings(struct cgroup_properties *properties, const struct cgroup_writes *writes,
                         unsigned version);
