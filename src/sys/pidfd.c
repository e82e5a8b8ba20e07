/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where pidfd_open(2) is refused, a descriptor of the directory /proc/PID stands in for the pidfd:
 * it also refers to one process for good, but poll(2) and waitid(2) do not accept it. Where
 * pidfd_send_signal(2) is refused, berth looks up the PID behind the descriptor and calls kill(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/clock.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/probe.h"
#include "berth/sys/process.h"

#define NAP_MS 5
#define LOOK_MS 100
#define DUMPED_CORE 0x80 /* WCOREFLAG, which musl lacks */

int sys_pidfd_open(pid_t pid)
{
    char path[64];
    int fd = (int) syscall(SYS_pidfd_open, pid, 0);

    if (fd >= 0)
        return fd;
    /* Some kernels, such as 6.12, return EINVAL for a process that is gone while its PID is still
     * in use as a session ID. */
    if (errno == EINVAL && pid > 0)
        return -ESRCH;
    if (!sys_is_refusal(-errno))
        return -errno;
    snprintf(path, sizeof(path), "/proc/%d", pid);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? fd : errno == ENOENT ? -ESRCH : -errno;
}

static bool is_directory_of_proc(int pidfd)
{
    struct statfs system;

    return pidfd >= 0 && fstatfs(pidfd, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

int sys_pidfd_pollable(int pidfd)
{
    return is_directory_of_proc(pidfd) ? -1 : pidfd;
}

int sys_pidfd_poll_ms(int pidfd)
{
    return is_directory_of_proc(pidfd) ? LOOK_MS : -1;
}

/* Returns the PID of a process that has not been reaped, or -ESRCH. */
static pid_t number_of(int pidfd)
{
    char text[4096];
    char path[64];
    bool is_directory = is_directory_of_proc(pidfd);

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
    AUTO_FD fd = is_directory ? openat(pidfd, "stat", O_RDONLY | O_CLOEXEC)
                              : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -errno : fd_read_all(fd, text, sizeof(text) - 1);
    if (size < 0)
        return is_directory && size == -ENOENT ? -ESRCH : (pid_t) size;
    text[size] = '\0';
    const char *number = is_directory ? text : strstr(text, "\nPid:");
    long pid =
        number == NULL ? -1 : strtol(number + (is_directory ? 0 : strlen("\nPid:")), NULL, 10);
    return pid > 0 ? (pid_t) pid : -ESRCH;
}

int sys_pidfd_signal(int pidfd, int signal)
{
    if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0)
        return 0;
    if (!sys_is_refusal(-errno))
        return -errno;
    pid_t pid = number_of(pidfd);
    if (pid < 0)
        return pid;
    return kill(pid, signal) < 0 ? -errno : 0;
}

/* Opens /proc/PID. If the process still has that PID afterwards, the directory is its own. */
static int open_directory(int pidfd)
{
    char path[64];
    pid_t pid = number_of(pidfd);

    if (pid < 0)
        return pid;
    snprintf(path, sizeof(path), "/proc/%d", pid);
    AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    return number_of(pidfd) == pid ? fd_take(&fd) : -ESRCH;
}

int sys_pidfd_for_namespaces(int pidfd)
{
    /* faccessat2(2) appeared in Linux 5.8, as did setns(2) with a pidfd. Older kernels take the
     * directory. */
    int fd =
        sys_has_call(SYS_faccessat2) ? fcntl(pidfd, F_DUPFD_CLOEXEC, 0) : open_directory(pidfd);

    return fd == -1 ? -errno : fd;
}

static bool has_ended(int pidfd)
{
    struct pollfd fd = {.fd = pidfd, .events = POLLIN};
    uint64_t ignored;

    if (pidfd < 0)
        return false;
    return is_directory_of_proc(pidfd) ? sys_process_start_time_at(pidfd, &ignored) == -ESRCH
                                       : poll(&fd, 1, 0) > 0;
}

int sys_pidfd_wait_unless(int pidfd, const struct sys_unless *unless, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = sys_pidfd_pollable(pidfd), .events = POLLIN},
                           {.fd = sys_pidfd_pollable(unless->process), .events = POLLIN},
                           {.fd = unless->readable, .events = POLLIN}};
    bool naps = fds[0].fd != pidfd || fds[1].fd != unless->process;
    int64_t end = clock_now_ms() + timeout_ms;

    for (;;) {
        int left = timeout_ms < 0 ? -1 : (int) (end - clock_now_ms());

        left = timeout_ms >= 0 && left < 0 ? 0 : left;
        int count = poll(fds, 3, naps && (left < 0 || left > NAP_MS) ? NAP_MS : left);
        if (count < 0 && errno != EINTR)
            return -errno;
        if (has_ended(pidfd))
            return 0;
        if (has_ended(unless->process))
            return -ECANCELED;
        if (count > 0 && fds[2].revents != 0)
            return -EINTR;
        if (count == 0 && (left == 0 || !naps))
            return -ETIMEDOUT;
    }
}

int sys_pidfd_wait(int pidfd, int timeout_ms)
{
    return sys_pidfd_wait_unless(pidfd, &(struct sys_unless){-1, -1}, timeout_ms);
}

/* waitid(2) accepts pidfds since Linux 5.4; the fallback is the PID. */
static int reap(int pidfd, siginfo_t *ret_info)
{
    idtype_t type = (idtype_t) P_PIDFD;
    id_t id = (id_t) pidfd;

    while (waitid(type, id, ret_info, WEXITED) < 0) {
        int number = errno;
        pid_t pid =
            type == P_PID || (number != EINVAL && number != EBADF) ? -ESRCH : number_of(pidfd);

        if (pid < 0 && number != EINTR)
            return -number;
        if (pid > 0) {
            type = P_PID;
            id = (id_t) pid;
        }
    }
    return 0;
}

int sys_pidfd_reap(int pidfd, int *ret_status)
{
    siginfo_t info;

    TRY(reap(pidfd, &info));
    bool exited = info.si_code == CLD_EXITED;
    if (ret_status != NULL && exited)
        *ret_status = info.si_status << 8;
    else if (ret_status != NULL)
        *ret_status = info.si_status | (info.si_code == CLD_DUMPED ? DUMPED_CORE : 0);
    return exited ? info.si_status : 128 + info.si_status;
}
