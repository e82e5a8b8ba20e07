/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes started without posix_spawn(3), and what they inherit. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/launch.h"
#include "berth/sys/process.h"

/* struct linux_dirent64 of getdents64(2). */
struct entry {
    uint64_t inode;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
};

static int close_listed(int dir, int first)
{
    _Alignas(struct entry) char entries[4096];
    long size;

    while ((size = syscall(SYS_getdents64, dir, entries, sizeof(entries))) > 0)
        for (long at = 0; at < size;) {
            const struct entry *entry = (const struct entry *) (entries + at);
            int fd = atoi(entry->name);

            if (fd >= first)
                fcntl(fd, F_SETFD, FD_CLOEXEC);
            at += entry->size;
        }
    return size < 0 ? -errno : 0;
}

/* Fallback without /proc. Descriptors above a lowered RLIMIT_NOFILE (hard limit) can be missed. */
static int close_all(int first)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    for (rlim_t fd = (rlim_t) first; fd < limit.rlim_max && fd < INT32_MAX; fd++)
        fcntl((int) fd, F_SETFD, FD_CLOEXEC);
    return 0;
}

int sys_close_on_exec_from(int first)
{
    if (syscall(SYS_close_range, (unsigned) first, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        return 0;
    /* close_range(2): ENOSYS before Linux 5.9, EINVAL before 5.11. */
    int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = dir < 0 ? close_all(first) : close_listed(dir, first);
    fd_close(&dir);
    return result;
}

void sys_reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Sets up the child and executes the program. Returns only on failure. */
static int become(const struct sys_spawn *spawn)
{
    int input = spawn->stdin_fd >= 0 ? spawn->stdin_fd : open("/dev/null", O_RDONLY | O_CLOEXEC);

    sys_reset_signals();
    if (input < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(spawn->output_fd, STDOUT_FILENO) < 0 ||
        dup2(spawn->error_fd, STDERR_FILENO) < 0 ||
        (spawn->directory != NULL && chdir(spawn->directory) < 0))
        return -errno;
    TRY(sys_close_on_exec_from(STDERR_FILENO + 1));
    (spawn->searches_path ? execvpe : execve)(spawn->path, (char *const *) spawn->argv,
                                              (char *const *) spawn->envp);
    return -errno;
}

int sys_spawn_by_fork(const struct sys_spawn *spawn, pid_t *ret_pid)
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
    if (pid == 0) {
        result = become(spawn);
        fd_write_all(other, &result, sizeof(result));
        _exit(127);
    }
    fd_close(&other);
    if (fd_read_all(report, &result, sizeof(result)) == sizeof(result)) {
        waitpid(pid, NULL, 0);
        return result;
    }
    *ret_pid = pid;
    return 0;
}

#ifdef SPAWN_CLOSES_FILES

static int prepare_files(posix_spawn_file_actions_t *files, const struct sys_spawn *spawn)
{
    int number = posix_spawn_file_actions_init(files);

    if (number != 0)
        return -number;
    if (spawn->stdin_fd >= 0)
        number = posix_spawn_file_actions_adddup2(files, spawn->stdin_fd, STDIN_FILENO);
    else
        number = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(files, spawn->output_fd, STDOUT_FILENO);
    if (number == 0)
        number = posix_spawn_file_actions_adddup2(files, spawn->error_fd, STDERR_FILENO);
    if (number == 0)
        number = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
    if (number == 0 && spawn->directory != NULL)
        number = posix_spawn_file_actions_addchdir_np(files, spawn->directory);
    return -number;
}

static int prepare_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    int number = posix_spawnattr_init(attributes);

    if (number != 0)
        return -number;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    return -posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn_program(const struct sys_spawn *spawn, pid_t *ret_pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int result = prepare_files(&files, spawn);

    if (result == 0)
        result = prepare_signals(&attributes);
    if (result < 0)
        return result;
    /* posix_spawnp passes a file without "#!" to a shell: call it only to search PATH. */
    result = -(spawn->searches_path ? posix_spawnp : posix_spawn)(
        ret_pid, spawn->path, &files, &attributes, (char *const *) spawn->argv,
        (char *const *) spawn->envp);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    /* The libc falls back to clone(2) if clone3(2) is missing, but not if a seccomp filter returns
     * EPERM. */
    return result == -EPERM ? sys_spawn_by_fork(spawn, ret_pid) : result;
}

#else

static int spawn_program(const struct sys_spawn *spawn, pid_t *ret_pid)
{
    return sys_spawn_by_fork(spawn, ret_pid);
}

#endif

int sys_run_program(const struct sys_spawn *spawn, int timeout_ms)
{
    pid_t pid = -1;
    int status = 0;

    TRY(spawn_program(spawn, &pid));
    AUTO_FD pidfd = sys_pidfd_open(pid);
    const struct sys_unless nothing = {-1, -1};
    int waited =
        pidfd < 0 ? pidfd
                  : sys_pidfd_wait_unless(pidfd, spawn->unless != NULL ? spawn->unless : &nothing,
                                          timeout_ms);
    if (waited < 0)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return waited < 0 ? waited : status;
}
