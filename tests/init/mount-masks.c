/* SPDX-License-Identifier: Apache-2.0 */
/* OPEN_NULL, MASK_PATH, PROTECT_PATH. */
#include "mounts.h"

static int open_null(struct init *init)
{
    return CALL(init, open_null, .makes = PLAN_SLOT_NULL);
}

static int mask(struct init *init, const char *path)
{
    return CALL(init, mask_path, .uses = PLAN_BIT(PLAN_SLOT_NULL) | PLAN_BIT(PLAN_SLOT_EMPTY),
                .mask_path = {.path = path, .root = PLAN_SLOT_ROOT, .below = path});
}

static int protect(struct init *init, const char *path)
{
    return CALL(init, protect_path,
                .protect_path = {.path = path, .root = PLAN_SLOT_ROOT, .below = path});
}

static void open_masks(struct init *init)
{
    EXPECT(open_null(init), 0);
    EXPECT(CALL(init, make_mount, .makes = PLAN_SLOT_EMPTY,
                .make_mount = {.type = "tmpfs",
                               .source = "tmpfs",
                               .options = "nr_blocks=1,nr_inodes=2",
                               .attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID}),
           0);
}

static void enter(struct init *init)
{
    EXPECT(
        CALL(init, open_root, .makes = PLAN_SLOT_ROOT, .open_root = {.path = ROOT, .bind = true}),
        0);
    open_masks(init);
    EXPECT(CALL(init, pivot_root, .uses = PLAN_BIT(PLAN_SLOT_ROOT)), 0);
}

static void files(struct init *init)
{
    make_file(ROOT "/a", "secret");
    make_file(ROOT "/b", "secret");
    make_link("b", ROOT "/link");
    make_special(ROOT "/fifo", S_IFIFO | 0600, 0);
    enter(init);
    EXPECT(mask(init, "/a"), 0);
    EXPECT(mask(init, "/link"), 0);
    EXPECT(mask(init, "/fifo"), 0);
    EXPECT(mask(init, "/a"), 0); /* again: on top of the first mask */
    EXPECT(has_content("/a", ""), true);
    EXPECT(has_content("/b", ""), true);
    EXPECT(mode_at("/fifo") & S_IFMT, S_IFCHR);
    EXPECT(look("/b").stx_rdev_minor, 3);
    EXPECT(mount_at("/a") != mount_at("/b"), true);
}

static void directories(struct init *init)
{
    make_directory(ROOT "/a");
    make_file(ROOT "/a/f", "secret");
    make_directory(ROOT "/b");
    make_tmpfs(ROOT "/b");
    make_file(ROOT "/b/f", "secret");
    enter(init);
    EXPECT(mask(init, "/a"), 0);
    EXPECT(mask(init, "/b/"), 0);
    EXPECT(count_entries("/a"), 0);
    EXPECT(count_entries("/b"), 0);
    EXPECT(sys_mkdirat(AT_FDCWD, "/a/x", 0755), -EROFS);
    EXPECT(sys_mkdirat(AT_FDCWD, "/b/x", 0755), -EROFS);
    EXPECT(look("/a").stx_dev_minor, look("/b").stx_dev_minor); /* one superblock */
    EXPECT(mount_at("/a") != mount_at("/b"), true);
    EXPECT(mask(init, "/a/f"), 0); /* already hidden */
}

static void missing_paths(struct init *init)
{
    make_file(ROOT "/file", "");
    make_link("nowhere", ROOT "/dangling");
    make_link("/dangling", ROOT "/indirect");
    open_masks(init);
    EXPECT(mask(init, "/none"), 0);
    EXPECT(mask(init, "/none/below"), 0);
    EXPECT(mask(init, "/file/below"), 0);
    EXPECT(mask(init, "/dangling"), -ENOENT);
    EXPECT(mask(init, "/indirect"), -ENOENT);
    EXPECT(mask(init, "/dangling/below"), 0);
    EXPECT(mask(init, "/"), -EINVAL);
    EXPECT(protect(init, "/none"), 0);
    EXPECT(protect(init, "/file/below"), 0);
    EXPECT(protect(init, "/dangling"), 0);
    EXPECT(count_entries(ROOT), 3);
}

static void links_stay_inside(struct init *init)
{
    make_link("../../.." HOST "/canary", ROOT "/out");
    make_link(HOST, ROOT "/host");
    make_directory(ROOT "/proc");
    EXPECT(sys_mount("proc", ROOT "/proc", "proc", 0, NULL), 0);
    open_masks(init);
    EXPECT(mask(init, "/out"), -ENOENT);
    EXPECT(mask(init, "/host/canary"), 0);
    EXPECT(mask(init, "/proc/self/root/mnt/host/canary"), -ELOOP);
    EXPECT(protect(init, "/proc/self/root/mnt/host"), -ELOOP);
    EXPECT(protect(init, "/host"), 0);
    EXPECT(has_content(HOST "/canary", "host"), true);
    EXPECT(mount_at(HOST), mount_at("/mnt"));
}

