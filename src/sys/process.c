/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/ioprio.h>
#include <linux/prctl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"

/* field numbers of proc_pid_stat(5) */
#define FIELD_STATE 3
#define FIELD_PARENT 4
#define FIELD_FLAGS 9
#define FIELD_THREADS 20
#define FIELD_START_TIME 22
#define FIELD_PENDING 31
#define FIELD_EXIT_CODE 52

#define FLAG_EXITING 4 /* PF_EXITING of the kernel's linux/sched.h */

/* the inode number of the initial time namespace, the same on every kernel */
#define INITIAL_TIME_NAMESPACE 0xeffffffa
#define NS_PER_S 1000000000

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

struct stat_line {
    char text[1024];
    const char *state; /* field 3, where the fields begin that have no parentheses */
    bool is_dead;
    uint64_t start_time;
};

/* A single read(2) returns the whole line. */
static int read_stat(int dir, const char *path, struct stat_line *ret_line)
{
    char *stat = ret_line->text;

    AUTO_FD fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t size = read(fd, stat, sizeof(ret_line->text) - 1);
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
    ret_line->state = state;
    ret_line->is_dead =
        threads != NULL && strchr("ZXx", *state) != NULL && strtoul(threads, NULL, 10) <= 1;
    ret_line->start_time = strtoull(start_time, NULL, 10);
    return 0;
}

static int start_time_in(int dir, const char *path, uint64_t *ret_ticks)
{
    struct stat_line line = {0};

    TRY(read_stat(dir, path, &line));
    if (line.is_dead)
        return -ESRCH;
    *ret_ticks = line.start_time;
    return 0;
}

/* Reads how far the caller's time namespace sets forward the time since boot, in clock ticks. */
static int read_boot_offset(int64_t *ret_ticks)
{
    const long per_second = sysconf(_SC_CLK_TCK);
    char offsets[256];
    struct stat own, of_children;
    int64_t seconds, nanoseconds;

    *ret_ticks = 0;
    if (stat("/proc/self/ns/time", &own) < 0)
        return errno == ENOENT ? 0 : -errno; /* a kernel without time namespaces */
    if (own.st_ino == INITIAL_TIME_NAMESPACE)
        return 0;
    /* The file shows the offsets of the namespace in which children are born. */
    if (stat("/proc/self/ns/time_for_children", &of_children) < 0)
        return -errno;
    if (of_children.st_ino != own.st_ino)
        return -ENOTSUP;
    AUTO_FD fd = open("/proc/self/timens_offsets", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t size = fd_read_all(fd, offsets, sizeof(offsets) - 1);
    if (size < 0)
        return (int) size;
    offsets[size] = '\0';
    const char *line = strstr(offsets, "boottime");
    if (line == NULL || sscanf(line, "boottime %" SCNd64 " %" SCNd64, &seconds, &nanoseconds) != 2)
        return -EBADMSG;
    *ret_ticks = seconds * per_second + nanoseconds * per_second / NS_PER_S;
    return 0;
}

/* Returns the start time as the caller sees it. */
static int seen_start_time(pid_t pid, uint64_t *ret_ticks)
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

int sys_process_start_time(pid_t pid, uint64_t *ret_ticks)
{
    int64_t offset;

    TRY(seen_start_time(pid, ret_ticks));
    TRY(read_boot_offset(&offset));
    *ret_ticks -= (uint64_t) offset;
    return 0;
}

/* Returns 0 if the start time `seen` by the caller is `ticks`, or else -ESRCH. */
static int compare_start_time(uint64_t seen, uint64_t ticks)
{
    int64_t offset;

    if (seen == ticks)
        return 0;
    TRY(read_boot_offset(&offset));
    /* The kernel adds an offset before it rounds, which can make a difference of one tick. */
    return seen - (uint64_t) offset - ticks + 1 <= 2 ? 0 : -ESRCH;
}

int sys_process_started_at(pid_t pid, uint64_t ticks)
{
    uint64_t seen = 0;

    TRY(seen_start_time(pid, &seen));
    return compare_start_time(seen, ticks);
}

/* The kernel shows the exit code only to a caller who may look into the process, and 0 to others.
 * Those cannot read the link either; for all others a dead process has none. After it is reaped,
 * it has none for anybody: the link comes first. */
static int read_exit_in(int dir, uint64_t ticks, struct sys_exit *ret_exit)
{
    char link[2];
    struct stat_line line = {0};
    bool is_shown = readlinkat(dir, "cwd", link, sizeof(link)) < 0 && errno == ENOENT;
    int result = read_stat(dir, "stat", &line);
    if (result < 0)
        return result == -ENOENT ? -ESRCH : result;
    TRY(compare_start_time(line.start_time, ticks));
    const char *parent = skip_fields(line.state, FIELD_PARENT - FIELD_STATE);
    const char *code = skip_fields(line.state, FIELD_EXIT_CODE - FIELD_STATE);
    if (!line.is_dead || parent == NULL || code == NULL)
        return -EBUSY;
    if (!is_shown)
        return -EACCES;
    *ret_exit = (struct sys_exit){.status = (int) strtol(code, NULL, 10),
                                  .parent = (pid_t) strtol(parent, NULL, 10)};
    return 0;
}

int sys_process_read_exit(pid_t pid, uint64_t ticks, struct sys_exit *ret_exit)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d", pid);
    AUTO_FD dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    int result = read_exit_in(dir, ticks, ret_exit);
    /* It may have died in between, when the link was still there. */
    return result == -EACCES ? read_exit_in(dir, ticks, ret_exit) : result;
}

