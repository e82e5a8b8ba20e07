/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls without a libc: each returns the kernel's result, a negative errno on failure. Types
 * and constants come from the kernel's own headers; never include a libc header together with this
 * one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <asm/ioctls.h>
#include <asm/statfs.h>
#include <asm/termbits.h>
#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/seccomp.h>
#include <linux/signal.h>
#include <linux/signalfd.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <linux/uio.h>

#include <linux/wait.h>

#include "berth/arch/arch.h"
#include "sys_words.h"

#define SYS_PATH_MAX 4096
#define SYS_NAME_MAX 255
#define SYS_STDIN 0
#define SYS_STDERR 2
#define SYS_SIGNAL_LAST 64
#define SYS_X_OK 1
#define SYS_SEEK_SET 0
#define SYS_SEEK_END 2
#define SYS_MNT_DETACH 2
#define SYS_UMOUNT_NOFOLLOW 8
#define SYS_AF_UNIX 1
#define SYS_SOCK_DGRAM 2
#define SYS_SOCK_CLOEXEC O_CLOEXEC
#define SYS_MSG_NOSIGNAL 0x4000
#define SYS_MSG_CMSG_CLOEXEC 0x40000000
#define SYS_SOL_SOCKET 1
#define SYS_SCM_RIGHTS 1
#define SYS_CLOCK_MONOTONIC 1
#define SYS_CLOSE_RANGE_CLOEXEC 4
#define SYS_IOPRIO_WHO_PGRP 2

/* Types that the kernel's headers leave to the libc: struct msghdr, cmsghdr with one file
 * descriptor, linux_dirent64. */
struct sys_message {
    void *name;
    int name_size;
    struct iovec *parts;
    size_t n_parts;
    void *control;
    size_t control_size;
    unsigned flags;
};

struct sys_control_fd {
    size_t size; /* 16 + 4: without the trailing padding */
    int level;
    int type;
    int fd;
};

struct sys_directory_entry {
    uint64_t inode;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
};

#define SYS_WORD(x) ((long) (x))

/* --- processes -------------------------------------------------------------------------------- */

/* A seccomp filter may refuse exit_group: then the trap ends the process, even as PID 1. */
__attribute__((noreturn)) static inline void sys_exit(int status)
{
    arch_call3(__NR_exit_group, status, 0, 0);
    __builtin_trap();
}

__attribute__((noreturn)) static inline void sys_exit_thread(void)
{
    arch_call3(__NR_exit, 0, 0, 0);
    __builtin_trap();
}

/* Starts a thread of this process that shares everything but the seccomp filter: `run` on the
 * stack that ends at `stack`. */
static inline int sys_thread(void *stack, void (*run)(void *), void *argument)
{
    const unsigned long flags =
        CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    const long arguments[3] = ARCH_CLONE(flags, stack, 0);

    return (int) arch_spawn(__NR_clone, arguments, run, argument);
}

static inline int sys_getpid(void)
{
    return (int) arch_call3(__NR_getpid, 0, 0, 0);
}

static inline int sys_kill(int pid, int signo)
{
    return (int) arch_call3(__NR_kill, pid, signo, 0);
}

/* clone(2) without a new stack, hence without CLONE_VM; `ret_pidfd` is for CLONE_PIDFD. */
static inline int sys_clone(unsigned long flags, int *ret_pidfd)
{
    const long arguments[3] = ARCH_CLONE(flags, 0, ret_pidfd);

    return (int) arch_call6(__NR_clone, arguments[0], arguments[1], arguments[2], 0, 0, 0);
}

static inline int sys_execve(const char *path, const char *const *argv, const char *const *env)
{
    return (int) arch_call3(__NR_execve, SYS_WORD(path), SYS_WORD(argv), SYS_WORD(env));
}

static inline int sys_execveat(int fd, const char *path, const char *const *argv,
                               const char *const *env, int flags)
{
    return (int) arch_call6(__NR_execveat, fd, SYS_WORD(path), SYS_WORD(argv), SYS_WORD(env), flags,
                            0);
}

static inline int sys_wait4(int pid, int *ret_status, int options)
{
    return (int) arch_call6(__NR_wait4, pid, SYS_WORD(ret_status), options, 0, 0, 0);
}

static inline int sys_pidfd_open(int pid)
{
    return (int) arch_call3(__NR_pidfd_open, pid, 0, 0);
}

static inline int sys_pidfd_send_signal(int pidfd, int signo)
{
    return (int) arch_call6(__NR_pidfd_send_signal, pidfd, signo, 0, 0, 0, 0);
}

