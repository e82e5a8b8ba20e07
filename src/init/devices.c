/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes, and the symbolic links beside them. */
#include "init.h"
#include "path.h"

/* The parts of a makedev(3) number. */
static uint32_t device_major(uint64_t device)
{
    return (uint32_t) (device >> 8) & 0xfff;
}

static uint32_t device_minor(uint64_t device)
{
    return (uint32_t) (device & 0xff) | ((uint32_t) (device >> 12) & 0xfff00);
}

/* Checks that the file is the device that the step wants. */
static int check_node(const struct plan_step *step, const struct statx *status)
{
    const uint32_t type = step->make_node.mode & S_IFMT;

    if ((status->stx_mode & S_IFMT) != type)
        return -EEXIST;
    if ((type == S_IFCHR || type == S_IFBLK) &&
        (status->stx_rdev_major != device_major(step->make_node.device) ||
         status->stx_rdev_minor != device_minor(step->make_node.device)))
        return -EEXIST;
    return 0;
}

/* A device that existed before keeps its owner: others may use it too. */
static int own_node(int fd, const struct plan_step *step, const struct statx *status)
{
    if (status->stx_uid == step->make_node.uid && status->stx_gid == step->make_node.gid)
        return 0;
    return sys_fchownat(fd, "", step->make_node.uid, step->make_node.gid, AT_EMPTY_PATH);
}

static void forget_parent(struct init *init)
{
    init_close(&init->parent);
    init->parent = -1;
}

void init_check_parent(struct init *init, const struct plan_step *next)
{
    if (next->op != PLAN_MAKE_NODE && next->op != PLAN_MAKE_SYMLINK)
        forget_parent(init);
}

static bool is_plain(const char *name)
{
    return name[0] != '.' && strchr(name, '/') == NULL;
}

/* Opens the directory of a node or link; consecutive steps usually share it. `*ret_name` points
 * into `path`. */
static int open_parent(struct init *init, const char *path, const char **ret_name)
{
    if (init->parent >= 0 && strlen(path) > init->parent_size &&
        memcmp(path, init->parent_path, init->parent_size) == 0 &&
        is_plain(path + init->parent_size)) {
        *ret_name = path + init->parent_size;
        return init->parent;
    }
    forget_parent(init);
    init->parent = path_make_parent(init->slot[PLAN_SLOT_ROOT], path, ret_name);
    if (init->parent < 0)
        return init->parent;
    init->parent_gives_root = false;
    init->parent_path = path;
    init->parent_size = (size_t) (*ret_name - path);
    return init->parent;
}

int init_make_node(struct init *init, const struct plan_step *step)
{
    const char *name;
    struct statx status;
    const int parent = open_parent(init, init_text(init, step->make_node.path), &name);
    if (parent < 0)
        return parent;
    const int made =
        sys_mknodat(parent, name, step->make_node.mode, (unsigned) step->make_node.device);
    if (made < 0 && made != -EEXIST)
        return made;
    if (made == 0 && init->parent_gives_root && step->make_node.uid == 0 &&
        step->make_node.gid == 0)
        return 0;
    INIT_FD fd = path_open_below(parent, name, O_PATH | O_NOFOLLOW);
    if (fd < 0)
        return fd;
    int err = path_status(fd, &status);
    if (err == 0)
        err = check_node(step, &status);
    if (err < 0 || made < 0)
        return err;
    /* The owner depends on the caller's IDs, the directory and the file system. */
    init->parent_gives_root = status.stx_uid == 0 && status.stx_gid == 0;
    return own_node(fd, step, &status);
}

static bool links_to(int dir, const char *name, const char *target)
{
    char found[SYS_PATH_MAX];
    const int size = sys_readlinkat(dir, name, found, sizeof(found));

    return size > 0 && (size_t) size == strlen(target) && memcmp(found, target, (size_t) size) == 0;
}

int init_make_symlink(struct init *init, const struct plan_step *step)
{
    const char *target = init_text(init, step->make_symlink.target), *name;
    const int parent = open_parent(init, init_text(init, step->make_symlink.path), &name);
    if (parent < 0)
        return parent;
    const int err = sys_symlinkat(target, parent, name);
    return err == -EEXIST && links_to(parent, name, target) ? 0 : err;
}