bool sys_process_is_dying(pid_t pid)
{
    char path[64];
    struct stat_line line = {0};

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    if (read_stat(AT_FDCWD, path, &line) < 0)
        return false;
    const char *flags = skip_fields(line.state, FIELD_FLAGS - FIELD_STATE);
    const char *pending = skip_fields(line.state, FIELD_PENDING - FIELD_STATE);
    return (flags != NULL && (strtoul(flags, NULL, 10) & FLAG_EXITING) != 0) ||
           (pending != NULL && (strtoul(pending, NULL, 10) & 1UL << (SIGKILL - 1)) != 0);
}

int sys_process_start_time_at(int dir, uint64_t *ret_ticks)
{
    int result = start_time_in(dir, "stat", ret_ticks);

    return result == -ENOENT ? -ESRCH : result;
}

/* Finds "4711\t1" of the line "NSpid:\t4711\t1" in /proc/PID/status: PIDs from procfs's namespace
 * inwards. NULL if there is no such line. */
static int find_inner_pids(const char *process, char (*status)[4096], char **ret_pids)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%s/status", process);
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    ssize_t size = fd_read_all(fd, *status, sizeof(*status) - 1);
    if (size < 0)
        return (int) size;
    (*status)[size] = '\0';
    char *line = strstr(*status, "\nNSpid:\t");
    *ret_pids = line == NULL ? NULL : line + strlen("\nNSpid:\t");
    if (line != NULL)
        (*ret_pids)[strcspn(*ret_pids, "\n")] = '\0';
    return 0;
}

pid_t sys_process_inner_pid(pid_t pid)
{
    char process[16], status[4096], *pids = NULL;

    snprintf(process, sizeof(process), "%d", pid);
    TRY(find_inner_pids(process, &status, &pids));
    if (pids == NULL)
        return pid;
    const char *last = strrchr(pids, '\t');
    return (pid_t) strtol(last == NULL ? pids : last + 1, NULL, 10);
}

bool sys_process_namespace_is_procfs(void)
{
    char status[4096], *pids = NULL;

    return find_inner_pids("self", &status, &pids) == 0 && pids != NULL &&
           strchr(pids, '\t') == NULL && strtol(pids, NULL, 10) == getpid();
}

int sys_set_schedule(pid_t pid, const struct sys_schedule *schedule)
{
    return syscall(SYS_sched_setattr, pid, schedule, 0) < 0 ? -errno : 0;
}

int sys_set_io_priority(pid_t pid, int priority)
{
    return syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, priority) < 0 ? -errno : 0;
}

int sys_core_cookie(pid_t pid, uint64_t *ret_cookie)
{
    /* The kernel writes only to a multiple of 8, which uint64_t is not everywhere. */
    uint64_t cookie __attribute__((aligned(8))) = 0;

    if (syscall(SYS_prctl, PR_SCHED_CORE, PR_SCHED_CORE_GET, pid, PR_SCHED_CORE_SCOPE_THREAD,
                &cookie) < 0)
        return -errno;
    *ret_cookie = cookie;
    return 0;
}
