/* SPDX-License-Identifier: Apache-2.0 */
/* FIND_MOUNT, UNMOUNT; ATTACH_MOUNT and MOUNT_OVER in an existing container, and how they are
 * undone. */
#include "mounts.h"

static int find(struct init *init, const char *path)
{
    return CALL(init, find_mount, .makes = PLAN_SLOT_TARGET, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                .find_mount = {.path = path});
}

static int unmount(struct init *init, const char *path)
{
    int err = find(init, path);

    return err < 0
               ? err
               : CALL(init, unmount, .uses = PLAN_BIT(PLAN_SLOT_TARGET) | PLAN_BIT(PLAN_SLOT_ROOT),
                      .unmount = {.path = path});
}

static int attach(struct init *init, const char *path, bool file)
{
    const struct test_call open = {
        .makes = PLAN_SLOT_TARGET,
        .handler = init_open_target,
        .op = PLAN_OPEN_TARGET,
        .uses = PLAN_BIT(PLAN_SLOT_ROOT),
        .open_target = {.path = path, .kind = file ? PLAN_TARGET_FILE : PLAN_TARGET_DIRECTORY}};
    int err = test_call(init, &open);

    return err < 0 ? err
                   : CALL(init, attach_mount, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
                          .attach_mount = {.mount = PLAN_SLOT_MOUNT,
                                           .source = "source",
                                           .target = path,
                                           .live = true});
}

static int attach_tmpfs(struct init *init, const char *path)
{
    EXPECT(CALL(init, make_mount, .makes = PLAN_SLOT_MOUNT,
                .make_mount = {.type = "tmpfs", .source = "berth"}),
           0);
    return attach(init, path, false);
}

static int attach_file(struct init *init, const char *path)
{
    EXPECT(CALL(init, open_tree, .makes = PLAN_SLOT_MOUNT, .open_tree = {.path = HOST "/canary"}),
           0);
    return attach(init, path, true);
}

static bool is_mounted(const char *path)
{
    return (look(path).stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

static void finds_mounts_alone(struct init *init)
{
    make_directory(ROOT "/dir");
    make_directory(ROOT "/m");
    make_tmpfs(ROOT "/m");
    make_link("m", ROOT "/link");
    make_link("/", ROOT "/top");
    EXPECT(find(init, "/m"), 0);
    EXPECT(find(init, "/nosuch"), -ENOENT);
    EXPECT(find(init, "/dir"), -EINVAL);
    EXPECT(find(init, "/"), -EBUSY);
    EXPECT(find(init, "/dir/../.."), -EBUSY);
    EXPECT(find(init, "/link"), -ELOOP);
    EXPECT(find(init, "/top/m"), -ELOOP);
}

static void unmounts_directories_and_files(struct init *init)
{
    EXPECT(attach_tmpfs(init, "/d"), 0);
    EXPECT(attach_tmpfs(init, "/d/below"), 0);
    EXPECT(attach_file(init, "/f"), 0);
    EXPECT(is_mounted(ROOT "/d") && is_mounted(ROOT "/d/below") && is_mounted(ROOT "/f"), true);
    EXPECT(unmount(init, "/d"), 0);
    EXPECT(unmount(init, "/f"), 0);
    EXPECT(is_mounted(ROOT "/d") || is_mounted(ROOT "/f"), false);
    EXPECT(init->slot[PLAN_SLOT_TARGET], -1);
    EXPECT(unmount(init, "/f"), -EINVAL);
}

static void undoes_all(struct init *init)
{
    make_directory(ROOT "/deep");
    make_link("deep/file", ROOT "/link");
    EXPECT(attach_tmpfs(init, "/d"), 0);
    EXPECT(attach_tmpfs(init, "/d/below"), 0);
    EXPECT(attach_file(init, "/f"), 0);
    EXPECT(attach_file(init, "/link"), 0);
    EXPECT(is_mounted(ROOT "/deep/file"), true);
    init_undo(init);
    EXPECT(is_mounted(ROOT "/d") || is_mounted(ROOT "/f") || is_mounted(ROOT "/deep/file"), false);
    EXPECT(count_entries(ROOT "/d"), 0);
    init_undo(init);
}

static void undoes_what_was_moved(struct init *init)
{
    EXPECT(attach_file(init, "/a/file"), 0);
    EXPECT(attach_tmpfs(init, "/a/dir"), 0);
    EXPECT(rename(ROOT "/a", ROOT "/b"), 0);
    make_directory(ROOT "/a");
    make_directory(ROOT "/a/dir");
    make_tmpfs(ROOT "/a/dir");
    init_undo(init);
    EXPECT(is_mounted(ROOT "/b/file") || is_mounted(ROOT "/b/dir"), false);
    EXPECT(is_mounted(ROOT "/a/dir"), true);
}

static void forgets_what_failed(struct init *init)
{
    make_directory(ROOT "/dir");
    EXPECT(CALL(init, open_tree, .makes = PLAN_SLOT_MOUNT, .open_tree = {.path = HOST "/canary"}),
           0);
    EXPECT(attach(init, "/dir", false), -EINVAL);
    EXPECT(init->mounted == NULL, true);
}

static void covers_no_root(struct init *init)
{
    make_link("/", ROOT "/top");
    EXPECT(attach_tmpfs(init, "/"), -EBUSY);
    EXPECT(attach_tmpfs(init, "/top"), -EBUSY);
    EXPECT(CALL(init, mount_over, .makes = PLAN_SLOT_MOUNT, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
                .mount_over = {.type = "tmpfs", .source = "berth", .live = true}),
           -EBUSY);
    EXPECT(init->mounted == NULL, true);
}

static void undoes_mount_over(struct init *init)
{
    EXPECT(CALL(init, open_target, .makes = PLAN_SLOT_TARGET, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                .open_target = {.path = "/o"}),
           0);
    EXPECT(CALL(init, mount_over, .makes = PLAN_SLOT_MOUNT, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
                .mount_over = {.type = "tmpfs", .source = "berth", .live = true}),
           0);
    EXPECT(is_mounted(ROOT "/o"), true);
    init_undo(init);
    EXPECT(is_mounted(ROOT "/o"), false);
}

static void finish(struct init *init)
{
    CALL(init, finish);
}

static void undoes_what_nobody_hears_of(struct init *init)
{
    EXPECT(attach_tmpfs(init, "/d"), 0);
    init->socket = -1;
    EXPECT(in_child(finish, init), 1);
    EXPECT(is_mounted(ROOT "/d"), false);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"FIND_MOUNT finds mounts alone, and through no link", finds_mounts_alone},
        {"UNMOUNT of a directory with what is below it, and of a file",
         unmounts_directories_and_files},
        {"what was attached is undone", undoes_all},
        {"what was moved away is undone, and nothing else", undoes_what_was_moved},
        {"what was not attached is not undone", forgets_what_failed},
        {"the root is not covered", covers_no_root},
        {"MOUNT_OVER is undone", undoes_mount_over},
        {"FINISH undoes all if the host cannot be told", undoes_what_nobody_hears_of},
    };

    return test_run(cases, sizeof(cases) / sizeof(*cases));
}
