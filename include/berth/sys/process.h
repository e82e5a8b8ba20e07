/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: pidfds, their end, their start time; children that run a program. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* pidfd_open(2); where that is refused the directory /proc/PID, which all functions here take for a
 * pidfd. Returns a descriptor or a negative errno. */
int sys_pidfd_open(pid_t pid);

/* A descriptor of the process for who joins its namespaces: setns(2) takes pidfds since Linux 5.8,
 * before that it is the directory /proc/PID. Returns a descriptor or a negative errno. */
int sys_pidfd_for_namespaces(int pidfd);

/* The descriptor for poll(2), which tells nothing of a directory: then -1. */
int sys_pidfd_pollable(int pidfd);

/* How long poll(2) may wait with that descriptor before the process is looked at, in milliseconds;
 * -1: for ever. */
int sys_pidfd_poll_ms(int pidfd);

/* pidfd_send_signal(2). Returns 0 or a negative errno. */
int sys_pidfd_signal(int pidfd, int signal);

/* Waits until the process has ended; `timeout_ms` -1: for ever. Returns 0, -ETIMEDOUT or a negative
 * errno. */
int sys_pidfd_wait(int pidfd, int timeout_ms);

struct sys_unless {
    int process;  /* a pidfd: its end is -ECANCELED; -1: none */
    int readable; /* a descriptor, such as a signalfd: something to read is -EINTR; -1: none */
};

/* The same, unless something else comes first. */
int sys_pidfd_wait_unless(int pidfd, const struct sys_unless *unless, int timeout_ms);

/* Reaps the child behind the pidfd, waiting for its end. Returns its exit status, 128 + the signal
 * that ended it, or a negative errno; `ret_signal` (may be NULL) is that signal or 0. */
int sys_pidfd_reap(int pidfd, int *ret_signal);

/* When the process started, in clock ticks since boot, from /proc/PID/stat: with `pid` it names one
 * process for ever. -ESRCH when there is none or when it is dead: a zombie without other
 * threads. -ENODATA when there is one that /proc does not show. */
int sys_process_start_time(pid_t pid, uint64_t *ret_ticks);

/* The same of the process whose directory in /proc is `dir`. */
int sys_process_start_time_at(int dir, uint64_t *ret_ticks);

/* The process id that `pid` has in its own, innermost pid namespace. Returns it or a negative
 * errno. */
pid_t sys_process_inner_pid(pid_t pid);

struct sys_spawn {
    const char *path;
    const char *const *argv;
    const char *const *envp;
    const char *directory;           /* the working directory; NULL: the caller's */
    int stdin_fd;                    /* -1: /dev/null */
    int output_fd;                   /* stdout */
    int error_fd;                    /* stderr */
    const struct sys_unless *unless; /* what ends this one, too; NULL: nothing */
    bool searches_path; /* for a path without "/": in the caller's PATH, as execvp(3) does */
};

/* For a child, before execve(2): signals that this process blocks or ignores would be so for the
 * program. */
void sys_reset_signals(void);

/* Starts the program by fork(2). Returns 0 or a negative errno, that of execve(2) too. */
int sys_spawn_by_fork(const struct sys_spawn *spawn, pid_t *ret_pid);

/* Runs a program with default signals and no other descriptors, and waits for its end; after
 * `timeout_ms` (-1: none) it is killed: -ETIMEDOUT. Returns its wait status or a negative errno,
 * that of execve(2) too. */
int sys_run_program(const struct sys_spawn *spawn, int timeout_ms);

/* What sched_setattr(2) takes. */
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

/* sched_setattr(2), ioprio_set(2) of the process. Return 0 or a negative errno. */
int sys_set_schedule(pid_t pid, const struct sys_schedule *schedule);
int sys_set_io_priority(pid_t pid, int priority);
