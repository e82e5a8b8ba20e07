/* SPDX-License-Identifier: Apache-2.0 */
/* The program inside the tests' containers: it tells what it finds, and does what it is asked to.
 * Commands: see the table at the end. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "payload.h"

extern char **environ;

int die(const char *what)
{
    fprintf(stderr, "payload: %s: %s\n", what, strerror(errno));
    return 125;
}

/* "FD TARGET" for every open descriptor. */
static int do_fds(int argc, char **argv)
{
    DIR *d = opendir("/proc/self/fd");
    struct dirent *e;
    char target[4096];

    (void) argc;
    (void) argv;
    if (!d)
        return die("/proc/self/fd");
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.' || atoi(e->d_name) == dirfd(d))
            continue;
        ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);
        target[n < 0 ? 0 : n] = 0;
        printf("%s %s\n", e->d_name, target);
    }
    closedir(d);
    return 0;
}

/* Lines of /proc/self/status that begin with one of the words. */
static int print_status_lines(const char *const *words)
{
    char line[1024];
    FILE *f = fopen("/proc/self/status", "re");

    if (!f)
        return die("/proc/self/status");
    while (fgets(line, sizeof(line), f))
        for (const char *const *w = words; *w; w++)
            if (strncmp(line, *w, strlen(*w)) == 0)
                fputs(line, stdout);
    fclose(f);
    return 0;
}

/* CapInh, CapPrm, CapEff, CapBnd, CapAmb, NoNewPrivs, Seccomp. */
static int do_caps(int argc, char **argv)
{
    static const char *const words[] = {"Cap", "NoNewPrivs:", "Seccomp:", NULL};

    (void) argc;
    (void) argv;
    return print_status_lines(words);
}

/* SigBlk, SigIgn, SigCgt, SigPnd. */
static int do_signals(int argc, char **argv)
{
    static const char *const words[] = {"SigBlk:", "SigIgn:", "SigCgt:", "SigPnd:", NULL};

    (void) argc;
    (void) argv;
    return print_status_lines(words);
}

static int do_env(int argc, char **argv)
{
    (void) argc;
    (void) argv;
    for (char **e = environ; *e; e++)
        puts(*e);
    return 0;
}

/* All arguments in brackets, the program's name first. */
static int do_argv(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        printf("[%s]\n", argv[i]);
    return 0;
}

static const struct {
    const char *name;
    int resource;
} limits[] = {
    {"AS", RLIMIT_AS},           {"CORE", RLIMIT_CORE},         {"CPU", RLIMIT_CPU},
    {"DATA", RLIMIT_DATA},       {"FSIZE", RLIMIT_FSIZE},       {"LOCKS", RLIMIT_LOCKS},
    {"MEMLOCK", RLIMIT_MEMLOCK}, {"MSGQUEUE", RLIMIT_MSGQUEUE}, {"NICE", RLIMIT_NICE},
    {"NOFILE", RLIMIT_NOFILE},   {"NPROC", RLIMIT_NPROC},       {"RSS", RLIMIT_RSS},
    {"RTPRIO", RLIMIT_RTPRIO},   {"RTTIME", RLIMIT_RTTIME},     {"SIGPENDING", RLIMIT_SIGPENDING},
    {"STACK", RLIMIT_STACK},
};

/* "NAME SOFT HARD", -1 for unlimited. */
static int do_rlimits(int argc, char **argv)
{
    struct rlimit r;

    (void) argc;
    (void) argv;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        if (getrlimit(limits[i].resource, &r) < 0)
            return die(limits[i].name);
        printf("%s %lld %lld\n", limits[i].name, (long long) r.rlim_cur, (long long) r.rlim_max);
    }
    return 0;
}

/* uid, gid, groups, umask, each on a line. */
static int do_ids(int argc, char **argv)
{
    uid_t u[3];
    gid_t g[3], groups[1024];
    mode_t mask = umask(0);

    (void) argc;
    (void) argv;
    if (getresuid(&u[0], &u[1], &u[2]) < 0 || getresgid(&g[0], &g[1], &g[2]) < 0)
        return die("ids");
    int n = getgroups(1024, groups);
    printf("uid %u %u %u\ngid %u %u %u\ngroups", u[0], u[1], u[2], g[0], g[1], g[2]);
    for (int i = 0; i < n; i++)
        printf(" %u", groups[i]);
    printf("\numask %04o\n", mask);
    umask(mask);
    return 0;
}

