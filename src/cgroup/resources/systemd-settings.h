/* SPDX-License-Identifier: Apache-2.0 */
/* Converts settings of a cgroup to properties of its systemd unit. */
#pragma once

#include "compile.h"
#include "systemd/properties.h"

/* Replaces settings that systemd cannot express with the closest one, for the files too: a limit
 * of 0 tasks becomes 1, which also allows only the container's process. */
void cgroup_suit_systemd(struct cgroup_writes *writes);

/* Adds the unit's properties for the writes, which have been carried out, as far as systemd of
 * `version` supports them. */
void cgroup_add_settings(struct cgroup_properties *properties, const struct cgroup_writes *writes,
                         unsigned version);
