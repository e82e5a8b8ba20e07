/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor --root IGNORED run --bundle DIR ID [PROGRAM ARGUMENT...]: the kernel's own share of `run`.
 * It makes the container that the benchmark's default config.json describes, with the least system
 * calls that do so: it reads, checks, records and undoes nothing. The root file system is
 * DIR/../rootfs, the program /bin/true. tests/bench/run verifies that the container looks the same
 * inside as berth's.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define CGROUPS "/sys/fs/cgroup"
#define HIERARCHIES_MAX 16
#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define CAPABILITY(number) (1U << (number))
#define KEPT_CAPABILITIES                                                                          \
    (CAPABILITY(CAP_AUDIT_WRITE) | CAPABILITY(CAP_KILL) | CAPABILITY(CAP_NET_BIND_SERVICE))

static const char *id;
static char *hierarchies[HIERARCHIES_MAX];
static size_t n_hierarchies;
static bool is_unified;

static long must(long result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
        _exit(1);
    }
    return result;
}

static const char *path_of(const char *format, const char *a, const char *b)
{
    static char path[8][512];
    static unsigned next;
    char *text = path[next++ % COUNT(path)];

    snprintf(text, sizeof(path[0]), format, a, b);
    return text;
}

static void put(const char *path, const char *text)
{
    int fd = (int) must(open(path, O_WRONLY | O_CLOEXEC), path);

    must(write(fd, text, strlen(text)), path);
    close(fd);
}

/* --- cgroups ---------------------------------------------------------------------------------- */

static void find_hierarchies(void)
{
    struct dirent *entry;

    is_unified = access(CGROUPS "/cgroup.controllers", F_OK) == 0;
    DIR *dir = is_unified ? NULL : opendir(CGROUPS);
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' && n_hierarchies < HIERARCHIES_MAX)
            hierarchies[n_hierarchies++] = strdup(entry->d_name);
    if (dir != NULL)
        closedir(dir);
}

static void copy_from_parent(const char *file)
{
    char text[256];
    const char *above = path_of(CGROUPS "/cpuset/%s%s", file, "");
    int fd = (int) must(open(above, O_RDONLY | O_CLOEXEC), above);
    ssize_t size = must(read(fd, text, sizeof(text) - 1), above);

    text[size] = '\0';
    close(fd);
    put(path_of(CGROUPS "/cpuset/%s/%s", id, file), text);
}

static void allow_devices(void)
{
    static const char *const rules[] = {"c *:* m",   "b *:* m",     "c 1:3 rwm",   "c 1:5 rwm",
                                        "c 1:7 rwm", "c 1:8 rwm",   "c 1:9 rwm",   "c 5:0 rwm",
                                        "c 5:2 rwm", "c 136:* rwm", "c 10:200 rwm"};

    put(path_of(CGROUPS "/devices/%s/devices.deny%s", id, ""), "a *:* rwm");
    int fd = (int) must(
        open(path_of(CGROUPS "/devices/%s/devices.allow%s", id, ""), O_WRONLY | O_CLOEXEC),
        "devices.allow");
    for (size_t i = 0; i < COUNT(rules); i++)
        must(pwrite(fd, rules[i], strlen(rules[i]), 0), rules[i]);
    close(fd);
}

static void make_cgroups(void)
{
    if (is_unified)
        must(mkdir(path_of(CGROUPS "/%s%s", id, ""), 0755), "mkdir");
    for (size_t i = 0; i < n_hierarchies; i++) {
        must(mkdir(path_of(CGROUPS "/%s/%s", hierarchies[i], id), 0755), hierarchies[i]);
        if (strcmp(hierarchies[i], "cpuset") == 0) {
            copy_from_parent("cpuset.cpus");
            copy_from_parent("cpuset.mems");
        }
        if (strcmp(hierarchies[i], "devices") == 0)
            allow_devices();
    }
}

static void remove_cgroups(void)
{
    if (is_unified)
        must(rmdir(path_of(CGROUPS "/%s%s", id, "")), "rmdir");
    for (size_t i = 0; i < n_hierarchies; i++)
        must(rmdir(path_of(CGROUPS "/%s/%s", hierarchies[i], id)), hierarchies[i]);
}

static void join_cgroups(void)
{
    for (size_t i = 0; i < n_hierarchies; i++)
        if (strcmp(hierarchies[i], "unified") != 0)
            put(path_of(CGROUPS "/%s/%s/tasks", hierarchies[i], id), "0");
}

/* --- mounts ----------------------------------------------------------------------------------- */

struct file_system {
    const char *type;
    const char *source;
    const char *target;
    unsigned attributes;
    const char *options[8]; /* keys and values, "" for none */
};

