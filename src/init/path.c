/* SPDX-License-Identifier: Apache-2.0 */
#include "path.h"

#include "init.h"

#define LINKS_MAX 40 /* same as the kernel's limit */
#define RACES_MAX 64
#define NULL_MAJOR 1
#define NULL_MINOR 3

/* A path of which a prefix exists. */
struct walk {
    int dir;  /* current directory */
    char *at; /* next component, in `text` */
    char text[SYS_PATH_MAX];
};

int path_open(int root, const char *path, uint64_t flags, uint64_t resolve)
{
    const struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .resolve = INIT_RESOLVE | resolve,
    };
    int fd = -EAGAIN;

    /* EAGAIN: ".." while something was renamed or mounted. */
    for (int i = 0; fd == -EAGAIN && i < RACES_MAX; i++)
        fd = path_openat2(root, path, &how);
    return fd;
}

static int open_one(int dir, const char *name, uint64_t flags, uint64_t mode)
{
    const struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .mode = mode,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };

    return path_openat2(dir, name, &how);
}

int path_open_below(int dir, const char *name, uint64_t flags)
{
    return open_one(dir, name, flags, 0);
}

int path_openat2(int dir, const char *path, const struct open_how *how)
{
    const int fd = sys_openat2(dir, path, how);

    return fd == -ENOSYS || fd == -EPERM ? walk_open(dir, path, how) : fd;
}

int path_check_directory(int fd)
{
    struct statx status;
    const int err = path_status(fd, &status);

    return err < 0 ? err : S_ISDIR(status.stx_mode) ? 0 : -ENOTDIR;
}

int path_check_null(int fd)
{
    struct statx status;
    const int err = path_status(fd, &status);

    if (err < 0)
        return err;
    return S_ISCHR(status.stx_mode) && status.stx_rdev_major == NULL_MAJOR &&
                   status.stx_rdev_minor == NULL_MINOR
               ? 0
               : -ENODEV;
}

bool path_is_same_status(const struct statx *a, const struct statx *b)
{
    return a->stx_ino == b->stx_ino && a->stx_mnt_id == b->stx_mnt_id &&
           a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor;
}

bool path_is_same(int a, int b)
{
    struct statx first, second;

    return path_status(a, &first) == 0 && path_status(b, &second) == 0 &&
           path_is_same_status(&first, &second);
}

/* The last component before `end`, ignoring trailing slashes; `text` itself if there is none. */
static char *last_component(char *text, char *end)
{
    while (end > text && end[-1] == '/')
        end--;
    while (end > text && end[-1] != '/')
        end--;
    return end;
}

const char *path_name(const char *path)
{
    for (const char *slash; (slash = strchr(path, '/')) != NULL;)
        path = slash + 1;
    return path;
}

static char *component_end(char *at)
{
    while (*at != '\0' && *at != '/')
        at++;
    return at;
}

static char *skip_slashes(char *at)
{
    while (*at == '/')
        at++;
    return at;
}

/* Opens the longest existing prefix of the path. The whole path is known not to exist. */
static int walk_begin(struct walk *walk, int root, uint64_t resolve)
{
    char *end = walk->text + strlen(walk->text);

    do {
        end = last_component(walk->text, end);
        const char cut = *end;
        *end = '\0';
        walk->dir =
            path_open(root, end == walk->text ? "." : walk->text, O_PATH | O_DIRECTORY, resolve);
        *end = cut;
    } while (walk->dir == -ENOENT && end > walk->text);
    walk->at = end;
    return walk->dir < 0 ? walk->dir : 0;
}

