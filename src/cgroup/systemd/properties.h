/* SPDX-License-Identifier: Apache-2.0 */
/* Converts the config to properties of a systemd unit (org.freedesktop.systemd1(5)). */
#pragma once

#include <stddef.h>

#include "berth/bus/bus.h"

struct arena;
struct cgroup_device_rule;
struct error;
struct spec_pair;

struct cgroup_properties {
    struct arena *arena;
    struct bus_property *item;
    size_t count;
    size_t room;
};

void cgroup_add_property(struct cgroup_properties *properties, struct bus_property property);

/* Adds the properties of annotations named org.systemd.property.NAME. A value is in GVariant's
 * text format: true, 'text', "text", 7 (int32) or 0.5 (double), optionally after its type
 * (uint64 7, byte 0x1f), or an array of these (['a', 'b'], [uint64 1, 2], @as []). A NAME like
 * TimeoutStopSec takes seconds for the property TimeoutStopUSec. Returns 0 or -EINVAL. */
int cgroup_add_annotations(struct cgroup_properties *properties,
                           const struct spec_pair *annotations, size_t n_annotations,
                           struct error *error);

/*
 * Adds DevicePolicy and DeviceAllow for device rules. A later rule overrides earlier ones; devices
 * without a rule are allowed. `proc_devices` is the content of /proc/devices. An empty DeviceAllow
 * comes first, which clears the unit's list. The unit allows at least what the rules allow. Returns
 * NULL if it allows exactly that, else the first rule that an allow list cannot express: one that
 * denies part of what is allowed, or one for a major number without a unique name.
 */
const struct cgroup_device_rule *
cgroup_add_device_properties(struct cgroup_properties *properties,
                             const struct cgroup_device_rule *rules, size_t n_rules,
                             const char *proc_devices);
