/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"
#include "path.h"

#define PROC_ROOT_INODE 1
#define MAJOR_MEMORY 1
#define MAJOR_CONSOLE 5

int init_open_proc(struct init *init, const struct plan_step *step)
{
    INIT_FD fd = sys_openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    struct sys_statfs system;
    struct statx status;
    int r;

    if (fd < 0)
        return fd;
    r = sys_fstatfs(fd, &system);
    if (r >= 0)
        r = path_statx(fd, "", AT_EMPTY_PATH, &status);
    if (r < 0)
        return r;
    if (system.f_type != PROC_SUPER_MAGIC || status.stx_ino != PROC_ROOT_INODE)
        return -EINVAL;
    return init_fill(init, step->makes, init_take(&fd));
}

/* procfs has symbolic links ("self"), but none below its root that leads out of it.
 * RESOLVE_NO_XDEV refuses mounts over its files. */
static int open_below_proc(int proc, const char *path)
{
    struct open_how how = {.flags = O_WRONLY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};
    INIT_FD fd = path_openat2(proc, path, &how);
    struct sys_statfs system;
    int r;

    if (fd < 0)
        return fd;
    r = sys_fstatfs(fd, &system);
    if (r < 0)
        return r;
    return system.f_type == PROC_SUPER_MAGIC ? init_take(&fd) : -EINVAL;
}

static int write_all(int fd, const char *content)
{
    long r = sys_write(fd, content, strlen(content));

    if (r < 0)
        return (int) r;
    return (size_t) r == strlen(content) ? 0 : -EIO;
}

int init_put_file(struct init *init, const struct plan_step *step)
{
    const char *path = init_text(init, step->put_file.file);
    const char *content = init_optional_text(init, step->put_file.content);
    INIT_FD fd = plan_uses(step, PLAN_SLOT_PROC)
                     ? open_below_proc(init->slot[PLAN_SLOT_PROC], path)
                     : sys_openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0);

    return fd < 0 ? fd : write_all(fd, content);
}

static int put_oom_score(struct init *init, const struct plan_step *step)
{
    INIT_FD fd = open_below_proc(init->slot[PLAN_SLOT_PROC], "self/oom_score_adj");
    const int64_t score = step->set_oom_score.score;
    char text[32];

    init_print(text, score < 0 ? "-" : "", (uint64_t) (score < 0 ? -score : score));
    return fd < 0 ? fd : write_all(fd, text);
}

/* The file of a process that is not dumpable belongs to root. Being dumpable for a moment is no
 * risk: the unprivileged caller's other processes can be inspected as well. */
int init_set_oom_score(struct init *init, const struct plan_step *step)
{
    int r = put_oom_score(init, step);

    if (r != -EACCES)
        return r;
    r = sys_prctl(PR_SET_DUMPABLE, 1, 0);
    if (r < 0)
        return r;
    r = put_oom_score(init, step);
    return r < 0 ? r : sys_prctl(PR_SET_DUMPABLE, 0, 0);
}

int init_set_umask(struct init *init, const struct plan_step *step)
{
    if (step->set_umask.umask < PLAN_UMASK_OF_CALLER)
        init->umask = step->set_umask.umask;
    sys_umask(init->umask);
    return 0;
}

/* Opens the next directory of a path, "a" of "a/b"; makes it if it is missing. */
static int enter(int dir, const char *path, size_t size)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_NO_MAGICLINKS};
    char name[SYS_NAME_MAX + 1];
    int r;

    if (size > SYS_NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, path, size);
    name[size] = '\0';
    r = sys_mkdirat(dir, name, 0755);
    if (r < 0 && r != -EEXIST) {
        /* An existing directory may be on a file system that is read-only or belongs to others. */
        int there = path_openat2(dir, name, &how);

        return there == -ENOENT ? r : there;
    }
    return path_openat2(dir, name, &how);
}

/* This is the container's own tree by now: symbolic links cannot lead outside, except those of
 * procfs. */
static int make_directory(const char *path)
{
    int dir = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

    while (dir >= 0) {
        INIT_FD parent = dir;
        size_t size = 0;

        while (*path == '/')
            path++;
        while (path[size] != '/' && path[size] != '\0')
            size++;
        if (size == 0)
            return init_take(&parent);
        dir = enter(parent, path, size);
        path += size;
    }
    return dir;
}

static int open_cwd(const char *path)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_NO_MAGICLINKS};

    return path_openat2(AT_FDCWD, path, &how);
}

int init_make_cwd(struct init *init, const struct plan_step *step)
{
    const char *path = init_text(init, step->make_cwd.path);
    INIT_FD fd = open_cwd(path);

    if (fd != -ENOENT) /* SET_CWD reports the error */
        return 0;
    fd = make_directory(path);
    return fd < 0 ? fd : 0;
}

int init_set_cwd(struct init *init, const struct plan_step *step)
{
    INIT_FD fd = open_cwd(init_text(init, step->set_cwd.path));
    char reached[SYS_PATH_MAX];
    int r;

    if (fd < 0)
        return fd;
    r = sys_fchdir(fd);
    if (r < 0)
        return r;
    /* CVE-2024-21626: the path of a directory outside the root does not begin with "/". */
    r = sys_getcwd(reached, sizeof(reached));
    if (r < 0)
        return r;
    return reached[0] == '/' ? 0 : -ENOENT;
}

/* May the container's process own the file? /dev/null and the like and the system console belong
 * to everybody. */
static bool may_be_given(int fd, const struct statx *status)
{
    struct termios mode = {0};

    if (S_ISBLK(status->stx_mode))
        return false;
    return !S_ISCHR(status->stx_mode) ||
           (status->stx_rdev_major != MAJOR_MEMORY && status->stx_rdev_major != MAJOR_CONSOLE &&
            sys_ioctl(fd, TCGETS, &mode) == 0);
}

int init_own_stdio(struct init *init, const struct plan_step *step)
{
    uint32_t uid = step->own_stdio.uid;

    (void) init;
    for (int fd = SYS_STDIN; fd <= SYS_STDERR; fd++) {
        struct statx status;
        int r = path_statx(fd, "", AT_EMPTY_PATH, &status);

        if (r == -EBADF)
            continue;
        if (r < 0)
            return r;
        if (status.stx_uid == uid || !may_be_given(fd, &status))
            continue;
        r = sys_fchown(fd, uid, (uint32_t) -1);
        /* Not mapped in the user namespace, not ours, or on a read-only file system: leave it. */
        if (r < 0 && r != -EINVAL && r != -EPERM && r != -EROFS)
            return r;
    }
    return 0;
}
