/* SPDX-License-Identifier: Apache-2.0 */
/* How a container's process has ended: its record, a process that has not been reaped, the lines of
 * the kernel's log. Needs no root. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/runtime/runtime.h"
#include "berth/seccomp/seccomp.h"
#include "berth/sys/process.h"
#include "explain/kernel-log.h"
#include "state/exit.h"
#include "tap.h"
#include "verbs/signals.h"

#define OOM(middle) "oom-kill:constraint=C,nodemask=(null),cpuset=c,mems_allowed=0," middle
#define SECCOMP(middle) "audit: type=1326 audit(1796031891.218:95): auid=0 uid=0 gid=0 ses=1" middle

static void test_oom_lines(struct arena *arena)
{
    static const struct {
        const char *text;
        uint64_t pid; /* 0: no such line */
        const char *limit;
        const char *cgroup;
    } rows[] = {
        {OOM("oom_memcg=/a,task_memcg=/a/c,task=sh,pid=12,uid=0"), 12, "/a", "/a/c"},
        {OOM("global_oom,task_memcg=/c,task=sh,pid=12,uid=0"), 12, NULL, "/c"},
        {OOM("oom_memcg=/a,task_memcg=/c,task=x,pid=1,uid=0,pid=12,uid=0"), 12, "/a", "/c"},
        {OOM("oom_memcg=/a,b,task_memcg=/c,task=x,pid=12,uid=0"), 12, "/a,b", "/c"},
        {OOM("oom_memcg=/a,task_memcg=/c,task=x"), 0, NULL, NULL},
        {OOM("oom_memcg=/a,task_memcg=/c,task=x,pid=,uid=0"), 0, NULL, NULL},
        {OOM("oom_memcg=/a,task_memcg=/c,task=x,pid=-1,uid=0"), 0, NULL, NULL},
        {OOM("oom_memcg=/a,task_memcg=/c"), 0, NULL, NULL},
        {"x oom-kill:constraint=C,task_memcg=/c,task=x,pid=12,uid=0", 0, NULL, NULL},
        {"Memory cgroup out of memory: Killed process 12 (x)", 0, NULL, NULL},
        {"", 0, NULL, NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kernel_log_oom oom;
        bool is = kernel_log_parse_oom(arena, rows[i].text, &oom);

        tap_ok(is == (rows[i].pid != 0), "is this an OOM kill: %s", rows[i].text);
        if (!is)
            continue;
        tap_ok(oom.pid == rows[i].pid, "its PID");
        tap_text(oom.limit, rows[i].limit, "whose limit");
        tap_text(oom.cgroup, rows[i].cgroup, "its cgroup");
    }
}

static void test_oom_groups(struct arena *arena)
{
    static const char end[] = " are going to be killed due to memory.oom.group set";
    static const struct {
        const char *text;
        uint64_t pid; /* 0: no such line */
    } rows[] = {
        {"Memory cgroup out of memory: Killed process 12 (x) total-vm:4kB", 12},
        {"Out of memory: Killed process 12 (x) total-vm:4kB", 12},
        {"Memory cgroup out of memory: Killed process (12) x", 0},
        {"x Out of memory: Killed process 12 (x)", 0},
        {"Out of memory: Killed process ", 0},
        {"", 0},
    };
    const char *cgroup = NULL;
    uint64_t pid = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        tap_ok(kernel_log_parse_oom_victim(rows[i].text, &pid) == (rows[i].pid != 0) &&
                   (rows[i].pid == 0 || pid == rows[i].pid),
               "the victim: %s", rows[i].text);
    tap_ok(
        kernel_log_parse_oom_group(arena, arena_printf(arena, "Tasks in /a b/c%s", end), &cgroup),
        "a group");
    tap_text(cgroup, "/a b/c", "its cgroup");
    tap_ok(!kernel_log_parse_oom_group(arena, "Tasks in /a", &cgroup), "another line");
    tap_ok(!kernel_log_parse_oom_group(arena, arena_printf(arena, "Tasks in x%s", end), &cgroup),
           "no cgroup");
    tap_ok(!kernel_log_parse_oom_group(arena, "", &cgroup), "no text");
}

static void test_seccomp_lines(struct arena *arena)
{
    static const char tail[] = " sig=31 arch=c000003e syscall=170 compat=0 ip=0x4 code=0x80000000";
    static const char *const bad[] = {
        "",
        "audit: type=1327 audit(1.1:1): pid=12 sig=31 arch=c000003e syscall=1",
        "x audit: type=1326 audit(1.1:1): pid=12 sig=31 arch=c000003e syscall=1",
        "audit: type=1326 audit(): pid=12 sig=31 arch=c000003e syscall=1",
        "audit: type=1326 audit(99999999999.1:1): pid=12 sig=31 arch=c000003e syscall=1",
        SECCOMP(" pid=12 sig=31 arch=c000003e"),
        SECCOMP(" pid=12 sig=31 arch=1c000003e syscall=1"),
        SECCOMP(" pid=-12 sig=31 arch=c000003e syscall=1"),
    };
    const char *good =
        arena_printf(arena, SECCOMP(" subj=a pid=1 sig=0 pid=12 comm=\"x\"%s"), tail);
    struct kernel_log_seccomp seccomp;

    tap_ok(kernel_log_parse_seccomp(good, &seccomp), "a line of seccomp");
    tap_ok(seccomp.pid == 12 && seccomp.signal == 31, "a label does not stand for the numbers");
    tap_ok(seccomp.seconds == 1796031891 && seccomp.machine == 0xc000003e && seccomp.call == 170,
           "its time, machine and call");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        tap_ok(!kernel_log_parse_seccomp(bad[i], &seccomp), "not a line of seccomp: %s", bad[i]);
}

