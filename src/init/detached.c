/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Detached mounts: they are created and changed before they are attached. Kernels before 5.12 and
 * seccomp filters refuse some of the system calls for that. Then INIT creates the mounts on a
 * tmpfs, the stage, that covers its /proc/PID/task in its own mount namespace, and moves them from
 * there with mount(2). The stage is private and unbindable, so that no clone of the host's tree
 * includes it; it disappears with the old root. mount(2) takes only paths: INIT uses those of file
 * descriptors below /proc/self, which it opens once, while /proc is the host's.
 */
#include "init.h"
#include "path.h"

#define STAGE "task"
#define ST_NOSYMFOLLOW 0x2000
#define MOUNTS_SIZE (16U << 20) /* of mountinfo; unused pages take no memory */
#define SUBMOUNTS_MAX 4096

/* --- mount(2) by file descriptors ------------------------------------------------------------- */

struct call {
    const char *source;
    const char *target;
    const char *type;
    unsigned long flags;
    const char *data;
};

static int mount_below_self(const struct init *init, const struct call *call)
{
    INIT_FD before = sys_openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (before < 0)
        return before;
    int err = sys_fchdir(init->self);
    if (err < 0)
        return err;
    err = sys_mount(call->source, call->target, call->type, call->flags, call->data);
    const int back = sys_fchdir(before);
    return err < 0 ? err : back;
}

static int mount_onto(const struct init *init, int from, int target, unsigned long flags)
{
    char source[32], path[32];

    init_print(path, "fd/", (uint64_t) target);
    if (from >= 0)
        init_print(source, "fd/", (uint64_t) from);
    return mount_below_self(
        init, &(struct call){.source = from >= 0 ? source : NULL, .target = path, .flags = flags});
}

/* --- the stage -------------------------------------------------------------------------------- */

