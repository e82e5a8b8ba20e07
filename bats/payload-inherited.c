/* SPDX-License-Identifier: Apache-2.0 */
/* What a process has from whoever started it, and that execve(2) leaves alone: a line "NAME VALUE"
 * for each. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "payload.h"

static void number(const char *name, long value)
{
    printf("%s %ld\n", name, value);
}

/* The first line of a file of /proc, which has no quotation marks to lose. */
static void file_line(const char *name, const char *path)
{
    char line[64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && read(fd, line, sizeof(line) - 1) > 0)
        line[strcspn(line, "\n")] = '\0';
    close(fd);
    printf("%s %s\n", name, line);
}

static long option_of(int option)
{
    return prctl(option, 0, 0, 0, 0);
}

static long stored_in_int(int option)
{
    int value = -1;

    prctl(option, &value, 0, 0, 0);
    return value;
}

static long memory_policy(void)
{
    int mode = -1;

    syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0);
    return mode;
}

/* Nothing but 0 and whether it is 0 can be known of a cookie. */
static long has_core_cookie(void)
{
    unsigned long cookie = 0;

    prctl(62 /* PR_SCHED_CORE */, 0, 0, 0, &cookie);
    return cookie != 0;
}

int do_inherited(int argc, char **argv)
{
    mode_t mask = umask(0);

    (void) argc;
    (void) argv;
    umask(mask);
    printf("umask %04o\n", (unsigned) mask);
    printf("personality %lx\n", (unsigned long) personality(0xffffffff));
    number("nice", getpriority(PRIO_PROCESS, 0));
    number("policy", sched_getscheduler(0));
    number("ioprio", syscall(SYS_ioprio_get, 1, 0));
    number("mempolicy", memory_policy());
    number("core-cookie", has_core_cookie());
    number("securebits", option_of(PR_GET_SECUREBITS));
    number("keepcaps", option_of(PR_GET_KEEPCAPS));
    number("no-new-privs", option_of(PR_GET_NO_NEW_PRIVS));
    number("thp-disable", option_of(PR_GET_THP_DISABLE));
    number("timer-slack", option_of(PR_GET_TIMERSLACK));
    number("dumpable", option_of(PR_GET_DUMPABLE));
    number("io-flusher", option_of(58 /* PR_GET_IO_FLUSHER */));
    number("mdwe", option_of(66 /* PR_GET_MDWE */));
    number("memory-merge", option_of(68 /* PR_GET_MEMORY_MERGE */));
    number("mce-kill", option_of(PR_MCE_KILL_GET));
    number("speculation", prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 0, 0, 0));
    number("tsc", stored_in_int(PR_GET_TSC));
    number("pdeathsig", stored_in_int(PR_GET_PDEATHSIG));
    number("subreaper", stored_in_int(PR_GET_CHILD_SUBREAPER));
    number("session-leader", getsid(0) == getpid());
    number("terminal", open("/dev/tty", O_RDWR | O_CLOEXEC) >= 0);
    file_line("oom-score-adj", "/proc/self/oom_score_adj");
    file_line("coredump-filter", "/proc/self/coredump_filter");
    return 0;
}
