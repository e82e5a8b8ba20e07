/* SPDX-License-Identifier: Apache-2.0 */
/* linux.intelRdt on a tree of plain files in place of resctrl. The tests themselves create and
 * remove the files that the kernel creates and removes with the directory of a group. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/rdt/rdt.h"
#include "berth/spec/config.h"
#include "tap-error.h"
#include "tap.h"

#define RESCTRL "/sys/fs/resctrl"
#define FULL "    MB:0=100\n    L3:0=fff\n"

struct scene {
    struct arena arena;
    struct error error;
    char root[64];
    struct rdt rdt;
};

static const char *at(struct scene *scene, const char *path)
{
    return arena_printf(&scene->arena, "%s%s", scene->root, path);
}

static void put(struct scene *scene, const char *path, const char *text)
{
    char *full = (char *) at(scene, path);
    char *end = strrchr(full, '/');

    *end = '\0';
    file_make_dirs(full, 0755);
    *end = '/';
    file_replace(AT_FDCWD, full, text, strlen(text), 0644);
}

static const char *get(struct scene *scene, const char *path)
{
    char *text = NULL;

    file_read(&scene->arena, AT_FDCWD, at(scene, path), &text, NULL);
    return text;
}

static bool exists(struct scene *scene, const char *path)
{
    return access(at(scene, path), F_OK) == 0;
}

/* Creates the files that the kernel creates in a group. */
static void fill(struct scene *scene, const char *group, const char *schemata)
{
    put(scene, arena_printf(&scene->arena, RESCTRL "%s/tasks", group), "");
    if (schemata != NULL)
        put(scene, arena_printf(&scene->arena, RESCTRL "%s/schemata", group), schemata);
    file_make_dirs(at(scene, arena_printf(&scene->arena, RESCTRL "%s/mon_groups", group)), 0755);
}

static void mount_tree(struct scene *scene, const char *line)
{
    struct stat info;

    stat(scene->root, &info);
    put(scene, "/proc/self/mountinfo",
        arena_printf(&scene->arena,
                     "1 0 8:1 / / rw - ext4 /dev/root rw\n"
                     "2 1 9:99 / " RESCTRL " rw - resctrl hidden rw\n"
                     "3 1 %u:%u /class /elsewhere rw - resctrl part rw\n"
                     "4 1 %u:%u %s\n",
                     major(info.st_dev), minor(info.st_dev), major(info.st_dev), minor(info.st_dev),
                     line));
}

static void scene_open(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    strcpy(scene->root, "/tmp/rdt-fake-XXXXXX");
    if (mkdtemp(scene->root) == NULL)
        exit(1);
    fill(scene, "", FULL);
    put(scene, RESCTRL "/info/last_cmd_status", "ok\n");
    mount_tree(scene, "/ " RESCTRL " rw,nosuid shared:7 - resctrl resctrl rw");
}

static void scene_close(struct scene *scene)
{
    file_remove_tree(AT_FDCWD, scene->root);
    arena_free(&scene->arena);
}

static int plan(struct scene *scene, const struct spec_intel_rdt *config)
{
    const struct rdt_request request = {config, "c1"};

    scene->error = (struct error){0};
    return rdt_plan(&scene->arena, scene->root, &request, &scene->rdt, &scene->error);
}

/* Compares the error's text without the root of the tree. */
static void expect_error(struct scene *scene, int result, int number, const char *text)
{
    struct text bare = {.arena = &scene->arena};
    const char *rest = tap_error(&scene->error);

    for (const char *found; (found = strstr(rest, scene->root)) != NULL;) {
        text_add_bytes(&bare, rest, (size_t) (found - rest));
        rest = found + strlen(scene->root);
    }
    text_add(&bare, rest);
    tap_ok(result == -number, "the call fails with errno %d", number);
    tap_text(bare.bytes, text, "the call fails with these words");
}

/* --- where the container goes ----------------------------------------------------------------- */