static int do_cwd(int argc, char **argv)
{
    char buf[4096];

    (void) argc;
    (void) argv;
    if (!getcwd(buf, sizeof(buf)))
        return die("getcwd");
    puts(buf);
    return 0;
}

/* What the standard descriptors are, and the terminal's settings. */
static int do_tty(int argc, char **argv)
{
    struct winsize ws;
    struct termios t;
    char name[256];

    (void) argc;
    (void) argv;
    printf("isatty %d %d %d\n", isatty(0), isatty(1), isatty(2));
    printf("pid %d sid %d pgrp %d\n", getpid(), getsid(0), getpgrp());
    if (ttyname_r(0, name, sizeof(name)) == 0)
        printf("name %s\n", name);
    if (tcgetattr(0, &t) == 0) {
        printf("foreground %d\nonlcr %d\n", tcgetpgrp(0), (t.c_oflag & ONLCR) != 0);
        printf("ctty %d\n", open("/dev/tty", O_RDWR) >= 0);
    }
    if (ioctl(0, TIOCGWINSZ, &ws) == 0)
        printf("size %d %d\n", ws.ws_row, ws.ws_col);
    return 0;
}

/* Wait for the window to be of ROWS and COLS, at most a minute: the change has to come with
 * SIGWINCH. */
static volatile sig_atomic_t winch;

static void on_winch(int sig)
{
    (void) sig;
    winch = 1;
}

static int do_winch(int argc, char **argv)
{
    struct winsize ws;

    if (argc < 3)
        return 125;
    signal(SIGWINCH, on_winch);
    puts("ready");
    fflush(stdout);
    for (int i = 0; i < 6000; i++) {
        if (ioctl(0, TIOCGWINSZ, &ws) == 0 && winch && ws.ws_row == atoi(argv[1]) &&
            ws.ws_col == atoi(argv[2])) {
            puts("resized");
            return 0;
        }
        usleep(10000);
    }
    puts("never resized");
    return 1;
}

/* Names of the namespaces: "pid:[123]". */
static int do_ns(int argc, char **argv)
{
    static const char *const names[] = {"cgroup", "ipc",  "mnt",  "net",
                                        "pid",    "time", "user", "uts"};
    char path[64], target[64];

    (void) argc;
    (void) argv;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
        ssize_t n = readlink(path, target, sizeof(target) - 1);
        target[n < 0 ? 0 : n] = 0;
        puts(target);
    }
    return 0;
}

/* Make a System V shared memory segment with KEY, or say how many segments there are. */
static int do_ipc(int argc, char **argv)
{
    struct shm_info info;

    if (argc > 1) {
        int id = shmget((key_t) strtol(argv[1], NULL, 0), 4096, IPC_CREAT | IPC_EXCL | 0600);
        if (id < 0)
            return die("shmget");
        if (argc > 2)
            shmctl(id, IPC_RMID, NULL);
    }
    if (shmctl(0, SHM_INFO, (struct shmid_ds *) &info) < 0)
        return die("shmctl");
    printf("segments %d\n", info.used_ids);
    return 0;
}

/* Seconds of the two clocks that a time namespace offsets. */
static int do_clocks(int argc, char **argv)
{
    struct timespec mono, boot;

    (void) argc;
    (void) argv;
    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    printf("monotonic %ld\nboottime %ld\n", (long) mono.tv_sec, (long) boot.tv_sec);
    return 0;
}

/* Print the name of each signal that comes; SIGTERM ends with 0. "ready" comes first. */
static int do_catch(int argc, char **argv)
{
    sigset_t all;
    int sig;

    (void) argc;
    (void) argv;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    puts("ready");
    fflush(stdout);
    while (sigwait(&all, &sig) == 0) {
        printf("caught %s\n", sigabbrev_np(sig) ? sigabbrev_np(sig) : "?");
        fflush(stdout);
        if (sig == SIGTERM)
            return 0;
    }
    return 1;
}

