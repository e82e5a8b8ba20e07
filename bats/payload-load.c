/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the payload that use up memory, processes, processor time and the disk. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "payload.h"

/* Touch N MiB, print "got N MiB"; with a third word stay. */
int do_alloc(int argc, char **argv)
{
    size_t size = (size_t) atoi(argc > 1 ? argv[1] : "1") << 20;
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return die("mmap");
    memset(p, 1, size);
    printf("got %zu MiB\n", size >> 20);
    fflush(stdout);
    if (argc > 2)
        pause();
    return 0;
}

/* Try to have N children at a time; print how many there were and the error that stopped it. */
int do_forks(int argc, char **argv)
{
    int want = atoi(argc > 1 ? argv[1] : "1");
    int made = 0, error = 0;

    for (; made < want; made++) {
        pid_t pid = fork();
        if (pid == 0) {
            pause();
            _exit(0);
        }
        if (pid < 0) {
            error = errno;
            break;
        }
    }
    printf("forks %d%s%s\n", made, error ? " " : "", error ? strerrorname_np(error) : "");
    fflush(stdout);
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    while (wait(NULL) > 0)
        ;
    return 0;
}

/* Be busy for SECONDS of wall time, or with a third word of CPU time; print the milliseconds of CPU
 * time that were had. */
int do_burn(int argc, char **argv)
{
    struct timespec start, now, cpu;
    double seconds = atof(argc > 1 ? argv[1] : "0.1");
    clockid_t clock = argc > 2 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;

    clock_gettime(clock, &start);
    do
        clock_gettime(clock, &now);
    while ((double) (now.tv_sec - start.tv_sec) + (double) (now.tv_nsec - start.tv_nsec) / 1e9 <
           seconds);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    printf("cpu %ld ms\n", (long) (cpu.tv_sec * 1000 + cpu.tv_nsec / 1000000));
    return 0;
}

/* Write a number that grows into FILE, for ever, a hundred times a second. */
int do_count(int argc, char **argv)
{
    char text[32];
    int fd = open(argc > 1 ? argv[1] : "/count", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0)
        return die("count");
    for (unsigned long n = 1;; n++) {
        int len = snprintf(text, sizeof(text), "%lu\n", n);
        if (pwrite(fd, text, (size_t) len, 0) != len)
            return die("count");
        usleep(10000);
    }
}

/* Write (w) or read (r) N blocks of 64 KiB of FILE past the page cache; print the milliseconds that
 * it took. */
int do_disk(int argc, char **argv)
{
    static char block[65536] __attribute__((aligned(4096)));
    struct timespec start, end;
    int writing = argc > 3 && argv[1][0] == 'w';
    int fd = open(argc > 3 ? argv[2] : "", O_CREAT | O_RDWR | O_DIRECT | O_CLOEXEC, 0644);

    if (fd < 0)
        return die("disk");
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < atoi(argv[3]); i++)
        if ((writing ? write(fd, block, sizeof(block)) : read(fd, block, sizeof(block))) !=
            (ssize_t) sizeof(block))
            return die("disk");
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("disk %ld ms\n",
           (long) ((end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000));
    return 0;
}

/* Map N huge pages of 2 MiB and touch each; prints how it went. */
int do_huge(int argc, char **argv)
{
    size_t page = 2UL << 20, size = (size_t) atoi(argc > 1 ? argv[1] : "1") * page;
    char *p =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

    if (p == MAP_FAILED)
        return die("mmap");
    for (size_t at = 0; at < size; at += page)
        p[at] = 1;
    printf("touched %zu\n", size / page);
    return 0;
}
