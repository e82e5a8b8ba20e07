/* SPDX-License-Identifier: Apache-2.0 */
/* Which values `check` refuses beforehand, and why the kernel refuses others. The cgroups are plain
 * files, so this needs neither root nor a certain kernel. */
#include <errno.h>

#include "cgroup-scene.h"
#include "resources/compile.h"
#include "tap-error.h"
#include "tap.h"

/* Texts that the kernel accepts, by kstrtoll(s, 0), or by sscanf("%llu"), which ignores the rest of
 * a word. */
static const struct {
    const char *file;
    const char *text;
    bool accepts;
} numbers[] = {
    {"pids.max", "64", true},
    {"pids.max", "0x40", true},
    {"pids.max", "0100", true},
    {"pids.max", " +64 ", true},
    {"pids.max", "max", true},
    {"pids.max", "4194304", true},
    {"pids.max", "4194305", false},
    {"pids.max", "0x400001", false},
    {"pids.max", "64k", false},
    {"pids.max", "-1", false},
    {"cpu.weight", "0x10", true},
    {"cpu.weight", "10001", false},
    {"cpu.weight.nice", "-20", true},
    {"cpu.weight.nice", "-0x14", true},
    {"cpu.weight.nice", "-21", false},
    {"cpu.idle", "0x1", true},
    {"cgroup.max.depth", "0x7fffffff", true},
    {"cgroup.max.depth", "0x80000000", false},
    {"memory.oom.group", "01", true},
    {"memory.use_hierarchy", "0", true},
    {"memory.use_hierarchy", "1", true},
    {"cpu.max", "max", true},
    {"cpu.max", "max 5", false},
    {"cpu.max", "max 50000", true},
    {"cpu.max", "max default", true},
    {"cpu.max", "50000us", true},
    {"cpu.max", "50000\t100000us", true},
    {"cpu.max", "5", false},
    {"cpu.max", "lots", false},
    {"cpu.max.burst", "18446744073709551", true},
    {"cpu.max.burst", "18446744073709552", false},
    {"io.weight", "100", true},
    {"io.weight", "100 or so", true},
    {"io.weight", "default 100", true},
    {"io.weight", "default 0", false},
    {"io.weight", "default", true},
    {"io.weight", "8:0 100", true},
    {"io.weight", "8:0 100 or so", true},
    {"io.weight", "8:0 default", true},
    {"io.weight", "8:0 10001", false},
    {"io.weight", "8:0 lots", false},
    {"io.weight", "8:0", false},
    {"io.bfq.weight", "0x64", true},
    {"io.bfq.weight", "8:0 1001", false},
};

/* The files of the cgroup c and of its parent p; "" if there is no such file. */
static const struct {
    const char *name;
    bool v2;
    const char *field;
    const char *file;
    const char *text;
    int number;
    const char *quota, *period, *burst;
    const char *parent_quota, *parent_period;
    const char *hint; /* a part of it, or NULL: no hint */
} refusals[] = {
    {"a quota below the burst", false, "cpu.quota", "cpu.cfs_quota_us", "5000", EINVAL, "20000",
     "100000", "10000", "-1", "100000",
     "the quota must not be less than the burst, which is 10000"},
    {"a quota above the burst and the parent's share", false, "cpu.quota", "cpu.cfs_quota_us",
     "90000", EINVAL, "20000", "100000", "10000", "50000", "100000",
     "p has a quota of 50000 for a period of 100000"},
    {"a quota above the burst, on v2", true, "cpu.quota", "cpu.max", "90000", EINVAL,
     "20000 100000", "", "10000", "", "", NULL},
    {"a quota below the burst, on v2", true, "cpu.quota", "cpu.max", "5000 100000", EINVAL,
     "20000 100000", "", "10000", "", "", "the quota must not be less than the burst"},
    {"no quota, with a burst, on v2", true, "cpu.quota", "cpu.max", "max 100000", EINVAL,
     "20000 100000", "", "10000", "", "", NULL},
    {"a quota within the parent's share", false, "cpu.quota", "cpu.cfs_quota_us", "40000", EINVAL,
     "60000", "200000", "0", "50000", "100000", "a cgroup below has a larger share"},
    {"a period that makes the share larger than the parent's", false, "cpu.period",
     "cpu.cfs_period_us", "10000", EINVAL, "20000", "100000", "10000", "50000", "100000",
     "p has a quota of 50000 for a period of 100000"},
    {"a quota, and the parent has none", false, "cpu.quota", "cpu.cfs_quota_us", "40000", EINVAL,
     "-1", "100000", "0", "-1", "100000", "a cgroup below has a larger share"},
    {"a burst above the quota", false, "cpu.burst", "cpu.cfs_burst_us", "20001", EINVAL, "20000",
     "100000", "0", "-1", "100000", "the burst must not exceed the quota, which is 20000"},
    {"a burst above the quota, on v2", true, "cpu.burst", "cpu.max.burst", "20001", EINVAL,
     "20000 100000", "", "0", "", "", "the burst must not exceed the quota, which is 20000"},
    {"a burst without a quota", false, "cpu.burst", "cpu.cfs_burst_us", "20001", EINVAL, "-1",
     "100000", "0", "-1", "100000", NULL},
    {"a burst without a quota, on v2", true, "cpu.burst", "cpu.max.burst", "20001", EINVAL,
     "max 100000", "", "0", "", "", NULL},
    {"use_hierarchy since Linux 5.11", false, "memory.useHierarchy", "memory.use_hierarchy", "0",
     EINVAL, "", "", "", "", "", "the kernel accepts only 1"},
    {"pids.max of a 32-bit kernel", true, "pids.limit", "pids.max", "32769", EINVAL, "", "", "", "",
     "", "the kernel accepts 0 to 32768"},
    {"a number out of range", true, "unified[cpu.weight]", "cpu.weight", "0", ERANGE, "", "", "",
     "", "", "the kernel accepts 1 to 10000"},
    {"a file without permission, whatever the number", true, "unified[cpu.weight]", "cpu.weight",
     "0", EACCES, "", "", "", "", "", NULL},
    {"a quota without permission", false, "cpu.quota", "cpu.cfs_quota_us", "90000", EACCES, "20000",
     "100000", "0", "50000", "100000", NULL},
    {"memory without permission", true, "memory.limit", "memory.max", "4096", EACCES, "", "", "",
     "", "", NULL},
};

