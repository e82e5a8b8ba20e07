/* SPDX-License-Identifier: Apache-2.0 */
/* The host's own cgroups, in cgroups made for the test. Needs root; skipped without a writable v1
 * or v2 hierarchy. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/cgroup/place.h"
#include "berth/cgroup/remove.h"
#include "berth/cgroup/setting.h"
#include "berth/spec/config.h"
#include "berth/spec/read.h"
#include "tap-error.h"
#include "tap.h"

struct scene {
    struct arena arena;
    struct error error;
    struct cgroup_host host;
    struct cgroup cgroup;
    char id[32];
};

static const struct cgroup_place *place_of(const struct scene *scene, const char *controller)
{
    const struct cgroup_hierarchy *hierarchy = cgroup_find_hierarchy(&scene->host, controller);

    for (size_t i = 0; i < scene->cgroup.n_places; i++)
        if (scene->cgroup.places[i].hierarchy == hierarchy)
            return &scene->cgroup.places[i];
    return NULL;
}

static const char *value(struct scene *scene, const char *controller, const char *file)
{
    const struct cgroup_place *place = place_of(scene, controller);
    char *text;
    size_t size;

    if (place == NULL ||
        file_read(&scene->arena, AT_FDCWD, arena_printf(&scene->arena, "%s/%s", place->path, file),
                  &text, &size) < 0)
        return NULL;
    if (size > 0 && text[size - 1] == '\n')
        text[size - 1] = '\0';
    return text;
}

static int plan(struct scene *scene, const char *path)
{
    struct cgroup_request request = {.cgroups_path = path, .id = scene->id};

    memset(&scene->error, 0, sizeof(scene->error));
    return cgroup_plan(&scene->arena, &scene->host, &request, &scene->cgroup, &scene->error);
}

static int make(struct scene *scene, const char *json)
{
    const struct spec_resources *resources = NULL;

    memset(&scene->error, 0, sizeof(scene->error));
    if (json != NULL &&
        spec_read_resources(&scene->arena, NULL, &(struct spec_text){json, strlen(json)},
                            &resources, &scene->error) < 0)
        return -1;
    int result = cgroup_make(&scene->arena, &scene->cgroup, 0, &scene->error);
    if (result == 0 && resources != NULL)
        result = cgroup_set(&scene->arena, &scene->cgroup, resources, &scene->error);
    struct error ignored = {0};
    if (result < 0)
        cgroup_remove(&scene->cgroup.record, &ignored);
    return result;
}

static size_t count_existing(const struct scene *scene)
{
    size_t count = 0;

    for (size_t i = 0; i < scene->cgroup.n_places; i++)
        count += access(scene->cgroup.places[i].path, F_OK) == 0;
    return count;
}

static bool has_v1(const struct scene *scene)
{
    return scene->host.layout == CGROUP_V1 || scene->host.layout == CGROUP_HYBRID;
}

/* Starts a child that joins as init does, and waits. With `nested`, its own child waits too, in a
 * cgroup below. */
