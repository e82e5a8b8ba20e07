/* SPDX-License-Identifier: Apache-2.0 */
/* The program in the containers of tests/differential: it prints all it can find out about itself
 * and its surroundings as one JSON object whose values are strings, and then does what it is told:
 * see the end. It needs nothing but the kernel: not /proc, not a writable file. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "census.h"

extern char **environ;
static FILE *out;
static const char *separator = "{";

/* Bytes that are no ASCII are written as the code point of the same number. */
static void put_text(const char *text, size_t length)
{
    fputc('"', out);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char) text[i];
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 32 || c > 126)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void put_bytes(const char *key, const char *text, size_t length)
{
    fputs(separator, out);
    separator = ",\n";
    put_text(key, strlen(key));
    fputc(':', out);
    put_text(text, length);
}

void put(const char *key, const char *format, ...)
{
    char text[8192];
    va_list words;

    va_start(words, format);
    vsnprintf(text, sizeof(text), format, words);
    va_end(words);
    put_bytes(key, text, strlen(text));
}

const char *under(const char *group, const char *name)
{
    static char key[4200];

    snprintf(key, sizeof(key), "%s/%s", group, name);
    return key;
}

const char *word(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

static void put_file(const char *path)
{
    static char text[1 << 18];
    size_t length = 0;
    ssize_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        put(under("file", path), "%s", word(-1));
        return;
    }
    while (length < sizeof(text) && (n = read(fd, text + length, sizeof(text) - length)) > 0)
        length += (size_t) n;
    if (n < 0)
        put(under("file", path), "%s", word(-1));
    else
        put_bytes(under("file", path), text, length);
    close(fd);
}

static const char *const files[] = {
    "/proc/self/mountinfo",
    "/proc/self/status",
    "/proc/self/cgroup",
    "/proc/self/oom_score_adj",
    "/proc/self/timens_offsets",
    "/proc/self/uid_map",
    "/proc/self/gid_map",
    "/proc/self/setgroups",
    "/proc/self/attr/current",
    "/proc/self/coredump_filter",
    "/proc/self/personality",
    "/proc/self/comm",
    "/proc/self/timerslack_ns",
    "/proc/self/autogroup",
    "/proc/sys/kernel/domainname",
    "/proc/sys/kernel/msgmax",
    "/proc/sys/kernel/shm_rmid_forced",
    "/proc/sys/kernel/shmmax",
    "/proc/sys/kernel/sem",
    "/proc/sys/fs/mqueue/msg_max",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/net/ipv4/ping_group_range",
    "/proc/sys/net/ipv4/ip_unprivileged_port_start",
    "/proc/sys/net/core/somaxconn",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/mnt/file",
};

static void put_ids(void)
{
    static gid_t groups[65536];
    static char text[1 << 18];
    size_t length = 0;
    uid_t r, e, s;
    gid_t gr, ge, gs;
    int n = getgroups(65536, groups);

    getresuid(&r, &e, &s);
    getresgid(&gr, &ge, &gs);
    put("ids/uid", "%u %u %u", r, e, s);
    put("ids/gid", "%u %u %u", gr, ge, gs);
    for (int i = 0; i < n && length < sizeof(text) - 16; i++)
        length += (size_t) sprintf(text + length, "%u ", groups[i]);
    put_bytes("ids/groups", text, length);
    put("process/pid", "%d", getpid());
    put("process/ppid", "%d", getppid());
    put("process/group", "%s",
        getpgrp() == getpid() ? "own"
        : getpgrp() == 0      ? "outside"
                              : "other");
    put("process/session", "%s",
        getsid(0) == getpid() ? "own"
        : getsid(0) == 0      ? "outside"
                              : "other");
}

static void put_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {{0}};
    unsigned long long bounding = 0, ambient = 0;

    syscall(SYS_capget, &head, sets);
    for (int i = 0; i < 64; i++) {
        bounding |= prctl(PR_CAPBSET_READ, i) == 1 ? 1ULL << i : 0;
        ambient |= prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1 ? 1ULL << i : 0;
    }
    put("capabilities/effective", "%08x%08x", sets[1].effective, sets[0].effective);
    put("capabilities/permitted", "%08x%08x", sets[1].permitted, sets[0].permitted);
    put("capabilities/inheritable", "%08x%08x", sets[1].inheritable, sets[0].inheritable);
    put("capabilities/bounding", "%016llx", bounding);
    put("capabilities/ambient", "%016llx", ambient);
}

