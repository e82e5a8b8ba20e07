/* SPDX-License-Identifier: Apache-2.0 */
/* Device filters of a cgroup v2 directory: bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE. */
#pragma once

#include <stddef.h>

struct bpf_insn;

/* Loads a program that the kernel runs for every access to a device; it returns 1 to allow the
 * access. Returns a descriptor or a negative errno: -EPERM without CAP_BPF, -EINVAL or -ENOSYS if
 * the kernel does not support such programs. */
int sys_bpf_load_devices(const struct bpf_insn *program, size_t n_instructions);

/* Attaches `program` to the cgroup v2 directory `cgroup`. Replaces atomically a program that this
 * function attached before; programs that others attached to the cgroup or its ancestors stay.
 * Returns 1 if a program was replaced, 0 if not, or a negative errno. */
int sys_bpf_attach_devices(int cgroup, int program);

/* Detaches the program that sys_bpf_attach_devices attached. Returns 0 or a negative errno: -ENOENT
 * if there is none. */
int sys_bpf_detach_devices(int cgroup);
