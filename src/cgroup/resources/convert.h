/* SPDX-License-Identifier: Apache-2.0 */
/* Converts values of linux.resources to the format of the cgroup files (cgroup-v1/,
 * cgroup-v2.rst of the kernel). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct cgroup_place;
struct error;
struct spec_resources;

/* The value to convert, and its context. */
struct cgroup_input {
    struct arena *arena;
    const struct spec_resources *resources;
    const struct cgroup_place *place;
    const char *field; /* below linux.resources, for errors */
    int64_t number;
    bool is_unsigned;
    const char *string;
    const void *item; /* item of a list */
    const char *file; /* file of the table row; a converter may change it */
    struct error *error;
};

/* Returns the text to write; NULL for nothing to write, or after an error. */
typedef const char *cgroup_convert(struct cgroup_input *value);

cgroup_convert cgroup_plain;  /* the number or string as it is */
cgroup_convert cgroup_or_max; /* "max" for a negative number */
cgroup_convert cgroup_shares; /* cpu.shares as cpu.weight */
cgroup_convert cgroup_swap;   /* memory and swap together, minus memory */
cgroup_convert cgroup_quota;  /* "QUOTA PERIOD", or only the quota */
cgroup_convert cgroup_period; /* the period with the current quota, unless the quota is set too */
/* like or_max; fails if checkBeforeUpdate is set and more is in use */
cgroup_convert cgroup_checked_limit;
cgroup_convert cgroup_checked_limit_v1;
cgroup_convert cgroup_io_weight; /* converts 10..1000 to 1..10000 */
cgroup_convert cgroup_bfq_weight;
cgroup_convert cgroup_device_weight;
cgroup_convert cgroup_device_io_weight;
cgroup_convert cgroup_device_leaf_weight;
cgroup_convert cgroup_device_rate;
cgroup_convert cgroup_device_iops;
cgroup_convert cgroup_device_rbps;
cgroup_convert cgroup_device_wbps;
cgroup_convert cgroup_device_riops;
cgroup_convert cgroup_device_wiops;
cgroup_convert cgroup_hugepages;
cgroup_convert cgroup_interface;
cgroup_convert cgroup_rdma;