static void put_attributes(void)
{
    int value = 0;

    put("process/securebits", "%d", prctl(PR_GET_SECUREBITS));
    put("process/no_new_privs", "%d", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    put("process/dumpable", "%d", prctl(PR_GET_DUMPABLE));
    put("process/seccomp", "%d", prctl(PR_GET_SECCOMP));
    put("process/keep_caps", "%d", prctl(PR_GET_KEEPCAPS));
    put("process/timer_slack", "%d", prctl(PR_GET_TIMERSLACK));
    put("process/thp_disable", "%d", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
    put("process/io_flusher", "%s", word(prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0)));
    prctl(PR_GET_PDEATHSIG, &value);
    put("process/death_signal", "%d", value);
    value = 0;
    prctl(PR_GET_CHILD_SUBREAPER, &value);
    put("process/subreaper", "%d", value);
    put("process/secure_exec", "%lu", getauxval(AT_SECURE));
    put("process/personality", "%lx", (unsigned long) syscall(SYS_personality, 0xffffffffUL));
}

static void put_scheduling(void)
{
    struct {
        unsigned size, policy;
        unsigned long long flags;
        int nice;
        unsigned priority;
        unsigned long long runtime, deadline, period;
        unsigned minimum, maximum;
    } attributes = {.size = sizeof(attributes)};
    unsigned long mask[16] = {0}, nodes[16] = {0};
    int mode = -1;
    char text[2048];
    size_t length = 0;

    syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0);
    put("schedule/policy", "%u", attributes.policy);
    put("schedule/flags", "%llx", attributes.flags);
    put("schedule/nice", "%d", attributes.nice);
    put("schedule/priority", "%u", attributes.priority);
    put("schedule/deadline", "%llu %llu %llu", attributes.runtime, attributes.deadline,
        attributes.period);
    put("schedule/io", "%ld", syscall(SYS_ioprio_get, 1, 0));
    syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
    for (int i = 0; i < 16; i++)
        length += (size_t) sprintf(text + length, "%lx ", mask[i]);
    put("schedule/affinity", "%s", text);
    put("schedule/memory_policy", "%s", word(syscall(SYS_get_mempolicy, &mode, nodes, 1024, 0, 0)));
    put("schedule/memory_mode", "%d %lx", mode, nodes[0]);
}

static void put_limits(void)
{
    static const char *const names[] = {
        "cpu",     "fsize", "data",  "stack",      "core",     "rss",  "nproc",  "nofile",
        "memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"};
    struct rlimit limit;

    for (int i = 0; i < 16; i++)
        if (getrlimit(i, &limit) == 0)
            put(under("limits", names[i]), "%llu %llu", (unsigned long long) limit.rlim_cur,
                (unsigned long long) limit.rlim_max);
}

static void put_signals(void)
{
    sigset_t blocked, pending;
    struct sigaction action;
    unsigned long long sets[3] = {0};

    sigprocmask(SIG_BLOCK, NULL, &blocked);
    sigpending(&pending);
    for (int i = 1; i < 65; i++) {
        sets[0] |= sigismember(&blocked, i) == 1 ? 1ULL << (i - 1) : 0;
        sets[1] |= sigismember(&pending, i) == 1 ? 1ULL << (i - 1) : 0;
        if (sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            sets[2] |= 1ULL << (i - 1);
    }
    put("signals/blocked", "%llx", sets[0]);
    put("signals/pending", "%llx", sets[1]);
    put("signals/ignored", "%llx", sets[2]);
}

static void put_descriptors(void)
{
    char path[64], name[16], target[4096];
    struct stat st;

    for (int fd = 0; fd < 1024; fd++) {
        if ((out != stdout && fd == fileno(out)) || fstat(fd, &st) < 0)
            continue;
        snprintf(name, sizeof(name), "%d", fd);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, target, sizeof(target) - 1);
        target[n < 0 ? 0 : n] = 0;
        put(under("descriptors", name), "%o %x %x %s", st.st_mode & S_IFMT,
            fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_PATH),
            fcntl(fd, F_GETFD), target);
    }
}

static void put_terminal(void)
{
    struct termios modes;
    struct winsize size;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    put("terminal/controlling", "%s", word(fd));
    if (fd >= 0)
        close(fd);
    if (tcgetattr(0, &modes) < 0) {
        put("terminal/stdin", "%s", word(-1));
        return;
    }
    ioctl(0, TIOCGWINSZ, &size);
    put("terminal/stdin", "%x %x %x %x", modes.c_iflag, modes.c_oflag, modes.c_cflag,
        modes.c_lflag);
    put("terminal/size", "%d %d", size.ws_row, size.ws_col);
    put("terminal/foreground", "%s", tcgetpgrp(0) == getpgrp() ? "own" : "other");
}

