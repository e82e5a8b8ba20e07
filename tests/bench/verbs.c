/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs --root ROOT start|state|kill|delete --force ID [SIGNAL]: the kernel's own share of these
 * commands on a container that berth has created, with the least system calls: it locks, parses and
 * checks nothing. tests/bench/run makes it a contender.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static char record[65536]; /* state.json */

static long must(long result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "verbs: %s: %s\n", what, strerror(errno));
        exit(1);
    }
    return result;
}

static void read_record(int dir)
{
    int fd = (int) must(openat(dir, "state.json", O_RDONLY | O_CLOEXEC), "state.json");

    must(read(fd, record, sizeof(record) - 1), "state.json");
}

/* Returns the container's process, and looks whether it lives, as every command has to. */
static pid_t find_process(int dir)
{
    char link[4096], path[64], status[1024];

    memset(link, 0, sizeof(link));
    must(readlinkat(dir, "process", link, sizeof(link) - 1), "process");
    snprintf(path, sizeof(path), "/proc/%d/stat", atoi(link));
    int fd = (int) must(open(path, O_RDONLY | O_CLOEXEC), path);
    must(read(fd, status, sizeof(status)), path);
    return atoi(link);
}

static void state(int dir)
{
    find_process(dir);
    read_record(dir);
    must(write(STDOUT_FILENO, record, strlen(record)), "write");
}

static int kill_process(int dir)
{
    int pidfd = (int) must(syscall(SYS_pidfd_open, find_process(dir), 0), "pidfd_open");

    must(syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0), "kill");
    return pidfd;
}

/* Like berth, and unlike crun, it waits until the container's program is executed. */
static void start(int dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = (int) must(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), "socket");
    int32_t message[1024]; /* struct plan_message: the step, its errno */
    ssize_t size;

    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/start.sock", dir);
    must(connect(fd, (struct sockaddr *) &address, sizeof(address)), address.sun_path);
    while ((size = recv(fd, message, sizeof(message), 0)) > 0) {
        errno = message[1];
        must(-message[1], "a step of start");
    }
    must(size, "start.sock");
    must(unlinkat(dir, "start.sock", 0), "start.sock");
}

/* The cgroups are the paths in the record that are below the hierarchies. */
static void remove_cgroups(void)
{
    for (char *at = record; (at = strstr(at, "\"/sys/fs/cgroup/")) != NULL;) {
        char *path = at + 1;

        at = strchr(path, '"');
        *at++ = '\0';
        while (rmdir(path) < 0 && errno == EBUSY)
            continue;
    }
}

static void delete (int dir, const char *folder)
{
    static const char *const files[] = {"plan", "config.json", "state.json", "process"};
    struct pollfd end = {.fd = kill_process(dir), .events = POLLIN};

    read_record(dir);
    must(poll(&end, 1, -1), "poll");
    remove_cgroups();
    for (size_t i = 0; i < COUNT(files); i++)
        must(unlinkat(dir, files[i], 0), files[i]);
    must(rmdir(folder), folder);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 4 ? argv[3] : "";
    char folder[512];

    if (argc < 5)
        return 1;
    const char *id = strcmp(verb, "delete") == 0 ? argv[argc - 1] : argv[4];
    snprintf(folder, sizeof(folder), "%s/%s", argv[2], id);
    int dir = (int) must(open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), folder);
    if (strcmp(verb, "state") == 0)
        state(dir);
    else if (strcmp(verb, "kill") == 0)
        kill_process(dir);
    else if (strcmp(verb, "start") == 0)
        start(dir);
    else if (strcmp(verb, "delete") == 0)
        delete (dir, folder);
    return 0;
}
