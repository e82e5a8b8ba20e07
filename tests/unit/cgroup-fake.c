/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts that this host may not have, as trees of plain files: what is found, written and
 * rejected. */
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
#include "berth/cgroup/place.h"
#include "berth/cgroup/setting.h"
#include "berth/spec/config.h"
#include "berth/spec/read.h"
#include "tap-error.h"
#include "tap.h"

#define V2 "/sys/fs/cgroup"

struct scene {
    struct arena arena;
    struct error error;
    char root[64];
    char device[32]; /* of the tree, as in mountinfo */
    struct cgroup_host host;
    struct cgroup cgroup;
};

static void scene_open(struct scene *scene)
{
    struct stat info;

    memset(scene, 0, sizeof(*scene));
    strcpy(scene->root, "/tmp/cgroup-fake-XXXXXX");
    if (mkdtemp(scene->root) == NULL || chmod(scene->root, 0755) < 0 ||
        stat(scene->root, &info) < 0)
        exit(1);
    snprintf(scene->device, sizeof(scene->device), "%u:%u", major(info.st_dev), minor(info.st_dev));
}

static void scene_close(struct scene *scene)
{
    file_remove_tree(AT_FDCWD, scene->root);
    arena_free(&scene->arena);
}

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

static void add_mount(struct scene *scene, struct text *text, const char *device, const char *rest)
{
    text_addf(text, "30 20 %s %s\n", device == NULL ? scene->device : device, rest);
}

static int probe(struct scene *scene, const char *own, const struct text *mounts)
{
    put(scene, "/proc/self/cgroup", own);
    put(scene, "/proc/self/mountinfo", mounts->bytes);
    return cgroup_probe(&scene->arena, scene->root, &scene->host, &scene->error);
}

static void test_probe_v1(void)
{
    struct scene scene;
    scene_open(&scene);
    struct text mounts = {.arena = &scene.arena};

    file_make_dirs(at(&scene, "/cg/cpu,cpuacct"), 0755);
    file_make_dirs(at(&scene, "/cg/a b"), 0755);
    file_make_dirs(at(&scene, "/cg/unified"), 0755);
    add_mount(&scene, &mounts, "1:1", "/ / rw - ext4 /dev/root rw");
    add_mount(&scene, &mounts, "99:99", "/ /cg/unified rw - cgroup x rw,memory"); /* hidden */
    add_mount(&scene, &mounts, NULL,
              "/docker/1 /cg/a\\040b rw shared:1 - cgroup x rw,seclabel,memory");
    add_mount(&scene, &mounts, NULL, "/ /cg/cpu,cpuacct rw - cgroup x rw,cpuacct,cpu");
    add_mount(&scene, &mounts, NULL, "/ /cg/unified rw - cgroup2 x rw,nsdelegate");
    tap_ok(probe(&scene,
                 "5:memory:/docker/1/x\n4:cpu,cpuacct:/own\n3:name=systemd:/\n2:pids:/\n0::/v2\n",
                 &mounts) == 0,
           "cgroup_probe reads a hybrid layout: %s", tap_error(&scene.error));
    tap_ok(scene.host.layout == CGROUP_HYBRID, "the layout is hybrid");
    if (!tap_ok(scene.host.n_hierarchies == 3, "three hierarchies are mounted"))
        return;
    const struct cgroup_hierarchy *memory = cgroup_find_hierarchy(&scene.host, "memory");
    tap_text(memory->mount_point, at(&scene, "/cg/a b"),
             "a mount point with a blank is decoded, and a hidden mount is skipped");
    tap_text(memory->own, "/x", "the own cgroup is below the root of the mount");
    const struct cgroup_hierarchy *cpu = cgroup_find_hierarchy(&scene.host, "cpuacct");
    tap_text(cpu->name, "cpu,cpuacct", "cpu and cpuacct share a hierarchy");
    tap_text(cpu->own, "/own", "the own cgroup of cpu and cpuacct is read");
    tap_ok(cgroup_find_hierarchy(&scene.host, "pids")->v2,
           "pids is mounted nowhere, so v2 may have it");
    tap_ok(scene.host.n_links == 2,
           "two symbolic links for the controllers of a hierarchy are found");
    tap_text(scene.host.links[0].name, "cpu",
             "the first link has the name of the first controller");
    tap_text(scene.host.links[0].target, "cpu,cpuacct", "the first link has its target");
    scene_close(&scene);
}

