/* SPDX-License-Identifier: Apache-2.0 */
/* Parses values in GVariant's text format, as far as annotations need it. */
#pragma once

#include "berth/base/text.h"

/* A D-Bus value: its signature, and the words of struct bus_property. */
struct cgroup_value {
    const char *signature;
    struct text_list words;
};

/* Parses `text`. Returns NULL, or a message that says what was expected. */
const char *cgroup_read_value(struct arena *arena, const char *text,
                              struct cgroup_value *ret_value);