static void test_numbers(struct scene *scene)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct error error = {0};
        const struct cgroup_write write = {.field = "unified",
                                           .place = &scene->cgroup.places[0],
                                           .file = numbers[i].file,
                                           .text = numbers[i].text};

        tap_ok((cgroup_check_range(&write, &error) == 0) == numbers[i].accepts, "%s %s \"%s\"",
               numbers[i].file, numbers[i].accepts ? "accepts" : "refuses", numbers[i].text);
    }
}

static void put_if(struct scene *scene, const char *path, const char *text)
{
    if (text[0] != '\0')
        put(scene, path, text);
}

static void test_refusal(size_t i)
{
    struct scene scene;
    struct error error = {0};
    bool is_v2 = refusals[i].v2;

    scene_open(&scene, is_v2 ? v2 : v1);
    struct cgroup_place place = {.hierarchy = scene.cgroup.places[0].hierarchy,
                                 .path = at(&scene, "p/c")};
    put_if(&scene, is_v2 ? "p/c/cpu.max" : "p/c/cpu.cfs_quota_us", refusals[i].quota);
    put_if(&scene, "p/c/cpu.cfs_period_us", refusals[i].period);
    put_if(&scene, is_v2 ? "p/c/cpu.max.burst" : "p/c/cpu.cfs_burst_us", refusals[i].burst);
    put_if(&scene, "p/cpu.cfs_quota_us", refusals[i].parent_quota);
    put_if(&scene, "p/cpu.cfs_period_us", refusals[i].parent_period);
    const struct cgroup_write write = {.field = refusals[i].field,
                                       .place = &place,
                                       .file = refusals[i].file,
                                       .text = refusals[i].text};
    cgroup_error_write(&write, refusals[i].number, &error);
    const char *text = tap_error(&error);
    tap_ok(refusals[i].hint == NULL ? strchr(text, '(') == NULL
                                    : strstr(text, refusals[i].hint) != NULL,
           "%s: %s", refusals[i].name, text);
    scene_close(&scene);
}

static void test_lists(void)
{
    struct scene scene;
    struct error error = {0};

    scene_open(&scene, v1);
    struct cgroup_place place = {.hierarchy = scene.cgroup.places[0].hierarchy,
                                 .path = at(&scene, "p/c")};
    put(&scene, "p/cpuset.effective_cpus", "0-1\n");
    const struct cgroup_write write = {
        .field = "cpu.cpus", .place = &place, .file = "cpuset.cpus", .text = "2"};
    cgroup_error_write(&write, EACCES, &error);
    tap_ok(strstr(tap_error(&error), "p has 0-1") != NULL,
           "the parent's CPUs, which the kernel means by EACCES: %s", tap_error(&error));
    scene_close(&scene);
}

int main(void)
{
    struct scene scene;

    scene_open(&scene, v2);
    test_numbers(&scene);
    scene_close(&scene);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        test_refusal(i);
    test_lists();
    return tap_end();
}
