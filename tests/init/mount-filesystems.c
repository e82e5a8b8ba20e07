/* SPDX-License-Identifier: Apache-2.0 */
/* MAKE_MOUNT, MOUNT_OVER, SET_MOUNT_ATTRIBUTES, ATTACH_MOUNT. */
#include "mounts.h"

#define MOUNT_FLAGS(path) (statfs_of(path).f_flags & ~0x20L) /* ST_VALID */
#define FLAG_RDONLY 1
#define FLAG_NOSUID 2
#define FLAG_NOATIME 0x400
#define FLAG_RELATIME 0x1000

static struct sys_statfs statfs_of(const char *path)
{
    struct sys_statfs status = {0};
    INIT_FD fd = sys_openat(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);

    sys_fstatfs(fd, &status);
    return status;
}

static int make(struct init *init, const char *type, const char *options, uint64_t attributes,
                uint64_t superblock)
{
    return CALL(init, make_mount, .makes = PLAN_SLOT_MOUNT,
                .make_mount = {.type = type,
                               .source = "berth",
                               .options = options,
                               .attributes = attributes,
                               .superblock = superblock});
}

static int target(struct init *init, const char *path, enum plan_target_kind kind)
{
    return CALL(init, open_target, .makes = PLAN_SLOT_TARGET, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                .open_target = {.path = path, .kind = kind});
}

static int attach(struct init *init, int slot)
{
    return CALL(init, attach_mount, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
                .attach_mount = {.mount = slot});
}

static int mount_over(struct init *init, const char *type, const char *options, uint64_t flags)
{
    return CALL(
        init, mount_over, .makes = (flags & MS_REMOUNT) != 0 ? 0 : PLAN_SLOT_MOUNT,
        .uses = PLAN_BIT(PLAN_SLOT_TARGET),
        .mount_over = {.type = type, .source = "berth", .options = options, .flags = flags});
}

