/* SPDX-License-Identifier: Apache-2.0 */
/* Mount points, and attaching mounts to them. */
#include "init.h"
#include "path.h"

static int wants_file(const struct init *init, const struct plan_step *step, bool *ret_file)
{
    *ret_file = step->open_target.kind == PLAN_TARGET_FILE;
    if (step->open_target.kind != PLAN_TARGET_LIKE_MOUNT)
        return 0;
    const int err = path_check_directory(init->slot[step->open_target.like]);
    *ret_file = err == -ENOTDIR;
    return err == -ENOTDIR ? 0 : err;
}

/* Opens a symbolic link at the end of the path itself. */
static int open_unfollowed(int root, const char *path)
{
    const char *name;
    const int parent = path_make_parent(root, path, &name);
    if (parent < 0)
        return parent;
    const int fd = path_open_below(parent, name, O_PATH | O_NOFOLLOW);
    sys_close(parent);
    return fd;
}

static int open_place(struct init *init, const struct plan_step *step, bool file)
{
    const int root = init->slot[PLAN_SLOT_ROOT];
    const char *path = init_text(init, step->open_target.path);
    const uint64_t resolve = step->open_target.no_symlinks ? RESOLVE_NO_SYMLINKS : 0;
    int fd = step->open_target.nofollow ? open_unfollowed(root, path) : -ENOENT;

    if (fd == -ENOENT)
        fd = path_open(root, path, O_PATH, resolve);
    init->target_made = fd == -ENOENT;
    return init->target_made ? path_make(root, path, file, resolve) : fd;
}

#define PROC_ROOT_INODE 1

/* The files of procfs that a mount may cover: numbers that may be adapted to the container's
 * limits. Other mounts could deceive the runtime, or others who trust procfs (CVE-2019-16884,
 * CVE-2019-19921). */
static const char *const coverable[] = {
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/slabinfo",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/crypto/fips_enabled",
};

static int check_procfs(struct init *init, int target)
{
    const int root = init->slot[PLAN_SLOT_ROOT];
    const uint64_t device = init->target.stx_dev_minor;
    struct sys_statfs system;
    if (init->target.stx_dev_major != 0 || device == init->plain_device)
        return 0; /* procfs has an anonymous device, with major number 0 */
    const int err = sys_fstatfs(target, &system);
    if (err == 0 && system.f_type != PROC_SUPER_MAGIC)
        init->plain_device = device;
    if (err < 0 || system.f_type != PROC_SUPER_MAGIC || init->target.stx_ino == PROC_ROOT_INODE)
        return err;
    for (size_t i = 0; i < sizeof(coverable) / sizeof(*coverable); i++) {
        INIT_FD fd = path_open(root, coverable[i], O_PATH | O_NOFOLLOW, 0);
        if (fd >= 0 && path_is_same(fd, target))
            return 0;
    }
    return -EOPNOTSUPP;
}

int init_open_target(struct init *init, const struct plan_step *step)
{
    bool file;
    int err = wants_file(init, step, &file);
    if (err < 0)
        return err;
    INIT_FD fd = open_place(init, step, file);
    if (fd < 0)
        return fd;
    err = path_status(fd, &init->target);
    if (err == 0 && S_ISDIR(init->target.stx_mode) == file)
        err = file ? -EISDIR : -ENOTDIR;
    if (err == 0)
        err = check_procfs(init, fd);
    return err < 0 ? err : init_fill(init, step->makes, init_take(&fd));
}

int init_covers_root(struct init *init)
{
    return init_holds(init, PLAN_SLOT_ROOT, &init->target);
}

int init_open_tree(struct init *init, const struct plan_step *step)
{
    const unsigned recursive = step->open_tree.recursive ? AT_RECURSIVE : 0;
    const unsigned nofollow = step->open_tree.nofollow ? AT_SYMLINK_NOFOLLOW : 0;

    return init_fill(init, step->makes,
                     detached_clone(init, AT_FDCWD, init_text(init, step->open_tree.path),
                                    recursive | nofollow));
}

