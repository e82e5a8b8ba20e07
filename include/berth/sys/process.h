/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: pidfds, waiting, start times; child processes that run a program. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* pidfd_open(2). Where it is refused, opens the directory /proc/PID instead, which every function
 * here accepts as a pidfd. Returns a descriptor or a negative errno. */
int sys_pidfd_open(pid_t pid);

/* Returns a descriptor of the process for setns(2): a pidfd, or before Linux 5.8, whose setns(2)
 * does not take pidfds, the directory /proc/PID. Returns a descriptor or a negative errno. */
int sys_pidfd_for_namespaces(int pidfd);

/* Returns the descriptor for poll(2), or -1 if `pidfd` is a directory, which poll(2) reports
 * nothing about. */
int sys_pidfd_pollable(int pidfd);

/* Returns how long poll(2) may wait with that descriptor before the caller has to check the process
 * again, in milliseconds; -1: forever. */
int sys_pidfd_poll_ms(int pidfd);

/* pidfd_send_signal(2). Returns 0 or a negative errno. */
int sys_pidfd_signal(int pidfd, int signal);

/* Waits until the process ends, for at most `timeout_ms` milliseconds (-1: forever). Returns 0,
 * -ETIMEDOUT or a negative errno. */
int sys_pidfd_wait(int pidfd, int timeout_ms);

struct sys_unless {
    int process; /* a pidfd: returns -ECANCELED when that process ends; -1: none */
    /* a descriptor such as a signalfd: returns -EINTR when it is readable; -1: none */
    int readable;
};

/* Like sys_pidfd_wait, but returns early when one of the conditions in `unless` is met. */
int sys_pidfd_wait_unless(int pidfd, const struct sys_unless *unless, int timeout_ms);

/* Waits for the child behind the pidfd to end and reaps it. Returns its exit status, or 128 + the
 * signal that killed it, or a negative errno. *ret_status is what wait(2) would report;
 * `ret_status` may be NULL. */
int sys_pidfd_reap(int pidfd, int *ret_status);

/* Reads the process's start time, in clock ticks since boot, from /proc/PID/stat: PID and start
 * time together identify one process for good. It is that of the initial time namespace, whatever
 * the caller's. Returns 0 or a negative errno: -ESRCH if the process does not exist or is dead (a
 * zombie with no other thread), -ENODATA if it exists but /proc does not show it, -ENOTSUP if
 * the offset of the caller's time namespace is unknown. */
int sys_process_start_time(pid_t pid, uint64_t *ret_ticks);

/* Returns 0 if the process is the one that started then, give or take a tick, -ESRCH if that has
 * ended, or another negative errno. */
int sys_process_started_at(pid_t pid, uint64_t ticks);

/* The end of a process that has not been reaped. */
struct sys_exit {
    int status;   /* as wait(2) reports it */
    pid_t parent; /* who has to reap it; 0: a process outside of the caller's PID namespace */
};

/* Reads how the process that started then has ended. Returns 0, -ESRCH if it has been reaped,
 * -EACCES if the kernel does not show that to the caller, -EBUSY if the process is alive, or
 * another negative errno. */
int sys_process_read_exit(pid_t pid, uint64_t ticks, struct sys_exit *ret_exit);

/* Returns whether the process exits, or has a SIGKILL that it has not yet taken. */
bool sys_process_is_dying(pid_t pid);

/* Reads the start time, as the caller's time namespace shows it, of the process whose /proc/PID
 * directory is `dir`. */
int sys_process_start_time_at(int dir, uint64_t *ret_ticks);

/* Returns the PID of `pid` in its innermost PID namespace, or a negative errno. */
pid_t sys_process_inner_pid(pid_t pid);

/* Returns whether procfs at /proc shows the PIDs of this process's own PID namespace, so that
 * kill(2) with signal 0 tells what procfs would. */
bool sys_process_namespace_is_procfs(void);

struct sys_spawn {
    const char *path;
    const char *const *argv;
    const char *const *envp;
    const char *directory;           /* working directory; NULL: the caller's */
    int stdin_fd;                    /* -1: /dev/null */
    int output_fd;                   /* stdout */
    int error_fd;                    /* stderr */
    const struct sys_unless *unless; /* what else ends the wait; NULL: nothing */
    bool searches_path; /* look up a path without "/" in the caller's PATH, as execvp(3) does */
};

/* Resets signal dispositions and the signal mask. To be called in a child before execve(2), which
 * preserves blocked and ignored signals. */
void sys_reset_signals(void);

/* Starts the program with fork(2). Returns 0 or a negative errno, including that of execve(2). */
int sys_spawn_by_fork(const struct sys_spawn *spawn, pid_t *ret_pid);

/* Runs a program with default signal dispositions and no further descriptors, and waits for it to
 * end. Kills it after `timeout_ms` milliseconds (-1: never) and returns -ETIMEDOUT. Returns its
 * wait status or a negative errno, including that of execve(2). */
int sys_run_program(const struct sys_spawn *spawn, int timeout_ms);

/* struct sched_attr of sched_setattr(2). */
struct sys_schedule {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns;
    uint64_t deadline_ns;
    uint64_t period_ns;
};

/* prctl(2) with PR_SCHED_CORE_GET: reads the core-scheduling cookie of a process, or of the calling
 * one if `pid` is 0; 0: it has none. Returns 0 or a negative errno: -EINVAL if the kernel has no
 * core scheduling, -ENODEV if no core of this machine runs several threads. */
int sys_core_cookie(pid_t pid, uint64_t *ret_cookie);

/* sched_setattr(2) and ioprio_set(2) for the process. Return 0 or a negative errno. */
int sys_set_schedule(pid_t pid, const struct sys_schedule *schedule);
int sys_set_io_priority(pid_t pid, int priority);
