/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a program from a descriptor in new namespaces without copying the caller's memory. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define SYS_LAUNCH_GIVEN 3

struct sys_launch {
    int image; /* descriptor of the program */
    /* its argv[0]; the program gets no other argument and an empty environment */
    const char *name;
    uint64_t flags;              /* CLONE_NEW* */
    int cgroup;                  /* a cgroup v2 directory to start in, or -1 */
    int given[SYS_LAUNCH_GIVEN]; /* become descriptors 3, 4 and 5; -1: closed */
    unsigned n_kept; /* how many of the caller's descriptors, from 3 up, become 6 and up */
};

/* Calls clone3(2) with CLONE_VM | CLONE_VFORK | CLONE_PIDFD, then execveat(2); returns once the
 * program runs. The program gets stdin, stdout, stderr, `given`, and those of the first `n_kept`
 * descriptors that are not close-on-exec; no other descriptor of the caller. Returns the PID, which
 * the caller must wait for, and a pidfd, or a negative errno. */
pid_t sys_launch(const struct sys_launch *launch, int *ret_pidfd);

/* Returns how many of the `most` descriptors from 3 up have to be kept for the program to inherit
 * every one that is not close-on-exec: the distance from 3 to the highest of them. */
unsigned sys_count_inherited(unsigned most);

/* Sets close-on-exec on every descriptor from `first` up. Does not allocate memory, so it can be
 * called after vfork(2). Returns 0 or a negative errno. */
int sys_close_on_exec_from(int first);
