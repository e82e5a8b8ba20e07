/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/launch.h"
#include "berth/sys/process.h"
#include "berth/sys/socket.h"

#define GIVEN_FIRST 3

/* Descriptors of a forked worker. */
enum { FORKED_SOCKET = 3, FORKED_GIVEN, FORKED_FDS };

/* Slave mounts: later mounts of the host still propagate into the namespace, but none propagate
 * back. */
static int bind_root(const struct sys_worker *worker)
{
    if (worker->root == NULL)
        return 0;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
        mount(worker->root, worker->at, NULL, MS_BIND | MS_REC, NULL) < 0)
        return -errno;
    return 0;
}

/* Duplicates all descriptors out of the way, then moves them to their final numbers. *report
 * becomes the duplicate on which failures are reported. */
static int place_descriptors(const struct sys_worker *worker, int *report)
{
    int base = GIVEN_FIRST + (int) worker->n_given;
    int copies[SYS_WORKER_GIVEN_MAX];
    int output = fcntl(worker->output_fd, F_DUPFD_CLOEXEC, base);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    *report = fcntl(*report, F_DUPFD_CLOEXEC, base);
    for (size_t i = 0; i < worker->n_given; i++)
        copies[i] = fcntl(worker->given[i], F_DUPFD_CLOEXEC, base);
    if (dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(output, STDERR_FILENO) < 0)
        return -errno;
    for (size_t i = 0; i < worker->n_given; i++)
        if (dup2(copies[i], GIVEN_FIRST + (int) i) < 0)
            return -errno;
    return sys_close_on_exec_from(base);
}

static _Noreturn void become(const struct sys_worker *worker, int report)
{
    sys_reset_signals();
    setsid();
    int result = bind_root(worker);
    if (result == 0)
        result = place_descriptors(worker, &report);
    if (result == 0) {
        execve(worker->path, (char *const *) worker->argv, (char *const *) worker->envp);
        result = -errno;
    }
    fd_write_all(report, &result, sizeof(result));
    _exit(127);
}

pid_t sys_start_worker(const struct sys_worker *worker, int *ret_pidfd)
{
    int ends[2];
    int result = 0;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    AUTO_FD report = ends[0];
    AUTO_FD other = ends[1];
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        become(worker, other);
    fd_close(&other);
    AUTO_FD pidfd = sys_pidfd_open(pid);
    ssize_t size = fd_read_all(report, &result, sizeof(result));
    if (pidfd >= 0 && size == 0) {
        *ret_pidfd = fd_take(&pidfd);
        return pid;
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return size == sizeof(result) ? result : pidfd < 0 ? pidfd : -ECHILD;
}

/* Duplicates the descriptors out of the way, then moves them to their final numbers. */
static int keep_descriptors(int socket, int given)
{
    int high_socket = fcntl(socket, F_DUPFD_CLOEXEC, FORKED_FDS);
    int high_given = fcntl(given, F_DUPFD_CLOEXEC, FORKED_FDS);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        dup2(null, STDERR_FILENO) < 0 || dup2(high_socket, FORKED_SOCKET) < 0 ||
        dup2(high_given, FORKED_GIVEN) < 0)
        return -errno;
    return syscall(SYS_close_range, FORKED_FDS, ~0U, 0) < 0 ? -errno : 0;
}

static int leave_caller(const struct sys_forked *forked, int socket)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    prctl(PR_SET_NAME, forked->name);
    if (setsid() < 0 || chdir("/") < 0)
        return -errno;
    return keep_descriptors(socket, forked->given);
}

static _Noreturn void work(const struct sys_forked *forked, int socket)
{
    int result = leave_caller(forked, socket);

    if (result < 0) {
        fd_write_all(socket, &result, sizeof(result));
        _exit(127);
    }
    if (fd_write_all(FORKED_SOCKET, &result, sizeof(result)) == 0)
        forked->work(FORKED_SOCKET, FORKED_GIVEN, forked->argument);
    _exit(0);
}

pid_t sys_fork_worker(const struct sys_forked *forked, int *ret_socket, int *ret_pidfd)
{
    AUTO_FD near = -1;
    AUTO_FD far = -1;
    int result = -ECHILD;

    TRY(sys_socket_pair(&near, &far));
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        work(forked, far);
    fd_close(&far);
    AUTO_FD pidfd = sys_pidfd_open(pid);
    if (fd_read_all(near, &result, sizeof(result)) == sizeof(result) && result == 0 && pidfd >= 0) {
        *ret_socket = fd_take(&near);
        *ret_pidfd = fd_take(&pidfd);
        return pid;
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return result < 0 ? result : pidfd;
}