static void new_file_system(struct init *init)
{
    EXPECT(make(init, "tmpfs", "size=64k,,mode=700,", MOUNT_ATTR_NOSUID, 0), 0);
    EXPECT(sys_fcntl(init->slot[PLAN_SLOT_MOUNT], F_GETFD, 0), FD_CLOEXEC);
    EXPECT(target(init, "/t", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(attach(init, PLAN_SLOT_MOUNT), 0);
    EXPECT(init->slot[PLAN_SLOT_MOUNT], -1);
    EXPECT(init->slot[PLAN_SLOT_TARGET], -1);
    EXPECT(mode_at(ROOT "/t"), S_IFDIR | 0700);
    EXPECT(statfs_of(ROOT "/t").f_blocks, 16);
    EXPECT(MOUNT_FLAGS(ROOT "/t"), FLAG_NOSUID | FLAG_RELATIME);
}

static void superblock_flags(struct init *init)
{
    EXPECT(make(init, "tmpfs", NULL, MOUNT_ATTR_NOATIME, MS_RDONLY | MS_SYNCHRONOUS | MS_LAZYTIME),
           0);
    EXPECT(target(init, "/t", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(attach(init, PLAN_SLOT_MOUNT), 0);
    EXPECT(MOUNT_FLAGS(ROOT "/t") & (FLAG_RDONLY | 0x10 | FLAG_NOATIME),
           FLAG_RDONLY | 0x10 | FLAG_NOATIME);
    EXPECT(sys_mkdirat(AT_FDCWD, ROOT "/t/x", 0755), -EROFS);
}

static void bad_file_systems(struct init *init)
{
    char word[600];

    memset(word, 'w', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    EXPECT(make(init, "nofs", NULL, 0, 0), -ENODEV);
    EXPECT(make(init, "tmpfs", "nooption", 0, 0), -EINVAL);
    EXPECT(make(init, "tmpfs", "size=none", 0, 0), -EINVAL);
    EXPECT(make(init, "tmpfs", word, 0, 0), -EINVAL);
    EXPECT(init->slot[PLAN_SLOT_MOUNT], -1);
}

/* Two containers use the same lower layer. A comma in its path is escaped. */
static void overlay(struct init *init)
{
    make_directory("/mnt/lo,wer");
    make_file("/mnt/lo,wer/f", "lower");
    make_directory("/mnt/upper");
    make_directory("/mnt/work");
    EXPECT(
        make(init, "overlay", "lowerdir=/mnt/lo\\,wer,upperdir=/mnt/upper,workdir=/mnt/work", 0, 0),
        0);
    EXPECT(target(init, "/o", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(attach(init, PLAN_SLOT_MOUNT), 0);
    EXPECT(has_content(ROOT "/o/f", "lower"), true);
    make_file(ROOT "/o/new", "upper");
    EXPECT(has_content("/mnt/upper/new", "upper"), true);
}

static void binds(struct init *init)
{
    make_directory("/mnt/source");
    make_file("/mnt/source/f", "bound");
    make_directory("/mnt/source/sub");
    make_tmpfs("/mnt/source/sub");
    EXPECT(CALL(init, open_tree, .makes = PLAN_SLOT_SOURCE_0,
                .open_tree = {.path = "/mnt/source", .recursive = true}),
           0);
    EXPECT(target(init, "/d", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(attach(init, PLAN_SLOT_SOURCE_0), 0);
    EXPECT(has_content(ROOT "/d/f", "bound"), true);
    EXPECT(mount_at(ROOT "/d/sub") != mount_at(ROOT "/d"), true);
    EXPECT(CALL(init, open_tree, .makes = PLAN_SLOT_MOUNT, .open_tree = {.path = "/mnt/source"}),
           0);
    EXPECT(target(init, "/flat", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(attach(init, PLAN_SLOT_MOUNT), 0);
    EXPECT(mount_at(ROOT "/flat/sub"), mount_at(ROOT "/flat"));
    EXPECT(CALL(init, open_tree, .makes = PLAN_SLOT_MOUNT, .open_tree = {.path = "/mnt/source/f"}),
           0);
    EXPECT(target(init, "/e/f", PLAN_TARGET_FILE), 0);
    EXPECT(attach(init, PLAN_SLOT_MOUNT), 0);
    EXPECT(has_content(ROOT "/e/f", "bound"), true);
    EXPECT(CALL(init, open_tree, .makes = PLAN_SLOT_MOUNT, .open_tree = {.path = "/mnt/none"}),
           -ENOENT);
}

static void attributes(struct init *init)
{
    make_directory("/mnt/source");
    make_tmpfs("/mnt/source");
    make_directory("/mnt/source/sub");
    make_tmpfs("/mnt/source/sub");
    EXPECT(CALL(init, open_tree, .makes = PLAN_SLOT_MOUNT,
                .open_tree = {.path = "/mnt/source", .recursive = true}),
           0);
    EXPECT(CALL(init, set_mount_attributes,
                .set_mount_attributes = {.mount = PLAN_SLOT_MOUNT,
                                         .set = MOUNT_ATTR_NOSUID,
                                         .recursive = true}),
           0);
    EXPECT(CALL(init, set_mount_attributes,
                .set_mount_attributes = {.mount = PLAN_SLOT_MOUNT,
                                         .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME,
                                         .clear = MOUNT_ATTR_NOSUID}),
           0);
    EXPECT(CALL(init, set_mount_attributes,
                .set_mount_attributes = {.mount = PLAN_SLOT_MOUNT,
                                         .propagation = MS_SHARED,
                                         .recursive = true}),
           0);
    EXPECT(CALL(init, set_mount_attributes,
                .set_mount_attributes = {.mount = PLAN_SLOT_MOUNT, .set = 1ULL << 60}),
           -EINVAL);
    EXPECT(target(init, "/d", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(attach(init, PLAN_SLOT_MOUNT), 0);
    EXPECT(MOUNT_FLAGS(ROOT "/d"), FLAG_RDONLY | FLAG_NOATIME);
    EXPECT(MOUNT_FLAGS(ROOT "/d/sub"), FLAG_NOSUID | FLAG_RELATIME);
    EXPECT(MOUNT_FLAGS("/mnt/source"), FLAG_RELATIME);
}

static void over_the_root(struct init *init)
{
    make_file(ROOT "/below", "");
    EXPECT(make(init, "tmpfs", NULL, 0, 0), 0);
    EXPECT(target(init, "/", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(attach(init, PLAN_SLOT_MOUNT), 0);
    EXPECT(target(init, "/x", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(mode_at(ROOT "/below"), 0);
    EXPECT(is_open_on(init->slot[PLAN_SLOT_TARGET], ROOT "/x"), true);
    EXPECT(target(init, "/", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(mount_over(init, "tmpfs", NULL, 0), 0);
    EXPECT(mode_at(ROOT "/x"), 0);
    EXPECT(is_open_on(init->slot[PLAN_SLOT_ROOT], ROOT), true);
}

static void by_mount(struct init *init)
{
    EXPECT(target(init, "/t", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(mount_over(init, "nofs", NULL, 0), -ENODEV);
    EXPECT(mount_over(init, "tmpfs", "nooption", 0), -EINVAL);
    EXPECT(mount_over(init, "tmpfs", "mode=711,mpol=default", MS_NOSUID | MS_I_VERSION), 0);
    EXPECT(is_open_on(init->slot[PLAN_SLOT_MOUNT], ROOT "/t"), true);
    EXPECT(sys_fcntl(init->slot[PLAN_SLOT_MOUNT], F_GETFD, 0), FD_CLOEXEC);
    EXPECT(mode_at(ROOT "/t"), S_IFDIR | 0711);
    EXPECT(MOUNT_FLAGS(ROOT "/t"), FLAG_NOSUID | FLAG_RELATIME);
    char cwd[64];
    EXPECT(sys_getcwd(cwd, sizeof(cwd)), 2); /* "/", as before */
    EXPECT(target(init, "/t", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(mount_over(init, "tmpfs", "mode=700", MS_REMOUNT | MS_RDONLY), 0);
    EXPECT(MOUNT_FLAGS(ROOT "/t") & FLAG_RDONLY, FLAG_RDONLY);
    EXPECT(target(init, "/new", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(mount_over(init, "tmpfs", NULL, MS_REMOUNT | MS_RDONLY), -EINVAL);
}

/* Commas in a memory policy. Without NUMA there is no such option. */
static void memory_policy(struct init *init)
{
    if (make(init, "tmpfs", "mpol=bind:0", 0, 0) == -EINVAL)
        return;
    EXPECT(make(init, "tmpfs", "mpol=bind:0,0-0,size=64k", 0, 0), 0);
    EXPECT(target(init, "/t", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(attach(init, PLAN_SLOT_MOUNT), 0);
    EXPECT(statfs_of(ROOT "/t").f_blocks, 16);
    EXPECT(make(init, "tmpfs", "size=64k,0", 0, 0), -EINVAL);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"a new file system with options and attributes", new_file_system},
        {"flags of the superblock", superblock_flags},
        {"commas in a memory policy", memory_policy},
        {"bad types and options", bad_file_systems},
        {"overlay with an escaped comma", overlay},
        {"binds of directories, trees and files", binds},
        {"attributes and propagation, recursive or not", attributes},
        {"a mount on / is the root from then on", over_the_root},
        {"mount(2) onto a descriptor, and remount", by_mount},
    };

    return test_run(cases, sizeof(cases) / sizeof(*cases));
}
