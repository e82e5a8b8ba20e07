/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about devices: devices.c takes them from the config, v1 has them as text, v2 as a
 * program. */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct spec_resources;

#define CGROUP_DEVICE_ANY (-1)
#define CGROUP_DEVICE_ALL (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)

struct cgroup_device_rule {
    const char *field; /* below linux.resources: "devices[2]" */
    bool allow;
    char type;     /* b, c or a for both */
    int64_t major; /* or CGROUP_DEVICE_ANY */
    int64_t minor;
    unsigned access;     /* BPF_DEVCG_ACC_* */
    bool may_be_refused; /* as in struct cgroup_write */
};

/* A rule that denies every device, the config's rules in its order, and then the default ones,
 * where the kernel refuses what the cgroup above lacks. So a device that no rule allows is denied,
 * with no rules in the config as well. */
struct cgroup_device_rule *cgroup_take_device_rules(struct arena *arena,
                                                    const struct spec_resources *resources,
                                                    size_t *ret_count);

struct cgroup_device_program {
    const struct bpf_insn *instructions;
    size_t count;
};

/* Compiles the rules, of which a later one overrules those before it, into a program of type
 * BPF_PROG_TYPE_CGROUP_DEVICE. What no rule is about is allowed, as in a new cgroup of v1: the
 * programs of the cgroups above decide. */
struct cgroup_device_program
cgroup_device_compile(struct arena *arena, const struct cgroup_device_rule *rules, size_t n_rules);
