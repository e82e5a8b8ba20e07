/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tests' tool on the host side. It must start in well under a millisecond, so it is C and
 * static.
 *
 *   hosttool ns PID COMMAND...      run COMMAND in PID's mount namespace, in the same directory
 *   hosttool snapshot PID ID DIR    what a runtime could leave behind, one line each (see
 *                                   snapshot())
 *   hosttool recvtty SOCKET COUNTFILE
 *                                   take a terminal over a console socket; copies it to stdout
 *   hosttool pty [-s ROWSxCOLS] COMMAND...
 *                                   run COMMAND on a new terminal: stdin is typed, output is copied
 *   hosttool notify SOCKET FILE     receive datagrams on SOCKET, append them to FILE
 *   hosttool refuse ERRNO CALL[,CALL...] COMMAND...
 *                                   run COMMAND under a seccomp filter that answers these system
 *                                   calls with ENOSYS, EPERM, EIO, EINVAL or ENODEV, or with
 *                                   success (0); "core-scheduling" is prctl(PR_SCHED_CORE);
 *                                   ">5.4" stands for all calls newer than that Linux
 *                                   (hosttool-refuse.c)
 *   hosttool cookie PID             print the core-scheduling cookie of PID (0: the caller)
 *   hosttool pretend COMMAND...     run COMMAND as if the kernel had core scheduling: the cookie of
 *                                   the caller is 7 and stays so, that of others is 8
 *                                   (hosttool-pretend.c)
 *   hosttool listen COMMAND...      run COMMAND under a seccomp filter with a listener
 *   hosttool caller NAME=VALUE... -- COMMAND...
 *                                   run COMMAND with another umask, nice value and so on
 *                                   (hosttool-caller.c)
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

int refuse(char **argv);    /* hosttool-refuse.c */
int listen_to(char **argv); /* hosttool-refuse.c */
int pretend(char **argv);   /* hosttool-pretend.c */
int be_caller(char **argv); /* hosttool-caller.c */

static const char *mark_id;
static char host_ns[64], suite_ns[64];

static void die(const char *what)
{
    fprintf(stderr, "hosttool: %s: %s\n", what, strerror(errno));
    exit(125);
}

static void enter_mount_ns(const char *pid)
{
    char path[64];
    char cwd[4096];

    if (strcmp(pid, "0") == 0)
        return;
    if (!getcwd(cwd, sizeof(cwd)))
        die("getcwd");
    snprintf(path, sizeof(path), "/proc/%s/ns/mnt", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die(path);
    if (setns(fd, CLONE_NEWNS) < 0)
        die("setns");
    close(fd);
    if (chdir(cwd) < 0)
        die(cwd);
}

static int run_ns(char **argv)
{
    enter_mount_ns(argv[0]);
    execvp(argv[1], argv + 1);
    die(argv[1]);
    return 125;
}

static size_t read_whole(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t n;

    if (fd < 0)
        return 0;
    while (used < size - 1 && (n = read(fd, buf + used, size - 1 - used)) > 0)
        used += (size_t) n;
    close(fd);
    buf[used] = 0;
    return used;
}

/* Directories only, and no stat: the control files are far more than the groups. */
static void print_cgroups(const char *path)
{
    char below[4096];
    DIR *d = opendir(path);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        if (e->d_type != DT_DIR || e->d_name[0] == '.')
            continue;
        snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
        if (strstr(below, mark_id))
            printf("cgroup %s\n", below);
        print_cgroups(below);
    }
    if (d)
        closedir(d);
}

static int print_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;
    printf("file %s\n", path);
    return 0;
}

static int print_marked_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    if (strstr(path, mark_id))
        print_file(path, st, type, ftw);
    return 0;
}

static void print_mounts(void)
{
    char line[8192];
    FILE *f = fopen("/proc/self/mountinfo", "re");

    if (!f)
        die("mountinfo");
    while (fgets(line, sizeof(line), f)) {
        /* Without the two numbers, which may be given again after an unmount. */
        char *rest = strchr(line, ' ');
        printf("mount%s", rest ? strchr(rest + 1, ' ') : "\n");
    }
    fclose(f);
}

static int is_ancestor(long pid)
{
    char path[64], buf[1024];
    long at = getpid();

    while (at > 1) {
        if (at == pid)
            return 1;
        snprintf(path, sizeof(path), "/proc/%ld/stat", at);
        if (!read_whole(path, buf, sizeof(buf)))
            return 0;
        char *close_paren = strrchr(buf, ')');
        char state;
        if (!close_paren || sscanf(close_paren + 1, " %c %ld", &state, &at) != 2)
            return 0;
    }
    return 0;
}

static ssize_t read_mount_ns(const char *pid, char *ns, size_t size)
{
    char path[300];

    snprintf(path, sizeof(path), "/proc/%s/ns/mnt", pid);
    ssize_t n = readlink(path, ns, size - 1);
    ns[n < 0 ? 0 : n] = 0;
    return n;
}

