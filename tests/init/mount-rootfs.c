/* SPDX-License-Identifier: Apache-2.0 */
/* SET_PROPAGATION, OPEN_ROOT, PIVOT_ROOT. */
#include "mounts.h"

static int open_root(struct init *init, const char *path, uint64_t binds)
{
    return CALL(init, open_root, .makes = PLAN_SLOT_ROOT,
                .open_root = {.path = path, .bind = binds});
}

static int change_root(struct init *init, enum plan_root_change how)
{
    return CALL(init, pivot_root, .uses = PLAN_BIT(PLAN_SLOT_ROOT), .pivot_root = {.how = how});
}

static int mount_tmpfs(struct init *init, const char *path)
{
    int err = CALL(init, make_mount, .makes = PLAN_SLOT_MOUNT, .make_mount = {.type = "tmpfs"});

    if (err == 0)
        err = CALL(init, open_target, .makes = PLAN_SLOT_TARGET, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                   .open_target = {.path = path});
    return err < 0 ? err
                   : CALL(init, attach_mount, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
                          .attach_mount = {.mount = PLAN_SLOT_MOUNT});
}

static void fill_root(void)
{
    make_file(ROOT "/file", "inside");
    make_directory(ROOT "/sub");
    make_tmpfs(ROOT "/sub");
    make_file(ROOT "/sub/file", "submount");
}

static void inside(struct init *init)
{
    char cwd[64];

    EXPECT(has_content("/file", "inside"), true);
    EXPECT(has_content("/sub/file", "submount"), true);
    EXPECT(has_content("/x/../../../../file", "inside"), true);
    EXPECT(mode_at("/mnt"), 0);
    EXPECT(sys_getcwd(cwd, sizeof(cwd)), 2);
    EXPECT(is_open_on(init->slot[PLAN_SLOT_ROOT], "/"), true);
}

static void pivots(struct init *init)
{
    fill_root();
    EXPECT(open_root(init, ROOT, 1), 0);
    EXPECT(mount_tmpfs(init, "/x"), 0);
    EXPECT(change_root(init, PLAN_ROOT_PIVOT), 0);
    inside(init);
    EXPECT(CALL(init, set_mount_attributes,
                .set_mount_attributes = {.mount = PLAN_SLOT_ROOT, .set = MOUNT_ATTR_RDONLY}),
           0);
    EXPECT(sys_mkdirat(AT_FDCWD, "/new", 0755), -EROFS);
    EXPECT(sys_mkdirat(AT_FDCWD, "/x/new", 0755), 0);
    EXPECT(sys_mkdirat(AT_FDCWD, "/sub/new", 0755), 0);
}

static void moves(struct init *init)
{
    fill_root();
    EXPECT(open_root(init, ROOT, 1), 0);
    EXPECT(mount_tmpfs(init, "/x"), 0);
    EXPECT(change_root(init, PLAN_ROOT_MOVE), 0);
    EXPECT(change_root(init, PLAN_ROOT_CHROOT), 0);
    inside(init);
}

static void changes_root_only(struct init *init)
{
    fill_root();
    make_directory(ROOT "/x");
    EXPECT(open_root(init, ROOT, 0), 0);
    EXPECT(change_root(init, PLAN_ROOT_CHROOT), 0);
    inside(init);
}

static void covered_root(struct init *init)
{
    make_file(ROOT "/below", "");
    EXPECT(open_root(init, ROOT, 1), 0);
    EXPECT(mount_tmpfs(init, "/"), 0);
    EXPECT(mount_tmpfs(init, "/x"), 0);
    EXPECT(change_root(init, PLAN_ROOT_PIVOT), 0);
    EXPECT(count_entries("/"), 1);
    EXPECT(mount_at("/x") != mount_at("/"), true);
}

static void bad_roots(struct init *init)
{
    EXPECT(open_root(init, "/mnt/none", 1), -ENOENT);
    EXPECT(open_root(init, HOST "/canary", 1), -ENOTDIR);
    EXPECT(open_root(init, ROOT, 0), 0);
    EXPECT(change_root(init, PLAN_ROOT_PIVOT), -EINVAL); /* not a mount point */
    EXPECT(change_root(init, 99), -EINVAL);
}

static void linked_root(struct init *init)
{
    fill_root();
    make_link("root", "/mnt/link");
    EXPECT(open_root(init, "/mnt/link", 1), 0);
    EXPECT(mount_tmpfs(init, "/x"), 0);
    EXPECT(change_root(init, PLAN_ROOT_PIVOT), 0);
    inside(init);
}

static void contain(struct init *init)
{
    EXPECT(sys_unshare(CLONE_NEWNS), 0);
    EXPECT(CALL(init, set_propagation, .set_propagation = {.propagation = MS_REC | MS_SLAVE}), 0);
    EXPECT(open_root(init, ROOT, 1), 0);
    EXPECT(mount_tmpfs(init, "/x"), 0);
    EXPECT(change_root(init, PLAN_ROOT_PIVOT), 0);
}

/* The host's mounts are shared: no mount or umount of the container may propagate to them. */
static void nothing_propagates(struct init *init)
{
    fill_root();
    EXPECT(sys_mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL), 0);
    uint64_t mnt = mount_at(ROOT), sub = mount_at(ROOT "/sub");
    EXPECT(in_child(contain, init), 0);
    EXPECT(mount_at(ROOT), mnt);
    EXPECT(mount_at(ROOT "/sub"), sub);
    EXPECT(mount_at(ROOT "/x"), mnt);
    EXPECT(has_content(ROOT "/sub/file", "submount"), true);
    EXPECT(mode_at("/proc/self") != 0, true);
}

static void pivot_privately(struct init *init)
{
    EXPECT(sys_unshare(CLONE_NEWNS), 0);
    EXPECT(sys_mount(NULL, "/", NULL, MS_PRIVATE, NULL), 0);
    EXPECT(sys_mount(NULL, "/mnt", NULL, MS_PRIVATE, NULL), 0);
    EXPECT(open_root(init, ROOT, 1), 0);
    EXPECT(change_root(init, PLAN_ROOT_PIVOT), 0);
}

/* As in a joined mount namespace, whose other mounts are peers of the host's. */
static void shared_mounts_remain(struct init *init)
{
    make_directory("/mnt/other");
    make_tmpfs("/mnt/other");
    make_directory("/mnt/other/sub");
    make_tmpfs("/mnt/other/sub");
    make_file("/mnt/other/sub/file", "x");
    EXPECT(sys_mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL), 0);
    EXPECT(in_child(pivot_privately, init), 0);
    EXPECT(has_content("/mnt/other/sub/file", "x"), true);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"pivot_root leaves nothing of the host", pivots},
        {"without pivot_root", moves},
        {"chroot alone", changes_root_only},
        {"a root with a mount on it", covered_root},
        {"bad roots", bad_roots},
        {"a root behind a symbolic link", linked_root},
        {"nothing propagates to the host", nothing_propagates},
        {"what is shared with the host stays mounted there", shared_mounts_remain},
    };

    return test_run(cases, sizeof(cases) / sizeof(*cases));
}
