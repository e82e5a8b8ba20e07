/* SPDX-License-Identifier: Apache-2.0 */
/*
 * injector [-t SECONDS] [-a PID] [-p PROCESS:CALL:NTH [-w PATH] (-e ERRNO | -k | -x PATH -y PATH
 * [-b])] [-r FOLDER]... [-l FILE] [-P FILE] COMMAND...
 *
 * Runs a runtime's command under ptrace(2), and makes one of the system calls of its processes
 * fail, or kills the process right before it, or lets two paths change places right before it, and
 * with -b right after it once more.
 *
 * A process is followed from its birth until it executes the container's program or a hook: then it
 * is let go. -s N passes over N programs before the runtime, such as setpriv(1). Processes are
 * numbered in the order of their births. CALL is the number of a system call; NTH, from 0, counts
 * those of that number, and with -w those of them alone that use this path: how many calls of
 * another kind come before, as waiting does, differs from run to run. -a follows a process that is
 * there already as number 1, until it executes something: the init that `start` lets go. -l writes
 * one line for each process: its number, its name and its system calls, each as NUMBER:PLACE
 * (places.h). -P writes one line for each path of a system call (one, if it has the same twice):
 * the process, the call, its place, the path. A path begins in the first -r FOLDER that it is in,
 * or in the root directory; # stands for each number in it. The status is the command's, 128 + N
 * when signal N ended it, 124 when it ran longer than -t (default 10; all its processes are
 * killed), 125 when this tool fails itself. A line "inject: done" on standard error says that the
 * system call was reached, and that it fails, the process was killed, or the paths have changed
 * places.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "paths.h"
#include "places.h"

#define MAX_PROCESSES 256
#define MAX_CALLS 20000
#define MAX_FOLDERS 8
#define TOOL_FAILED 125
#define TIMED_OUT 124
#define DONE "inject: done\n"

struct call {
    int number;
    uint64_t place;
};

struct process {
    pid_t pid;      /* 0: let go, or ended */
    bool runs;      /* what it runs is the runtime */
    bool failing;   /* the call was replaced: its result is to be set */
    bool exchanged; /* the paths are to change places again after the call */
    char name[32];
    int count;
    int matches; /* calls so far that are like the target's */
    struct call *calls;
};

struct target {
    int process;
    int call;
    int nth;
    const char *path; /* that the call uses, or NULL: any or none */
    int number;       /* errno */
    bool kills;
    bool changes_back;
    const char *exchanged[2];
    const char *folders[MAX_FOLDERS + 1]; /* of -r */
    FILE *paths;                          /* of -P */
    const char *list;                     /* of -l */
};

static struct process processes[MAX_PROCESSES];
static int n_processes;
static int attached = -1; /* the process of -a */
static int passes_over;   /* programs of -s that are still to come */
static bool is_done;
static volatile sig_atomic_t is_late;

static void die(const char *act)
{
    perror(act);
    exit(TOOL_FAILED);
}

static struct process *find(pid_t pid)
{
    for (int i = 0; i < n_processes; i++)
        if (processes[i].pid == pid)
            return &processes[i];
    return NULL;
}

/* The first stop of a child may come before its parent's event. */
static struct process *find_or_add(pid_t pid)
{
    struct process *process = find(pid);

    if (process != NULL)
        return process;
    if (n_processes == MAX_PROCESSES) {
        fprintf(stderr, "inject: more than %d processes\n", MAX_PROCESSES);
        exit(TOOL_FAILED);
    }
    process = &processes[n_processes++];
    *process = (struct process){
        .pid = pid, .runs = n_processes > 1, .calls = calloc(MAX_CALLS, sizeof(*process->calls))};
    if (process->calls == NULL)
        die("calloc");
    return process;
}

static void read_name(struct process *process)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/comm", process->pid);
    FILE *file = fopen(path, "r");
    if (file != NULL && fgets(process->name, sizeof(process->name), file) != NULL)
        process->name[strcspn(process->name, "\n")] = '\0';
    if (file != NULL)
        fclose(file);
}

/* The runtime's own programs go on being counted; the container's and hooks do not. */
static bool is_runtime(pid_t pid)
{
    char path[64];
    char program[4096];

    snprintf(path, sizeof(path), "/proc/%d/exe", pid);
    ssize_t length = readlink(path, program, sizeof(program) - 1);
    if (length < 0)
        return false;
    program[length] = '\0';
    /* A copy in a memfd: "/memfd:crun_cloned:/proc/self/exe (deleted)". */
    const char *base =
        strncmp(program, "/memfd:", 7) == 0 ? program + 7 : strrchr(program, '/') + 1;
    /* Or on a mount without a place. */
    return base[0] == '\0' || strncmp(base, "berth", 5) == 0 || strncmp(base, "runc", 4) == 0 ||
           strncmp(base, "crun", 4) == 0;
}

