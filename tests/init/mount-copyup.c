/* SPDX-License-Identifier: Apache-2.0 */
/* COPY_UP: tmpcopyup. */
#include "mounts.h"

#define DEEP 200

static int copy_up(struct init *init)
{
    EXPECT(CALL(init, make_mount, .makes = PLAN_SLOT_MOUNT, .make_mount = {.type = "tmpfs"}), 0);
    EXPECT(CALL(init, open_target, .makes = PLAN_SLOT_TARGET, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                .open_target = {.path = "/d"}),
           0);
    int err = CALL(init, copy_up, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
                   .copy_up = {.mount = PLAN_SLOT_MOUNT});
    EXPECT(CALL(init, attach_mount, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
                .attach_mount = {.mount = PLAN_SLOT_MOUNT}),
           0);
    return err;
}

static void same(const char *path)
{
    char above[256], below[256];

    snprintf(above, sizeof(above), ROOT "/d/%s", path);
    snprintf(below, sizeof(below), "/mnt/source/%s", path);
    struct statx a = look(above), b = look(below);
    EXPECT(a.stx_mode, b.stx_mode);
    EXPECT(a.stx_uid, b.stx_uid);
    EXPECT(a.stx_gid, b.stx_gid);
    if (!S_ISDIR(a.stx_mode))
        EXPECT(a.stx_size, b.stx_size);
    EXPECT(a.stx_mtime.tv_sec, b.stx_mtime.tv_sec);
    EXPECT(a.stx_mtime.tv_nsec, b.stx_mtime.tv_nsec);
    EXPECT(a.stx_rdev_major, b.stx_rdev_major);
    EXPECT(a.stx_rdev_minor, b.stx_rdev_minor);
    EXPECT(a.stx_mnt_id != b.stx_mnt_id, true);
}

