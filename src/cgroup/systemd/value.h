/* SPDX-License-Identifier: Apache-2.0 */
/* Values in GVariant's text format, as far as annotations need it. */
#pragma once

#include "berth/base/text.h"

/* A value as D-Bus knows it: its signature and the words of struct bus_property. */
struct cgroup_value {
    const char *signature;
    struct text_list words;
};

/* Reads `text`. Returns NULL, or what was expected in its stead. */
const char *cgroup_read_value(struct arena *arena, const char *text,
                              struct cgroup_value *ret_value);