static pid_t join(struct scene *scene, bool nested)
{
    int ready[2];
    char byte;

    if (pipe(ready) < 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        for (size_t i = 0; i < scene->cgroup.n_places; i++)
            if (file_put(AT_FDCWD, scene->cgroup.places[i].join, "0") < 0)
                _exit(1);
        if (nested && fork() == 0) {
            const char *below =
                arena_printf(&scene->arena, "%s/below", place_of(scene, "pids")->path);
            if (mkdir(below, 0755) < 0 ||
                file_put(AT_FDCWD, arena_printf(&scene->arena, "%s/cgroup.procs", below), "0") < 0)
                _exit(1);
        } else if (nested) {
            pause();
        }
        if (write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1)
        child = -1;
    close(ready[0]);
    return child;
}

static void test_life(struct scene *scene)
{
    tap_ok(plan(scene, NULL) == 0, "cgroup_plan succeeds: %s", tap_error(&scene->error));
    tap_ok(count_existing(scene) == 0, "planning creates nothing");
    tap_ok(scene->cgroup.n_places == scene->host.n_hierarchies,
           "the plan has a cgroup in every hierarchy");
    tap_ok(make(scene, NULL) == 0, "cgroup_make succeeds: %s", tap_error(&scene->error));
    tap_ok(count_existing(scene) == scene->cgroup.n_places,
           "a cgroup is created in every hierarchy");

    pid_t child = join(scene, false);
    tap_ok(child > 0, "a process joins the cgroups by itself");
    struct cgroup_record record = scene->cgroup.record;
    struct cgroup second = scene->cgroup;
    tap_ok(plan(scene, NULL) == -EBUSY &&
               strstr(tap_error(&scene->error), "holds processes") != NULL,
           "a cgroup with processes is refused: %s", tap_error(&scene->error));
    scene->cgroup = second;
    int status = 0;
    tap_ok(cgroup_remove(&record, &scene->error) == 0, "cgroup_remove succeeds: %s",
           tap_error(&scene->error));
    waitpid(child, &status, 0);
    tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
           "cgroup_remove kills the remaining process");
    tap_ok(count_existing(scene) == 0, "the cgroup is removed from every hierarchy");
    tap_ok(cgroup_remove(&record, &scene->error) == 0, "removing a cgroup that is gone succeeds");
}

static void test_limits(struct scene *scene)
{
    tap_ok(plan(scene, "deep/er") == 0 &&
               make(scene,
                    "{\"memory\":{\"limit\":33554432,\"swap\":67108864,\"reservation\":16777216},"
                    "\"cpu\":{\"shares\":512,\"quota\":20000,\"period\":50000,\"mems\":\"0\"},"
                    "\"pids\":{\"limit\":0}}") == 0,
           "cgroup_make with limits: %s", tap_error(&scene->error));
    tap_text(value(scene, "pids", "pids.max"), has_v1(scene) ? "0" : "1", "pids.limit 0");
    if (has_v1(scene)) {
        tap_text(value(scene, "memory", "memory.limit_in_bytes"), "33554432", "memory.limit");
        tap_text(value(scene, "memory", "memory.memsw.limit_in_bytes"), "67108864", "memory.swap");
        tap_text(value(scene, "memory", "memory.soft_limit_in_bytes"), "16777216", "reservation");
        tap_text(value(scene, "cpu", "cpu.shares"), "512", "cpu.shares");
        tap_text(value(scene, "cpu", "cpu.cfs_quota_us"), "20000", "cpu.quota");
        tap_text(value(scene, "cpu", "cpu.cfs_period_us"), "50000", "cpu.period");
        tap_text(value(scene, "cpuset", "cpuset.mems"), "0", "cpu.mems");
    } else {
        tap_text(value(scene, "memory", "memory.max"), "33554432", "memory.limit");
        tap_text(value(scene, "memory", "memory.swap.max"), "33554432", "memory.swap");
        tap_text(value(scene, "memory", "memory.low"), "16777216", "reservation");
        tap_text(value(scene, "cpu", "cpu.weight"), "59", "cpu.shares");
        tap_text(value(scene, "cpu", "cpu.max"), "20000 50000", "cpu.quota and period");
    }
    tap_ok(cgroup_remove(&scene->cgroup.record, &scene->error) == 0 && count_existing(scene) == 0,
           "the cgroups are removed with their parents");
}