static void own(const char *path, uint32_t uid, uint32_t gid, unsigned mode)
{
    const struct __kernel_timespec times[2] = {{1000, 1}, {2000, 2}};

    EXPECT(sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW), 0);
    if (mode != 0)
        EXPECT(sys_fchmodat(AT_FDCWD, path, mode), 0);
    EXPECT(sys_utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* Makes the container's /d, which is also visible at /mnt/source. */
static void make_source(void)
{
    make_directory(ROOT "/d");
    make_directory("/mnt/source");
    EXPECT(sys_mount(ROOT "/d", "/mnt/source", NULL, MS_BIND, NULL), 0);
}

static void everything(struct init *init)
{
    make_source();
    make_file(ROOT "/d/file", "content");
    make_directory(ROOT "/d/sub");
    make_file(ROOT "/d/sub/tool", "#!");
    make_link(HOST "/canary", ROOT "/d/sub/link");
    make_special(ROOT "/d/fifo", S_IFIFO | 0620, 0);
    make_special(ROOT "/d/null", S_IFCHR | 0606, 1 << 8 | 3);
    own(ROOT "/d/file", 7, 8, 0640);
    own(ROOT "/d/sub/tool", 9, 10, 06755);
    own(ROOT "/d/sub/link", 11, 12, 0);
    own(ROOT "/d/fifo", 1, 2, 0);
    own(ROOT "/d/null", 3, 4, 0);
    own(ROOT "/d/sub", 13, 14, 02711);
    EXPECT(copy_up(init), 0);
    same("file");
    same("sub");
    same("sub/tool");
    same("sub/link");
    same("fifo");
    same("null");
    EXPECT(count_entries(ROOT "/d"), 4);
    EXPECT(has_content(ROOT "/d/file", "content"), true);
    make_file(ROOT "/d/new", "");
    EXPECT(mode_at("/mnt/source/new"), 0);
}

/* Keeps the directory's own mode and owner unless the options set a mode. */
static void own_mode(struct init *init)
{
    make_source();
    own(ROOT "/d", 15, 16, 0751);
    EXPECT(copy_up(init), 0);
    EXPECT(mode_at(ROOT "/d"), S_IFDIR | 01777);
    EXPECT(sys_umount(ROOT "/d", 0), 0);
    EXPECT(CALL(init, make_mount, .makes = PLAN_SLOT_MOUNT, .make_mount = {.type = "tmpfs"}), 0);
    EXPECT(CALL(init, open_target, .makes = PLAN_SLOT_TARGET, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                .open_target = {.path = "/d"}),
           0);
    EXPECT(CALL(init, copy_up, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
                .copy_up = {.mount = PLAN_SLOT_MOUNT, .keeps_mode = true}),
           0);
    EXPECT(CALL(init, attach_mount, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
                .attach_mount = {.mount = PLAN_SLOT_MOUNT}),
           0);
    same(".");
}

static void attributes(struct init *init)
{
    char found[8] = "";

    make_source();
    make_file(ROOT "/d/file", "");
    INIT_FD fd = sys_openat(AT_FDCWD, ROOT "/d/file", O_RDONLY | O_CLOEXEC, 0);
    EXPECT(sys_fsetxattr(fd, "user.berth", "value", 5), 0);
    EXPECT(sys_fsetxattr(fd, "trusted.berth", "value", 5), 0);
    EXPECT(copy_up(init), 0);
    EXPECT(sys_lgetxattr(ROOT "/d/file", "user.berth", found, sizeof(found)), 5);
    EXPECT(memcmp(found, "value", 5), 0);
    EXPECT(sys_lgetxattr(ROOT "/d/file", "trusted.berth", found, sizeof(found)), -ENODATA);
}

static void other_mounts(struct init *init)
{
    make_source();
    make_directory(ROOT "/d/mounted");
    make_tmpfs(ROOT "/d/mounted");
    make_file(ROOT "/d/mounted/f", "below");
    make_file(ROOT "/d/file", "");
    EXPECT(sys_mount(HOST "/canary", ROOT "/d/file", NULL, MS_BIND, NULL), 0);
    make_file(ROOT "/d/last", "");
    EXPECT(copy_up(init), 0);
    EXPECT(count_entries(ROOT "/d"), 3);
    EXPECT(look(ROOT "/d/mounted/f").stx_size, sizeof("below") - 1);
    EXPECT(look(ROOT "/d/file").stx_size, look(HOST "/canary").stx_size);
    same("last");
}

static void many_entries(struct init *init)
{
    char path[64];

    make_source();
    for (int i = 0; i < 1500; i++) {
        snprintf(path, sizeof(path), ROOT "/d/a-name-of-some-length-%d", i);
        make_file(path, "");
    }
    EXPECT(copy_up(init), 0);
    for (int i = 0; i < 1500; i++) {
        snprintf(path, sizeof(path), ROOT "/d/a-name-of-some-length-%d", i);
        EXPECT(mode_at(path), S_IFREG | 0644);
    }
}

static void large_file(struct init *init)
{
    static char block[1 << 20];

    make_source();
    memset(block, 'b', sizeof(block));
    INIT_FD fd = sys_openat(AT_FDCWD, ROOT "/d/large", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    for (int i = 0; i < 5; i++)
        EXPECT(sys_write(fd, block, sizeof(block)), sizeof(block));
    EXPECT(copy_up(init), 0);
    EXPECT(look(ROOT "/d/large").stx_size, 5 * sizeof(block));
}

static void too_deep(struct init *init)
{
    char path[2 * DEEP + 16] = ROOT "/d";

    make_source();
    for (int i = 0; i < DEEP; i++) {
        strcat(path, "/d");
        make_directory(path);
    }
    EXPECT(copy_up(init), -ELOOP);
}

static void full(struct init *init)
{
    make_source();
    make_file(ROOT "/d/file", "content");
    EXPECT(CALL(init, make_mount, .makes = PLAN_SLOT_MOUNT,
                .make_mount = {.type = "tmpfs", .options = "nr_inodes=1"}),
           0);
    EXPECT(CALL(init, open_target, .makes = PLAN_SLOT_TARGET, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                .open_target = {.path = "/d"}),
           0);
    EXPECT(CALL(init, copy_up, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
                .copy_up = {.mount = PLAN_SLOT_MOUNT}),
           -ENOSPC);
}

static void churn(void)
{
    for (;;) {
        arch_call6(__NR_renameat2, AT_FDCWD, SYS_WORD(ROOT "/d/file"), AT_FDCWD,
                   SYS_WORD(ROOT "/d/fifo"), 2, 0);
        arch_call6(__NR_renameat2, AT_FDCWD, SYS_WORD(ROOT "/d/dir"), AT_FDCWD,
                   SYS_WORD(ROOT "/d/link"), 2, 0);
    }
}

static bool is_stolen(const struct init *init, const char *path)
{
    const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
    INIT_FD fd = sys_openat2(init->slot[PLAN_SLOT_MOUNT], path, &how);

    return fd >= 0;
}

/* The tree changes meanwhile: the copy must not block on a FIFO or follow a symbolic link. */
static void race(struct init *init)
{
    make_source();
    make_file(ROOT "/d/file", "content");
    make_special(ROOT "/d/fifo", S_IFIFO | 0600, 0);
    make_directory(ROOT "/d/dir");
    make_link(HOST, ROOT "/d/link");
    EXPECT(CALL(init, open_target, .makes = PLAN_SLOT_TARGET, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                .open_target = {.path = "/d"}),
           0);
    int pid = sys_clone(SIGCHLD, NULL), status;
    if (pid == 0)
        churn();
    for (int i = 0; i < 800; i++) {
        EXPECT(CALL(init, make_mount, .makes = PLAN_SLOT_MOUNT, .make_mount = {.type = "tmpfs"}),
               0);
        CALL(init, copy_up, .uses = PLAN_BIT(PLAN_SLOT_TARGET),
             .copy_up = {.mount = PLAN_SLOT_MOUNT});
        EXPECT(is_stolen(init, "dir/canary") || is_stolen(init, "link/canary"), false);
    }
    sys_kill(pid, SIGKILL);
    sys_wait4(pid, &status, 0);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"every kind of file with owner, mode and times", everything},
        {"the directory's own mode and owner", own_mode},
        {"extended attributes", attributes},
        {"other mounts below are copied", other_mounts},
        {"many entries", many_entries},
        {"a large file", large_file},
        {"a tree that is too deep", too_deep},
        {"a tmpfs that is too small", full},
        {"a tree that changes meanwhile", race},
    };

    return test_run(cases, sizeof(cases) / sizeof(*cases));
}