static void let_go(struct process *process, pid_t pid)
{
    ptrace(PTRACE_DETACH, pid, 0, 0);
    process->pid = 0;
}

static bool exchange(const struct target *target)
{
    return renameat2(AT_FDCWD, target->exchanged[0], AT_FDCWD, target->exchanged[1],
                     RENAME_EXCHANGE) == 0;
}

static void write_paths(const struct process *process, const struct __ptrace_syscall_info *info,
                        const struct target *target)
{
    char path[2 * PATH_MAX], last[2 * PATH_MAX] = "\n";
    const uint64_t place = place_of_call(process->pid, info);

    for (size_t at = 0; next_path(process->pid, info, target->folders, &at, path);
         strcpy(last, path))
        if (strcmp(path, last) != 0)
            fprintf(target->paths, "%d %d %lx %s\n", (int) (process - processes),
                    (int) info->entry.nr, place, path);
}

/* Whether the call is the one that is meant; each call is asked about once. */
static bool is_meant(struct process *process, const struct __ptrace_syscall_info *info,
                     const struct target *target)
{
    char path[2 * PATH_MAX];

    if (process - processes != target->process || (int) info->entry.nr != target->call)
        return false;
    if (target->path == NULL)
        return process->matches++ == target->nth;
    for (size_t at = 0; next_path(process->pid, info, target->folders, &at, path);)
        if (strcmp(path, target->path) == 0)
            return process->matches++ == target->nth;
    return false;
}

/* At the entry of a call. Returns whether the process still lives. */
static bool enter_call(struct process *process, const struct __ptrace_syscall_info *info,
                       const struct target *target)
{
    struct user_regs_struct registers;
    int index = process->count;

    if (target->list != NULL && index < MAX_CALLS)
        process->calls[index] =
            (struct call){(int) info->entry.nr, place_of_call(process->pid, info)};
    process->count++;
    if (target->paths != NULL)
        write_paths(process, info, target);
    if (!is_meant(process, info, target))
        return true;
    bool done = true;
    if (target->kills) {
        kill(process->pid, SIGKILL);
    } else if (target->exchanged[0] != NULL) {
        done = exchange(target);
        process->exchanged = done && target->changes_back;
    } else {
        if (ptrace(PTRACE_GETREGS, process->pid, 0, &registers) < 0)
            return false;
        /* close(2) closes the descriptor even when it fails. */
        if (info->entry.nr != SYS_close)
            registers.orig_rax = (unsigned long long) -1;
        done = process->failing = ptrace(PTRACE_SETREGS, process->pid, 0, &registers) == 0;
    }
    if (done)
        fprintf(stderr, DONE);
    is_done = true;
    return !target->kills;
}

static void leave_call(struct process *process, const struct target *target)
{
    struct user_regs_struct registers;

    if (process->exchanged)
        exchange(target);
    process->exchanged = false;
    if (!process->failing || ptrace(PTRACE_GETREGS, process->pid, 0, &registers) < 0)
        return;
    if ((long long) registers.rax >= 0 && registers.orig_rax != SYS_close) {
        fprintf(stderr, "inject: this kernel makes a system call that ptrace(2) replaces\n");
        exit(TOOL_FAILED);
    }
    registers.rax = (unsigned long long) -target->number;
    ptrace(PTRACE_SETREGS, process->pid, 0, &registers);
    process->failing = false;
}

/* Returns whether the process still lives. */
static bool take_call(struct process *process, const struct target *target)
{
    struct __ptrace_syscall_info info;

    if (!process->runs)
        return true;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof(info), &info) < 0) {
        /* It was killed. */
        if (errno == ESRCH)
            return true;
        fprintf(stderr, "inject: this kernel does not report system calls to ptrace(2): %s\n",
                strerror(errno));
        exit(TOOL_FAILED);
    }
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        return enter_call(process, &info, target);
    leave_call(process, target);
    return true;
}

/* The process of -a is still followed. */
static bool is_attached(void)
{
    return attached >= 0 && processes[attached].pid != 0;
}

/* Without anything to do at its system calls a process is faster by far. */
static bool has_calls_to_take(const struct process *process, const struct target *target)
{
    return target->list != NULL || target->paths != NULL || process->failing ||
           process->exchanged || (!is_done && process - processes == target->process);
}

/* Handles one stop; the process goes on. */
static void take_stop(pid_t pid, int status, const struct target *target)
{
    struct process *process = find_or_add(pid);
    int signal = WSTOPSIG(status);
    int event = status >> 16;
    int passed = 0;

    if (signal == (SIGTRAP | 0x80)) {
        if (!take_call(process, target))
            return;
    } else if (event == PTRACE_EVENT_EXEC) {
        read_name(process);
        if (!is_runtime(pid) && (process->runs || passes_over == 0)) {
            let_go(process, pid);
            return;
        }
        process->runs = is_runtime(pid);
        passes_over -= !process->runs;
    } else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
        ptrace(PTRACE_LISTEN, pid, 0, 0);
        return;
    } else if (event == 0) {
        passed = signal;
    }
    if (process->name[0] == '\0')
        read_name(process);
    ptrace(has_calls_to_take(process, target) ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, passed);
}

