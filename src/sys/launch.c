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

#include "berth/base/fd.h"
#include "berth/base/text.h"
#include "berth/sys/probe.h"

#define FIRST_FD 3

/* What the child reads and, as it shares our memory, writes. */
struct child {
    const struct sys_launch *launch;
    const char *const *argv;
    const char *const *envp;
    char image_path[64]; /* in /proc, for where execveat(2) is refused */
    int error;
};

static bool is_inherited(int fd)
{
    int flags = fcntl(fd, F_GETFD);

    return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

/* From the last to the first, for kept descriptors move up. */
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

/* Has no buffer of its own: it does not return, and AddressSanitizer would go on guarding that part of the parent's stack. */
static int execute_image(const struct child *child)
{
    syscall(SYS_execveat, child->launch->image, "", child->argv, child->envp, AT_EMPTY_PATH);
    if (!sys_is_refusal(-errno))
        return errno;
    execve(child->image_path, (char *const *) child->argv, (char *const *) child->envp);
    return errno;
}

/* Runs on a stack of its own in the parent's memory, while the parent stands still. */
static void run_child(struct child *child)
{
    const struct sys_launch *launch = child->launch;

    child->error = -arrange_descriptors(launch);
    if (child->error == 0)
        child->error = execute_image(child);
    _exit(127);
}

/*
 * The system call `number` with four arguments, where the kernel starts the child on another stack. The child calls
 * run_child and so never returns through the parent's frames.
 */
#if defined(__x86_64__)
static long clone_and_run(long number, const long args[static 4], struct child *child)
{
    register long third __asm__("rdx") = args[2];
    register long fourth __asm__("r10") = args[3];
    register void (*run)(struct child *) __asm__("r8") = run_child;
    register struct child *argument __asm__("r9") = child;
    long result;

    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r9, %%rdi\n\t"
                     "call *%%r8\n\t"
                     "ud2\n"
                     "1:"
                     : "=a"(result)
                     : "0"(number), "D"(args[0]), "S"(args[1]), "r"(third), "r"(fourth), "r"(run),
                       "r"(argument)
                     : "rcx", "r11", "memory", "cc");
    return result;
}
#elif defined(__aarch64__)
static long clone_and_run(long number, const long args[static 4], struct child *child)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = args[0];
    register long x1 __asm__("x1") = args[1];
    register long x2 __asm__("x2") = args[2];
    register long x3 __asm__("x3") = args[3];
    register void (*run)(struct child *) __asm__("x5") = run_child;
    register struct child *argument __asm__("x6") = child;

    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x6\n\t"
                     "blr x5\n\t"
                     "brk #1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(run), "r"(argument)
                     : "x30", "memory", "cc");
    return x0;
}
#else
#error "the init has no start code for this architecture"
#endif

static long clone_child(const struct sys_launch *launch, struct child *child, int *pidfd)
{
    /* The parent stands still until the child has done its exec: the frame lives long enough. */
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
    long result = clone_and_run(SYS_clone3, (long[4]){(long) &args, sizeof(args)}, child);

    /* Some confinements know only clone(2), which can do the same but for the cgroup. */
    if (sys_is_refusal((int) result) && launch->cgroup < 0)
        result = clone_and_run(
            SYS_clone,
            (long[4]){(long) (flags | SIGCHLD), (long) (stack + sizeof(stack)), (long) pidfd, 0},
            child);
    return result;
}

/* Makes *fd a descriptor that no kept or given one is moved onto; *ret_copy owns a new one. */
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