/* cgroups(7): only the line of v2 has the hierarchy-ID 0. */
static void test_probe_unmounting(void)
{
    struct scene scene;
    scene_open(&scene);
    struct text mounts = {.arena = &scene.arena};

    file_make_dirs(at(&scene, "/cg/unified"), 0755);
    add_mount(&scene, &mounts, NULL, "/ /cg/unified rw - cgroup2 x rw");
    tap_ok(probe(&scene, "13::/\n0::/v2\n", &mounts) == 0 && scene.host.n_hierarchies == 1,
           "a v1 hierarchy that is being unmounted is not a second one of v2: %s",
           tap_error(&scene.error));
    tap_text(scene.host.hierarchies[0].own, "/v2", "the own cgroup is that of the line of v2");
    scene_close(&scene);
}

static void test_probe_none(void)
{
    struct scene scene;
    scene_open(&scene);
    struct text mounts = {.arena = &scene.arena};

    add_mount(&scene, &mounts, "1:1", "/ / rw - ext4 /dev/root rw");
    tap_ok(probe(&scene, "0::/\n", &mounts) == 0 && scene.host.layout == CGROUP_NONE,
           "a host without cgroups has the layout none");
    scene_close(&scene);
}

/* A hierarchy must not be skipped because its mount cannot be inspected. */
static void test_probe_failure(void)
{
    struct scene scene;
    scene_open(&scene);
    struct text mounts = {.arena = &scene.arena};

    add_mount(&scene, &mounts, NULL, "/ /loop rw - cgroup x rw,memory");
    add_mount(&scene, &mounts, NULL, "/ /none rw - cgroup x rw,pids");
    tap_ok(symlink("loop", at(&scene, "/loop")) == 0, "the symbolic link for the loop is created");
    tap_ok(probe(&scene, "2:memory:/\n1:pids:/\n", &mounts) < 0 &&
               strstr(tap_error(&scene.error), "/loop, a mount of cgroups: ") != NULL &&
               strcasestr(tap_error(&scene.error), strerror(ELOOP)) != NULL,
           "a mount point that stat(2) fails on is an error: %s", tap_error(&scene.error));
    tap_ok(probe(&scene, "1:pids:/\n", &mounts) == 0 && scene.host.n_hierarchies == 0,
           "a mount point that does not exist is an error: %s", tap_error(&scene.error));
    scene_close(&scene);
}

/* Makes a v2 tree in which the container's cgroup exists, since new plain directories would have no
 * files. */
static void open_v2(struct scene *scene, const char *controllers)
{
    static const char *const files[] = {"cgroup.procs", "memory.max",     "memory.low",
                                        "memory.high",  "cpu.max",        "cpu.weight",
                                        "pids.max",     "memory.swap.max"};
    struct text mounts = {.arena = &scene->arena};

    scene_open(scene);
    mounts.arena = &scene->arena;
    put(scene, V2 "/cgroup.controllers", "cpu memory pids\n");
    put(scene, V2 "/cgroup.subtree_control", "cpu\n");
    put(scene, V2 "/a/cgroup.controllers", "cpu memory pids\n");
    put(scene, V2 "/a/cgroup.subtree_control", "");
    put(scene, V2 "/a/b/cgroup.controllers", controllers);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        put(scene, arena_printf(&scene->arena, V2 "/a/b/%s", files[i]), "");
    add_mount(scene, &mounts, NULL, "/ " V2 " rw - cgroup2 cgroup2 rw");
    tap_ok(probe(scene, "0::/me\n", &mounts) == 0 && scene->host.layout == CGROUP_V2,
           "the layout is v2");
}

