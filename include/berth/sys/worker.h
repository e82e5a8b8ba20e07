/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a long-running helper program that berth talks to over passed descriptors. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define SYS_WORKER_GIVEN_MOST 32

struct sys_worker {
    const char *path;
    const char *const *argv;
    const char *const *envp;
    int output_fd;    /* stdout and stderr; stdin is /dev/null */
    const int *given; /* become descriptors 3 and up */
    size_t n_given;   /* at most SYS_WORKER_GIVEN_MOST */
    /* NULL: the program stays in the caller's mount namespace; else it gets a new one in which
     * `root` is also mounted at `at` */
    const char *root;
    const char *at;
};

/* Starts the program in a new session, with default signal dispositions and no further descriptors.
 * Returns its PID, which the caller must wait for, and a pidfd, or a negative errno, including that
 * of execve(2). */
pid_t sys_start_worker(const struct sys_worker *worker, int *ret_pidfd);