static int make_mount(const struct file_system *made)
{
    int fd = (int) must(syscall(SYS_fsopen, made->type, 1), made->type);

    must(syscall(SYS_fsconfig, fd, 1, "source", made->source, 0), "source");
    for (size_t i = 0; i < COUNT(made->options) && made->options[i] != NULL; i += 2) {
        bool is_flag = made->options[i + 1][0] == '\0';

        must(syscall(SYS_fsconfig, fd, is_flag ? 0 : 1, made->options[i],
                     is_flag ? NULL : made->options[i + 1], 0),
             made->options[i]);
    }
    must(syscall(SYS_fsconfig, fd, 6, NULL, NULL, 0), "create");
    int mount = (int) must(syscall(SYS_fsmount, fd, 1, made->attributes), "fsmount");
    close(fd);
    return mount;
}

static void attach(int mount, int dir, const char *name)
{
    must(syscall(SYS_move_mount, mount, "", dir, name, 4), name);
}

static int clone_tree(int dir, const char *path, unsigned flags)
{
    return (int) must(
        syscall(SYS_open_tree, dir, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags), path);
}

static void set_attributes(int mount, unsigned flags, uint64_t set)
{
    struct mount_attr attributes = {.attr_set = set};

    must(syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | flags, &attributes,
                 sizeof(attributes)),
         "mount_setattr");
}

#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static void mount_cgroups(int root)
{
    const struct file_system tmpfs = {"tmpfs", "cgroup", "", SAFE, {"mode", "755"}};
    const struct file_system cgroup2 = {"cgroup2", "cgroup", "", SAFE | MOUNT_ATTR_RDONLY, {NULL}};
    int top = make_mount(is_unified ? &cgroup2 : &tmpfs);

    attach(top, root, "sys/fs/cgroup");
    for (size_t i = 0; i < n_hierarchies; i++) {
        if (strcmp(hierarchies[i], "unified") == 0)
            continue;
        int own = clone_tree(AT_FDCWD, path_of(CGROUPS "/%s/%s", hierarchies[i], id), AT_RECURSIVE);
        must(mkdirat(top, hierarchies[i], 0755), hierarchies[i]);
        attach(own, top, hierarchies[i]);
        close(own);
    }
    if (!is_unified)
        set_attributes(top, AT_RECURSIVE, SAFE | MOUNT_ATTR_RDONLY);
    close(top);
}

static void mount_all(int root)
{
    static const struct file_system mounts[] = {
        {"proc", "proc", "proc", 0, {NULL}},
        {"tmpfs",
         "tmpfs",
         "dev",
         MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME,
         {"mode", "755", "size", "65536k"}},
        {"devpts",
         "devpts",
         "dev/pts",
         MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
         {"newinstance", "", "ptmxmode", "0666", "mode", "0620", "gid", "5"}},
        {"tmpfs", "shm", "dev/shm", SAFE, {"mode", "1777", "size", "65536k"}},
        {"mqueue", "mqueue", "dev/mqueue", SAFE, {NULL}},
        {"sysfs", "sysfs", "sys", SAFE | MOUNT_ATTR_RDONLY, {NULL}},
    };

    for (size_t i = 0; i < COUNT(mounts); i++) {
        int mount = make_mount(&mounts[i]);

        if (strncmp(mounts[i].target, "dev/", 4) == 0)
            must(mkdirat(root, mounts[i].target, 0755), mounts[i].target);
        attach(mount, root, mounts[i].target);
        close(mount);
    }
    mount_cgroups(root);
}

static void make_devices(int root)
{
    static const struct {
        const char *name;
        unsigned major, minor;
    } nodes[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                 {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
    static const char *const links[][2] = {{"pts/ptmx", "ptmx"},
                                           {"/proc/self/fd", "fd"},
                                           {"/proc/self/fd/0", "stdin"},
                                           {"/proc/self/fd/1", "stdout"},
                                           {"/proc/self/fd/2", "stderr"}};
    int dev = (int) must(openat(root, "dev", O_PATH | O_DIRECTORY | O_CLOEXEC), "dev");

    for (size_t i = 0; i < COUNT(nodes); i++)
        must(mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)),
             nodes[i].name);
    for (size_t i = 0; i < COUNT(links); i++)
        must(symlinkat(links[i][0], dev, links[i][1]), links[i][1]);
    close(dev);
}

