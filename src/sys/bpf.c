/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/bpf.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"

#define NAME "berth_devices"
#define MAX_PROGRAMS 64 /* BPF_CGROUP_MAX_PROGS, the kernel's limit per cgroup */

/* The kernel rejects non-zero bytes after the fields of a command. An initializer need not zero the
 * rest of a union, so use memset. */
static void clear(union bpf_attr *attr)
{
    memset(attr, 0, sizeof(*attr));
}

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
    long result = syscall(SYS_bpf, command, attr, sizeof(*attr));

    return result < 0 ? -errno : (int) result;
}

int sys_bpf_load_devices(const struct bpf_insn *program, size_t n_instructions)
{
    union bpf_attr attr;

    clear(&attr);
    attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attr.insns = (uintptr_t) program;
    attr.insn_cnt = (uint32_t) n_instructions;
    attr.license = (uintptr_t) "Apache-2.0";
    strcpy(attr.prog_name, NAME);
    return bpf(BPF_PROG_LOAD, &attr);
}

/* Returns a descriptor, or -1 if berth did not load the program or it is gone. */
static int open_if_own(uint32_t id)
{
    struct bpf_prog_info info = {0};
    union bpf_attr attr;

    clear(&attr);
    attr.prog_id = id;
    AUTO_FD fd = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
    if (fd < 0)
        return -1;
    clear(&attr);
    attr.info.bpf_fd = (uint32_t) fd;
    attr.info.info_len = sizeof(info);
    attr.info.info = (uintptr_t) &info;
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0 || !text_equal(info.name, NAME))
        return -1;
    return fd_take(&fd);
}

/* Returns a descriptor of the program to replace, or -1. */
static int open_former(int cgroup)
{
    uint32_t ids[MAX_PROGRAMS];
    union bpf_attr attr;
    int fd = -1;

    clear(&attr);
    attr.query.target_fd = (uint32_t) cgroup;
    attr.query.attach_type = BPF_CGROUP_DEVICE;
    attr.query.prog_ids = (uintptr_t) ids;
    attr.query.prog_cnt = MAX_PROGRAMS;
    if (bpf(BPF_PROG_QUERY, &attr) < 0)
        return -1;
    for (uint32_t i = 0; i < attr.query.prog_cnt && fd < 0; i++)
        fd = open_if_own(ids[i]);
    return fd;
}

int sys_bpf_attach_devices(int cgroup, int program)
{
    AUTO_FD former = open_former(cgroup);
    union bpf_attr attr;

    clear(&attr);
    attr.target_fd = (uint32_t) cgroup;
    attr.attach_bpf_fd = (uint32_t) program;
    attr.attach_type = BPF_CGROUP_DEVICE;
    attr.attach_flags = BPF_F_ALLOW_MULTI | (former >= 0 ? BPF_F_REPLACE : 0);
    attr.replace_bpf_fd = former >= 0 ? (uint32_t) former : 0;
    TRY(bpf(BPF_PROG_ATTACH, &attr));
    return former >= 0 ? 1 : 0;
}

int sys_bpf_detach_devices(int cgroup)
{
    AUTO_FD program = open_former(cgroup);
    union bpf_attr attr;

    clear(&attr);
    attr.target_fd = (uint32_t) cgroup;
    attr.attach_bpf_fd = (uint32_t) program;
    attr.attach_type = BPF_CGROUP_DEVICE;
    return program < 0 ? -ENOENT : bpf(BPF_PROG_DETACH, &attr);
}
