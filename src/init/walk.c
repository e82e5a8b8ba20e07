/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openat2(2), component by component, for kernels before 5.6 and seccomp filters that refuse it.
 * Each component is opened relative to a file descriptor and never through a symbolic link. The
 * target of a link replaces it in the path, which is then resolved from the start. Inside a root,
 * ".." is never opened: it removes the component before it from the path, so that somebody who
 * moves directories meanwhile cannot lead the lookup outside.
 */
#include "init.h"
#include "path.h"

#define LINKS_MAX 40 /* same as the kernel's limit */
#define AGAIN 1      /* the path has changed */
#define PROC_ROOT_INODE 1
#define CONFINED (RESOLVE_IN_ROOT | RESOLVE_BENEATH)

struct hand {
    int root;
    const struct open_how *how;
    uint64_t mount; /* mount ID of the root, for RESOLVE_NO_XDEV */
    int dir;        /* current directory */
    char *before;   /* the component that led to `dir`, or NULL */
    char *at;       /* the next component */
    char *end;
    char text[SYS_PATH_MAX];
};

static char *skip_slashes(char *at)
{
    while (*at == '/')
        at++;
    return at;
}

/* Includes the mount ID only if statx(2) supports it. */
static int look_at(int fd, struct statx *ret_status)
{
    return path_statx(fd, "", AT_EMPTY_PATH, ret_status);
}

