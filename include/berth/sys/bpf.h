/* SPDX-License-Identifier: Apache-2.0 */
/* Programs in the kernel that decide about devices: bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE. */
#pragma once

#include <stddef.h>

struct bpf_insn;

/* Loads a program that is asked for every access to a device and returns 1 to allow it. Returns a
 * descriptor or a negative errno: -EPERM without CAP_BPF, -EINVAL or -ENOSYS from a kernel without
 * such programs. */
int sys_bpf_load_devices(const struct bpf_insn *program, size_t n_instructions);

/* Has the cgroup v2 directory `cgroup` ask the program, in place of one that was attached to it by
 * this function before, and beside those that others have attached to it and to the cgroups above.
 * There is no moment without either. Returns 1 when there was one, 0, or a negative errno. */
int sys_bpf_attach_devices(int cgroup, int program);

/* Takes it off. Returns 0 or a negative errno: -ENOENT when there is none. */
int sys_bpf_detach_devices(int cgroup);
