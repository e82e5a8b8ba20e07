/* SPDX-License-Identifier: Apache-2.0 */
/* Losses of a container by its limits, from cgroups of plain files. */
#include "berth/cgroup/losses.h"

#include <errno.h>

#include "berth/base/array.h"
#include "cgroup-scene.h"
#include "tap.h"

/* Expects the result; `state` must find the same number of kills. */
static struct cgroup_losses read_losses(struct scene *scene, int expected)
{
    const struct cgroup_record *record = &scene->cgroup.record;
    struct cgroup_losses losses;
    struct error error = {0};
    uint64_t kills = 0;

    tap_ok(cgroup_read_losses(&scene->arena, record, &losses, &error) == expected,
           "missing counters are an error, with a cgroup that is gone");
    bool counts = cgroup_count_oom_kills(record, &kills);
    tap_ok(counts == (losses.directory != NULL) && (!counts || kills == losses.oom_kills),
           "cgroup_count_oom_kills finds the same number");
    return losses;
}

static void test_v2(void)
{
    struct scene scene;

    scene_open(&scene, v2);
    put(&scene, "unified/c/memory.events", "low 0\noom 5\noom_kill 2\noom_group_kill 7\n");
    put(&scene, "unified/c/memory.events.local", "low 0\noom 3\noom_kill 1\n");
    put(&scene, "unified/c/memory.max", "4096\n");
    put(&scene, "unified/c/pids.events", "max 4\n");
    put(&scene, "unified/c/pids.max", "5\n");
    struct cgroup_losses losses = read_losses(&scene, 0);
    tap_ok(losses.oom_kills == 2, "on v2 oom_kill counts, and oom_group_kill does not");
    tap_ok(losses.memory.reached == 3 && losses.ooms_below == 2,
           "how often its own limit was reached, and those of cgroups below");
    tap_text(losses.memory.value, "4096", "the value of memory.max");
    tap_text(losses.memory.file, at(&scene, "unified/c/memory.max"), "the path of memory.max");
    tap_text(losses.directory, at(&scene, "unified/c"), "the cgroup with the counters");
    tap_ok(losses.peak == NULL, "on v2 no peak is read");
    tap_ok(losses.pids.reached == 4, "the refused processes are counted");
    tap_text(losses.pids.value, "5", "the value of pids.max");
    scene_close(&scene);
}

/* Linux 5.1 has no memory.events.local: that the own limit was not reached is not known. */
static void test_old_v2(void)
{
    struct scene scene;

    scene_open(&scene, v2);
    put(&scene, "unified/c/memory.events", "oom 5\noom_kill 2\n");
    put(&scene, "unified/c/memory.max", "4096\n");
    struct cgroup_losses losses = read_losses(&scene, 0);
    tap_ok(losses.oom_kills == 2 && losses.memory.file == NULL,
           "without memory.events.local, kills are counted and no limit is blamed");
    scene_close(&scene);
}

static void test_v1(void)
{
    struct scene scene;

    scene_open(&scene, v1);
    put(&scene, "memory/c/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
    put(&scene, "memory/c/memory.limit_in_bytes", "8192\n");
    put(&scene, "memory/c/memory.max_usage_in_bytes", "4096\n");
    struct cgroup_losses losses = read_losses(&scene, 0);
    tap_ok(losses.oom_kills == 1, "on v1 oom_kill counts");
    tap_text(losses.memory.value, "8192", "the value of memory.limit_in_bytes");
    tap_text(losses.peak, "4096", "the peak is memory.max_usage_in_bytes");
    tap_ok(losses.pids.file == NULL, "without pids.events, no limit on processes is blamed");
    put(&scene, "memory/c/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n");
    losses = read_losses(&scene, 0);
    tap_ok(losses.directory == NULL, "a file without oom_kill (Linux before 4.13) counts no kills");
    put(&scene, "memory/c/memory.oom_control", "oom_kill many\n");
    losses = read_losses(&scene, 0);
    tap_ok(losses.directory == NULL, "an oom_kill that is not a number counts no kills");
    scene_close(&scene);
}

/* The record can have a cgroup that is gone: it does not hide the counters of the others. */
static void test_missing(void)
{
    struct scene scene;

    scene_open(&scene, v1);
    put(&scene, "memory/c/memory.oom_control", "oom_kill 1\n");
    const char *const paths[] = {at(&scene, "gone/c"), at(&scene, "memory/c")};
    scene.cgroup.record.paths = paths;
    scene.cgroup.record.n_paths = COUNT(paths);
    struct cgroup_losses losses = read_losses(&scene, -ENODEV);
    tap_ok(losses.oom_kills == 1, "a hierarchy that is missing does not hide the kills of another");
    put(&scene, "memory/c/pids.events", "max 2\n");
    losses = read_losses(&scene, 0);
    tap_ok(losses.oom_kills == 1 && losses.pids.reached == 2,
           "where both have counters, it does not matter");
    scene_close(&scene);
}

static void test_path(void)
{
    struct scene scene;

    scene_open(&scene, v1);
    tap_text(cgroup_path_with(&scene.host, &scene.cgroup.record, "memory"), "/c",
             "the path of the cgroup in its hierarchy");
    const char *const root[] = {at(&scene, "memory/")}, *const other_path[] = {"/c"};
    const struct cgroup_record of_root = {.paths = root, .n_paths = 1};
    const struct cgroup_record unknown = {.paths = other_path, .n_paths = 1};
    tap_text(cgroup_path_with(&scene.host, &of_root, "memory"), NULL,
             "the root of the hierarchy counts as no cgroup");
    tap_text(cgroup_path_with(&scene.host, &unknown, "memory"), NULL,
             "a path in no hierarchy has no path there");
    scene_close(&scene);
}

static void test_none(void)
{
    struct scene scene;

    scene_open(&scene, other);
    struct cgroup_losses losses = read_losses(&scene, 0);
    tap_ok(losses.directory == NULL && losses.memory.file == NULL,
           "without a memory controller, neither kills nor limits are known");
    scene_close(&scene);
}

int main(void)
{
    test_v2();
    test_old_v2();
    test_v1();
    test_missing();
    test_path();
    test_none();
    return tap_end();
}
