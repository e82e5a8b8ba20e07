/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpcopyup: copies a directory of the container into the tmpfs that will cover it. The tree may be
 * changing meanwhile, so everything is opened relative to the file descriptor of its directory,
 * never through a symbolic link.
 */
#include "init.h"
#include "path.h"

#define DEPTH_MAX 128 /* two file descriptors per level */
#define ENTRIES_SIZE 2048
#define COPY_SIZE 0x40000000
#define NAMES_SIZE 2048
#define VALUE_SIZE 2048

static int copy_content(int from, int to, int depth);

/* Copies the extended attributes that the new file system accepts: it may not support all kinds,
 * or have no space for one. */
static void copy_attributes(int from, int to)
{
    static const char *const kinds[] = {"user.", "security.capability", "system.posix_acl_"};
    char names[NAMES_SIZE], value[VALUE_SIZE];
    const long size = sys_flistxattr(from, names, sizeof(names));

    for (long at = 0; at < size; at += (long) strlen(names + at) + 1)
        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
            if (!init_begins(names + at, kinds[i]))
                continue;
            const long value_size = sys_fgetxattr(from, names + at, value, sizeof(value));
            if (value_size >= 0)
                sys_fsetxattr(to, names + at, value, (size_t) value_size);
        }
}

/* EINVAL: the user namespace does not map an ID; the copy then belongs to its root. */
static int copy_owner(int dir, const char *name, const struct statx *status)
{
    const int err = sys_fchownat(dir, name, status->stx_uid, status->stx_gid,
                                 AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);

    return err == -EINVAL ? 0 : err;
}

static int copy_times(int dir, const char *name, const struct statx *status)
{
    const struct __kernel_timespec times[2] = {
        {status->stx_atime.tv_sec, status->stx_atime.tv_nsec},
        {status->stx_mtime.tv_sec, status->stx_mtime.tv_nsec},
    };

    return sys_utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
}

/* Owner, then mode (changing the owner clears set-ID bits), then the rest; times last. */
static int finish(int from, int to, const struct statx *status)
{
    int err = copy_owner(to, "", status);

    if (err == 0)
        err = sys_fchmod(to, status->stx_mode & 07777);
    if (err < 0)
        return err;
    copy_attributes(from, to);
    return copy_times(to, "", status);
}

static int copy_bytes(int from, int to)
{
    long n;

    do
        n = sys_sendfile(to, from, COPY_SIZE);
    while (n > 0);
    return (int) n;
}

/* It was a regular file before; O_NONBLOCK in case it is a FIFO by now. */
static int copy_file(int from, int to, const char *name)
{
    struct statx status;
    INIT_FD in = path_open_below(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (in < 0)
        return in;
    int err = path_status(in, &status);
    if (err < 0)
        return err;
    if (!S_ISREG(status.stx_mode))
        return -ESTALE;
    INIT_FD out = sys_openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (out < 0)
        return out;
    err = copy_bytes(in, out);
    return err < 0 ? err : finish(in, out, &status);
}

static int copy_directory(int from, int to, const char *name, int depth)
{
    struct statx status;
    INIT_FD in = path_open_below(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (in < 0)
        return in;
    int err = path_status(in, &status);
    if (err == 0)
        err = sys_mkdirat(to, name, 0700);
    if (err < 0)
        return err;
    INIT_FD out = path_open_below(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (out < 0)
        return out;
    err = copy_content(in, out, depth);
    return err < 0 ? err : finish(in, out, &status);
}

static int copy_link(int link, int to, const char *name, const struct statx *status)
{
    char target[SYS_PATH_MAX];
    const int size = sys_readlinkat(link, "", target, sizeof(target));

    if (size < 0)
        return size;
    if ((size_t) size == sizeof(target))
        return -ENAMETOOLONG;
    target[size] = '\0';
    int err = sys_symlinkat(target, to, name);
    if (err == 0)
        err = copy_owner(to, name, status);
    return err < 0 ? err : copy_times(to, name, status);
}

/* Copies a FIFO, a socket or a device. In a user namespace devices cannot be created, nor opened
 * on its own tmpfs: leaves them out. */
static int copy_node(int to, const char *name, const struct statx *status)
{
    const unsigned major = status->stx_rdev_major, minor = status->stx_rdev_minor;
    const bool is_device = S_ISCHR(status->stx_mode) || S_ISBLK(status->stx_mode);
    int err = sys_mknodat(to, name, status->stx_mode,
                          (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12));

    if (err == -EPERM && is_device)
        return 0;
    if (err == 0)
        err = copy_owner(to, name, status);
    if (err == 0)
        err = sys_fchmodat(to, name, status->stx_mode & 07777);
    return err < 0 ? err : copy_times(to, name, status);
}

/* Skips files that vanish while they are copied. Copies mounts too, because the new tmpfs covers
 * them as well. */
static int copy_entry(int from, int to, const char *name, int depth)
{
    const struct open_how how = {
        .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };
    struct statx status;
    INIT_FD fd = path_openat2(from, name, &how);
    if (fd == -ENOENT)
        return 0;
    const int err = fd < 0 ? fd : path_status(fd, &status);
    if (err < 0)
        return err;
    switch (status.stx_mode & S_IFMT) {
    case S_IFREG:
        return copy_file(from, to, name);
    case S_IFDIR:
        return depth == 0 ? -ELOOP : copy_directory(from, to, name, depth - 1);
    case S_IFLNK:
        return copy_link(fd, to, name, &status);
    default:
        return copy_node(to, name, &status);
    }
}

static bool is_dots(const char *name)
{
    return init_equal(name, ".") || init_equal(name, "..");
}

static int copy_content(int from, int to, int depth)
{
    _Alignas(struct sys_directory_entry) char entries[ENTRIES_SIZE];

    for (;;) {
        const int size = sys_getdents(from, entries, sizeof(entries));
        if (size <= 0)
            return size;
        for (int at = 0; at < size;) {
            const struct sys_directory_entry *entry =
                (const struct sys_directory_entry *) (entries + at);
            const int err = is_dots(entry->name) ? 0 : copy_entry(from, to, entry->name, depth);
            if (err < 0)
                return err;
            at += entry->size;
        }
    }
}

int init_copy_up(struct init *init, const struct plan_step *step)
{
    struct statx status;
    INIT_FD from = path_open_below(init->slot[PLAN_SLOT_TARGET], ".", O_RDONLY | O_DIRECTORY);
    if (from < 0)
        return from;
    INIT_FD to = path_open_below(init->slot[step->copy_up.mount], ".", O_RDONLY | O_DIRECTORY);
    if (to < 0)
        return to;
    int err = path_status(from, &status);
    if (err == 0)
        err = copy_content(from, to, DEPTH_MAX);
    if (err == 0 && step->copy_up.keeps_mode && !init->target_made)
        err = finish(from, to, &status);
    return err;
}
