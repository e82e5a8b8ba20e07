/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cost calls|instructions|memory|code FILE COMMAND...: runs COMMAND and writes to FILE how many
 * system calls or instructions it and its children execute, or how much memory in KiB the largest
 * of them has resident when it exits: ru_maxrss is off by up to 32 pages for each processor. The
 * program of a container does not count: cost detaches from a process that executes anything but
 * COMMAND and memfds. When COMMAND exits, cost detaches from its children. With `code`, FILE
 * receives the offset in COMMAND of each instruction that was executed, in hexadecimal, and memfds
 * do not count either.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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

/* A memfd is the container's init. */
static bool is_other_program(pid_t pid, const char *command, bool follows_memfds)
{
    char path[64], program[4096];

    snprintf(path, sizeof(path), "/proc/%d/exe", pid);
    ssize_t length = readlink(path, program, sizeof(program) - 1);
    program[length < 0 ? 0 : length] = '\0';
    return strcmp(program, command) != 0 &&
           (!follows_memfds || strncmp(program, "/memfd:", 7) != 0);
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

struct code {
    bool *executed; /* NULL: not asked for */
    uint64_t start, end;
};

struct cost {
    int request; /* what makes a process stop: PTRACE_SYSCALL, PTRACE_SINGLESTEP, PTRACE_CONT */
    long sum;    /* a system call counts twice: a process stops before and after it */
    bool wants_code;
    struct code code;
};

/* Finds where COMMAND is mapped: its children share that. */
static void find_code(struct code *code, pid_t pid, const char *command)
{
    char path[64], line[4096];

    snprintf(path, sizeof(path), "/proc/%d/maps", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        uint64_t start, end;

        line[strcspn(line, "\n")] = '\0';
        if (strchr(line, '/') == NULL || strcmp(strchr(line, '/'), command) != 0 ||
            sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end) != 2)
            continue;
        code->start = code->start == 0 ? start : code->start;
        code->end = end;
    }
    if (file != NULL)
        fclose(file);
    code->executed = calloc(code->end - code->start + 1, sizeof(*code->executed));
}

static void add_code(struct code *code, pid_t pid)
{
    struct __ptrace_syscall_info info;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0 &&
        info.instruction_pointer >= code->start && info.instruction_pointer < code->end)
        code->executed[info.instruction_pointer - code->start] = true;
}

static void add(struct cost *cost, pid_t pid, int signal, int event)
{
    if (cost->request == PTRACE_SYSCALL)
        cost->sum += signal == AT_CALL;
    else if (cost->code.executed != NULL)
        add_code(&cost->code, pid);
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

    if (cost->wants_code && cost->code.executed == NULL && event == PTRACE_EVENT_EXEC)
        find_code(&cost->code, pid, command);
    add(cost, pid, signal, event);
    if (event == PTRACE_EVENT_EXEC && is_other_program(pid, command, !cost->wants_code))
        ptrace(PTRACE_DETACH, pid, NULL, NULL);
    else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP)
        ptrace(PTRACE_LISTEN, pid, NULL, NULL);
    else
        ptrace(cost->request, pid, NULL, is_signal ? signal : 0);
}

static int write_cost(const char *path, const struct cost *cost)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    long sum = cost->request == PTRACE_SYSCALL ? cost->sum / 2 : cost->sum;

    if (fd < 0)
        return -1;
    for (uint64_t i = 0; i < cost->code.end - cost->code.start; i++)
        if (cost->code.executed[i])
            dprintf(fd, "%" PRIx64 "\n", i);
    return cost->wants_code || dprintf(fd, "%ld\n", sum) > 0 ? 0 : -1;
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
            return write_cost(path, cost) == 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
    perror("cost");
    return 1;
}

int main(int argc, char **argv)
{
    struct cost cost = {.request = PTRACE_CONT};

    if (argc < 4)
        return 2;
    if (strcmp(argv[1], "calls") == 0)
        cost.request = PTRACE_SYSCALL;
    cost.wants_code = strcmp(argv[1], "code") == 0;
    if (cost.wants_code || strcmp(argv[1], "instructions") == 0)
        cost.request = PTRACE_SINGLESTEP;
    return measure(&cost, argv[2], argv + 3);
}