static int make(struct scene *scene, const char *path, bool rootless, const char *json)
{
    struct cgroup_request request = {.cgroups_path = path, .id = "id", .rootless = rootless};
    const struct spec_resources *resources;

    if (spec_read_resources(&scene->arena, NULL, &(struct spec_text){json, strlen(json)},
                            &resources, &scene->error) < 0 ||
        cgroup_plan(&scene->arena, &scene->host, &request, &scene->cgroup, &scene->error) < 0)
        return -1;
    if (cgroup_make(&scene->arena, &scene->cgroup, 0, &scene->error) < 0)
        return -1;
    return cgroup_set(&scene->arena, &scene->cgroup, resources, &scene->error);
}

static void test_v2(void)
{
    struct scene scene;

    open_v2(&scene, "cpu memory pids");
    tap_ok(
        make(
            &scene, "/a/b", false,
            "{\"memory\":{\"limit\":1000,\"swap\":3000,\"reservation\":-1},\"pids\":{\"limit\":-1},"
            "\"cpu\":{\"shares\":1024,\"quota\":-1,\"period\":9000},"
            "\"unified\":{\"memory.high\":\"42\"}}") == 0,
        "cgroup_make with limits: %s", tap_error(&scene.error));
    tap_text(get(&scene, V2 "/cgroup.subtree_control"), "+memory +pids",
             "controllers are enabled in the root");
    tap_text(get(&scene, V2 "/a/cgroup.subtree_control"), "+cpu +memory +pids",
             "controllers are enabled below the root");
    tap_text(get(&scene, V2 "/a/b/memory.max"), "1000", "memory.limit goes to memory.max");
    tap_text(get(&scene, V2 "/a/b/memory.swap.max"), "2000",
             "memory.swap minus memory.limit goes to memory.swap.max");
    tap_text(get(&scene, V2 "/a/b/memory.low"), "max", "memory.reservation -1 goes to memory.low");
    tap_text(get(&scene, V2 "/a/b/memory.high"), "42", "a unified setting goes to its file");
    tap_text(get(&scene, V2 "/a/b/pids.max"), "max", "pids.limit -1 goes to pids.max");
    tap_text(get(&scene, V2 "/a/b/cpu.weight"), "100", "cpu.shares go to cpu.weight");
    tap_text(get(&scene, V2 "/a/b/cpu.max"), "max 9000", "cpu.quota -1 and a period go to cpu.max");
    const struct cgroup_place *place = &scene.cgroup.places[0];
    tap_text(place->join, at(&scene, V2 "/a/b/cgroup.procs"),
             "the container joins through cgroup.procs");
    tap_text(place->hierarchy->name, "", "the v2 hierarchy has no name of its own");
    tap_ok(scene.cgroup.record.n_made == 0, "berth removes nothing that it did not create");
    int fd = -1;
    tap_ok(cgroup_open_v2(&scene.cgroup, &fd, &scene.error) == 0 && fd >= 0,
           "the cgroup is opened for clone3(2)");
    close(fd);
    tap_ok(make(&scene, "/a/b", false, "{\"cpu\":{\"period\":7000}}") == 0,
           "a period without a quota is set");
    put(&scene, V2 "/a/b/pids.max", "");
    tap_ok(make(&scene, "/a/b", false, "{\"pids\":{\"limit\":0}}") == 0, "pids.limit 0 is set");
    tap_text(get(&scene, V2 "/a/b/pids.max"), "0", "pids.limit 0 is written as 0");
    tap_text(get(&scene, V2 "/a/b/cpu.max"), "max 7000",
             "a period without a quota leaves no quota");
    scene_close(&scene);
}

static void refuse(struct scene *scene, bool rootless, const char *json, const char *words)
{
    memset(&scene->error, 0, sizeof(scene->error));
    tap_ok(make(scene, "/a/b", rootless, json) < 0 &&
               strstr(tap_error(&scene->error), words) != NULL,
           "%s is refused: %s", json, tap_error(&scene->error));
}

