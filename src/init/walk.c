/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What openat2(2) does, component by component, for kernels before 5.6 and filters that refuse it.
 * Each one is opened below a descriptor and never through a link; a link's target takes its place
 * in the path, which is then walked anew from the beginning. In a root no ".." is ever opened: it
 * takes the component before it out of the path, so that who moves directories about meanwhile
 * leads nobody out.
 */
#include "init.h"
#include "path.h"

#define LINKS_MAX 40 /* as the kernel's own limit */
#define AGAIN 1      /* the path is another one now */
#define PROC_ROOT_INODE 1
#define CONFINED (RESOLVE_IN_ROOT | RESOLVE_BENEATH)

struct hand {
    int root;
    const struct open_how *how;
    uint64_t mount; /* of the root, for RESOLVE_NO_XDEV */
    int dir;        /* where it has come to */
    char *before;   /* the component that led there, or NULL */
    char *at;       /* the next one */
    char *end;
    char text[SYS_PATH_MAX];
};

static char *skip_slashes(char *at)
{
    while (*at == '/')
        at++;
    return at;
}

/* The mount is among it only where statx(2) tells it. */
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

/* All links of procfs but those in its root lead where their text does not. */
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

/* In procfs by that itself: the container's own may tell anything. */
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

/* The last component, `fd` with O_PATH, as the caller wants it. */
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

/* The one that is next, in `name`: a descriptor, 0 when it is in hand->dir, AGAIN. */
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

/* One pass through the path: a descriptor, a negative errno, or AGAIN, which is no descriptor as
 * those of the standard streams are always open. */
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
    /* Links, and one ".." after the other. */
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
