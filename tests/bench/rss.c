/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rss FILE COMMAND...: runs COMMAND and writes its peak resident memory in KiB to FILE. The kernel
 * counts what a process held before its execve(2), and what those that it waits for hold, too: this
 * program is small and static, and without arguments it is a container's program that does nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;

    if (argc < 3)
        return argc == 1 ? 0 : 2;
    pid_t child = vfork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) < 0)
        return 1;
    int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || dprintf(fd, "%ld\n", usage.ru_maxrss) < 0)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
