/* SPDX-License-Identifier: Apache-2.0 */
/* A caller that is out of the ordinary: sets what execve(2) leaves alone, and becomes the command.
 * The names are those of `payload inherited`. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t r = fd < 0 ? -1 : write(fd, text, strlen(text));

    close(fd);
    return r < 0 ? -1 : 0;
}

static int set_policy(long policy)
{
    struct sched_param parameters = {.sched_priority =
                                         policy == SCHED_FIFO || policy == SCHED_RR ? 1 : 0};

    return sched_setscheduler(0, (int) policy, &parameters);
}

static int set_memory_policy(long mode)
{
    unsigned long node = 1;

    return (int) syscall(SYS_set_mempolicy, mode, &node, 8 * sizeof(node));
}

static int option_of(const char *name)
{
    static const struct {
        const char *name;
        int option;
    } options[] = {
        {"securebits", PR_SET_SECUREBITS},
        {"no-new-privs", PR_SET_NO_NEW_PRIVS},
        {"thp-disable", PR_SET_THP_DISABLE},
        {"timer-slack", PR_SET_TIMERSLACK},
        {"tsc", PR_SET_TSC},
        {"pdeathsig", PR_SET_PDEATHSIG},
        {"subreaper", PR_SET_CHILD_SUBREAPER},
        {"io-flusher", 57},
        {"mdwe", 65},
        {"memory-merge", 67},
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (strcmp(options[i].name, name) == 0)
            return options[i].option;
    return -1;
}

static int set(const char *name, const char *text)
{
    long value = strtol(text, NULL, 0);

    if (strcmp(name, "umask") == 0)
        return umask((mode_t) value), 0;
    if (strcmp(name, "personality") == 0)
        return personality((unsigned long) value) < 0 ? -1 : 0;
    if (strcmp(name, "nice") == 0)
        return setpriority(PRIO_PROCESS, 0, (int) value);
    if (strcmp(name, "policy") == 0)
        return set_policy(value);
    if (strcmp(name, "ioprio") == 0)
        return (int) syscall(SYS_ioprio_set, 1, 0, value);
    if (strcmp(name, "mempolicy") == 0)
        return set_memory_policy(value);
    if (strcmp(name, "core-cookie") == 0)
        return prctl(62 /* PR_SCHED_CORE */, 1, 0, 0, 0);
    if (strcmp(name, "mce-kill") == 0)
        return prctl(PR_MCE_KILL, PR_MCE_KILL_SET, value, 0, 0);
    if (strcmp(name, "speculation") == 0)
        return prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, value, 0, 0);
    if (strcmp(name, "oom-score-adj") == 0)
        return put("/proc/self/oom_score_adj", text);
    if (strcmp(name, "coredump-filter") == 0)
        return put("/proc/self/coredump_filter", text);
    errno = EINVAL;
    return option_of(name) < 0 ? -1 : prctl(option_of(name), value, 0, 0, 0);
}

/* NAME=VALUE... -- COMMAND... Status 77: the kernel does not have this. */
int be_caller(char **argv)
{
    for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
        char *value = strchr(*argv, '=');

        if (value == NULL)
            return 125;
        *value++ = '\0';
        if (set(*argv, value) < 0) {
            fprintf(stderr, "hosttool: %s: %s\n", *argv, strerror(errno));
            return 77;
        }
    }
    if (*argv == NULL)
        return 125;
    execvp(argv[1], argv + 1);
    return 127;
}
