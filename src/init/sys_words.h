/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls whose number, structs or arguments differ on 32-bit architectures, or on a single
 * one; see sys.h. On 32 bits this uses the variants with 64-bit sizes and times and 32-bit IDs;
 * those for times exist since Linux 5.1.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <asm/bitsperlong.h>
#include <asm/signal.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "berth/arch/arch.h"

struct sys_signal_action {
    void (*handler)(int);
    unsigned long flags;
#ifdef SA_RESTORER
    void (*restorer)(void);
#endif
    uint64_t mask;
};

/* The same on every architecture; older headers lack them. */
#define SYS_NR_LANDLOCK_CREATE_RULESET 444
#define SYS_NR_LANDLOCK_ADD_RULE 445
#define SYS_NR_LANDLOCK_RESTRICT_SELF 446

/* struct landlock_ruleset_attr, landlock_path_beneath_attr and landlock_net_port_attr of Linux
 * 6.12. An older kernel accepts members that it does not know if they are 0. */
struct sys_landlock_ruleset {
    uint64_t files, network, scopes;
};
struct sys_landlock_path {
    uint64_t access;
    int32_t fd;
} __attribute__((packed));
struct sys_landlock_port {
    uint64_t access, port;
};

#if __BITS_PER_LONG == 64

/* Names of structs. */
#define sys_stat stat
#define sys_statfs statfs

#define SYS_NR_SETRESUID __NR_setresuid
#define SYS_NR_SETRESGID __NR_setresgid
#define SYS_NR_SETGROUPS __NR_setgroups
#define SYS_NR_GETGROUPS __NR_getgroups
#define SYS_NR_FCHOWN __NR_fchown
#define SYS_NR_FSTATAT __NR_newfstatat
#define SYS_NR_PPOLL __NR_ppoll
#define SYS_NR_CLOCK_GETTIME __NR_clock_gettime
#define SYS_NR_UTIMENSAT __NR_utimensat
#define SYS_LARGE_FILE 0 /* every file may be large */

static inline int sys_fstatfs(int fd, struct sys_statfs *ret_status)
{
    return (int) arch_call3(__NR_fstatfs, fd, (long) ret_status, 0);
}

static inline long sys_lseek(int fd, int64_t offset, int whence)
{
    return arch_call3(__NR_lseek, fd, offset, whence);
}

static inline long sys_pread(int fd, void *data, size_t size, uint64_t offset)
{
    return arch_call6(__NR_pread64, fd, (long) data, (long) size, (long) offset, 0, 0);
}

#else

#define sys_stat stat64
#define sys_statfs statfs64

#define SYS_NR_SETRESUID __NR_setresuid32
#define SYS_NR_SETRESGID __NR_setresgid32
#define SYS_NR_SETGROUPS __NR_setgroups32
#define SYS_NR_GETGROUPS __NR_getgroups32
#define SYS_NR_FCHOWN __NR_fchown32
#define SYS_NR_FSTATAT __NR_fstatat64
#define SYS_NR_PPOLL __NR_ppoll_time64
#define SYS_NR_CLOCK_GETTIME __NR_clock_gettime64
#define SYS_NR_UTIMENSAT __NR_utimensat_time64
#define SYS_LARGE_FILE O_LARGEFILE

static inline int sys_fstatfs(int fd, struct sys_statfs *ret_status)
{
    return (int) arch_call3(__NR_fstatfs64, fd, sizeof(*ret_status), (long) ret_status);
}

/* Returns -EFBIG if the new offset does not fit a long. */
static inline long sys_lseek(int fd, int64_t offset, int whence)
{
    int64_t now = 0;
    long r =
        arch_call6(__NR__llseek, fd, (long) (offset >> 32), (long) offset, (long) &now, whence, 0);

    if (r == 0 && now > INT32_MAX)
        return -EFBIG;
    return r < 0 ? r : (long) now;
}

static inline long sys_pread(int fd, void *data, size_t size, uint64_t offset)
{
    const long low = (long) (uint32_t) offset, high = (long) (offset >> 32);

#ifdef __ARM_EABI__ /* 64-bit arguments start in an even register */
    return arch_call6(__NR_pread64, fd, (long) data, (long) size, 0, low, high);
#else
    return arch_call6(__NR_pread64, fd, (long) data, (long) size, low, high, 0);
#endif
}

#endif

/* Maps from the start of the file. Returns an address, or a negative errno (a number above
 * -4096UL). */
static inline long sys_mmap(size_t size, int protection, int flags, int fd)
{
#if __BITS_PER_LONG == 32
    return arch_call6(__NR_mmap2, 0, (long) size, protection, flags, fd, 0);
#elif defined(__s390x__)
    const long arguments[6] = {0, (long) size, protection, flags, fd, 0};

    return arch_call3(__NR_mmap, (long) arguments, 0, 0);
#else
    return arch_call6(__NR_mmap, 0, (long) size, protection, flags, fd, 0);
#endif
}
