/* SPDX-License-Identifier: Apache-2.0 */
/* The payload's commands for system calls that a filter refuses or notifies of. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "payload.h"

/* As 32-bit programs of i386 call. */
static long call32(const unsigned long *a)
{
    int r = a[0] ? -ENOEXEC : 0;
#ifdef __x86_64__
    __asm__ volatile("int $0x80"
                     : "=a"(r)
                     : "0"(a[0]), "b"(a[1]), "c"(a[2]), "d"(a[3])
                     : "memory", "r8", "r9", "r10", "r11");
#endif
    errno = -r;
    return r < 0 ? -1 : r;
}

static const struct {
    const char *name;
    long number;
} calls[] = {
    {"clone3", SYS_clone3},         {"futex_waitv", 449},
    {"getpgid", SYS_getpgid},       {"getppid", SYS_getppid},
    {"getsid", SYS_getsid},         {"ioprio_get", SYS_ioprio_get},
    {"lseek", SYS_lseek},
#ifdef SYS_mkdir
    {"mkdir", SYS_mkdir},
#endif
    {"mkdirat", SYS_mkdirat},       {"mount", SYS_mount},
    {"mount_setattr", 442},         {"personality", SYS_personality},
    {"pivot_root", SYS_pivot_root}, {"process_madvise", 440},
    {"process_mrelease", 448},
};

/* Newer calls have the same number on every machine. */
static unsigned long number_of_call(const char *word)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (strcmp(word, calls[i].name) == 0)
            return (unsigned long) calls[i].number;
    if (isdigit((unsigned char) word[0]))
        return strtoul(word, NULL, 0);
    fprintf(stderr, "payload: unknown system call %s\n", word);
    exit(125);
}

/* System call NAME or number with up to six numbers; prints its result or the error's name.
 * syscall32: by the entry and numbers of i386. */
int do_syscall(int argc, char **argv)
{
    unsigned long a[7] = {0};

    if (argc > 1)
        a[0] = number_of_call(argv[1]);
    for (int i = 2; i < argc && i < 8; i++)
        a[i - 1] = strtoul(argv[i], NULL, 0);
    long r = argv[0][7] ? call32(a) : syscall((long) a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
    if (r < 0)
        printf("%s\n", errno < 134 && strerrorname_np(errno) ? strerrorname_np(errno) : "?");
    else
        printf("%ld\n", r);
    if (r < 0 && !strerrorname_np(errno))
        printf("errno %d\n", errno);
    return 0;
}

/* Makes N system calls that no kernel has, each with another number, and then getsid(2); prints the
 * result of that. */
int do_unknown(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 0;

    for (long i = 0; i < count; i++)
        syscall(100000 + i);
    printf("%ld\n", syscall(SYS_getsid, 0));
    return 0;
}

static void *call_many(void *unused)
{
    long parent = getppid(), wrong = 0;

    (void) unused;
    for (int i = 0; i < 200; i++)
        wrong += syscall(SYS_getppid) != parent;
    return (void *) wrong;
}

/* Several threads make system calls at once; prints how many results were wrong. */
int do_threads(int argc, char **argv)
{
    pthread_t threads[4];
    long wrong = 0;
    void *more;

    (void) argc;
    (void) argv;
    for (int i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, call_many, NULL) != 0)
            return die("pthread_create");
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &more);
        wrong += (long) more;
    }
    printf("wrong %ld\n", wrong);
    return 0;
}

static volatile sig_atomic_t signals;

static void count(int signal)
{
    (void) signal;
    signals++;
}

/* A timer interrupts system calls, which SA_RESTART restarts, until it has done so twenty times;
 * prints how many results were wrong. */
int do_timer(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
    struct itimerval timer = {.it_interval = {0, 5000}, .it_value = {0, 5000}};
    long parent = getppid(), wrong = 0;

    (void) argc;
    (void) argv;
    sigaction(SIGALRM, &action, NULL);
    if (setitimer(ITIMER_REAL, &timer, NULL) < 0)
        return die("setitimer");
    while (signals < 20)
        wrong += syscall(SYS_getppid) != parent;
    printf("wrong %ld\n", wrong);
    return 0;
}