static inline int sys_unshare(unsigned long flags)
{
    return (int) arch_call3(__NR_unshare, SYS_WORD(flags), 0, 0);
}

static inline int sys_setns(int fd, unsigned long type)
{
    return (int) arch_call3(__NR_setns, fd, SYS_WORD(type), 0);
}

static inline int sys_setsid(void)
{
    return (int) arch_call3(__NR_setsid, 0, 0, 0);
}

static inline unsigned sys_umask(unsigned mask)
{
    return (unsigned) arch_call3(__NR_umask, mask, 0, 0);
}

static inline int sys_prctl(int option, unsigned long a, unsigned long b)
{
    return (int) arch_call6(__NR_prctl, option, SYS_WORD(a), SYS_WORD(b), 0, 0, 0);
}

/* PR_SCHED_CORE for one thread. `pid`: 0 for the calling thread. */
static inline int sys_sched_core(int command, uint64_t pid, uint64_t *ret_cookie)
{
    return (int) arch_call6(__NR_prctl, PR_SCHED_CORE, command, SYS_WORD(pid),
                            PR_SCHED_CORE_SCOPE_THREAD, SYS_WORD(ret_cookie), 0);
}

static inline int sys_prlimit(unsigned resource, const struct rlimit64 *limit,
                              struct rlimit64 *ret_old)
{
    return (int) arch_call6(__NR_prlimit64, 0, resource, SYS_WORD(limit), SYS_WORD(ret_old), 0, 0);
}

static inline int sys_seccomp(unsigned operation, unsigned long flags,
                              const struct sock_fprog *program)
{
    return (int) arch_call3(__NR_seccomp, operation, SYS_WORD(flags), SYS_WORD(program));
}

static inline int sys_landlock_create_ruleset(const struct sys_landlock_ruleset *ruleset)
{
    return (int) arch_call3(SYS_NR_LANDLOCK_CREATE_RULESET, SYS_WORD(ruleset), sizeof(*ruleset), 0);
}

static inline int sys_landlock_add_rule(int ruleset, int type, const void *rule)
{
    return (int) arch_call6(SYS_NR_LANDLOCK_ADD_RULE, ruleset, type, SYS_WORD(rule), 0, 0, 0);
}

static inline int sys_landlock_restrict_self(int ruleset)
{
    return (int) arch_call3(SYS_NR_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0);
}

static inline int sys_keyctl(int operation, unsigned long argument, unsigned long second)
{
    return (int) arch_call3(__NR_keyctl, operation, argument, second);
}

static inline int sys_sched_setaffinity(size_t size, const unsigned long *cpus)
{
    return (int) arch_call3(__NR_sched_setaffinity, 0, SYS_WORD(size), SYS_WORD(cpus));
}

static inline int sys_sched_setattr(const struct sched_attr *attributes)
{
    return (int) arch_call3(__NR_sched_setattr, 0, SYS_WORD(attributes), 0);
}

static inline int sys_ioprio_set(int which, int priority)
{
    return (int) arch_call3(__NR_ioprio_set, which, 0, priority);
}

static inline int sys_set_mempolicy(int mode, const unsigned long *nodes, size_t n_bits)
{
    return (int) arch_call3(__NR_set_mempolicy, mode, SYS_WORD(nodes), SYS_WORD(n_bits));
}

static inline int sys_personality(unsigned persona)
{
    return (int) arch_call3(__NR_personality, persona, 0, 0);
}

static inline void sys_sched_yield(void)
{
    arch_call3(__NR_sched_yield, 0, 0, 0);
}

/* --- identity --------------------------------------------------------------------------------- */

static inline int sys_setresuid(uint32_t uid)
{
    return (int) arch_call3(SYS_NR_SETRESUID, uid, uid, uid);
}

static inline int sys_setresgid(uint32_t gid)
{
    return (int) arch_call3(SYS_NR_SETRESGID, gid, gid, gid);
}

static inline int sys_setgroups(size_t n, const uint32_t *gids)
{
    return (int) arch_call3(SYS_NR_SETGROUPS, SYS_WORD(n), SYS_WORD(gids), 0);
}

static inline int sys_getgroups(size_t n, uint32_t *gids)
{
    return (int) arch_call3(SYS_NR_GETGROUPS, SYS_WORD(n), SYS_WORD(gids), 0);
}