static void put_environment(int argc, char **argv)
{
    char path[4096], name[16];

    for (int i = 0; i < argc; i++) {
        snprintf(name, sizeof(name), "%d", i);
        put(under("arguments", name), "%s", argv[i]);
    }
    for (int i = 0; environ[i] && i < 64; i++) {
        snprintf(name, sizeof(name), "%d", i);
        put(under("environment", name), "%s", environ[i]);
    }
    put("process/cwd", "%s", getcwd(path, sizeof(path)) ? path : word(-1));
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    put("process/exe", "%.*s", (int) (n < 0 ? 0 : n), path);
    n = readlink("/proc/self/root", path, sizeof(path) - 1);
    put("process/root", "%.*s", (int) (n < 0 ? 0 : n), path);
    mode_t mask = umask(0);
    umask(mask);
    put("process/umask", "%04o", mask);
}

static void put_namespaces(void)
{
    static const char *const names[] = {"cgroup", "ipc",  "mnt",  "net",
                                        "pid",    "time", "user", "uts"};
    struct utsname names_of;
    char path[64], target[64];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
        ssize_t n = readlink(path, target, sizeof(target) - 1);
        put(under("namespaces", names[i]), "%.*s", (int) (n < 0 ? 0 : n), target);
    }
    uname(&names_of);
    put("uts/hostname", "%s", names_of.nodename);
    put("uts/domainname", "%s", names_of.domainname);
    put("uts/machine", "%s", names_of.machine);
    put("uts/release", "%s", names_of.release);
}

static void put_network(void)
{
    struct if_nameindex *all = if_nameindex();
    struct ifreq request;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    for (int i = 0; all && all[i].if_index; i++) {
        memset(&request, 0, sizeof(request));
        snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", all[i].if_name);
        long result = ioctl(fd, SIOCGIFFLAGS, &request);
        put(under("network", all[i].if_name), "%s %x", word(result),
            (unsigned short) request.ifr_flags);
    }
    close(fd);
}

static void put_keyring(void)
{
    char text[512] = "";
    long n = syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text, sizeof(text) - 1);

    put("keyring/session", "%s", n < 0 ? word(-1) : text);
}

/* Of what is inside a container, and would be the host's business for a hook. */
static void put_surroundings(void)
{
    put_tree("/", 4);
    put_accesses();
    put_writables();
    put_devices();
    put_calls();
}

static void put_all(int argc, char **argv)
{
    put_environment(argc, argv);
    put_ids();
    put_capabilities();
    put_attributes();
    put_scheduling();
    put_limits();
    put_signals();
    put_descriptors();
    put_terminal();
    put_namespaces();
    put_network();
    put_keyring();
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        put_file(files[i]);
    for (int i = 2; i < argc && strcmp(argv[1], "files") == 0; i++)
        put_file(argv[i]);
    if (out == stdout)
        put_surroundings();
    fputs("}\n", out);
    fflush(out);
}

static void end_well(int signal)
{
    (void) signal;
    _exit(0);
}

/* A hook's standard input is the state. */
static void put_stdin(void)
{
    static char text[1 << 16];
    size_t length = 0;
    ssize_t n;

    while (length < sizeof(text) && (n = read(0, text + length, sizeof(text) - length)) > 0)
        length += (size_t) n;
    put_bytes("stdin", text, length);
}

/* census [--to FILE] [wait | exit N | die N]: --to is for hooks, whose standard input goes into the
 * census, too. census files FILE...: these files go into it. */
int main(int argc, char **argv)
{
    int first = 1;

    out = stdout;
    if (argc > 2 && strcmp(argv[1], "--to") == 0) {
        mode_t mask = umask(0);
        out = fopen(argv[2], "we");
        umask(mask);
        if (!out)
            return 120;
        put_stdin();
        first = 3;
    }
    setvbuf(out, NULL, _IOFBF, 1 << 16);
    put_all(argc, argv);
    const char *act = argc > first ? argv[first] : "";
    int number = argc > first + 1 ? atoi(argv[first + 1]) : 0;
    if (strcmp(act, "wait") == 0) {
        signal(SIGTERM, end_well);
        for (;;)
            pause();
    }
    if (strcmp(act, "die") == 0) {
        signal(number, SIG_DFL);
        kill(getpid(), number);
    }
    return number;
}
