/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources as writes to files. One table in setting.c describes every setting: its property,
 * its controller, its file on v1 and on v2 and how the value is written there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct cgroup;
struct cgroup_device_program;
struct cgroup_place;
struct error;
struct spec_resources;

struct cgroup_write {
    const char *field; /* below linux.resources: "memory.limit" */
    const struct cgroup_place *place;
    const char *file; /* "memory.limit_in_bytes" */
    const char *text;
    const struct cgroup_device_program *program; /* to be attached to the v2 cgroup; then no file and no text */
    int forgiven; /* this errno is as good as success: what is asked for is so already; 0: none */
};

struct cgroup_writes {
    struct cgroup_write *item;
    size_t count;
};

/* Compiles resources into writes, in an order in which limits can be set one after the other. A
 * property whose controller the container has no cgroup for is an error that names both. Returns 0
 * or a negative errno. */
int cgroup_compile(struct arena *arena, const struct cgroup *cgroup,
                   const struct spec_resources *resources, struct cgroup_writes *ret_writes,
                   struct error *error);

/* Carries the writes out. Returns 0 or a negative errno. */
int cgroup_write(const struct cgroup_writes *writes, struct error *error);

/* The file that a property of linux.resources ("memory.limit") is written to on v2 or v1, NULL: none
 * there. */
const char *cgroup_file_of_setting(const char *field, bool v2);

/* cpu.shares (2 to 262144, 1024 by default) as cpu.weight (1 to 10000, 100 by default): a curve
 * that keeps both defaults and both ends, 10^((log2(shares)^2 + 125 log2(shares)) / 612 - 7/34)
 * rounded up. */
unsigned cgroup_weight_of_shares(unsigned long long shares);
