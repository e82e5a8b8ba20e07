/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/arch/arch.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"
#include "berth/sys/probe.h"

#define FIRST_FD 3

/* Read and written by the child, which shares this process's memory. */
struct child {
    const struct sys_launch *launch;
    const char *const *argv;
    const char *const *envp;
    char image_path[64]; /* path in /proc, for when execveat(2) is refused */
    int error;
};

static bool is_inherited(int fd)
{
    int flags = fcntl(fd, F_GETFD);

    return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

/* Moves kept descriptors up, the highest first, so that none is overwritten before it is moved. */
static int arrange_descriptors(const struct sys_launch *launch)
{
    for (int fd = FIRST_FD + (int) launch->n_kept; fd-- > FIRST_FD;) {
        if (is_inherited(fd))
            dup2(fd, fd + SYS_LAUNCH_GIVEN);
        else
            close(fd + SYS_LAUNCH_GIVEN);
    }
    for (int i = 0; i < SYS_LAUNCH_GIVEN; i++) {
        if (launch->given[i] < 0)
            close(FIRST_FD + i);
        else
            dup2(launch->given[i], FIRST_FD + i);
    }
    return sys_close_on_exec_from(FIRST_FD + SYS_LAUNCH_GIVEN + (int) launch->n_kept);
}

/* Must not have a local buffer: the function does not return, and AddressSanitizer would keep that
 * part of the parent's stack poisoned. */
static int execute_image(const struct child *child)
{
    syscall(SYS_execveat, child->launch->image, "", child->argv, child->envp, AT_EMPTY_PATH);
    if (!sys_is_refusal(-errno))
        return errno;
    execve(child->image_path, (char *const *) child->argv, (char *const *) child->envp);
    return errno;
}

/* Runs on its own stack in the parent's memory while the parent is suspended (CLONE_VFORK). */
static void run_child(void *argument)
{
    struct child *child = argument;
    const struct sys_launch *launch = child->launch;

    child->error = -arrange_descriptors(launch);
    if (child->error == 0)
        child->error = execute_image(child);
    _exit(127);
}

static long clone_child(const struct sys_launch *launch, struct child *child, int *pidfd)
{
    /* The parent is suspended until the child calls exec, so this stack lives long enough. */
    alignas(16) unsigned char stack[16 * 1024];
    uint64_t flags = launch->flags | CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
    struct clone_args args = {
        .flags = flags | (launch->cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uintptr_t) pidfd,
        .exit_signal = SIGCHLD,
        .stack = (uintptr_t) stack,
        .stack_size = sizeof(stack),
        .cgroup = launch->cgroup >= 0 ? (uint64_t) launch->cgroup : 0,
    };
    long result = arch_spawn(SYS_clone3, (long[3]){(long) &args, sizeof(args)}, run_child, child);

    /* Some sandboxes refuse clone3(2). clone(2) can do the same, except for CLONE_INTO_CGROUP. */
    if (sys_is_refusal((int) result) && launch->cgroup < 0)
        result = arch_spawn(SYS_clone,
                            (long[3]) ARCH_CLONE(flags | SIGCHLD, stack + sizeof(stack), pidfd),
                            run_child, child);
    return result;
}

/* Duplicates *fd above the kept and given descriptors if moving those could overwrite it. *ret_copy
 * owns the duplicate. */
static int lift(int *fd, unsigned n_kept, int *ret_copy)
{
    int least = FIRST_FD + SYS_LAUNCH_GIVEN + (int) n_kept;

    if (*fd < 0 || *fd >= least)
        return 0;
    *ret_copy = fcntl(*fd, F_DUPFD_CLOEXEC, least);
    *fd = *ret_copy;
    return *fd < 0 ? -errno : 0;
}

static pid_t launch_lifted(const struct sys_launch *launch, int *ret_pidfd)
{
    const char *const argv[] = {launch->name, NULL};
    const char *const envp[] = {NULL};
    struct child child = {.launch = launch, .argv = argv, .envp = envp};
    int pidfd = -1;

    snprintf(child.image_path, sizeof(child.image_path), "/proc/self/fd/%d", launch->image);
    long pid = clone_child(launch, &child, &pidfd);

    if (pid < 0)
        return (pid_t) pid;
    if (child.error != 0) {
        waitpid((pid_t) pid, NULL, 0);
        close(pidfd);
        return -child.error;
    }
    *ret_pidfd = pidfd;
    return (pid_t) pid;
}

pid_t sys_launch(const struct sys_launch *launch, int *ret_pidfd)
{
    struct sys_launch lifted = *launch;
    int copies[SYS_LAUNCH_GIVEN + 1] = {-1, -1, -1, -1};
    pid_t result = lift(&lifted.image, launch->n_kept, &copies[SYS_LAUNCH_GIVEN]);

    for (int i = 0; i < SYS_LAUNCH_GIVEN && result == 0; i++)
        result = lift(&lifted.given[i], launch->n_kept, &copies[i]);
    if (result == 0)
        result = launch_lifted(&lifted, ret_pidfd);
    for (int i = 0; i <= SYS_LAUNCH_GIVEN; i++)
        fd_close(&copies[i]);
    return result;
}

unsigned sys_count_inherited(unsigned most)
{
    DIR *dir = most == 0 ? NULL : opendir("/proc/self/fd");
    struct dirent *entry;
    uint64_t fd;
    unsigned count = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (text_to_u64(entry->d_name, &fd) < 0 || fd < FIRST_FD || fd - FIRST_FD >= most)
            continue;
        if (is_inherited((int) fd) && fd - FIRST_FD >= count)
            count = (unsigned) fd - FIRST_FD + 1;
    }
    if (dir != NULL)
        closedir(dir);
    return count;
}
