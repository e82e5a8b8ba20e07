/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run and exec with --record-seccomp. A process of its own, the recorder, has the seccomp listener:
 * it lets every system call pass, and keeps the set of them. It goes on until no process is under
 * the filter any more, even if this process is killed, because a system call without a listener
 * fails with ENOSYS. When the container's process has ended, this process gets the set from the
 * recorder, writes the file, and tells the recorder. If it could not, or if processes in the
 * background have made further system calls since, the recorder writes the file at its end.
 */
#pragma once

#include <stdbool.h>

#include "berth/runtime/runtime.h"
#include "executor.h"

struct error;

struct recorder {
    const char *file;    /* as the caller has written it */
    int dir;             /* its directory, or -1 */
    bool waits_killable; /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV works */
    int socket;          /* to the process, or -1 */
    int pidfd;           /* of the process, or -1 */
};

/* Returns one that records nothing. */
struct recorder recorder_none(void);

/* Checks that the kernel can record, and that the file can be written; changes nothing. */
int recorder_prepare(struct recorder *recorder, const struct runtime_launch *request,
                     struct error *error);

/* The steps START_RECORDER and HAND_RECORDER. */
executor_handler recorder_start;
executor_handler recorder_hand;

/* Writes what has been recorded so far, and warns of what a profile cannot express. */
int recorder_save(struct recorder *recorder, struct error *error);

/* Lets the process end by itself. */
void recorder_close(struct recorder *recorder);