static void finds_no_mount(void)
{
    struct scene scene;
    const struct spec_intel_rdt config = {0};

    scene_open(&scene);
    mount_tree(&scene, "/ /sys rw - sysfs sysfs rw");
    expect_error(&scene, plan(&scene, &config), ENODEV,
                 "linux.intelRdt: no resctrl file system is mounted (mount -t resctrl resctrl "
                 "/sys/fs/resctrl, where processor and kernel have it)");
    unlink(at(&scene, "/proc/self/mountinfo"));
    expect_error(&scene, plan(&scene, &config), ENOENT,
                 "linux.intelRdt: read /proc/self/mountinfo: no such file or directory");
    tap_ok(symlink("loop", at(&scene, "/loop")) == 0, "the symbolic link for the loop is created");
    mount_tree(&scene, "/ /loop rw - resctrl resctrl rw");
    expect_error(
        &scene, plan(&scene, &config), ELOOP,
        arena_printf(&scene.arena, "linux.intelRdt: look at /loop: %s", text_of_errno(ELOOP)));
    scene_close(&scene);
}

static void finds_mount_elsewhere(void)
{
    struct scene scene;
    const struct spec_intel_rdt config = {.clos_id = "/"};

    scene_open(&scene);
    put(&scene, "/my rdt/tasks", "");
    mount_tree(&scene, "/ /my\\040rdt rw - resctrl resctrl rw");
    tap_ok(plan(&scene, &config) == 0, "a resctrl mount at an unusual place is found");
    tap_text(scene.rdt.class, at(&scene, "/my rdt"), "the path of the class is below that mount");
    scene_close(&scene);
}

static void places_container(void)
{
    struct scene scene;
    const struct spec_intel_rdt unset = {.enable_monitoring = true};
    const struct spec_intel_rdt root = {.clos_id = "/", .enable_monitoring = true};
    const struct spec_intel_rdt named = {.clos_id = "gold", .l3_cache_schema = "L3:0=f"};

    scene_open(&scene);
    tap_ok(plan(&scene, &unset) == 0, "a configuration without closID is planned");
    tap_text(scene.rdt.class, at(&scene, RESCTRL "/c1"), "the class has the container's ID");
    tap_text(scene.rdt.monitor, at(&scene, RESCTRL "/c1/mon_groups/c1"),
             "the monitoring group has the container's ID");
    tap_ok(scene.rdt.n_owned == 2 && scene.rdt.owned[0] == scene.rdt.monitor &&
               scene.rdt.owned[1] == scene.rdt.class,
           "group and class are removed with the container, the group first");
    tap_ok(plan(&scene, &root) == 0, "the closID \"/\" is planned");
    tap_text(scene.rdt.class, at(&scene, RESCTRL), "the closID \"/\" is the root class");
    tap_text(scene.rdt.monitor, at(&scene, RESCTRL "/mon_groups/c1"),
             "the root class gets a monitoring group");
    tap_ok(!scene.rdt.makes_class && scene.rdt.n_owned == 1,
           "only the group is removed with the container");
    tap_ok(plan(&scene, &named) == 0, "a closID with a schema is planned");
    tap_text(scene.rdt.class, at(&scene, RESCTRL "/gold"), "the closID is the class");
    tap_ok(scene.rdt.makes_class && scene.rdt.n_owned == 0 && scene.rdt.monitor == NULL,
           "a class with a closID is created and stays");
    scene_close(&scene);
}

static void refuses_what_is_no_class(void)
{
    struct scene scene;
    const struct spec_intel_rdt info = {.clos_id = "info"};
    const struct spec_intel_rdt missing = {
        .clos_id = "gold", .enable_monitoring = true, .l3_cache_schema = ""};

    scene_open(&scene);
    expect_error(&scene, plan(&scene, &info), EINVAL,
                 "linux.intelRdt.closID: " RESCTRL "/info is not a class of service");
    expect_error(&scene, plan(&scene, &missing), ENOENT,
                 "linux.intelRdt.closID: without a schema " RESCTRL
                 "/gold must exist: no such file or directory");
    scene_close(&scene);
}