static void protects(struct init *init)
{
    make_directory(ROOT "/d");
    EXPECT(sys_mount("tmpfs", ROOT "/d", "tmpfs", MS_NOSUID | MS_NOEXEC, NULL), 0);
    make_directory(ROOT "/d/sub");
    make_tmpfs(ROOT "/d/sub");
    make_file(ROOT "/f", "x");
    enter(init);
    EXPECT(protect(init, "/d"), 0);
    EXPECT(protect(init, "/f"), 0);
    EXPECT(sys_mkdirat(AT_FDCWD, "/d/x", 0755), -EROFS);
    EXPECT(sys_mkdirat(AT_FDCWD, "/d/sub/x", 0755), -EROFS);
    EXPECT(sys_openat(AT_FDCWD, "/f", O_WRONLY | O_CLOEXEC, 0), -EROFS);
    EXPECT(has_content("/f", "x"), true);
    EXPECT(sys_mkdirat(AT_FDCWD, "/x", 0755), 0);
    struct sys_statfs status;
    INIT_FD fd = sys_openat(AT_FDCWD, "/d", O_PATH | O_CLOEXEC, 0);
    EXPECT(sys_fstatfs(fd, &status), 0);
    EXPECT(status.f_flags & 0xf, 1 | 2 | 8); /* ro,nosuid,noexec */
    EXPECT(protect(init, "/"), 0);
    EXPECT(sys_mkdirat(AT_FDCWD, "/y", 0755), -EROFS);
}

/* A process that can write to the root file system may have moved the mount point. */
static void paths_of_a_mount(struct init *init)
{
    make_directory(ROOT "/k");
    make_tmpfs(ROOT "/k");
    make_file(ROOT "/k/a", "secret");
    make_directory(ROOT "/k/d");
    enter(init);
    EXPECT(init_fill(init, PLAN_SLOT_KERNEL_0, sys_openat(AT_FDCWD, "/k", O_PATH | O_CLOEXEC, 0)),
           0);
    make_tmpfs("/k");
    EXPECT(CALL(init, mask_path, .uses = PLAN_BIT(PLAN_SLOT_NULL) | PLAN_BIT(PLAN_SLOT_EMPTY),
                .mask_path = {.path = "/k/a", .root = PLAN_SLOT_KERNEL_0, .below = "a"}),
           0);
    EXPECT(CALL(init, mask_path, .uses = PLAN_BIT(PLAN_SLOT_NULL) | PLAN_BIT(PLAN_SLOT_EMPTY),
                .mask_path = {.path = "/k/b", .root = PLAN_SLOT_KERNEL_0, .below = "b"}),
           0);
    EXPECT(CALL(init, protect_path,
                .protect_path = {.path = "/k/d", .root = PLAN_SLOT_KERNEL_0, .below = "d"}),
           0);
    EXPECT(sys_umount("/k", SYS_MNT_DETACH), 0);
    EXPECT(has_content("/k/a", ""), true);
    EXPECT(sys_mkdirat(AT_FDCWD, "/k/d/x", 0755), -EROFS);
    EXPECT(sys_mkdirat(AT_FDCWD, "/k/x", 0755), 0);
}

static void false_null(struct init *init)
{
    make_special("/mnt/zero", S_IFCHR | 0666, 1 << 8 | 5);
    EXPECT(sys_mount("/mnt/zero", "/dev/null", NULL, MS_BIND, NULL), 0);
    EXPECT(open_null(init), -ENODEV);
    EXPECT(sys_mount(HOST "/canary", "/dev/null", NULL, MS_BIND, NULL), 0);
    EXPECT(open_null(init), -ENODEV);
    make_tmpfs("/dev");
    EXPECT(open_null(init), -ENOENT);
    make_special("/dev/real", S_IFCHR | 0666, 1 << 8 | 3);
    make_link("real", "/dev/null");
    EXPECT(open_null(init), -ENODEV);
    EXPECT(init->slot[PLAN_SLOT_NULL], -1);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"masked files read as empty", files},
        {"masked directories share one empty tmpfs", directories},
        {"missing paths, dangling links, the root", missing_paths},
        {"symbolic links stay inside the root", links_stay_inside},
        {"protected paths are read-only with all below", protects},
        {"paths of a mount are looked up in it", paths_of_a_mount},
        {"a /dev/null that is none", false_null},
    };

    return test_run(cases, sizeof(cases) / sizeof(*cases));
}
