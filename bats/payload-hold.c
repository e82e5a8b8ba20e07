/* SPDX-License-Identifier: Apache-2.0 */
/* Part of payload.c: what criu takes along only when it is asked to. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "payload.h"

static int lock(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);

    return fd < 0 ? -1 : flock(fd, LOCK_EX | LOCK_NB);
}

/* A datagram every 20 ms to the socket PATH, for ever. */
static int speak(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    if (connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0)
        return die(path);
    for (;;) {
        send(fd, "word", 4, 0);
        usleep(20000);
    }
}

/* Listens, and accepts the first connection when SIGUSR1 comes; says what it brings. */
static int answer_late(const char *port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char bytes[64];
    sigset_t wanted;
    int number;

    /* Blocked, so that it may come at any time once somebody sees the port. */
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    if (bind(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0 || listen(fd, 8) < 0)
        return die(port);
    sigwait(&wanted, &number);
    ssize_t count = read(accept(fd, NULL, NULL), bytes, sizeof(bytes));
    return count > 0 && write(STDOUT_FILENO, bytes, count) == count ? 0 : 125;
}

/* lock PATH: until it is killed. try PATH: 1 when somebody has locked it. unix PATH: speak to it.
 * port PORT */
int do_hold(int argc, char **argv)
{
    if (argc < 3)
        return 125;
    if (strcmp(argv[1], "port") == 0)
        return answer_late(argv[2]);
    if (strcmp(argv[1], "unix") == 0)
        return speak(argv[2]);
    if (strcmp(argv[1], "try") == 0)
        return lock(argv[2]) < 0;
    if (lock(argv[2]) < 0)
        return die(argv[2]);
    puts("ready");
    fflush(stdout);
    pause();
    return 0;
}