/* Follows all processes until the command has ended, and the one that it lets go has executed or
 * ended. Returns its wait status, or -1 when it is late. */
static int follow(pid_t command, const struct target *target)
{
    int last = -1; /* that of the command, once it has ended */

    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);

        if (pid < 0 && errno == EINTR && is_late)
            return -1;
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0)
            return last;
        if (WIFSTOPPED(status)) {
            take_stop(pid, status, target);
            if (last > 0 || (last == 0 && !is_attached()))
                return last;
            continue;
        }
        struct process *process = find(pid);
        if (process != NULL)
            process->pid = 0;
        if (pid == command)
            last = status;
        if (last > 0 || (last == 0 && !is_attached()))
            return last;
    }
}

/* Releases the processes that go on without the command, such as the init of `create`. */
static void let_all_go(void)
{
    for (int i = 0; i < n_processes; i++) {
        pid_t pid = processes[i].pid;
        int status;

        if (pid == 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0)
            continue;
        if (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
            ptrace(PTRACE_DETACH, pid, 0,
                   status >> 16 == 0 && WSTOPSIG(status) != (SIGTRAP | 0x80) ? WSTOPSIG(status)
                                                                             : 0);
    }
}

static void kill_all(void)
{
    for (int i = 0; i < n_processes; i++)
        if (processes[i].pid != 0)
            kill(processes[i].pid, SIGKILL);
}

static void write_list(const char *path)
{
    FILE *file = fopen(path, "w");

    if (file == NULL)
        die(path);
    for (int i = 0; i < n_processes; i++) {
        fprintf(file, "%d %s", i, processes[i].name[0] == '\0' ? "?" : processes[i].name);
        for (int call = 0; call < processes[i].count && call < MAX_CALLS; call++)
            fprintf(file, " %d:%lx", processes[i].calls[call].number,
                    processes[i].calls[call].place);
        fputc('\n', file);
    }
    fclose(file);
}

/* The init that `create` has left waits in a system call. */
static void attach(pid_t pid, long options)
{
    if (ptrace(PTRACE_SEIZE, pid, 0, options) < 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0)
        die("ptrace");
    attached = (int) (find_or_add(pid) - processes);
    processes[attached].runs = true;
}

static void note_late(int signal)
{
    (void) signal;
    is_late = 1;
}

static pid_t start(char **argv, long options)
{
    pid_t pid = fork();

    if (pid < 0)
        die("fork");
    if (pid == 0) {
        raise(SIGSTOP);
        execvp(argv[0], argv);
        die(argv[0]);
    }
    int status;
    if (waitpid(pid, &status, WUNTRACED) < 0 || ptrace(PTRACE_SEIZE, pid, 0, options) < 0)
        die("ptrace");
    kill(pid, SIGCONT);
    return pid;
}

int main(int argc, char **argv)
{
    struct target target = {.process = -1};
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                         PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    int option, seconds = 10, folders = 0;
    pid_t init = 0;

    while ((option = getopt(argc, argv, "+t:p:w:e:kx:y:br:l:P:a:s:")) != -1) {
        if (option == 't')
            seconds = atoi(optarg);
        else if (option == 'p' &&
                 sscanf(optarg, "%d:%d:%d", &target.process, &target.call, &target.nth) == 3)
            continue;
        else if (option == 'w')
            target.path = optarg;
        else if (option == 'r' && folders < MAX_FOLDERS)
            target.folders[folders++] = optarg;
        else if (option == 'e')
            target.number = atoi(optarg);
        else if (option == 'k')
            target.kills = true;
        else if (option == 'x' || option == 'y')
            target.exchanged[option - 'x'] = optarg;
        else if (option == 'b')
            target.changes_back = true;
        else if (option == 'P')
            target.paths = fopen(optarg, "we");
        else if (option == 'a')
            init = atoi(optarg);
        else if (option == 's')
            passes_over = atoi(optarg);
        else if (option == 'l')
            target.list = optarg;
        else
            return TOOL_FAILED;
    }
    if (argv[optind] == NULL)
        return TOOL_FAILED;
    pid_t command = start(argv + optind, options);
    find_or_add(command);
    if (init != 0)
        attach(init, options);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = note_late}, NULL);
    alarm((unsigned) seconds);
    int status = follow(command, &target);
    if (status < 0)
        kill_all();
    else
        let_all_go();
    if (target.list != NULL)
        write_list(target.list);
    if (target.paths != NULL)
        fclose(target.paths);
    if (status < 0)
        return TIMED_OUT;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