/* "TYPE MODE UID GID MAJOR:MINOR SIZE" of each path, not following links. */
static int do_stat(int argc, char **argv)
{
    struct stat st;

    for (int i = 1; i < argc; i++) {
        if (lstat(argv[i], &st) < 0) {
            printf("%s: %s\n", argv[i], strerrorname_np(errno));
            continue;
        }
        const char *types = "?pc?d?b?-?l?s?w?";
        printf("%s: %c %04o %u %u %u:%u %lld\n", argv[i], types[(st.st_mode & S_IFMT) >> 12],
               st.st_mode & 07777, st.st_uid, st.st_gid, (unsigned) (st.st_rdev >> 8 & 0xfff),
               (unsigned) (st.st_rdev & 0xff), (long long) st.st_size);
    }
    return 0;
}

/* Open each path for writing (O_RDWR without O_CREAT) and print the result's name. */
static int do_open(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int fd = open(argv[i], O_RDWR | O_CLOEXEC | O_NONBLOCK);
        printf("%s: %s\n", argv[i], fd < 0 ? strerrorname_np(errno) : "ok");
        if (fd >= 0)
            close(fd);
    }
    return 0;
}

/* The session keyring's number; with a second word its security label. */
static int do_keyring(int argc, char **argv)
{
    char label[256] = "";

    (void) argv;
    if (argc > 1) {
        if (syscall(SYS_keyctl, KEYCTL_GET_SECURITY, KEY_SPEC_SESSION_KEYRING, label,
                    sizeof(label) - 1) < 0)
            return die("label");
        puts(label);
        return 0;
    }
    printf("%ld\n", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
    return 0;
}

/* Send TEXT to $NOTIFY_SOCKET, as a service does. */
static int do_notify(int argc, char **argv)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (argc < 2 || !path || fd < 0)
        return die("notify");
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    if (sendto(fd, argv[1], strlen(argv[1]), 0, (struct sockaddr *) &addr, sizeof(addr)) < 0)
        return die(path);
    return 0;
}

static int do_exit(int argc, char **argv)
{
    return argc > 1 ? atoi(argv[1]) : 0;
}

/* Die by signal N with its default action. */
static int do_die(int argc, char **argv)
{
    int sig = atoi(argc > 1 ? argv[1] : "9");

    signal(sig, SIG_DFL);
    if (getpid() == 1) {
        /* Process 1 of a pid namespace is spared by its own signals, but not by a real fault. */
        if (sig == SIGSEGV)
            *(volatile int *) 8 = 1;
    }
    kill(getpid(), sig);
    pause();
    return 125;
}

static int do_pause(int argc, char **argv)
{
    (void) argc;
    (void) argv;
    puts("ready");
    fflush(stdout);
    pause();
    return 0;
}

static void *wait_for_ever(void *nothing)
{
    puts("ready");
    fflush(stdout);
    pause();
    return nothing;
}

static int first_thread_lives(void)
{
    char path[64], text[256] = "";

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
    FILE *file = fopen(path, "r");
    if (file != NULL && fgets(text, sizeof(text), file) == NULL)
        text[0] = 0;
    if (file != NULL)
        fclose(file);
    return strstr(text, ") Z") == NULL;
}

static void *exit_after_the_first(void *status)
{
    while (first_thread_lives())
        usleep(1000);
    exit(atoi(status));
}

/* The first thread ends, another one stays; with STATUS it ends the process with that. */
static int do_thread(int argc, char **argv)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, argc > 1 ? exit_after_the_first : wait_for_ever, argv[1]) !=
        0)
        return 125;
    pthread_exit(NULL);
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"alloc", do_alloc},       {"argv", do_argv},
    {"burn", do_burn},         {"caps", do_caps},
    {"catch", do_catch},       {"clocks", do_clocks},
    {"count", do_count},       {"cwd", do_cwd},
    {"die", do_die},           {"disk", do_disk},
    {"env", do_env},           {"exit", do_exit},
    {"fds", do_fds},           {"forks", do_forks},
    {"hold", do_hold},         {"huge", do_huge},
    {"ids", do_ids},           {"inherited", do_inherited},
    {"ipc", do_ipc},           {"ns", do_ns},
    {"keyring", do_keyring},   {"notify", do_notify},
    {"open", do_open},         {"pause", do_pause},
    {"rlimits", do_rlimits},   {"signals", do_signals},
    {"stat", do_stat},         {"syscall", do_syscall},
    {"syscall32", do_syscall}, {"thread", do_thread},
    {"threads", do_threads},   {"timer", do_timer},
    {"tty", do_tty},           {"unknown", do_unknown},
    {"winch", do_winch},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "payload: no such command\n");
    return 125;
}
