/* SPDX-License-Identifier: Apache-2.0 */
/* MAKE_NODE and MAKE_SYMLINK. */
#include "mounts.h"

#define DEVICE(major, minor) (((major) << 8) | ((minor) &0xff) | (((minor) & ~0xffU) << 12))

static int make_node(struct init *init, const char *path, unsigned mode, unsigned device)
{
    return CALL(init, make_node, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                .make_node = {.path = path, .mode = mode, .device = device, .uid = 5, .gid = 6});
}

static int make_symlink(struct init *init, const char *path, const char *target)
{
    return CALL(init, make_symlink, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                .make_symlink = {.path = path, .target = target});
}

static void new_nodes(struct init *init)
{
    EXPECT(make_node(init, "/dev/sub/null", S_IFCHR | 0666, DEVICE(1U, 3U)), 0);
    struct statx status = look(ROOT "/dev/sub/null");
    EXPECT(status.stx_mode, S_IFCHR | 0666);
    EXPECT(status.stx_uid, 5);
    EXPECT(status.stx_gid, 6);
    EXPECT(status.stx_rdev_major, 1);
    EXPECT(status.stx_rdev_minor, 3);
    EXPECT(make_node(init, "/dev/block", S_IFBLK | 0640, DEVICE(259U, 70000U)), 0);
    EXPECT(look(ROOT "/dev/block").stx_rdev_major, 259);
    EXPECT(look(ROOT "/dev/block").stx_rdev_minor, 70000);
    EXPECT(make_node(init, "fifo", S_IFIFO | 0600, 0), 0);
    EXPECT(mode_at(ROOT "/fifo"), S_IFIFO | 0600);
}

static void existing_nodes(struct init *init)
{
    make_special(ROOT "/same", S_IFCHR | 0600, DEVICE(1U, 3U));
    make_special(ROOT "/fifo", S_IFIFO | 0600, 0);
    make_special(ROOT "/block", S_IFBLK | 0600, DEVICE(1U, 3U));
    make_file(ROOT "/file", "");
    EXPECT(make_node(init, "/same", S_IFCHR | 0666, DEVICE(1U, 3U)), 0);
    EXPECT(mode_at(ROOT "/same"), S_IFCHR | 0600); /* not changed: init did not create it */
    EXPECT(look(ROOT "/same").stx_uid, 0);
    EXPECT(make_node(init, "/fifo", S_IFIFO | 0666, 0), 0);
    EXPECT(make_node(init, "/same", S_IFCHR | 0666, DEVICE(1U, 5U)), -EEXIST);
    EXPECT(make_node(init, "/same", S_IFCHR | 0666, DEVICE(2U, 3U)), -EEXIST);
    EXPECT(make_node(init, "/block", S_IFCHR | 0666, DEVICE(1U, 3U)), -EEXIST);
    EXPECT(make_node(init, "/fifo", S_IFCHR | 0666, DEVICE(1U, 3U)), -EEXIST);
    EXPECT(make_node(init, "/file", S_IFCHR | 0666, DEVICE(1U, 3U)), -EEXIST);
}

static void hostile_places(struct init *init)
{
    make_link("../../host", ROOT "/dev");
    make_link(HOST "/null", ROOT "/link");
    make_link("/same", ROOT "/indirect");
    make_special(ROOT "/same", S_IFCHR | 0600, DEVICE(1U, 3U));
    EXPECT(make_node(init, "/dev/null", S_IFCHR | 0666, DEVICE(1U, 3U)), 0);
    EXPECT(mode_at(ROOT "/host/null"), S_IFCHR | 0666);
    EXPECT(make_node(init, "/link", S_IFCHR | 0666, DEVICE(1U, 3U)), -EEXIST);
    EXPECT(make_node(init, "/indirect", S_IFCHR | 0666, DEVICE(1U, 3U)), -EEXIST);
    EXPECT(make_node(init, "/dev/", S_IFCHR | 0666, DEVICE(1U, 3U)), -EINVAL);
    EXPECT(make_node(init, "/..", S_IFCHR | 0666, DEVICE(1U, 3U)), -EINVAL);
    EXPECT(make_node(init, "/", S_IFCHR | 0666, DEVICE(1U, 3U)), -EINVAL);
    EXPECT(make_node(init, "/same/x", S_IFCHR | 0666, DEVICE(1U, 3U)), -ENOTDIR);
    EXPECT(make_node(init, "/link/x", S_IFCHR | 0666, DEVICE(1U, 3U)), 0);
    EXPECT(mode_at(ROOT "/mnt/host/null/x"), S_IFCHR | 0666);
}

static void links(struct init *init)
{
    char target[64];

    EXPECT(make_symlink(init, "/dev/fd", "/proc/self/fd"), 0);
    EXPECT(sys_readlinkat(AT_FDCWD, ROOT "/dev/fd", target, sizeof(target)), 13);
    EXPECT(memcmp(target, "/proc/self/fd", 13), 0);
    EXPECT(make_symlink(init, "/dev/fd", "/proc/self/fd"), 0);
    EXPECT(make_symlink(init, "/dev/fd", "/proc/self/f"), -EEXIST);
    EXPECT(make_symlink(init, "/dev/fd", "/proc/self/fd/"), -EEXIST);
    make_file(ROOT "/file", "");
    EXPECT(make_symlink(init, "/file", "x"), -EEXIST);
    make_link(HOST, ROOT "/out");
    EXPECT(make_symlink(init, "/out/link", "x"), 0);
    EXPECT(mode_at(ROOT "/mnt/host/link") & S_IFMT, S_IFLNK);
}

/* Consecutive steps share the directory that was opened for the first of them. */
static void covered(struct init *init)
{
    make_directory(ROOT "/dev");
    EXPECT(make_node(init, "/dev/below", S_IFCHR | 0666, DEVICE(1U, 3U)), 0);
    EXPECT(make_symlink(init, "/dev/link", "below"), 0);
    EXPECT(CALL(init, make_mount, .makes = PLAN_SLOT_MOUNT, .make_mount = {.type = "tmpfs"}), 0);
    EXPECT(CALL(init, open_target, .makes = PLAN_SLOT_TARGET, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                .open_target = {.path = "/dev"}),
           0);
    EXPECT(CALL(init, attach_mount, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
                .attach_mount = {.mount = PLAN_SLOT_MOUNT}),
           0);
    EXPECT(make_node(init, "/dev/above", S_IFCHR | 0666, DEVICE(1U, 3U)), 0);
    EXPECT(make_symlink(init, "/dev/sub/link", "above"), 0);
    EXPECT(mode_at(ROOT "/dev/above") & S_IFMT, S_IFCHR);
    EXPECT(mode_at(ROOT "/dev/sub/link") & S_IFMT, S_IFLNK);
    EXPECT(mode_at(ROOT "/dev/below"), 0);
    EXPECT(mode_at(ROOT "/dev/link"), 0);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"new devices have their mode, number and owner", new_nodes},
        {"what exists must be the same device", existing_nodes},
        {"links in the way of a device", hostile_places},
        {"symbolic links", links},
        {"a mount covers the directory of a node before the next one", covered},
    };

    return test_run(cases, sizeof(cases) / sizeof(*cases));
}