static void compares_existing_class(void)
{
    static const char *const good[] = {"MB:0=050", "L3:0=F"};
    static const char *const bad[] = {"MB:0=50", "L3:0=ff"};
    struct scene scene;

    scene_open(&scene);
    fill(&scene, "/gold", "    MB:0= 50\n    L3:0=00f\n");
    tap_ok(plan(&scene, &(struct spec_intel_rdt){.clos_id = "gold"}) == 0,
           "an existing class without schemata in the config is accepted");
    tap_ok(plan(&scene, &(struct spec_intel_rdt){.clos_id = "gold",
                                                 .l3_cache_schema = "L3:0=f",
                                                 .mem_bw_schema = "MB:0=50",
                                                 .schemata = good,
                                                 .n_schemata = 2}) == 0,
           "an existing class with the same schemata is accepted");
    tap_ok(!scene.rdt.makes_class && scene.rdt.n_owned == 0,
           "an existing class is neither created nor removed");
    expect_error(
        &scene,
        plan(&scene, &(struct spec_intel_rdt){.clos_id = "gold", .l3_cache_schema = "L3:0=1"}),
        EINVAL,
        "linux.intelRdt.l3CacheSchema: the class of service " RESCTRL
        "/gold exists and has another one than \"L3:0=1\"");
    expect_error(
        &scene,
        plan(&scene, &(struct spec_intel_rdt){.clos_id = "gold", .mem_bw_schema = "MB:0=60"}),
        EINVAL,
        "linux.intelRdt.memBwSchema: the class of service " RESCTRL
        "/gold exists and has another one than \"MB:0=60\"");
    expect_error(
        &scene,
        plan(&scene, &(struct spec_intel_rdt){.clos_id = "gold", .schemata = bad, .n_schemata = 2}),
        EINVAL,
        "linux.intelRdt.schemata[1]: the class of service " RESCTRL
        "/gold exists and has another one than \"L3:0=ff\"");
    expect_error(&scene,
                 plan(&scene, &(struct spec_intel_rdt){.clos_id = "/", .mem_bw_schema = "MB:0=60"}),
                 EINVAL,
                 "linux.intelRdt.memBwSchema: the class of service " RESCTRL
                 " exists and has another one than \"MB:0=60\"");
    scene_close(&scene);
}

/* --- carrying out ----------------------------------------------------------------------------- */

static void makes_and_joins(void)
{
    static const char *const schemata[] = {"L2:0=3"};
    const struct spec_intel_rdt config = {.l3_cache_schema = "L3:0=fffff",
                                          .mem_bw_schema = "MB:0=50",
                                          .schemata = schemata,
                                          .n_schemata = 1,
                                          .enable_monitoring = true};
    struct scene scene;

    scene_open(&scene);
    tap_ok(plan(&scene, &config) == 0, "a class with schemata is planned");
    tap_ok(!exists(&scene, RESCTRL "/c1"), "planning creates nothing");
    /* No kernel creates mon_groups in the class here. */
    expect_error(&scene, rdt_make(&scene.arena, &scene.rdt, &scene.error), ENOENT,
                 "linux.intelRdt.enableMonitoring: make the monitoring group " RESCTRL
                 "/c1/mon_groups/c1: no such file or directory");
    tap_ok(!exists(&scene, RESCTRL "/c1") && scene.rdt.n_made == 0,
           "nothing is left after a failure");
    scene.error = (struct error){0};
    scene.rdt.monitor = NULL;
    tap_ok(rdt_make(&scene.arena, &scene.rdt, &scene.error) == 0 && scene.rdt.n_made == 1 &&
               scene.rdt.made[0] == scene.rdt.class,
           "the class is created");
    fill(&scene, "/c1", FULL);
    tap_ok(rdt_set(&scene.arena, &scene.rdt, &scene.error) == 0,
           "the schemata of the class are written");
    /* In a plain file, each write overwrites the start of the previous one. */
    tap_ok(text_starts_with(get(&scene, RESCTRL "/c1/schemata"), "L2:0=3\n\nff\n"),
           "l3CacheSchema, memBwSchema and schemata are written in this order");
    fill(&scene, "/c1/mon_groups/c1", NULL);
    scene.rdt.monitor = at(&scene, RESCTRL "/c1/mon_groups/c1");
    tap_ok(rdt_join(&scene.arena, &scene.rdt, 77, &scene.error) == 0,
           "the process joins class and group");
    tap_text(get(&scene, RESCTRL "/c1/tasks"), "77", "the process is in the class");
    tap_text(get(&scene, RESCTRL "/c1/mon_groups/c1/tasks"), "77",
             "the process is in the monitoring group");
    scene_close(&scene);
}