int init_set_mount_attributes(struct init *init, const struct plan_step *step)
{
    struct mount_attr attributes = {
        .attr_set = step->set_mount_attributes.set,
        .attr_clr = step->set_mount_attributes.clear,
        .propagation = step->set_mount_attributes.propagation,
    };

    /* Access times are one multi-bit field: clear it before setting it. */
    if ((attributes.attr_set & MOUNT_ATTR__ATIME) != 0)
        attributes.attr_clr |= MOUNT_ATTR__ATIME;
    return detached_change(init, init->slot[step->set_mount_attributes.mount], &attributes,
                           step->set_mount_attributes.recursive);
}

int init_map_mount(struct init *init, const struct plan_step *step)
{
    const int namespace = init->slot[step->map_mount.id_map];
    const struct mount_attr attributes = {
        .attr_set = MOUNT_ATTR_IDMAP,
        .userns_fd = (unsigned) namespace,
    };

    if (namespace < 0)
        return -EBADF;
    return sys_mount_setattr(init->slot[step->map_mount.mount], "",
                             AT_EMPTY_PATH | (step->map_mount.recursive ? AT_RECURSIVE : 0),
                             &attributes);
}

int init_attach_mount(struct init *init, const struct plan_step *step)
{
    const int slot = step->attach_mount.mount;
    const int target = init->slot[PLAN_SLOT_TARGET];
    const int covers_root = init_covers_root(init);
    int err = covers_root < 0 ? covers_root : 0;
    if (err == 0 && step->attach_mount.live)
        err = init_note_mount(init, init->slot[slot], init_text(init, step->attach_mount.target));
    if (err < 0)
        return err;
    err = detached_attach(init, init->slot[slot], target);
    if (err < 0 && step->attach_mount.live)
        init_forget_mount(init);
    if (err < 0)
        return err;
    init_empty(init, PLAN_SLOT_TARGET);
    if (step->makes != PLAN_NONE && covers_root)
        err = init_fill(init, step->makes, sys_fcntl(init->slot[slot], F_DUPFD_CLOEXEC, 0));
    /* The mount on top is the container's root from now on. */
    const int heir = covers_root ? PLAN_SLOT_ROOT : step->makes;
    if (heir != PLAN_NONE)
        init_fill(init, heir, init_take(&init->slot[slot]));
    init_empty(init, slot);
    return err;
}

int init_attach_inside(struct init *init, const struct plan_step *step)
{
    const char *name = path_name(init_text(init, step->attach_inside.target));
    const int slot = step->attach_inside.mount, above = init->slot[PLAN_SLOT_ATTACHED];
    int err = sys_mkdirat(above, name, PATH_DIRECTORY_MODE);
    if (err == 0 || err == -EEXIST)
        err = detached_attach_below(init, init->slot[slot], above, name);
    if (err == 0)
        init_empty(init, slot);
    return err;
}

int init_keep_mode(struct init *init, const struct plan_step *step)
{
    if (init->target_made)
        return 0;
    return sys_fchmodat(init->slot[step->keep_mode.mount], ".", init->target.stx_mode & 07777);
}

struct init_held {
    struct init_held *next;
    int mount;
};

int init_hold_mount(struct init *init, const struct plan_step *step)
{
    struct init_held *held = init_allocate(sizeof(*held));
    struct init_held **end = &init->held;
    if (held == NULL)
        return -ENOMEM;
    held->next = NULL;
    held->mount = sys_fcntl(init->slot[step->hold_mount.mount], F_DUPFD_CLOEXEC, 0);
    if (held->mount < 0)
        return held->mount;
    while (*end != NULL)
        end = &(*end)->next;
    *end = held;
    return 0;
}

int init_protect_held(struct init *init, const struct plan_step *step)
{
    const struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};
    struct init_held *held = init->held;

    (void) step;
    if (held == NULL)
        return -EBADF;
    init->held = held->next;
    const int err = detached_change(init, held->mount, &readonly, false);
    init_close(&held->mount);
    return err;
}
