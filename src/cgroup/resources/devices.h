/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules: devices.c reads them from the config; v1 takes them as text, v2 as a BPF
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
    char type;     /* 'b', 'c', or 'a' for both */
    int64_t major; /* or CGROUP_DEVICE_ANY */
    int64_t minor;
    unsigned access;     /* BPF_DEVCG_ACC_* */
    bool may_be_refused; /* as in struct cgroup_write */
};

/* Returns the device rules: one that denies every device, the config's rules in order, and the
 * default rules, which the kernel may refuse if the parent cgroup lacks them. A device that no
 * rule allows is denied, even if the config has no rules. */
struct cgroup_device_rule *cgroup_compile_device_rules(struct arena *arena,
                                                       const struct spec_resources *resources,
                                                       size_t *ret_count);

struct cgroup_device_program {
    const struct bpf_insn *instructions;
    size_t count;
};

/* Compiles the rules to a program of type BPF_PROG_TYPE_CGROUP_DEVICE. A later rule overrides
 * earlier ones. Devices without a rule are allowed, as in a new v1 cgroup: the programs of the
 * parent cgroups decide. */
struct cgroup_device_program
cgroup_device_compile(struct arena *arena, const struct cgroup_device_rule *rules, size_t n_rules);