static void test_v2_refusals(void)
{
    struct scene scene;

    open_v2(&scene, "cpu");
    refuse(&scene, false, "{\"pids\":{\"limit\":5}}",
           "linux.resources.pids.limit: the controller \"pids\" is not available");
    refuse(&scene, false, "{\"unified\":{\"memory.high\":\"5\"}}",
           "the controller \"memory\" is not");
    refuse(&scene, false, "{\"unified\":{\"cpu.nothing\":\"5\"}}",
           "linux.resources.unified[cpu.nothing]: write \"5\" to cpu.nothing: no such file");
    refuse(&scene, false, "{\"devices\":[{\"allow\":false}]}", "linux.resources.devices: ");
    unlink(at(&scene, V2 "/a/cgroup.subtree_control"));
    refuse(&scene, false, "{\"pids\":{\"limit\":5}}", "enable the controller \"pids\" in ");
    put(&scene, V2 "/a/cgroup.subtree_control", "");
    put(&scene, V2 "/a/cgroup.type", "domain\n");
    put(&scene, V2 "/a/cgroup.procs", "17\n");
    refuse(&scene, false, "{\"pids\":{\"limit\":5}}", "holds processes itself");
    tap_text(get(&scene, V2 "/a/cgroup.subtree_control"), "",
             "a cgroup with processes enables no controllers for children");
    put(&scene, V2 "/a/b/cgroup.controllers", "cpu memory");
    refuse(&scene, false, "{\"memory\":{\"swap\":5000}}",
           "linux.resources.memory.swap: needs memory.limit");
    put(&scene, V2 "/a/b/cgroup.events", "populated 0\nfrozen 1\n");
    refuse(&scene, false, "{}", "unexpectedly frozen");
    put(&scene, V2 "/a/b/cgroup.events", "populated 0\nfrozen 0\n");
    put(&scene, V2 "/a/b/cgroup.procs", "17\n");
    refuse(&scene, false, "{}", "holds processes");
    scene_close(&scene);
}

/* An unprivileged user, first without any access, then with a delegated subtree. */
static void test_rootless(void)
{
    struct scene scene;

    if (geteuid() != 0) {
        tap_ok(true, "rootless # SKIP needs root to become someone else");
        return;
    }
    open_v2(&scene, "cpu memory pids");
    put(&scene, V2 "/me/cgroup.procs", "17\n");
    if (seteuid(65534) < 0)
        return;
    refuse(&scene, true, "{}", "linux.cgroupsPath: make the cgroup /a/b below");
    tap_ok(make(&scene, "a/b", true, "{}") == 0 && scene.cgroup.n_places == 0,
           "an unprivileged user without limits and path goes without cgroups");
    refuse(&scene, true, "{\"pids\":{\"limit\":5}}", "delegated to the user");
    tap_ok(make(&scene, NULL, true, "{\"devices\":[{\"allow\":false}]}") == 0,
           "device rules do not keep an unprivileged user from going without cgroups");
    if (seteuid(0) < 0 || chown(at(&scene, V2 "/me"), 65534, 0) < 0 ||
        chown(at(&scene, V2 "/me/cgroup.procs"), 65534, 0) < 0 || seteuid(65534) < 0)
        return;
    tap_ok(make(&scene, NULL, true, "{}") == 0 && scene.cgroup.n_places == 1,
           "an unprivileged user gets a cgroup in a delegated subtree");
    tap_text(scene.cgroup.places[0].path, at(&scene, V2 "/me/id"),
             "that cgroup is below the caller's own");
    tap_ok(access(at(&scene, V2 "/me/id"), F_OK) == 0, "that cgroup is created");
    if (seteuid(0) == 0)
        scene_close(&scene);
}

int main(void)
{
    test_probe_v1();
    test_probe_unmounting();
    test_probe_none();
    test_probe_failure();
    test_v2();
    test_v2_refusals();
    test_rootless();
    return tap_end();
}
