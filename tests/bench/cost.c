/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cost calls|instructions|memory FILE COMMAND...: runs COMMAND and writes to FILE how many system
 * calls or instructions it and its children execute, or how much memory in KiB the largest of them
 * has resident when it exits: ru_maxrss is off by up to 32 pages for each processor. The program of
 * a container does not count: cost detaches from a process that executes anything but COMMAND and
 * memfds. When COMMAND exits, cost detaches from its children.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_CALL (SIGTRAP | 0x80)
#define FOLLOW                                                                                     \
    (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |      \
     PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT)

/* Starts COMMAND, traced from its execve(2) on, at the same addresses each time: they decide which
 * pages the kernel maps beside those that are used. */
static pid_t start_traced(char **command)
{
    int gate[2];
    char byte = 0;

    if (pipe2(gate, O_CLOEXEC) < 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        personality(ADDR_NO_RANDOMIZE);
        if (read(gate[0], &byte, 1) == 1)
            execv(command[0], command);
        _exit(127);
    }
    if (child < 0 || ptrace(PTRACE_SEIZE, child, NULL, FOLLOW) < 0 || write(gate[1], &byte, 1) < 0)
        return -1;
    close(gate[0]);
    close(gate[1]);
    return child;
}

static bool is_other_program(pid_t pid, const char *command)
{
    char path[64], program[4096];

    snprintf(path, sizeof(path), "/proc/%d/exe", pid);
    ssize_t length = readlink(path, program, sizeof(program) - 1);
    program[length < 0 ? 0 : length] = '\0';
    return strcmp(program, command) != 0 && strncmp(program, "/memfd:", 7) != 0;
}

static long resident(pid_t pid)
{
    char path[64], line[128];
    long size = 0;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, "Rss:", 4) == 0)
            size = strtol(line + 4, NULL, 10);
    if (file != NULL)
        fclose(file);
    return size;
}

struct cost {
    int request; /* what makes a process stop: PTRACE_SYSCALL, PTRACE_SINGLESTEP, PTRACE_CONT */
    long sum;    /* a system call counts twice: a process stops before and after it */
};

static void add(struct cost *cost, pid_t pid, int signal, int event)
{
    if (cost->request == PTRACE_SYSCALL)
        cost->sum += signal == AT_CALL;
    else if (cost->request == PTRACE_SINGLESTEP)
        cost->sum += signal == SIGTRAP && event == 0;
    else if (event == PTRACE_EVENT_EXIT) {
        long size = resident(pid);
        cost->sum = size > cost->sum ? size : cost->sum;
    }
}

static void take_stop(struct cost *cost, pid_t pid, int status, const char *command)
{
    int signal = WSTOPSIG(status), event = status >> 16;
    bool is_signal = event == 0 && signal != SIGTRAP && signal != AT_CALL;

    add(cost, pid, signal, event);
    if (event == PTRACE_EVENT_EXEC && is_other_program(pid, command))
        ptrace(PTRACE_DETACH, pid, NULL, NULL);
    else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP)
        ptrace(PTRACE_LISTEN, pid, NULL, NULL);
    else
        ptrace(cost->request, pid, NULL, is_signal ? signal : 0);
}

static int write_sum(const char *path, const struct cost *cost)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    long sum = cost->request == PTRACE_SYSCALL ? cost->sum / 2 : cost->sum;

    return fd < 0 || dprintf(fd, "%ld\n", sum) < 0 ? -1 : 0;
}

static int measure(struct cost *cost, const char *path, char **command)
{
    pid_t child = start_traced(command);

    while (child > 0) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno != EINTR)
            break;
        if (pid > 0 && WIFSTOPPED(status))
            take_stop(cost, pid, status, command[0]);
        else if (pid == child)
            return write_sum(path, cost) == 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
    perror("cost");
    return 1;
}

int main(int argc, char **argv)
{
    struct cost cost = {PTRACE_CONT, 0};

    if (argc < 4)
        return 2;
    if (strcmp(argv[1], "calls") == 0)
        cost.request = PTRACE_SYSCALL;
    if (strcmp(argv[1], "instructions") == 0)
        cost.request = PTRACE_SINGLESTEP;
    return measure(&cost, argv[2], argv + 3);
}
