/* SPDX-License-Identifier: Apache-2.0 */
/* How values of linux.resources are written to the files of cgroups (cgroup-v1/, cgroup-v2.rst of
 * the kernel). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct cgroup_place;
struct error;
struct spec_resources;

/* A value on its way to a file. */
struct cgroup_input {
    struct arena *arena;
    const struct spec_resources *resources;
    const struct cgroup_place *place;
    const char *field; /* below linux.resources, for errors */
    int64_t number;
    bool is_unsigned;
    const char *string;
    const void *item; /* of a list */
    const char *file; /* the row's; a converter may say it more exactly */
    struct error *error;
};

/* Returns the text to be written; NULL for nothing, or after an error. */
typedef const char *cgroup_convert(struct cgroup_input *value);

cgroup_convert cgroup_plain;  /* the number or string */
cgroup_convert cgroup_or_max; /* "max" for what is below 0 */
cgroup_convert cgroup_shares; /* cpu.shares as cpu.weight */
cgroup_convert cgroup_swap;   /* memory and swap together: less memory */
cgroup_convert cgroup_quota;  /* "QUOTA PERIOD", or the quota alone */
cgroup_convert cgroup_period; /* the period with the quota that there is, unless that is set too */
cgroup_convert cgroup_checked_limit; /* or_max; fails when checkBeforeUpdate finds more in use */
cgroup_convert cgroup_checked_limit_v1;
cgroup_convert cgroup_io_weight; /* 10 to 1000 as 1 to 10000 */
cgroup_convert cgroup_bfq_weight;
cgroup_convert cgroup_device_weight;
cgroup_convert cgroup_device_io_weight;
cgroup_convert cgroup_device_leaf_weight;
cgroup_convert cgroup_device_rate;
cgroup_convert cgroup_device_rbps;
cgroup_convert cgroup_device_wbps;
cgroup_convert cgroup_device_riops;
cgroup_convert cgroup_device_wiops;
cgroup_convert cgroup_hugepages;
cgroup_convert cgroup_interface;
cgroup_convert cgroup_rdma;