static int open_start(const struct hand *hand)
{
    const bool from_top = (hand->how->resolve & CONFINED) == 0 && hand->text[0] == '/';

    if ((hand->how->resolve & RESOLVE_BENEATH) != 0 && hand->text[0] == '/')
        return -EXDEV;
    return sys_openat(from_top ? AT_FDCWD : hand->root, from_top ? "/" : ".",
                      O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

/* "/dir/../rest" becomes "/rest". */
static int leave(struct hand *hand)
{
    const size_t rest = strlen(hand->end) + 1;

    if ((hand->how->resolve & CONFINED) == 0) {
        const int above = sys_openat(hand->dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

        if (above < 0)
            return above;
        sys_close(hand->dir);
        hand->dir = above;
        hand->at = hand->end;
        return 0;
    }
    if (hand->before == NULL && (hand->how->resolve & RESOLVE_BENEATH) != 0)
        return -EXDEV;
    memmove(hand->before != NULL ? hand->before : hand->at, hand->end, rest);
    return AGAIN;
}

/* All links of procfs, except those in its root, lead elsewhere than their text. */
static bool is_magic(const struct hand *hand, int link)
{
    struct sys_statfs system;
    struct statx above;

    return sys_fstatfs(link, &system) == 0 && system.f_type == PROC_SUPER_MAGIC &&
           !(look_at(hand->dir, &above) == 0 && above.stx_ino == PROC_ROOT_INODE);
}

static int follow(struct hand *hand, int link)
{
    char target[SYS_PATH_MAX];
    const size_t rest = strlen(hand->end) + 1;

    if ((hand->how->resolve & RESOLVE_NO_SYMLINKS) != 0 ||
        ((hand->how->resolve & RESOLVE_NO_MAGICLINKS) != 0 && is_magic(hand, link)))
        return -ELOOP;
    const int size = sys_readlinkat(link, "", target, sizeof(target));
    if (size <= 0)
        return size < 0 ? size : -ENOENT;
    char *to = target[0] == '/' ? hand->text : hand->at;
    if ((size_t) (to - hand->text) + (size_t) size + rest > sizeof(hand->text))
        return -ENAMETOOLONG;
    memmove(to + size, hand->end, rest);
    memcpy(to, target, (size_t) size);
    return AGAIN;
}

/* If the root is a procfs, asks that one: the container's own cannot be trusted. */
static int find_mount(const struct hand *hand, int fd, struct statx *status)
{
    struct sys_statfs system;
    const int err = sys_fstatfs(hand->root, &system);

    if (err < 0)
        return err;
    return path_find_mount_id(system.f_type == PROC_SUPER_MAGIC ? hand->root : AT_FDCWD, fd,
                              status);
}

static int check_mount(const struct hand *hand, int fd, struct statx *status)
{
    if ((hand->how->resolve & RESOLVE_NO_XDEV) == 0)
        return 0;
    const int err = find_mount(hand, fd, status);
    return err < 0 ? err : status->stx_mnt_id == hand->mount ? 0 : -EXDEV;
}

/* Opens the last component, which `fd` holds with O_PATH, as the caller asked. */
static int open_last(const struct hand *hand, const char *name, int fd)
{
    struct statx status;
    const unsigned flags = (unsigned) hand->how->flags;

    if ((flags & O_PATH) != 0)
        return fd;
    sys_close(fd);
    INIT_FD opened = sys_openat(hand->dir, name, (int) (flags | O_NOFOLLOW | O_CLOEXEC),
                                (unsigned) hand->how->mode);
    if (opened < 0)
        return opened;
    int err = look_at(opened, &status);
    if (err == 0)
        err = check_mount(hand, opened, &status);
    return err < 0 ? err : init_take(&opened);
}

/* Opens the next component, `name`. Returns a file descriptor if it is the last, 0 if it is
 * hand->dir now, AGAIN, or a negative errno. */
static int step_into(struct hand *hand, const char *name)
{
    struct statx status;
    const unsigned flags = (unsigned) hand->how->flags;
    const bool is_last = *skip_slashes(hand->end) == '\0';
    const bool wants_dir = !is_last || *hand->end == '/' || (flags & O_DIRECTORY) != 0;
    INIT_FD fd = sys_openat(hand->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);

    if (fd == -ENOENT && is_last && (flags & O_CREAT) != 0)
        return sys_openat(hand->dir, name, (int) (flags | O_NOFOLLOW | O_CLOEXEC),
                          (unsigned) hand->how->mode);
    int err = fd < 0 ? fd : look_at(fd, &status);
    if (err < 0)
        return err;
    if (S_ISLNK(status.stx_mode)) {
        if (!is_last || *hand->end == '/' || (flags & O_NOFOLLOW) == 0)
            return follow(hand, fd);
        return (flags & O_DIRECTORY) != 0 ? -ENOTDIR
               : (flags & O_PATH) != 0    ? init_take(&fd)
                                          : -ELOOP;
    }
    err = check_mount(hand, fd, &status);
    if (err == 0 && wants_dir && !S_ISDIR(status.stx_mode))
        err = -ENOTDIR;
    if (err < 0)
        return err;
    if (is_last)
        return open_last(hand, name, init_take(&fd));
    sys_close(hand->dir);
    hand->dir = init_take(&fd);
    hand->before = hand->at;
    hand->at = hand->end;
    return 0;
}

/* Resolves the path once. Returns a file descriptor, a negative errno, or AGAIN, which cannot be
 * a file descriptor because the standard streams are always open. */
static int pass(struct hand *hand)
{
    char name[SYS_NAME_MAX + 1];
    int r = 0;

    hand->before = NULL;
    for (hand->at = hand->text; r == 0;) {
        hand->at = skip_slashes(hand->at);
        for (hand->end = hand->at; *hand->end != '\0' && *hand->end != '/';)
            hand->end++;
        const size_t size = (size_t) (hand->end - hand->at);
        if (size > SYS_NAME_MAX)
            return -ENAMETOOLONG;
        memcpy(name, hand->at, size);
        name[size] = '\0';
        if (size == 0)
            return sys_openat(hand->dir, ".", (int) hand->how->flags | O_CLOEXEC, 0);
        if (init_equal(name, "."))
            hand->at = hand->end;
        else
            r = init_equal(name, "..") ? leave(hand) : step_into(hand, name);
    }
    return r;
}

int walk_open(int root, const char *path, const struct open_how *how)
{
    struct hand hand = {.root = root, .how = how};
    struct statx status;
    const size_t size = strlen(path) + 1;

    if (size > sizeof(hand.text))
        return -ENAMETOOLONG;
    if (size == 1)
        return -ENOENT;
    memcpy(hand.text, path, size);
    /* One pass for each symbolic link and each "..". */
    for (int i = 0; i < LINKS_MAX + SYS_PATH_MAX / 3; i++) {
        hand.dir = open_start(&hand);
        if (hand.dir < 0)
            return hand.dir;
        int r = look_at(hand.dir, &status);
        if (r == 0 && (how->resolve & RESOLVE_NO_XDEV) != 0)
            r = find_mount(&hand, hand.dir, &status);
        hand.mount = status.stx_mnt_id;
        if (r == 0)
            r = pass(&hand);
        sys_close(hand.dir);
        if (r != AGAIN)
            return r;
    }
    return -ELOOP;
}