static void makes_group_in_existing_class(void)
{
    const struct spec_intel_rdt config = {
        .clos_id = "gold", .l3_cache_schema = "L3:0=fff", .enable_monitoring = true};
    struct scene scene;

    scene_open(&scene);
    fill(&scene, "/gold", FULL);
    tap_ok(plan(&scene, &config) == 0 && rdt_make(&scene.arena, &scene.rdt, &scene.error) == 0 &&
               scene.rdt.n_made == 1,
           "the monitoring group is created");
    tap_ok(rdt_set(&scene.arena, &scene.rdt, &scene.error) == 0,
           "an existing class needs no schemata");
    tap_text(get(&scene, RESCTRL "/gold/schemata"), FULL, "an existing class is not written to");
    expect_error(&scene, rdt_make(&scene.arena, &scene.rdt, &scene.error), EEXIST,
                 "linux.intelRdt.enableMonitoring: make the monitoring group " RESCTRL
                 "/gold/mon_groups/c1: file exists");
    scene.error = (struct error){0};
    tap_ok(rdt_remove(scene.rdt.owned, scene.rdt.n_owned, &scene.error) == 0 &&
               !exists(&scene, RESCTRL "/gold/mon_groups/c1") && exists(&scene, RESCTRL "/gold"),
           "the group is removed, the class stays");
    scene_close(&scene);
}

static void tells_the_kernels_words(void)
{
    const struct spec_intel_rdt config = {.clos_id = "gold", .l3_cache_schema = "L3:0=f"};
    struct scene scene;

    scene_open(&scene);
    plan(&scene, &config);
    file_make_dirs(at(&scene, RESCTRL "/gold"), 0755);
    put(&scene, RESCTRL "/info/last_cmd_status", "Mask f out of range\nmore\n");
    expect_error(&scene, rdt_set(&scene.arena, &scene.rdt, &scene.error), ENOENT,
                 "linux.intelRdt.l3CacheSchema: write \"L3:0=f\" to " RESCTRL
                 "/gold/schemata: no such file or directory (Mask f out of range)");
    expect_error(&scene, rdt_make(&scene.arena, &scene.rdt, &scene.error), EEXIST,
                 "linux.intelRdt: make the class of service " RESCTRL
                 "/gold: file exists (Mask f out of range)");
    put(&scene, RESCTRL "/info/last_cmd_status", "ok\n");
    expect_error(&scene, rdt_join(&scene.arena, &scene.rdt, 7, &scene.error), ENOENT,
                 "linux.intelRdt: write \"7\" to " RESCTRL
                 "/gold/tasks: no such file or directory");
    scene_close(&scene);
}

static void removes_what_is_there(void)
{
    struct scene scene;

    scene_open(&scene);
    const char *const paths[] = {at(&scene, RESCTRL "/c1/mon_groups/c1"), at(&scene, RESCTRL "/c1"),
                                 at(&scene, RESCTRL "/gone")};
    file_make_dirs(paths[0], 0755);
    expect_error(&scene, rdt_remove(paths + 1, 1, &scene.error), ENOTEMPTY,
                 "remove " RESCTRL "/c1: directory not empty");
    scene.error = (struct error){0};
    tap_ok(rdt_remove(paths, 1, &scene.error) == 0, "the group is removed");
    rmdir(at(&scene, RESCTRL "/c1/mon_groups"));
    tap_ok(rdt_remove(paths, 3, &scene.error) == 0 && !exists(&scene, RESCTRL "/c1"),
           "removing a group that is gone succeeds");
    scene_close(&scene);
}

static void updates(void)
{
    const struct spec_intel_rdt config = {.mem_bw_schema = "MB:0=20"};
    struct scene scene;

    scene_open(&scene);
    fill(&scene, "/c1", "");
    tap_ok(rdt_update(&scene.arena, at(&scene, RESCTRL "/c1"), &config, &scene.error) == 0,
           "the schemata of a class are updated");
    tap_text(get(&scene, RESCTRL "/c1/schemata"), "MB:0=20\n",
             "each schema of an update is a line of its own");
    scene_close(&scene);
}

int main(void)
{
    finds_no_mount();
    finds_mount_elsewhere();
    places_container();
    refuses_what_is_no_class();
    compares_existing_class();
    makes_and_joins();
    makes_group_in_existing_class();
    tells_the_kernels_words();
    removes_what_is_there();
    updates();
    return tap_end();
}
