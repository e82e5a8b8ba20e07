/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "berth/base/fd.h"

/* field numbers of proc_pid_stat(5) */
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

/* A single read(2) returns the whole line. */
static int start_time_in(int dir, const char *path, uint64_t *ret_ticks)
{
    char stat[1024];

    AUTO_FD fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t size = read(fd, stat, sizeof(stat) - 1);
    if (size < 0)
        return -errno;
    stat[size] = '\0';
    /* The name in parentheses can contain anything; the state (field 3) follows the last ")". */
    const char *state = strrchr(stat, ')');
    if (state == NULL || strlen(state) < 3)
        return -ESRCH;
    state += 2;
    const char *start_time = skip_fields(state, FIELD_START_TIME - FIELD_STATE);
    if (start_time == NULL)
        return -ESRCH;
    /* A zombie with other threads is alive: its main thread has called pthread_exit(3). */
    const char *threads = skip_fields(state, FIELD_THREADS - FIELD_STATE);
    if (threads != NULL && strchr("ZXx", *state) != NULL && strtoul(threads, NULL, 10) <= 1)
        return -ESRCH;
    *ret_ticks = strtoull(start_time, NULL, 10);
    return 0;
}

int sys_process_start_time(pid_t pid, uint64_t *ret_ticks)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int result = start_time_in(AT_FDCWD, path, ret_ticks);
    if (result != -ENOENT)
        return result;
    /* ENOENT is no proof: procfs may not be mounted, or hide processes. */
    if (kill(pid, 0) < 0 && errno == ESRCH)
        return -ESRCH;
    /* Another process may have got the PID in the meantime: look again. */
    result = start_time_in(AT_FDCWD, path, ret_ticks);
    return result == -ENOENT ? -ENODATA : result;
}

int sys_process_start_time_at(int dir, uint64_t *ret_ticks)
{
    int result = start_time_in(dir, "stat", ret_ticks);

    return result == -ENOENT ? -ESRCH : result;
}

/* Parses "NSpid:\t4711\t1\n" in /proc/PID/status: PIDs from the reader's namespace inwards. */
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
    const char *last = strrchr(line, '\t');
    return last == NULL ? -EIO : (pid_t) strtol(last + 1, NULL, 10);
}

int sys_set_schedule(pid_t pid, const struct sys_schedule *schedule)
{
    return syscall(SYS_sched_setattr, pid, schedule, 0) < 0 ? -errno : 0;
}

int sys_set_io_priority(pid_t pid, int priority)
{
    return syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, priority) < 0 ? -errno : 0;
}
