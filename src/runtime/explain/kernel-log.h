/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's log tells about the end of a process. Linux writes a line of the audit log
 * there for a process that a seccomp filter kills, unless an audit daemon takes it, and since
 * Linux 5.0 a line for each OOM kill. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;

struct kernel_log_oom {
    uint64_t pid;
    const char *limit;  /* the cgroup whose limit was reached, "/c"; NULL: the host's memory */
    const char *cgroup; /* that of the process, or of the group that was killed */
};

struct kernel_log_seccomp {
    uint64_t pid;
    uint64_t signal;
    uint64_t seconds; /* since 1970 */
    uint32_t machine; /* AUDIT_ARCH_* */
    uint64_t call;
};

/* Parse the text of one record. Return false if it is another. An OOM kill has one line. If it
 * kills a group (memory.oom.group), a line with the group's cgroup and one for each victim follow.
 */
bool kernel_log_parse_oom(struct arena *arena, const char *text, struct kernel_log_oom *ret_oom);
bool kernel_log_parse_oom_group(struct arena *arena, const char *text, const char **ret_cgroup);
bool kernel_log_parse_oom_victim(const char *text, uint64_t *ret_pid);
bool kernel_log_parse_seccomp(const char *text, struct kernel_log_seccomp *ret_seccomp);

struct kernel_log_question {
    pid_t pid;
    /* of the container, in the hierarchy of memory, "/c"; NULL: OOM kills are not searched for */
    const char *cgroup;
    const char *since; /* RFC 3339, UTC, without or with a fraction of a second */
    const char *until; /* the same; NULL: now */
};

struct kernel_log_answer {
    bool has_oom;     /* the last OOM kill of the process in this cgroup or below it */
    bool has_seccomp; /* the last time since that a filter killed a thread of this PID */
    struct kernel_log_oom oom;
    struct kernel_log_seccomp seccomp;
    const char *seccomp_at; /* RFC 3339, UTC */
};

/* Searches the kernel's log. Returns 0, -EXDEV if the caller's PID namespace is not the initial
 * one, whose PIDs the log has, or another negative errno if the caller cannot read it. */
int kernel_log_search(struct arena *arena, const struct kernel_log_question *question,
                      struct kernel_log_answer *ret_answer);