static void test_names(struct arena *arena)
{
    tap_text(seccomp_name_of(arena, 0xc000003e, 170), "sethostname", "a call of x86_64");
    tap_text(seccomp_name_of(arena, 0x40000003, 74), "sethostname", "the same of i386");
    tap_text(seccomp_name_of(arena, 0xc00000b7, 161), "sethostname", "and of aarch64");
    tap_text(seccomp_name_of(arena, 0xc000003e, 0x400000aa), "sethostname", "and of x32");
    tap_text(seccomp_name_of(arena, 0xc000003e, 99999), NULL, "no call");
    tap_text(seccomp_name_of(arena, 0xc000003e, UINT64_MAX), NULL, "no number of a call");
    tap_text(seccomp_name_of(arena, 0xc000003e, UINT32_MAX), NULL, "nor that of syscall(-1)");
    tap_text(seccomp_name_of(arena, 1, 1), NULL, "no machine");
    tap_text(signal_name(arena, 9), "SIGKILL", "the name of a signal");
    tap_text(signal_name(arena, 6), "SIGABRT", "the usual one of two");
    tap_text(signal_name(arena, 37), "SIGRTMIN+3", "of a real-time signal");
    tap_text(signal_name(arena, 33), NULL, "of none");
    tap_text(signal_name(arena, 0), NULL, "of 0");
}

/* Returns the PID of a child that has ended by the signal, or else with the status. */
static pid_t end_child(int signal, int status)
{
    siginfo_t info;
    pid_t pid = fork();

    if (pid == 0) {
        if (signal != 0)
            raise(signal);
        _exit(status);
    }
    waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT);
    return pid;
}

/* Dies when sys_process_read_exit has looked at its link: -1 if there is none. */
static pid_t doomed = -1;

/* Replaces that of the C library. */
ssize_t readlinkat(int dir, const char *path, char *buffer, size_t size)
{
    ssize_t length = syscall(SYS_readlinkat, dir, path, buffer, size);
    int number = errno;
    siginfo_t info;

    if (doomed > 0) {
        kill(doomed, SIGKILL);
        waitid(P_PID, (id_t) doomed, &info, WEXITED | WNOWAIT);
        doomed = -1;
    }
    errno = number;
    return length;
}

static void test_death_meanwhile(void)
{
    struct sys_exit exit = {0};
    uint64_t ticks = 0;
    pid_t pid = fork();

    if (pid == 0) {
        pause();
        _exit(1);
    }
    sys_process_start_time(pid, &ticks);
    doomed = pid;
    tap_ok(sys_process_read_exit(pid, ticks, &exit) == 0 && doomed == -1 &&
               WIFSIGNALED(exit.status) && WTERMSIG(exit.status) == SIGKILL,
           "a process that dies between the two looks at it");
    waitpid(pid, NULL, 0);
}

static void test_process(void)
{
    struct sys_exit exit = {0};
    uint64_t ticks = 0;
    int gate[2];

    tap_ok(pipe(gate) == 0, "a pipe");
    pid_t pid = fork();
    if (pid == 0) {
        char ignored;

        close(gate[1]);
        _exit(read(gate[0], &ignored, 1) == 0 ? 7 : 1);
    }
    sys_process_start_time(pid, &ticks);
    tap_ok(sys_process_read_exit(pid, ticks, &exit) == -EBUSY, "a process that is alive");
    close(gate[1]);
    siginfo_t info;
    waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT);
    tap_ok(sys_process_read_exit(pid, ticks, &exit) == 0 && WIFEXITED(exit.status) &&
               WEXITSTATUS(exit.status) == 7 && exit.parent == getpid(),
           "one that is not reaped");
    tap_ok(sys_process_read_exit(pid, ticks + 10, &exit) == -ESRCH, "another with its PID");
    waitpid(pid, NULL, 0);
    tap_ok(sys_process_read_exit(pid, ticks, &exit) == -ESRCH, "one that is reaped");
    close(gate[0]);
}

static void test_record(const struct runtime_options *options)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE state = state_of(&arena, options, "c1");
    struct exit_facts facts;
    struct error error = {0};

    tap_ok(state_make(&state, &error) == 0, "a state");
    exit_find(&state, &facts);
    tap_ok(!exit_is_known(&facts), "nothing is known yet");
    state.pid = end_child(SIGTERM, 0);
    exit_find(&state, &facts);
    tap_ok(facts.source == EXIT_REAPED, "a start time that does not fit");
    waitpid(state.pid, NULL, 0);
    tap_ok(exit_record(&state, SIGSEGV | 0x80) == 0, "the end is recorded");
    exit_find(&state, &facts);
    tap_ok(facts.source == EXIT_RECORDED && WTERMSIG(facts.status) == SIGSEGV &&
               WCOREDUMP(facts.status) && strlen(facts.at) == strlen("2026-01-02T03:04:05Z"),
           "and found");
    tap_ok(exit_record(&state, 0) == -EEXIST, "only once");
    tap_ok(state_remove(&state, &error) == 0, "it goes with the state");
    tap_ok(exit_record(&state, 0) == -ENOENT, "nothing is recorded after that");
}

int main(void)
{
    AUTO_ARENA arena = {0};
    char root[] = "/tmp/berth-exit-XXXXXX";
    const struct runtime_options options = {.root = mkdtemp(root)};

    test_oom_lines(&arena);
    test_oom_groups(&arena);
    test_seccomp_lines(&arena);
    test_names(&arena);
    test_process();
    test_death_meanwhile();
    test_record(&options);
    file_remove_tree(AT_FDCWD, root);
    return tap_end();
}