static int make_component(int dir, const char *name, bool file)
{
    if (init_equal(name, "."))
        return path_open_below(dir, ".", O_PATH | O_DIRECTORY);
    if (file)
        return open_one(dir, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY,
                        PATH_FILE_MODE);
    const int err = sys_mkdirat(dir, name, PATH_DIRECTORY_MODE);
    return err < 0 ? err : path_open_below(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

/* Removes the first "missing/.." from the path: it can only be resolved by its text. */
static bool walk_collapse(struct walk *walk)
{
    char *before = NULL;

    for (char *at = skip_slashes(walk->at), *end; *at != '\0'; at = skip_slashes(end)) {
        end = component_end(at);
        const size_t size = (size_t) (end - at);
        if (before != NULL && size == 2 && memcmp(at, "..", 2) == 0) {
            const char *rest = skip_slashes(end);
            memmove(before, rest, strlen(rest) + 1);
            return true;
        }
        if (size != 1 || *at != '.')
            before = at;
    }
    return false;
}

/* Removes all of them. The path may then lead to an existing file, so it is resolved from the
 * start. */
static bool walk_leaves_missing(struct walk *walk)
{
    bool changed = false;

    while (walk_collapse(walk))
        changed = true;
    if (walk->text[0] == '\0')
        memcpy(walk->text, "/", 2);
    return changed;
}

/* Creates the rest of the path. Returns -EEXIST if `walk->at` in `walk->dir` exists, contrary to
 * expectation. */
static int walk_make(struct walk *walk, bool file)
{
    for (;;) {
        walk->at = skip_slashes(walk->at);
        char *end = component_end(walk->at);
        char *next = skip_slashes(end);
        const char cut = *end;
        *end = '\0';
        const int fd = make_component(walk->dir, walk->at, file && *next == '\0');
        *end = cut;
        if (fd < 0 || *next == '\0')
            return fd;
        sys_close(walk->dir);
        walk->dir = fd;
        walk->at = next;
    }
}

/* Replaces the symbolic link at `walk->at` with its target and returns 1; returns 0 and leaves
 * the path alone if it is not a link. */
static int walk_follow(struct walk *walk)
{
    char target[SYS_PATH_MAX], name[SYS_NAME_MAX + 1];
    char *end = component_end(walk->at);
    const size_t name_size = (size_t) (end - walk->at), rest = strlen(end);

    if (name_size >= sizeof(name))
        return -ENAMETOOLONG;
    memcpy(name, walk->at, name_size);
    name[name_size] = '\0';
    const int size = sys_readlinkat(walk->dir, name, target, sizeof(target));
    if (size == -EINVAL || size == -ENOENT)
        return 0;
    if (size < 0)
        return size;
    char *to = size > 0 && target[0] == '/' ? walk->text : walk->at;
    if ((size_t) (to - walk->text) + (size_t) size + rest >= sizeof(walk->text))
        return -ENAMETOOLONG;
    memmove(to + size, end, rest + 1);
    memcpy(to, target, (size_t) size);
    return 1;
}

static int walk_on(struct walk *walk, bool file, uint64_t resolve)
{
    if (walk_leaves_missing(walk))
        return -EEXIST;
    const int fd = walk_make(walk, file);
    if (fd != -EEXIST || (resolve & RESOLVE_NO_SYMLINKS) != 0)
        return fd;
    const int err = walk_follow(walk);
    return err < 0 ? err : -EEXIST;
}

/* Returns -EEXIST if the path or the tree has changed. */
static int walk_once(struct walk *walk, int root, bool file, uint64_t resolve)
{
    int fd = walk_begin(walk, root, resolve);
    if (fd < 0)
        return fd;
    fd = walk_on(walk, file, resolve);
    sys_close(walk->dir);
    return fd;
}

int path_make(int root, const char *path, bool file, uint64_t resolve)
{
    struct walk walk;
    const size_t size = strlen(path) + 1;

    if (size > sizeof(walk.text))
        return -ENAMETOOLONG;
    memcpy(walk.text, path, size);
    for (int i = 0; i < LINKS_MAX; i++) {
        int fd = walk_once(&walk, root, file, resolve);
        if (fd == -EEXIST)
            fd = path_open(root, walk.text, O_PATH, resolve);
        if (fd != -ENOENT)
            return fd;
    }
    return -ELOOP;
}

int path_make_parent(int root, const char *path, const char **ret_name)
{
    char parent[SYS_PATH_MAX];
    const size_t size = strlen(path);

    if (size >= sizeof(parent))
        return -ENAMETOOLONG;
    memcpy(parent, path, size + 1);
    const size_t name = (size_t) (last_component(parent, parent + size) - parent);
    if (size == 0 || path[size - 1] == '/' || init_equal(path + name, ".") ||
        init_equal(path + name, ".."))
        return -EINVAL;
    parent[name] = '\0';
    *ret_name = path + name;
    const char *above = name == 0 ? "." : parent;
    INIT_FD dir = path_open(root, above, O_PATH | O_DIRECTORY, 0);
    if (dir != -ENOENT)
        return init_take(&dir);
    dir = path_make(root, above, false, 0);
    const int err = dir < 0 ? dir : path_check_directory(dir);
    return err < 0 ? err : init_take(&dir);
}

/* Opens the directory that holds the last component. */
static int open_holder(struct walk *walk, int root)
{
    char *name = last_component(walk->text, walk->text + strlen(walk->text));
    const char cut = *name;

    *name = '\0';
    walk->dir = path_open(root, name == walk->text ? "." : walk->text, O_PATH | O_DIRECTORY, 0);
    *name = cut;
    walk->at = name;
    return walk->dir;
}

int path_open_holder(int root, const char *path, char ret_name[SYS_NAME_MAX + 1])
{
    struct walk walk;
    const size_t size = strlen(path) + 1;

    if (size > sizeof(walk.text))
        return -ENAMETOOLONG;
    memcpy(walk.text, path, size);
    for (int i = 0; i < LINKS_MAX; i++) {
        INIT_FD dir = open_holder(&walk, root);
        if (dir < 0)
            return dir;
        const int followed = walk_follow(&walk);
        if (followed < 0)
            return followed;
        if (followed != 0)
            continue;
        /* walk_follow has checked that the name is not too long. */
        memcpy(ret_name, walk.at, (size_t) (component_end(walk.at) - walk.at));
        ret_name[component_end(walk.at) - walk.at] = '\0';
        return init_take(&dir);
    }
    return -ELOOP;
}