static void mask(int null, int empty)
{
    static const char *const masked[] = {"/proc/acpi",
                                         "/proc/asound",
                                         "/proc/interrupts",
                                         "/proc/kcore",
                                         "/proc/keys",
                                         "/proc/latency_stats",
                                         "/proc/sched_debug",
                                         "/proc/scsi",
                                         "/proc/timer_list",
                                         "/proc/timer_stats",
                                         "/sys/devices/virtual/powercap",
                                         "/sys/firmware"};
    static const char *const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                            "/proc/sysrq-trigger"};
    bool is_attached[2] = {false, false};
    struct stat info;

    for (size_t i = 0; i < COUNT(masked); i++) {
        if (stat(masked[i], &info) < 0)
            continue;
        bool is_directory = S_ISDIR(info.st_mode);
        int cover = is_directory ? empty : null;
        if (is_attached[is_directory])
            cover = clone_tree(cover, "", AT_EMPTY_PATH);
        attach(cover, AT_FDCWD, masked[i]);
        if (is_attached[is_directory])
            close(cover);
        is_attached[is_directory] = true;
    }
    for (size_t i = 0; i < COUNT(read_only); i++) {
        int copy = (int) syscall(SYS_open_tree, AT_FDCWD, read_only[i],
                                 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
        if (copy < 0)
            continue;
        set_attributes(copy, AT_RECURSIVE, MOUNT_ATTR_RDONLY);
        attach(copy, AT_FDCWD, read_only[i]);
        close(copy);
    }
}

static void enter_root(const char *rootfs)
{
    const struct file_system hidden = {
        "tmpfs", "tmpfs", "", SAFE | MOUNT_ATTR_RDONLY, {"nr_blocks", "1", "nr_inodes", "2"}};

    must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "slave");
    int root = clone_tree(AT_FDCWD, rootfs, AT_RECURSIVE);
    attach(root, AT_FDCWD, rootfs);
    mount_all(root);
    int null = clone_tree(AT_FDCWD, "/dev/null", 0), empty = make_mount(&hidden);
    set_attributes(null, 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    make_devices(root);
    must(fchdir(root), "fchdir");
    must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    must(umount2(".", MNT_DETACH), "umount");
    must(chdir("/"), "chdir");
    mask(null, empty);
    set_attributes(root, 0, MOUNT_ATTR_RDONLY);
}

/* --- the process ------------------------------------------------------------------------------ */

static void set_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK};
    int fd = (int) must(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

    must(ioctl(fd, SIOCSIFFLAGS, &request), "lo");
    close(fd);
}

static void confine(void)
{
    const struct rlimit files = {1024, 1024};
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {{KEPT_CAPABILITIES, KEPT_CAPABILITIES, 0}};

    must(setrlimit(RLIMIT_NOFILE, &files), "rlimit");
    for (unsigned number = 0; number <= CAP_LAST_CAP; number++)
        if (number >= 32 || (KEPT_CAPABILITIES & CAPABILITY(number)) == 0)
            must(prctl(PR_CAPBSET_DROP, number, 0, 0, 0), "bounding set");
    must(syscall(SYS_setgroups, 0, NULL), "setgroups");
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    must(syscall(SYS_capset, &header, sets), "capset");
}

static void become(const char *rootfs, char **argv)
{
    static char *const env[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                "TERM=xterm", "HOME=/", NULL};
    static char *const nothing[] = {"true", NULL};

    umask(0);
    set_loopback_up();
    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, path_of("_ses.%s%s", id, ""));
    must(sethostname("berth", 5), "sethostname");
    join_cgroups();
    enter_root(rootfs);
    must(setsid(), "setsid");
    umask(022);
    confine();
    execve(argv[0] == NULL ? "/bin/true" : argv[0], argv[0] == NULL ? nothing : argv, env);
    must(-1, "execve");
}

int main(int argc, char **argv)
{
    const char *bundle = "";
    int word = 1, status;

    for (; word < argc && (argv[word][0] == '-' || strcmp(argv[word], "run") == 0); word++)
        if (argv[word][0] == '-')
            bundle = argv[++word]; /* the last option's */
    id = argv[word++];
    find_hierarchies();
    make_cgroups();
    int cgroup = (int) must(open(path_of(CGROUPS "/%s%s", is_unified ? "" : "unified/", id),
                                 O_PATH | O_DIRECTORY | O_CLOEXEC),
                            "cgroup");
    struct clone_args clone = {
        .flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET |
                 CLONE_INTO_CGROUP | (is_unified ? CLONE_NEWCGROUP : 0),
        .exit_signal = SIGCHLD,
        .cgroup = (uint64_t) cgroup,
    };
    long pid = must(syscall(SYS_clone3, &clone, sizeof(clone)), "clone3");
    if (pid == 0)
        become(strdup(path_of("%s/../rootfs%s", bundle, "")), argv + word);
    must(waitpid((pid_t) pid, &status, 0), "waitpid");
    remove_cgroups();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
