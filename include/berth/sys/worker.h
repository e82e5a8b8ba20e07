/* SPDX-License-Identifier: Apache-2.0 */
/* A program that works for this process and is spoken to. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define SYS_WORKER_GIVEN_MOST 32

struct sys_worker {
    const char *path;
    const char *const *argv;
    const char *const *envp;
    int output_fd;    /* stdout and stderr; stdin is /dev/null */
    const int *given; /* become its descriptors from 3 on */
    size_t n_given;   /* at most SYS_WORKER_GIVEN_MOST */
    /* NULL: the caller's mount namespace; else it gets one of its own in which ROOT is a mount
     * point at AT as well */
    const char *root;
    const char *at;
};

/* Starts it in a session of its own, with default signals and no other descriptors. Returns its
 * process id, which the caller has to wait for, and a pidfd, or a negative errno, that of execve(2)
 * too. */
pid_t sys_start_worker(const struct sys_worker *worker, int *ret_pidfd);
