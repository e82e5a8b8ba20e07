/* SPDX-License-Identifier: Apache-2.0 */
/* Starts long-running helper processes: a program, or a part of this one. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define SYS_WORKER_GIVEN_MAX 32

struct sys_worker {
    const char *path;
    const char *const *argv;
    const char *const *envp;
    int output_fd;    /* stdout and stderr; stdin is /dev/null */
    const int *given; /* become descriptors 3 and up */
    size_t n_given;   /* at most SYS_WORKER_GIVEN_MAX */
    /* NULL: the program stays in the caller's mount namespace; else it gets a new one in which
     * `root` is also mounted at `at` */
    const char *root;
    const char *at;
};

/* Starts the program in a new session, with default signal dispositions and no further descriptors.
 * Returns its PID, which the caller must wait for, and a pidfd, or a negative errno, including that
 * of execve(2). */
pid_t sys_start_worker(const struct sys_worker *worker, int *ret_pidfd);

struct sys_forked {
    const char *name; /* at most 15 characters: what ps(1) shows */
    int given;        /* a descriptor for it */
    /* what it does, with the far end of the socket; it exits when this returns */
    void (*work)(int socket, int given, const void *argument);
    const void *argument;
};

/* Forks a process that may outlive this one: in a new session, at the root directory, with all
 * signals blocked. It has no descriptors but the far end of *ret_socket (SOCK_SEQPACKET), `given`,
 * and /dev/null as stdin, stdout and stderr. It must not write to the log. Returns its PID, which
 * the caller must wait for, or a negative errno. */
pid_t sys_fork_worker(const struct sys_forked *forked, int *ret_socket, int *ret_pidfd);