static int open_stage(struct init *init)
{
    struct sys_statfs system;

    if (init->stage >= 0)
        return 0;
    init->self = sys_openat(AT_FDCWD, "/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (init->self < 0)
        return init->self;
    int err = sys_fstatfs(init->self, &system);
    if (err == 0 && system.f_type != PROC_SUPER_MAGIC)
        err = -EINVAL;
    if (err == 0)
        err = mount_below_self(init, &(struct call){"berth", STAGE, "tmpfs",
                                                    MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"});
    if (err == 0)
        err = mount_below_self(init, &(struct call){.target = STAGE, .flags = MS_UNBINDABLE});
    if (err < 0)
        return err;
    init->stage = sys_openat(init->self, STAGE, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    return init->stage < 0 ? init->stage : 0;
}

/* Creates a mount point on the stage, a directory or a file like the mount. Returns its name and
 * a file descriptor. */
static int make_place(struct init *init, bool is_directory, char *ret_name)
{
    int err = open_stage(init);
    if (err < 0)
        return err;
    init_print(ret_name, "", init->n_staged++);
    if (!is_directory)
        return sys_openat(init->stage, ret_name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    err = sys_mkdirat(init->stage, ret_name, 0700);
    return err < 0 ? err : sys_openat(init->stage, ret_name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
}

static int stage_clone(struct init *init, int source, unsigned long flags)
{
    char name[32];
    const int kind = path_check_directory(source);

    if (kind < 0 && kind != -ENOTDIR)
        return kind;
    INIT_FD place = make_place(init, kind == 0, name);
    if (place < 0)
        return place;
    const int err = mount_onto(init, source, place, MS_BIND | flags);
    return err < 0 ? err : sys_openat(init->stage, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
}

int detached_make(struct init *init, const struct init_file_system *system)
{
    char name[32], path[32];
    INIT_FD place = make_place(init, true, name);
    if (place < 0)
        return place;
    init_print(path, "fd/", (uint64_t) place);
    const struct call call = {system->source != NULL ? system->source : "none", path, system->type,
                              system->flags, system->options};
    const int err = mount_below_self(init, &call);
    return err < 0 ? err : sys_openat(init->stage, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
}

/* --- attributes ------------------------------------------------------------------------------- */

static const struct attribute {
    uint64_t attribute;
    unsigned long status; /* statfs(2) */
    unsigned long flag;   /* mount(2) */
} attributes[] = {
    {MOUNT_ATTR_RDONLY, 1, MS_RDONLY},
    {MOUNT_ATTR_NOSUID, 2, MS_NOSUID},
    {MOUNT_ATTR_NODEV, 4, MS_NODEV},
    {MOUNT_ATTR_NOEXEC, 8, MS_NOEXEC},
    {MOUNT_ATTR_NOATIME, 1024, MS_NOATIME},
    {MOUNT_ATTR_NODIRATIME, 2048, MS_NODIRATIME},
    {MOUNT_ATTR_NOSYMFOLLOW, ST_NOSYMFOLLOW, 256 /* MS_NOSYMFOLLOW, Linux 5.10 */},
};
#define N_ATTRIBUTES (sizeof(attributes) / sizeof(*attributes))
#define ST_RELATIME 4096

static int read_attributes(int mount, uint64_t *ret_set)
{
    struct sys_statfs status;
    const int err = sys_fstatfs(mount, &status);

    if (err < 0)
        return err;
    *ret_set = 0;
    for (size_t i = 0; i < N_ATTRIBUTES; i++)
        if ((unsigned long) status.f_flags & attributes[i].status)
            *ret_set |= attributes[i].attribute;
    if (((unsigned long) status.f_flags & (ST_RELATIME | 1024)) == 0)
        *ret_set |= MOUNT_ATTR_STRICTATIME;
    return 0;
}

/* A remount replaces all flags: repeats the current ones, some of which a user namespace may not
 * clear. Older kernels ignore flags that they do not know: checks the result. */
static int change_one(const struct init *init, int mount, const struct mount_attr *change)
{
    uint64_t now;
    unsigned long flags = MS_REMOUNT | MS_BIND;
    int err = read_attributes(mount, &now);

    if (err < 0)
        return err;
    const uint64_t wanted = (now & ~change->attr_clr) | change->attr_set;
    for (size_t i = 0; i < N_ATTRIBUTES; i++)
        if (wanted & attributes[i].attribute)
            flags |= attributes[i].flag;
    if ((wanted & MOUNT_ATTR__ATIME) == MOUNT_ATTR_RELATIME)
        flags |= MS_RELATIME;
    if ((wanted & MOUNT_ATTR__ATIME) == MOUNT_ATTR_STRICTATIME)
        flags |= MS_STRICTATIME;
    err = mount_onto(init, -1, mount, flags);
    if (err == 0)
        err = read_attributes(mount, &now);
    if (err == 0 && (now & change->attr_set & ~(uint64_t) MOUNT_ATTR__ATIME) !=
                        (change->attr_set & ~(uint64_t) MOUNT_ATTR__ATIME))
        err = -EOPNOTSUPP;
    return err;
}

/* A line of mountinfo: proc_pid_mountinfo(5). */
struct line {
    uint64_t id;
    uint64_t parent;
    const char *point; /* ended by a blank */
};

static const char *next_field(const char *at)
{
    while (*at != ' ' && *at != '\0')
        at++;
    return *at == ' ' ? at + 1 : at;
}

static uint64_t parse_number(const char *at)
{
    uint64_t number = 0;

    while (*at >= '0' && *at <= '9')
        number = number * 10 + (uint64_t) (*at++ - '0');
    return number;
}

/* Parses the line at `at`. Returns the next line, or NULL. */
static const char *parse_line(const char *at, struct line *ret_line)
{
    ret_line->id = parse_number(at);
    const char *parent = next_field(at);
    ret_line->parent = parse_number(parent);
    ret_line->point = next_field(next_field(next_field(parent)));
    const char *end = strchr(at, '\n');
    return end != NULL && end[1] != '\0' ? end + 1 : NULL;
}

static bool is_same_point(const char *a, const char *b)
{
    while (*a == *b && *a != ' ' && *a != '\0')
        a++, b++;
    return *a == *b;
}

/* Decodes "\040" for blanks and so on. */
static int decode_point(const char *point, char path[SYS_PATH_MAX])
{
    size_t n = 0;

    for (; *point != ' ' && *point != '\0'; point++) {
        if (n + 1 >= SYS_PATH_MAX)
            return -ENAMETOOLONG;
        path[n] = *point;
        if (*point == '\\' && point[1] != '\0' && point[2] != '\0' && point[3] != '\0') {
            path[n] = (char) ((point[1] - '0') << 6 | (point[2] - '0') << 3 | (point[3] - '0'));
            point += 3;
        }
        n++;
    }
    path[n] = '\0';
    return 0;
}

/* A covered mount cannot be reached, nor uncovered by a process without privileges over mounts. */
static bool is_covered(const char *lines, const struct line *mount)
{
    struct line line;

    for (const char *at = lines; at != NULL;) {
        at = parse_line(at, &line);
        if (line.parent == mount->id && is_same_point(line.point, mount->point))
            return true;
    }
    return false;
}

/* The procfs root is the parent of init->self. */
static int find_mount(const struct init *init, int fd, struct statx *status)
{
    INIT_FD proc = sys_openat(init->self, "..", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

    return proc < 0 ? proc : path_find_mount_id(proc, fd, status);
}

static int change_submount(const struct init *init, const struct line *mount,
                           const struct mount_attr *change)
{
    char path[SYS_PATH_MAX];
    struct statx status;
    int err = decode_point(mount->point, path);
    if (err < 0)
        return err;
    const struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                                 .resolve = RESOLVE_NO_SYMLINKS};
    INIT_FD fd = path_openat2(AT_FDCWD, path, &how);
    if (fd < 0)
        return fd;
    err = path_statx(fd, "", AT_EMPTY_PATH, &status);
    if (err == 0)
        err = find_mount(init, fd, &status);
    if (err < 0)
        return err;
    return status.stx_mnt_id == mount->id ? change_one(init, fd, change) : -ESTALE;
}

static bool is_among(const uint64_t *ids, size_t count, uint64_t id)
{
    while (count > 0)
        if (ids[--count] == id)
            return true;
    return false;
}

/* Changes all mounts below the mount ids[0]. */
static int change_below(const struct init *init, const char *lines, uint64_t *ids,
                        const struct mount_attr *change)
{
    struct line line;
    size_t count = 1, before;

    do {
        before = count;
        for (const char *at = lines; at != NULL;) {
            at = parse_line(at, &line);
            if (!is_among(ids, count, line.parent) || is_among(ids, count, line.id))
                continue;
            if (count == SUBMOUNTS_MAX)
                return -E2BIG;
            const int err = is_covered(lines, &line) ? 0 : change_submount(init, &line, change);
            if (err < 0)
                return err;
            ids[count++] = line.id;
        }
    } while (count > before);
    return 0;
}

static int change_all(const struct init *init, int mount, const struct mount_attr *change)
{
    struct statx status;
    int err = path_statx(mount, "", AT_EMPTY_PATH, &status);
    if (err == 0)
        err = find_mount(init, mount, &status);
    if (err < 0)
        return err;
    INIT_FD info = sys_openat(init->self, "mountinfo", O_RDONLY | O_CLOEXEC, 0);
    if (info < 0)
        return info;
    uint64_t *ids = init_allocate(SUBMOUNTS_MAX * sizeof(*ids));
    char *lines = init_allocate(MOUNTS_SIZE);
    if (ids == NULL || lines == NULL)
        return -ENOMEM;
    size_t size = 0;
    long n;
    while ((n = sys_read(info, lines + size, MOUNTS_SIZE - 1 - size)) > 0)
        size += (size_t) n;
    ids[0] = status.stx_mnt_id;
    err = n < 0                     ? (int) n
          : size == MOUNTS_SIZE - 1 ? -E2BIG
                                    : change_below(init, lines, ids, change);
    sys_munmap(lines, MOUNTS_SIZE);
    sys_munmap(ids, SUBMOUNTS_MAX * sizeof(*ids));
    return err;
}

/* --- functions for the steps ------------------------------------------------------------------ */

int detached_clone(struct init *init, int dir, const char *path, unsigned flags)
{
    if (!init->plan->stages_mounts)
        return sys_open_tree(dir, path, flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    const int nofollow = flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0;
    const unsigned long recursive = flags & AT_RECURSIVE ? MS_REC : 0;
    const int err = open_stage(init);
    if (err < 0)
        return err;
    if (flags & AT_EMPTY_PATH)
        return stage_clone(init, dir, recursive);
    INIT_FD source = sys_openat(dir, path, O_PATH | O_CLOEXEC | nofollow, 0);
    return source < 0 ? source : stage_clone(init, source, recursive);
}

int detached_change(struct init *init, int mount, const struct mount_attr *change, bool recursive)
{
    if (!init->plan->stages_mounts)
        return sys_mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), change);
    int err = open_stage(init);
    if (err == 0 && (change->attr_set | change->attr_clr) != 0)
        err = change_one(init, mount, change);
    if (err == 0 && recursive && (change->attr_set | change->attr_clr) != 0)
        err = change_all(init, mount, change);
    if (err == 0 && change->propagation != 0)
        err = mount_onto(init, -1, mount, change->propagation | (recursive ? MS_REC : 0));
    return err;
}

int detached_attach(struct init *init, int mount, int target)
{
    if (!init->plan->stages_mounts)
        return sys_move_mount(mount, "", target, "",
                              MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    const int err = open_stage(init);
    return err < 0 ? err : mount_onto(init, mount, target, MS_MOVE);
}

int detached_attach_below(struct init *init, int mount, int dir, const char *name)
{
    if (!init->plan->stages_mounts)
        return sys_move_mount(mount, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH);
    INIT_FD target = path_open_below(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    return target < 0 ? target : detached_attach(init, mount, target);
}

int detached_bind(struct init *init, int source, int target)
{
    if (init->plan->stages_mounts) {
        const int err = open_stage(init);
        return err < 0 ? err : mount_onto(init, source, target, MS_BIND);
    }
    INIT_FD clone = detached_clone(init, source, "", AT_EMPTY_PATH);
    return clone < 0 ? clone : detached_attach(init, clone, target);
}