static int process_has_mark(const char *pid, const char *dir)
{
    static char buf[1 << 20];
    char path[300], ns[64];

    snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
    size_t len = read_whole(path, buf, sizeof(buf));
    if (memmem(buf, len, mark_id, strlen(mark_id)) || memmem(buf, len, dir, strlen(dir)))
        return 1;
    if (read_mount_ns(pid, ns, sizeof(ns)) <= 0 || !strcmp(ns, host_ns) || !strcmp(ns, suite_ns))
        return 0;
    snprintf(path, sizeof(path), "/proc/%s/mountinfo", pid);
    len = read_whole(path, buf, sizeof(buf));
    return memmem(buf, len, dir, strlen(dir)) != NULL;
}

static void print_processes(const char *dir)
{
    char path[300], comm[64];
    DIR *proc = opendir("/proc");
    struct dirent *e;

    if (!proc)
        die("/proc");
    while ((e = readdir(proc))) {
        long pid = strtol(e->d_name, NULL, 10);
        if (pid <= 0 || !process_has_mark(e->d_name, dir) || is_ancestor(pid))
            continue;
        snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
        comm[read_whole(path, comm, sizeof(comm))] = 0;
        comm[strcspn(comm, "\n")] = 0;
        printf("process %ld %s\n", pid, comm);
    }
    closedir(proc);
}

/*
 * Mounts of the runtime's mount namespace, cgroups and units of systemd that have ID in their path,
 * files below /run, the entries of DIR/root, and processes that name ID or DIR in their arguments
 * or that live in another mount namespace made of DIR.
 */
static int snapshot(char **argv)
{
    char root[4096];

    mark_id = argv[1];
    read_mount_ns("self", host_ns, sizeof(host_ns));
    enter_mount_ns(argv[0]);
    read_mount_ns("self", suite_ns, sizeof(suite_ns));
    print_mounts();
    print_cgroups("/sys/fs/cgroup");
    if (strcmp(argv[0], "0") != 0)
        nftw("/run", print_file, 16, FTW_PHYS | FTW_MOUNT);
    nftw("/run/systemd/transient", print_marked_file, 16, FTW_PHYS);
    snprintf(root, sizeof(root), "%s/root", argv[2]);
    if (access(root, F_OK) == 0)
        nftw(root, print_file, 16, FTW_PHYS);
    print_processes(argv[2]);
    return 0;
}

/* A stream gets its name last: who sees the socket can connect. */
static int listen_unix(const char *path, int type)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    int size = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s%s", path,
                        type == SOCK_STREAM ? ".new" : "");

    if (fd < 0 || (size_t) size >= sizeof(addr.sun_path))
        die(path);
    unlink(addr.sun_path);
    if (bind(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0)
        die("bind");
    if (type == SOCK_STREAM && listen(fd, 8) < 0)
        die("listen");
    if (type == SOCK_STREAM && rename(addr.sun_path, path) < 0)
        die(path);
    return fd;
}

/* One line into FILE for every message: how many descriptors came and how many bytes. */
static int receive_fd(int conn, FILE *log)
{
    char data[4096];
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(sizeof(int) * 16)];
    } control;
    struct iovec iov = {data, sizeof(data)};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    int fd = -1;
    size_t fds = 0;
    ssize_t n = recvmsg(conn, &msg, MSG_CMSG_CLOEXEC);

    if (n <= 0 && msg.msg_controllen == 0)
        return -2;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        fds += (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(&fd, CMSG_DATA(c), sizeof(int));
    }
    fprintf(log, "message fds=%zu bytes=%zd data=%.*s\n", fds, n, (int) n, data);
    fflush(log);
    return fd;
}

static void copy_out(int fd)
{
    char buf[65536];
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0)
        if (write(1, buf, (size_t) n) != n)
            die("write");
}

static int recvtty(char **argv)
{
    FILE *log = fopen(argv[1], "we");
    int sock = listen_unix(argv[0], SOCK_STREAM);
    int tty = -1;
    int fd;

    if (!log)
        die(argv[1]);
    int conn = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
    if (conn < 0)
        die("accept");
    while ((fd = receive_fd(conn, log)) != -2)
        if (fd >= 0)
            tty = fd;
    fprintf(log, "end\n");
    fclose(log);
    if (tty < 0)
        return 1;
    copy_out(tty);
    return 0;
}

static int notify(char **argv)
{
    char buf[4096];
    int sock = listen_unix(argv[0], SOCK_DGRAM);
    ssize_t n;

    while ((n = recv(sock, buf, sizeof(buf), 0)) >= 0) {
        FILE *f = fopen(argv[1], "ae");
        fprintf(f, "%.*s\n", (int) n, buf);
        fclose(f);
    }
    return 0;
}

