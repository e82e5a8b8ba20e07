/* SPDX-License-Identifier: Apache-2.0 */
/* OPEN_TARGET: mount points in hostile trees. */
#include "mounts.h"

static int open_target(struct init *init, const char *path, enum plan_target_kind kind)
{
    return CALL(init, open_target, .makes = PLAN_SLOT_TARGET, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                .open_target = {.path = path, .kind = kind});
}

static int open_strictly(struct init *init, const char *path)
{
    return CALL(init, open_target, .makes = PLAN_SLOT_TARGET, .uses = PLAN_BIT(PLAN_SLOT_ROOT),
                .open_target = {.path = path, .kind = PLAN_TARGET_DIRECTORY, .no_symlinks = true});
}

static int open_tree(struct init *init, const char *path)
{
    return CALL(init, open_tree, .makes = PLAN_SLOT_SOURCE_2, .open_tree = {.path = path});
}

static bool opened(const struct init *init, const char *path)
{
    return is_open_on(init->slot[PLAN_SLOT_TARGET], path);
}

static void existing_places(struct init *init)
{
    make_directory(ROOT "/a");
    make_file(ROOT "/a/f", "x");
    EXPECT(open_target(init, "/a", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(opened(init, ROOT "/a"), true);
    EXPECT(open_target(init, "a/./f", PLAN_TARGET_FILE), 0);
    EXPECT(opened(init, ROOT "/a/f"), true);
    EXPECT(open_target(init, "/", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(opened(init, ROOT), true);
    EXPECT(open_target(init, "/a/../../../a", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(opened(init, ROOT "/a"), true);
    EXPECT(sys_fcntl(init->slot[PLAN_SLOT_TARGET], F_GETFD, 0), FD_CLOEXEC);
}

static void missing_places(struct init *init)
{
    EXPECT(open_target(init, "/a/b//c/", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(opened(init, ROOT "/a/b/c"), true);
    EXPECT(mode_at(ROOT "/a"), S_IFDIR | 0755);
    EXPECT(mode_at(ROOT "/a/b/c"), S_IFDIR | 0755);
    EXPECT(open_target(init, "/a/./x/./f", PLAN_TARGET_FILE), 0);
    EXPECT(opened(init, ROOT "/a/x/f"), true);
    EXPECT(mode_at(ROOT "/a/x/f"), S_IFREG | 0644);
    EXPECT(look(ROOT "/a/x/f").stx_size, 0);
    EXPECT(open_target(init, "relative/d", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(opened(init, ROOT "/relative/d"), true);
    EXPECT(sys_fcntl(init->slot[PLAN_SLOT_TARGET], F_GETFD, 0), FD_CLOEXEC);
}

static void wrong_kinds(struct init *init)
{
    make_directory(ROOT "/d");
    make_file(ROOT "/f", "");
    make_special(ROOT "/fifo", S_IFIFO | 0600, 0);
    EXPECT(open_target(init, "/d", PLAN_TARGET_FILE), -EISDIR);
    EXPECT(open_target(init, "/f", PLAN_TARGET_DIRECTORY), -ENOTDIR);
    EXPECT(open_target(init, "/f/below", PLAN_TARGET_DIRECTORY), -ENOTDIR);
    EXPECT(open_target(init, "/fifo", PLAN_TARGET_DIRECTORY), -ENOTDIR);
    EXPECT(init->slot[PLAN_SLOT_TARGET], -1);
    EXPECT(open_target(init, "/fifo", PLAN_TARGET_FILE), 0); /* not opened: no blocking */
    EXPECT(opened(init, ROOT "/fifo"), true);
}

static void like_the_mount(struct init *init)
{
    const struct test_call call = {
        .handler = init_open_target,
        .op = PLAN_OPEN_TARGET,
        .makes = PLAN_SLOT_TARGET,
        .uses = PLAN_BIT(PLAN_SLOT_ROOT),
        .open_target = {.path = "/x/there",
                        .kind = PLAN_TARGET_LIKE_MOUNT,
                        .like = PLAN_SLOT_SOURCE_2},
    };
    EXPECT(open_tree(init, HOST "/canary"), 0);
    EXPECT(test_call(init, &call), 0);
    EXPECT(mode_at(ROOT "/x/there"), S_IFREG | 0644);
    EXPECT(open_tree(init, HOST "/keep"), 0);
    EXPECT(test_call(init, &call), -ENOTDIR);
    EXPECT(sys_unlinkat(AT_FDCWD, ROOT "/x/there", 0), 0);
    EXPECT(test_call(init, &call), 0);
    EXPECT(mode_at(ROOT "/x/there"), S_IFDIR | 0755);
    init_empty(init, PLAN_SLOT_SOURCE_2);
    EXPECT(test_call(init, &call), -EBADF);
}

static void links_stay_inside(struct init *init)
{
    make_directory(ROOT "/in");
    make_link("/in", ROOT "/absolute");
    make_link("../../../../in", ROOT "/upward");
    make_link(HOST, ROOT "/out");
    make_link("../host/new", ROOT "/beside");
    EXPECT(open_target(init, "/absolute", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(opened(init, ROOT "/in"), true);
    EXPECT(open_target(init, "/upward/x", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(opened(init, ROOT "/in/x"), true);
    EXPECT(open_target(init, "/out/x/f", PLAN_TARGET_FILE), 0); /* dangling link: created inside */
    EXPECT(opened(init, ROOT "/mnt/host/x/f"), true);
    EXPECT(open_target(init, "/beside", PLAN_TARGET_FILE), 0);
    EXPECT(opened(init, ROOT "/host/new"), true);
    EXPECT(mode_at("/mnt/host/new"), 0);
}

static void dangling_chains(struct init *init)
{
    make_directory(ROOT "/d");
    make_link("second/x", ROOT "/d/first");
    make_link("/third", ROOT "/d/second");
    make_link("loop", ROOT "/loop");
    make_link("missing/../x", ROOT "/climbs");
    EXPECT(open_target(init, "/d/first/y", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(opened(init, ROOT "/third/x/y"), true);
    EXPECT(open_target(init, "/loop", PLAN_TARGET_DIRECTORY), -ELOOP);
    EXPECT(open_target(init, "/loop/x", PLAN_TARGET_FILE), -ELOOP);
    EXPECT(open_target(init, "/climbs", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(opened(init, ROOT "/x"), true);
}

static void leaving_the_missing(struct init *init)
{
    make_directory(ROOT "/d");
    EXPECT(open_target(init, "/a/../b", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(opened(init, ROOT "/b"), true);
    EXPECT(open_target(init, "/d/a/b/.././../../c/./../../../f", PLAN_TARGET_FILE), 0);
    EXPECT(opened(init, ROOT "/f"), true);
    EXPECT(open_target(init, "/d/a/..", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(opened(init, ROOT "/d"), true);
    EXPECT(open_target(init, "a/..", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(opened(init, ROOT), true);
    EXPECT(open_target(init, "/a/../../../host/new", PLAN_TARGET_DIRECTORY), 0);
    EXPECT(opened(init, ROOT "/host/new"), true);
    EXPECT(mode_at(ROOT "/a") | mode_at(ROOT "/d/a") | mode_at(ROOT "/c"), 0);
}

static void magic_links(struct init *init)
{
    make_directory(ROOT "/proc");
    EXPECT(sys_mount("proc", ROOT "/proc", "proc", 0, NULL), 0);
    EXPECT(open_target(init, "/proc/self/root/mnt/host/keep", PLAN_TARGET_DIRECTORY), -ELOOP);
    EXPECT(open_target(init, "/proc/self/cwd", PLAN_TARGET_DIRECTORY), -ELOOP);
    make_link("/proc/self/root/mnt/host/new", ROOT "/magic");
    EXPECT(open_target(init, "/magic", PLAN_TARGET_DIRECTORY), -ELOOP);
}

static void no_links_at_all(struct init *init)
{
    make_directory(ROOT "/d");
    make_link("d", ROOT "/link");
    make_link("nowhere", ROOT "/dangling");
    EXPECT(open_strictly(init, "/link"), -ELOOP);
    EXPECT(open_strictly(init, "/link/proc"), -ELOOP);
    EXPECT(open_strictly(init, "/dangling"), -ELOOP);
    EXPECT(open_strictly(init, "/dangling/x"), -ELOOP);
    EXPECT(mode_at(ROOT "/nowhere"), 0);
    EXPECT(open_strictly(init, "/d/proc"), 0);
    EXPECT(opened(init, ROOT "/d/proc"), true);
}

static void long_names(struct init *init)
{
    char path[SYS_PATH_MAX + 8] = "/";

    memset(path + 1, 'n', 300);
    EXPECT(open_target(init, path, PLAN_TARGET_DIRECTORY), -ENAMETOOLONG);
    memset(path + 1, 'n', SYS_PATH_MAX);
    EXPECT(open_target(init, path, PLAN_TARGET_DIRECTORY), -ENAMETOOLONG);
    memset(path, 0, sizeof(path));
    for (int i = 0; i < 1000; i++)
        memcpy(path + 2L * i, "/d", 2);
    EXPECT(open_target(init, path, PLAN_TARGET_DIRECTORY), 0);
}

static void read_only_root(struct init *init)
{
    EXPECT(sys_mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
    EXPECT(open_target(init, "/new/x", PLAN_TARGET_DIRECTORY), -EROFS);
    EXPECT(open_target(init, "/new", PLAN_TARGET_FILE), -EROFS);
}

static void swap(struct init *init)
{
    (void) init;
    for (int i = 0; i < 200000; i++)
        arch_call6(__NR_renameat2, AT_FDCWD, SYS_WORD(ROOT "/a/b"), AT_FDCWD,
                   SYS_WORD(ROOT "/a/evil"), 2 /* RENAME_EXCHANGE */, 0);
}

/* Another container keeps swapping a directory and a link that leads outside while targets are
 * created below it. */
static void race(struct init *init)
{
    make_directory(ROOT "/a");
    make_directory(ROOT "/a/b");
    make_link("/mnt/host/../../mnt/host/keep", ROOT "/a/evil");
    int pid = sys_clone(SIGCHLD, NULL), n_made = 0;
    if (pid == 0) {
        swap(init);
        sys_exit(0);
    }
    for (int i = 0; i < 5000; i++) {
        char path[64];
        snprintf(path, sizeof(path), "/a/b/%d/x", i);
        n_made += open_target(init, path, i & 1 ? PLAN_TARGET_FILE : PLAN_TARGET_DIRECTORY) == 0;
    }
    EXPECT(n_made > 0, true);
    sys_kill(pid, SIGKILL);
    sys_wait4(pid, &n_made, 0);
}

/* A link keeps appearing and disappearing where links are forbidden. */
static void strict_race(struct init *init)
{
    int pid = sys_clone(SIGCHLD, NULL), status;
    while (pid == 0) {
        sys_symlinkat("elsewhere", AT_FDCWD, ROOT "/proc");
        sys_unlinkat(AT_FDCWD, ROOT "/proc", 0);
    }
    for (int i = 0; i < 20000; i++) {
        open_strictly(init, "/proc");
        sys_unlinkat(AT_FDCWD, ROOT "/proc", AT_REMOVEDIR);
    }
    EXPECT(mode_at(ROOT "/elsewhere"), 0);
    sys_kill(pid, SIGKILL);
    sys_wait4(pid, &status, 0);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"existing places are found", existing_places},
        {"missing places are made", missing_places},
        {"places of the wrong kind are refused", wrong_kinds},
        {"a target is like its mount", like_the_mount},
        {"symbolic links stay inside the root", links_stay_inside},
        {"chains of dangling links are made inside", dangling_chains},
        {"missing directories are left by their names", leaving_the_missing},
        {"magic links are refused", magic_links},
        {"number 1: no symbolic link at all", no_links_at_all},
        {"long names and long paths", long_names},
        {"a read-only root makes nothing", read_only_root},
        {"a race of links against directories", race},
        {"a link that comes and goes where none may be", strict_race},
    };

    return test_run(cases, sizeof(cases) / sizeof(*cases));
}