static void test_growing(struct scene *scene)
{
    /* A default path would make the cgroup the container's own, whoever created it. */
    const char *path = arena_printf(&scene->arena, "/%s-growing", scene->id);

    tap_ok(plan(scene, path) == 0 &&
               make(scene, "{\"memory\":{\"limit\":16777216,\"swap\":33554432}}") == 0,
           "small memory limits are set first: %s", tap_error(&scene->error));
    struct cgroup_record record = scene->cgroup.record;
    tap_ok(plan(scene, path) == 0 && make(scene, "{\"memory\":{\"limit\":67108864,"
                                                 "\"swap\":67108864}}") == 0,
           "both memory limits grow beyond the former sum: %s", tap_error(&scene->error));
    tap_ok(plan(scene, path) == 0 && make(scene, "{\"memory\":{\"limit\":8388608,"
                                                 "\"swap\":8388608}}") == 0,
           "both memory limits shrink below the former limit: %s", tap_error(&scene->error));
    tap_ok(scene->cgroup.record.n_paths == record.n_paths && count_existing(scene) > 0,
           "an existing cgroup is used");
    struct cgroup_record existing = scene->cgroup.record;
    tap_ok(cgroup_remove(&existing, &scene->error) == 0 && count_existing(scene) > 0,
           "an existing cgroup is not removed by a container that did not create it");
    tap_ok(cgroup_remove(&record, &scene->error) == 0 && count_existing(scene) == 0,
           "the container that created the cgroup removes it");
}

static void test_refusals(struct scene *scene)
{
    tap_ok(plan(scene, "/a/../b") == -EINVAL, "a path with dots is refused: %s",
           tap_error(&scene->error));
    tap_ok(plan(scene, NULL) == 0 && make(scene, "{\"memory\":{\"limit\":1048576},"
                                                 "\"cpu\":{\"shares\":512,\"quota\":1}}") < 0,
           "the kernel refuses a limit");
    tap_text(tap_error(&scene->error),
             has_v1(scene)
                 ? "linux.resources.cpu.quota: write \"1\" to cpu.cfs_quota_us: invalid argument "
                   "(the kernel accepts 1000 to 17592186044415 microseconds, or -1)"
                 : "linux.resources.cpu.quota: write \"1\" to cpu.max: invalid argument "
                   "(the kernel accepts a quota of 1000 to 17592186044415 microseconds, or max)",
             "the error names the property, and what the kernel accepts");
    tap_ok(count_existing(scene) == 0, "nothing is left after the failure");
    tap_ok(cgroup_remove(&scene->cgroup.record, &scene->error) == 0,
           "after the failure there is nothing to remove");
}

static void freeze(struct scene *scene, const char *state)
{
    const struct cgroup_place *freezer = place_of(scene, "freezer");

    if (has_v1(scene))
        file_put(AT_FDCWD, arena_printf(&scene->arena, "%s/freezer.state", freezer->path), state);
}

