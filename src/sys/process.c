/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "berth/base/clock.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"

/* proc_pid_stat(5) */
#define FIELD_STATE 3
#define FIELD_THREADS 20
#define FIELD_START_TIME 22

static const char *skip_fields(const char *field, int count)
{
    for (; count > 0; count--) {
        field = strchr(field, ' ');
        if (field == NULL)
            return NULL;
        field++;
    }
    return field;
}

int sys_process_start_time(pid_t pid, uint64_t *ret_ticks)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d", pid);
    AUTO_FD dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    return sys_process_start_time_at(dir, ret_ticks);
}

int sys_process_start_time_at(int dir, uint64_t *ret_ticks)
{
    char stat[1024];

    AUTO_FD fd = openat(dir, "stat", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    ssize_t size = fd_read_all(fd, stat, sizeof(stat) - 1);
    if (size < 0)
        return (int) size;
    stat[size] = '\0';
    /* The name in parentheses may hold anything; the state (field 3) follows the last one. */
    const char *state = strrchr(stat, ')');
    if (state == NULL || strlen(state) < 3)
        return -ESRCH;
    state += 2;
    const char *start_time = skip_fields(state, FIELD_START_TIME - FIELD_STATE);
    if (start_time == NULL)
        return -ESRCH;
    /* The first thread may have ended alone: pthread_exit(3) in main. */
    const char *threads = skip_fields(state, FIELD_THREADS - FIELD_STATE);
    if (threads != NULL && strchr("ZXx", *state) != NULL && strtoul(threads, NULL, 10) <= 1)
        return -ESRCH;
    *ret_ticks = strtoull(start_time, NULL, 10);
    return 0;
}

/* "NSpid:\t4711\t1\n" in /proc/PID/status: from the reader's namespace inwards. */
pid_t sys_process_inner_pid(pid_t pid)
{
    char path[64];
    char status[4096];

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    ssize_t size = fd_read_all(fd, status, sizeof(status) - 1);
    if (size < 0)
        return (pid_t) size;
    status[size] = '\0';
    char *line = strstr(status, "\nNSpid:");
    if (line == NULL)
        return pid;
    line[1 + strcspn(line + 1, "\n")] = '\0';
    return (pid_t) strtol(strrchr(line, '\t') + 1, NULL, 10);
}

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
    /* posix_spawnp would hand a file without "#!" to a shell. */
    result = -(spawn->searches_path ? posix_spawnp : posix_spawn)(
        ret_pid, spawn->path, &files, &attributes, (char *const *) spawn->argv,
        (char *const *) spawn->envp);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    /* The libc takes clone(2) where clone3(2) is missing, but not where a filter says EPERM. */
    return result == -EPERM ? sys_spawn_by_fork(spawn, ret_pid) : result;
}

int sys_run_program(const struct sys_spawn *spawn, int timeout_ms)
{
    pid_t pid;
    int status = 0;

    TRY(spawn_program(spawn, &pid));
    AUTO_FD pidfd = sys_pidfd_open(pid);
    int other = spawn->has_companion ? spawn->companion : -1;
    int waited = pidfd < 0 ? pidfd : sys_pidfd_wait_unless(pidfd, other, timeout_ms);
    if (waited < 0)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return waited < 0 ? waited : status;
}

int sys_set_schedule(pid_t pid, const struct sys_schedule *schedule)
{
    return syscall(SYS_sched_setattr, pid, schedule, 0) < 0 ? -errno : 0;
}

int sys_set_io_priority(pid_t pid, int priority)
{
    return syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, priority) < 0 ? -errno : 0;
}