static void pty_child(int master, char **argv)
{
    char name[64];

    if (ptsname_r(master, name, sizeof(name)) != 0)
        die("ptsname");
    setsid();
    int tty = open(name, O_RDWR);
    if (tty < 0 || ioctl(tty, TIOCSCTTY, 0) < 0)
        die(name);
    dup2(tty, 0);
    dup2(tty, 1);
    dup2(tty, 2);
    if (tty > 2)
        close(tty);
    execvp(argv[0], argv);
    die(argv[0]);
}

/*
 * Lines of stdin that begin with '@' are orders: "@sleep MS", "@size ROWS COLS", "@wait TEXT"
 * (until TEXT was printed by the other side, at most a minute), "@raw TEXT" (without a newline),
 * "@byte N". Every other line is typed with a newline.
 */
#define PATIENCE_S 60

static char seen[1 << 20];
static size_t seen_len, seen_from;

static int pump(int master, int timeout_ms)
{
    struct pollfd p = {master, POLLIN, 0};
    char buf[4096];

    if (poll(&p, 1, timeout_ms) <= 0)
        return 0;
    ssize_t n = read(master, buf, sizeof(buf));
    if (n <= 0)
        return -1;
    if (write(1, buf, (size_t) n) != n)
        die("write");
    if (seen_len + (size_t) n < sizeof(seen)) {
        memcpy(seen + seen_len, buf, (size_t) n);
        seen_len += (size_t) n;
    }
    return 1;
}

static void wait_text(int master, const char *text)
{
    time_t end = time(NULL) + PATIENCE_S;

    while (time(NULL) < end) {
        char *at = memmem(seen + seen_from, seen_len - seen_from, text, strlen(text));
        if (at) {
            seen_from = (size_t) (at - seen) + strlen(text);
            return;
        }
        if (pump(master, 10) < 0)
            return;
    }
    fprintf(stderr, "hosttool: never saw \"%s\"\n", text);
}

static void obey(int master, char *line)
{
    struct winsize ws = {0};
    int byte;

    if (strncmp(line, "@sleep ", 7) == 0) {
        usleep((useconds_t) atoi(line + 7) * 1000);
    } else if (sscanf(line, "@size %hu %hu", &ws.ws_row, &ws.ws_col) == 2) {
        ioctl(master, TIOCSWINSZ, &ws);
    } else if (strncmp(line, "@wait ", 6) == 0) {
        wait_text(master, line + 6);
    } else if (sscanf(line, "@byte %d", &byte) == 1) {
        char c = (char) byte;
        if (write(master, &c, 1) != 1)
            die("write");
    } else {
        int raw = strncmp(line, "@raw ", 5) == 0;
        if (dprintf(master, raw ? "%s" : "%s\n", raw ? line + 5 : line) < 0)
            die("write");
    }
}

static int run_pty(char **argv)
{
    struct winsize ws = {.ws_row = 24, .ws_col = 80};
    char line[4096];
    int status;

    if (strcmp(argv[0], "-s") == 0) {
        sscanf(argv[1], "%hux%hu", &ws.ws_row, &ws.ws_col);
        argv += 2;
    }
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
        die("pty");
    ioctl(master, TIOCSWINSZ, &ws);
    pid_t child = fork();
    if (child == 0)
        pty_child(master, argv);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = 0;
        obey(master, line);
    }
    while (pump(master, PATIENCE_S * 1000) > 0)
        ;
    if (waitpid(child, &status, 0) < 0)
        die("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int show_cookie(const char *pid)
{
    unsigned long long cookie __attribute__((aligned(8)));

    if (prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, atoi(pid), PR_SCHED_CORE_SCOPE_THREAD, &cookie) < 0)
        die("cookie");
    return printf("%llx\n", cookie) > 0 ? 0 : 125;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    if (argc > 3 && strcmp(argv[1], "ns") == 0)
        return run_ns(argv + 2);
    if (argc == 5 && strcmp(argv[1], "snapshot") == 0)
        return snapshot(argv + 2);
    if (argc == 4 && strcmp(argv[1], "recvtty") == 0)
        return recvtty(argv + 2);
    if (argc == 4 && strcmp(argv[1], "notify") == 0)
        return notify(argv + 2);
    if (argc > 3 && strcmp(argv[1], "caller") == 0)
        return be_caller(argv + 2);
    if (argc > 4 && strcmp(argv[1], "refuse") == 0)
        return refuse(argv + 2);
    if (argc == 3 && strcmp(argv[1], "cookie") == 0)
        return show_cookie(argv[2]);
    if (argc > 2 && strcmp(argv[1], "pretend") == 0)
        return pretend(argv + 2);
    if (argc > 2 && strcmp(argv[1], "listen") == 0)
        return listen_to(argv + 2);
    if (argc > 2 && strcmp(argv[1], "pty") == 0)
        return run_pty(argv + 2);
    fprintf(stderr, "hosttool: see the comment at the top of hosttool.c\n");
    return 125;
}