static void test_nested(struct scene *scene)
{
    tap_ok(plan(scene, NULL) == 0 && make(scene, NULL) == 0, "cgroup_make before freezing: %s",
           tap_error(&scene->error));
    if (has_v1(scene)) {
        struct cgroup cgroup = scene->cgroup;

        freeze(scene, "FROZEN");
        tap_ok(plan(scene, NULL) == -EBUSY && strstr(tap_error(&scene->error), "frozen") != NULL,
               "a frozen cgroup is refused: %s", tap_error(&scene->error));
        scene->cgroup = cgroup;
        freeze(scene, "THAWED");
    }
    tap_ok(join(scene, true) > 0, "a process runs in a cgroup below the container's");
    freeze(scene, "FROZEN");
    tap_ok(cgroup_remove(&scene->cgroup.record, &scene->error) == 0 && count_existing(scene) == 0,
           "a frozen cgroup with a child is killed and removed: %s", tap_error(&scene->error));
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

static void test_devices(struct scene *scene)
{
    if (!has_v1(scene))
        return;
    tap_ok(
        plan(scene, NULL) == 0 &&
            make(scene,
                 "{\"devices\":[{\"allow\":false},{\"allow\":true,\"type\":\"c\",\"major\":10,"
                 "\"minor\":229,\"access\":\"rw\"},{\"allow\":true,\"major\":7,\"access\":\"rwm\"},"
                 "{\"allow\":true,\"major\":9}]}") == 0,
        "device rules are set: %s", tap_error(&scene->error));
    const char *list = value(scene, "devices", "devices.list");
    tap_ok(list != NULL && strstr(list, "c 10:229 rw\n") != NULL,
           "an allowed device can be opened");
    tap_ok(list != NULL && strstr(list, "b 7:* rwm\n") != NULL &&
               strstr(list, "c 7:* rwm\n") != NULL,
           "a rule without a type allows character and block devices");
    tap_ok(list != NULL && strstr(list, " 9:") == NULL, "a rule without access allows nothing");
    tap_ok(list != NULL && strstr(list, "c 1:3 rwm\n") != NULL,
           "the default devices can be opened");
    tap_ok(list != NULL && strstr(list, "a *:*") == NULL, "no other device can be opened");
    cgroup_remove(&scene->cgroup.record, &scene->error);
}

/* Both use the same parent cgroup: the last one removes it. */
static void test_parent(struct scene *scene)
{
    struct cgroup_record first;
    const char *parent;

    plan(scene, "group/one");
    tap_ok(make(scene, NULL) == 0, "the first of two containers in one parent: %s",
           tap_error(&scene->error));
    first = scene->cgroup.record;
    parent = arena_printf(&scene->arena, "%s", scene->cgroup.places[0].path);
    *strrchr((char *) parent, '/') = '\0';
    plan(scene, "group/two");
    tap_ok(make(scene, NULL) == 0, "the second of two containers in one parent: %s",
           tap_error(&scene->error));
    tap_ok(cgroup_remove(&first, &scene->error) == 0 && access(parent, F_OK) == 0,
           "a parent that is in use stays");
    tap_ok(cgroup_remove(&scene->cgroup.record, &scene->error) == 0 && count_existing(scene) == 0,
           "the second container's cgroup is removed");
    tap_ok(access(parent, F_OK) < 0, "the shared parent is removed with the last container");
}

/* Two creations use the same path at the same time: the second one must not touch the first one's
 * cgroup. */
static void test_race(struct scene *scene)
{
    struct cgroup first;

    plan(scene, "same");
    first = scene->cgroup;
    plan(scene, "same");
    struct cgroup second = scene->cgroup;
    scene->cgroup = first;
    tap_ok(make(scene, NULL) == 0, "the first of two creations with the same path: %s",
           tap_error(&scene->error));
    first = scene->cgroup;
    scene->cgroup = second;
    tap_ok(make(scene, NULL) == -EEXIST, "the second creation with the same path fails: %s",
           tap_error(&scene->error));
    tap_ok(scene->cgroup.record.n_paths == 0 && scene->cgroup.record.n_made == 0,
           "the second creation has nothing to remove");
    scene->cgroup = first;
    tap_ok(count_existing(scene) == first.n_places, "the first creation's cgroups are still there");
    cgroup_remove(&first.record, &scene->error);
}

static unsigned random_number(void)
{
    unsigned number = 0;

    if (getrandom(&number, sizeof(number), 0) != sizeof(number))
        abort();
    return number;
}

int main(void)
{
    struct scene scene = {0};

    /* A process in another PID namespace may have the same PID. */
    snprintf(scene.id, sizeof(scene.id), "test%08x", random_number());
    if (geteuid() != 0 || cgroup_probe(&scene.arena, "", &scene.host, &scene.error) < 0 ||
        scene.host.layout == CGROUP_NONE ||
        access(scene.host.hierarchies[0].mount_point, W_OK) < 0) {
        printf("1..0 # SKIP needs root and cgroups\n");
        return 0;
    }
    test_life(&scene);
    test_limits(&scene);
    test_growing(&scene);
    test_refusals(&scene);
    test_nested(&scene);
    test_devices(&scene);
    test_parent(&scene);
    test_race(&scene);
    arena_free(&scene.arena);
    return tap_end();
}
