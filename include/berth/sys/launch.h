/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a program from a descriptor in new namespaces without copying the caller's memory. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define SYS_LAUNCH_GIVEN 3

struct sys_launch {
    int image; /* the program */
    /* its argv[0]; it has no other argument and an empty environment */
    const char *name;
    uint64_t flags;              /* CLONE_NEW* */
    int cgroup;                  /* a cgroup v2 directory to start in, or -1 */
    int given[SYS_LAUNCH_GIVEN]; /* become its descriptors 3, 4, 5; -1: closed */
    unsigned n_kept;             /* the caller's descriptors from 3 on become those from 6 on */
};

/* clone3(2) with CLONE_VM | CLONE_VFORK | CLONE_PIDFD, then execveat(2): returns when the program
 * runs. It has stdin, stdout, stderr, what is given and what is kept: of these only what is not
 * close-on-exec, so none of the caller's own. Returns the process id, which the caller has to wait
 * for, and a pidfd, or a negative errno. */
pid_t sys_launch(const struct sys_launch *launch, int *ret_pidfd);

/* How many descriptors from 3 up to 3 + `most` the caller may keep: the distance to the highest one
 * that is open and not close-on-exec. */
unsigned sys_count_inherited(unsigned most);

/* Sets close-on-exec on all descriptors from `first` up; makes no memory, so that it may be called
 * after vfork(2). Returns 0 or a negative errno. */
int sys_close_on_exec_from(int first);
