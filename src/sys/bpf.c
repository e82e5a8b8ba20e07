/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/bpf.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
    long result = syscall(SYS_bpf, command, attr, sizeof(*attr));

    return result < 0 ? -errno : (int) result;
}

int sys_bpf_load_devices(const struct bpf_insn *program, size_t n_instructions)
{
    union bpf_attr attr = {
        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
        .insns = (uintptr_t) program,
        .insn_cnt = (uint32_t) n_instructions,
        .license = (uintptr_t) "Apache-2.0",
        .prog_name = "berth_devices",
    };

    return bpf(BPF_PROG_LOAD, &attr);
}

int sys_bpf_attach_devices(int cgroup, int program)
{
    union bpf_attr attr = {
        .target_fd = (uint32_t) cgroup,
        .attach_bpf_fd = (uint32_t) program,
        .attach_type = BPF_CGROUP_DEVICE,
        .attach_flags = BPF_F_ALLOW_MULTI,
    };

    return bpf(BPF_PROG_ATTACH, &attr);
}
