/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile process in a container that looks at every other one, as often as it can.
 *
 * Prints what it should never see: "exe PID TARGET" of a program that is not below /bin/, "fd PID
 * TARGET" of a descriptor that is the runtime's, "ptrace PID" of one that it could stop while its
 * program was not below /bin/. "often" when it has looked at a process
 * 100 times. A file /stop ends it; it prints "looked N" then, the number of all looks.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *target_of(const char *path)
{
    static char target[4096];
    ssize_t n = readlink(path, target, sizeof(target) - 1);

    target[n < 0 ? 0 : n] = 0;
    return n < 0 ? NULL : target;
}

static int is_ours(const char *exe)
{
    return !exe || strncmp(exe, "/bin/", 5) == 0;
}

static void look_at_fds(int pid)
{
    char path[300];
    struct dirent *entry;

    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    DIR *dir = opendir(path);
    while (dir && (entry = readdir(dir))) {
        snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, entry->d_name);
        const char *target = target_of(path);
        if (target && (strstr(target, "memfd:") || strstr(target, "socket:") ||
                       strstr(target, "pidfd") || strstr(target, "[")))
            printf("fd %d %s\n", pid, target);
    }
    if (dir)
        closedir(dir);
}

static void trace(int pid)
{
    char path[64];

    if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
        return;
    ptrace(PTRACE_INTERRUPT, pid, 0, 0);
    waitpid(pid, NULL, __WALL);
    snprintf(path, sizeof(path), "/proc/%d/exe", pid);
    if (!is_ours(target_of(path)))
        printf("ptrace %d\n", pid);
    ptrace(PTRACE_DETACH, pid, 0, 0);
}

static void look_at(int pid)
{
    char path[64];
    const char *exe;

    snprintf(path, sizeof(path), "/proc/%d/exe", pid);
    exe = target_of(path);
    if (!is_ours(exe))
        printf("exe %d %s\n", pid, exe);
    look_at_fds(pid);
    trace(pid);
}

int main(void)
{
    long looked = 0;
    struct dirent *entry;

    puts("spying");
    fflush(stdout);
    while (access("/stop", F_OK) != 0) {
        DIR *proc = opendir("/proc");
        while (proc && (entry = readdir(proc))) {
            int pid = atoi(entry->d_name);
            if (pid <= 1 || pid == getpid())
                continue;
            if (++looked == 100) {
                puts("often");
                fflush(stdout);
            }
            look_at(pid);
        }
        closedir(proc);
    }
    printf("looked %ld\n", looked);
    return 0;
}