static inline int sys_capget(struct __user_cap_header_struct *header,
                             struct __user_cap_data_struct *data)
{
    return (int) arch_call3(__NR_capget, SYS_WORD(header), SYS_WORD(data), 0);
}

static inline int sys_capset(struct __user_cap_header_struct *header,
                             const struct __user_cap_data_struct *data)
{
    return (int) arch_call3(__NR_capset, SYS_WORD(header), SYS_WORD(data), 0);
}

static inline int sys_sethostname(const char *name, size_t size)
{
    return (int) arch_call3(__NR_sethostname, SYS_WORD(name), SYS_WORD(size), 0);
}

static inline int sys_setdomainname(const char *name, size_t size)
{
    return (int) arch_call3(__NR_setdomainname, SYS_WORD(name), SYS_WORD(size), 0);
}

/* --- signals and time ------------------------------------------------------------------------- */

static inline int sys_sigaction(int signo, const struct sys_signal_action *action)
{
    return (int) arch_call6(__NR_rt_sigaction, signo, SYS_WORD(action), 0, 8, 0, 0);
}

static inline int sys_sigprocmask(int how, const uint64_t *mask)
{
    return (int) arch_call6(__NR_rt_sigprocmask, how, SYS_WORD(mask), 0, 8, 0, 0);
}

static inline int sys_signalfd(const uint64_t *mask, int flags)
{
    return (int) arch_call6(__NR_signalfd4, -1, SYS_WORD(mask), 8, flags, 0, 0);
}

/* The kernel updates `timeout` to the remaining time. */
static inline int sys_ppoll(struct pollfd *fds, size_t n, struct __kernel_timespec *timeout)
{
    return (int) arch_call6(SYS_NR_PPOLL, SYS_WORD(fds), SYS_WORD(n), SYS_WORD(timeout), 0, 8, 0);
}

static inline int sys_clock_gettime(int clock, struct __kernel_timespec *ret_time)
{
    return (int) arch_call3(SYS_NR_CLOCK_GETTIME, clock, SYS_WORD(ret_time), 0);
}

/* --- file descriptors ------------------------------------------------------------------------- */

static inline long sys_read(int fd, void *data, size_t size)
{
    return arch_call3(__NR_read, fd, SYS_WORD(data), SYS_WORD(size));
}

static inline long sys_write(int fd, const void *data, size_t size)
{
    return arch_call3(__NR_write, fd, SYS_WORD(data), SYS_WORD(size));
}

/* Copies up to `size` bytes from file to file inside the kernel. Returns 0 at the end. */
static inline long sys_copy_file_range(int from, int to, size_t size)
{
    return arch_call6(__NR_copy_file_range, from, 0, to, 0, SYS_WORD(size), 0);
}

static inline long sys_sendfile(int to, int from, size_t size)
{
    return arch_call6(__NR_sendfile, to, from, 0, SYS_WORD(size), 0, 0);
}

static inline int sys_ioctl(int fd, unsigned long request, const void *argument)
{
    return (int) arch_call3(__NR_ioctl, fd, SYS_WORD(request), SYS_WORD(argument));
}

static inline int sys_close(int fd)
{
    return (int) arch_call3(__NR_close, fd, 0, 0);
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    return (int) arch_call3(__NR_close_range, first, last, flags);
}

static inline int sys_dup3(int from, int to, int flags)
{
    return (int) arch_call3(__NR_dup3, from, to, flags);
}

static inline int sys_fcntl(int fd, int command, unsigned long argument)
{
    return (int) arch_call3(__NR_fcntl, fd, command, SYS_WORD(argument));
}

static inline int sys_pipe2(int fds[2], int flags)
{
    return (int) arch_call3(__NR_pipe2, SYS_WORD(fds), flags, 0);
}

static inline int sys_socket(int family, int type, int protocol)
{
    return (int) arch_call3(__NR_socket, family, type, protocol);
}

static inline int sys_accept(int fd, int flags)
{
    return (int) arch_call6(__NR_accept4, fd, 0, 0, flags, 0, 0);
}

static inline long sys_sendmsg(int fd, const struct sys_message *message, int flags)
{
    return arch_call3(__NR_sendmsg, fd, SYS_WORD(message), flags);
}

static inline long sys_recvmsg(int fd, struct sys_message *message, int flags)
{
    return arch_call3(__NR_recvmsg, fd, SYS_WORD(message), flags);
}

static inline int sys_munmap(const void *address, size_t size)
{
    return (int) arch_call3(__NR_munmap, SYS_WORD(address), SYS_WORD(size), 0);
}
