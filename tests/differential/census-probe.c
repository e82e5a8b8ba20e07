/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the census that tries things out: what can be seen, written to, opened and called?
 * Nothing is left of it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "census.h"

/* Type, mode, owner and what else tells one inode from another. */
static void put_inode(const char *path, const struct stat *st)
{
    char target[4096];
    ssize_t n = S_ISLNK(st->st_mode) ? readlink(path, target, sizeof(target) - 1) : 0;

    target[n < 0 ? 0 : n] = 0;
    put(under("tree", path), "%o %u:%u %u:%u %s", st->st_mode, st->st_uid, st->st_gid,
        major(st->st_rdev), minor(st->st_rdev), target);
}

static int skips(const char *path)
{
    return strcmp(path, "/proc") == 0 || strcmp(path, "/sys") == 0 || strcmp(path, "/out") == 0 ||
           strncmp(path, "/dev/pts/", 9) == 0;
}

/* The processes of a procfs and the cgroups of a hierarchy, mounted where the configuration says,
 * come and go. */
static int changes(const char *path)
{
    struct statfs system;

    return statfs(path, &system) == 0 &&
           (system.f_type == PROC_SUPER_MAGIC || system.f_type == CGROUP_SUPER_MAGIC ||
            system.f_type == CGROUP2_SUPER_MAGIC);
}

/* All below PATH but what is the kernel's own. */
void put_tree(const char *path, int depth)
{
    struct stat st;
    struct dirent **names;
    char child[4096];

    if (lstat(path, &st) < 0)
        return;
    put_inode(path, &st);
    if (!S_ISDIR(st.st_mode) || depth == 0 || skips(path) || changes(path))
        return;
    int count = scandir(path, &names, NULL, alphasort);
    for (int i = 0; i < count && i < 200; i++) {
        const char *name = names[i]->d_name;
        snprintf(child, sizeof(child), "%s/%s", path[1] ? path : "", name);
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !skips(under("", child) + 1))
            put_tree(child, depth - 1);
    }
}

/* What is at a path that the configuration may hide: can it be read and written to, and is anything
 * in it? */
static void put_access(const char *path)
{
    char byte;
    struct stat st;
    int count = 0;

    if (lstat(path, &st) < 0) {
        put(under("access", path), "%s", word(-1));
        return;
    }
    if (S_ISDIR(st.st_mode)) {
        DIR *directory = opendir(path);
        while (directory && count < 3 && readdir(directory))
            count++;
        put(under("access", path), "directory %s %s", directory ? "opens" : word(-1),
            count > 2 ? "full" : "empty");
        if (directory)
            closedir(directory);
        return;
    }
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    const char *opens = word(fd);
    const char *reads = fd < 0 ? "-" : read(fd, &byte, 1) == 0 ? "empty" : "full";
    if (fd >= 0)
        close(fd);
    fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    put(under("access", path), "file %s %s %s", opens, reads, word(fd));
    if (fd >= 0)
        close(fd);
}

static const char *const hidden[] = {"/proc/acpi",
                                     "/proc/asound",
                                     "/proc/kcore",
                                     "/proc/keys",
                                     "/proc/latency_stats",
                                     "/proc/timer_list",
                                     "/proc/scsi",
                                     "/sys/firmware",
                                     "/proc/bus",
                                     "/proc/fs",
                                     "/proc/irq",
                                     "/proc/sys",
                                     "/proc/sysrq-trigger",
                                     "/proc/version",
                                     "/proc/sys/kernel/msgmax",
                                     "/proc/sys/net/ipv4/ip_forward",
                                     "/etc/passwd",
                                     "/etc/masked",
                                     "/mnt/file",
                                     "/mnt/dir",
                                     "/sys/fs/cgroup",
                                     "/sys/kernel",
                                     "/tmp/w",
                                     "/sys/power/state",
                                     "/proc/interrupts",
                                     "/sys/devices/virtual/powercap",
                                     "/dev/null",
                                     "/dev/full",
                                     "/dev/tty0",
                                     "/dev/kmsg"};

/* May a file be made here? Nothing is left. */
static void put_writable(const char *directory)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/.census", directory);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    put(under("writable", directory), "%s", word(fd));
    if (fd < 0)
        return;
    close(fd);
    unlink(path);
}

void put_accesses(void)
{
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        put_access(hidden[i]);
}

void put_writables(void)
{
    static const char *const directories[] = {
        "",         "/tmp",          "/dev", "/dev/shm",       "/dev/mqueue", "/etc",     "/mnt",
        "/mnt/dir", "/mnt/new/deep", "/run", "/sys/fs/cgroup", "/root",       "/proc/sys"};

    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
        put_writable(directories[i]);
}

/* Which devices do the cgroup, the capabilities and the mounts let it make and open? */
void put_devices(void)
{
    static const struct {
        const char *name;
        mode_t type;
        unsigned major, minor;
    } devices[] = {
        {"null", S_IFCHR, 1, 3},    {"mem", S_IFCHR, 1, 1},     {"kmsg", S_IFCHR, 1, 11},
        {"urandom", S_IFCHR, 1, 9}, {"tty", S_IFCHR, 5, 0},     {"console", S_IFCHR, 5, 1},
        {"ptmx", S_IFCHR, 5, 2},    {"fuse", S_IFCHR, 10, 229}, {"tun", S_IFCHR, 10, 200},
        {"pts0", S_IFCHR, 136, 0},  {"tty0", S_IFCHR, 4, 0},    {"disk", S_IFBLK, 254, 0},
        {"loop", S_IFBLK, 7, 0},
    };
    static const int flags[] = {O_RDONLY, O_WRONLY};
    const char *words[2];

    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        const char *path = "/tmp/.census";
        const char *made =
            word(mknod(path, devices[i].type | 0600, makedev(devices[i].major, devices[i].minor)));
        for (int k = 0; k < 2; k++) {
            int fd = open(path, flags[k] | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
            words[k] = word(fd);
            if (fd >= 0)
                close(fd);
        }
        unlink(path);
        put(under("devices", devices[i].name), "%s %s %s", made, words[0], words[1]);
    }
}

/* Calls without effect that filters and capabilities decide about. */
void put_calls(void)
{
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1);

    put("calls/raw_socket", "%s", word(fd));
    if (fd >= 0)
        close(fd);
    put("calls/sethostname", "%s", word(syscall(SYS_sethostname, "", -1)));
    put("calls/getcpu", "%s", word(syscall(SYS_getcpu, NULL, NULL, NULL)));
    put("calls/sysinfo", "%s", word(syscall(SYS_sysinfo, NULL)));
    put("calls/mkdir", "%s", word(mkdir("/tmp/.census", 0777)));
    rmdir("/tmp/.census");
    put("calls/chroot", "%s", word(chroot("/")));
    put("calls/mount", "%s", word(syscall(SYS_mount, "", "/nowhere", "", 0, NULL)));
    put("calls/setns", "%s", word(syscall(SYS_setns, -1, 0)));
    put("calls/bpf", "%s", word(syscall(SYS_bpf, 999, NULL, 0)));
    put("calls/reboot", "%s", word(syscall(SYS_reboot, 0, 0, 0, NULL)));
    put("calls/keyctl", "%s", word(syscall(SYS_keyctl, 999)));
    put("calls/unknown", "%s", word(syscall(1000)));
}
