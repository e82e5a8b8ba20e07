/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/cgroup/stats.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/json.h"
#include "hierarchy/files.h"
#include "stats.h"

#define FIRST stats_write_first
#define SUM stats_write_sum
#define MICROSECONDS .convert = stats_microseconds
#define TICKS .convert = stats_ticks
/* clang-format off */
#define SETTING(field) {.setting = field}

#define CPUSET_FLAG(name)                                                                          \
    {"cpuset." name, FIRST, true, "cpuset", {{"cpuset." name}}, {{0}}}
#define BLKIO(member, bfq, cfq)                                                                    \
    {"blkio." member, stats_write_devices, false, "blkio",                                         \
     {{"blkio.bfq." bfq "_recursive"}, {"blkio." cfq "_recursive"}}, {{0}}}
#define BLKIO_COUNTED(member, name, v2_words)                                                      \
    {"blkio." member, stats_write_devices, false, "blkio",                                         \
     {{"blkio.bfq." name "_recursive"}, {"blkio." name "_recursive"},                              \
      {"blkio.throttle." name "_recursive"}, {"blkio.throttle." name}},                            \
     {{"io.stat", v2_words}}}
#define PRESSURE(path, file) {path, stats_write_pressure, false, NULL, {{0}}, {{file}}}

/* In output order: members of one object are adjacent. The first source that exists counts. */
static const struct stats_row rows[] = {
    {"cpu.usage.total", FIRST, false, "cpuacct",
     {{"cpuacct.usage"}}, {{"cpu.stat", "usage_usec", MICROSECONDS}}},
    {"cpu.usage.percpu", stats_write_numbers, false, "cpuacct",
     {{"cpuacct.usage_percpu"}}, {{0}}},
    {"cpu.usage.percpu_kernel", stats_write_column, false, "cpuacct",
     {{"cpuacct.usage_all", "system"}}, {{0}}},
    {"cpu.usage.percpu_user", stats_write_column, false, "cpuacct",
     {{"cpuacct.usage_all", "user"}}, {{0}}},
    /* cpuacct.usage_user and usage_sys are finer, but sampled at ticks: together they can exceed
     * the total. */
    {"cpu.usage.kernel", FIRST, true, "cpuacct",
     {{"cpuacct.stat", "system", TICKS}},
     {{"cpu.stat", "system_usec", MICROSECONDS}}},
    {"cpu.usage.user", FIRST, true, "cpuacct",
     {{"cpuacct.stat", "user", TICKS}},
     {{"cpu.stat", "user_usec", MICROSECONDS}}},
    {"cpu.throttling.periods", FIRST, false, "cpu",
     {{"cpu.stat", "nr_periods"}}, {{"cpu.stat", "nr_periods"}}},
    {"cpu.throttling.throttledPeriods", FIRST, false, "cpu",
     {{"cpu.stat", "nr_throttled"}}, {{"cpu.stat", "nr_throttled"}}},
    {"cpu.throttling.throttledTime", FIRST, false, "cpu",
     {{"cpu.stat", "throttled_time"}}, {{"cpu.stat", "throttled_usec", MICROSECONDS}}},
    PRESSURE("cpu.psi", "cpu.pressure"),

    {"cpuset.cpus", stats_write_set, false, "cpuset",
     {SETTING("cpu.cpus")}, {{"cpuset.cpus.effective"}}},
    CPUSET_FLAG("cpu_exclusive"),
    {"cpuset.mems", stats_write_set, false, "cpuset",
     {SETTING("cpu.mems")}, {{"cpuset.mems.effective"}}},
    CPUSET_FLAG("mem_hardwall"),
    CPUSET_FLAG("mem_exclusive"),
    CPUSET_FLAG("memory_migrate"),
    CPUSET_FLAG("memory_spread_page"),
    CPUSET_FLAG("memory_spread_slab"),
    CPUSET_FLAG("memory_pressure"),
    CPUSET_FLAG("sched_load_balance"),
    {"cpuset.sched_relax_domain_level", stats_write_signed, true, "cpuset",
     {{"cpuset.sched_relax_domain_level"}}, {{0}}},

    {"memory.cache", FIRST, false, "memory",
     {{"memory.stat", "cache"}}, {{"memory.stat", "file"}}},
    {"memory.usage.limit", FIRST, true, "memory",
     {SETTING("memory.limit")}, {SETTING("memory.limit")}},
    {"memory.usage.usage", FIRST, false, "memory",
     {{"memory.usage_in_bytes"}}, {{"memory.current"}}},
    {"memory.usage.max", FIRST, false, "memory",
     {{"memory.max_usage_in_bytes"}}, {{"memory.peak"}}},
    {"memory.usage.failcnt", FIRST, true, "memory",
     {{"memory.failcnt"}}, {{"memory.events", "max"}}},
    /* Memory and swap together, as v1 counts them. The sum of two peaks is not a peak. */
    {"memory.swap.limit", SUM, true, "memory",
     {SETTING("memory.swap")}, {SETTING("memory.swap"), SETTING("memory.limit")}},
    {"memory.swap.usage", SUM, false, "memory",
     {{"memory.memsw.usage_in_bytes"}}, {{"memory.swap.current"}, {"memory.current"}}},
    {"memory.swap.max", FIRST, false, "memory",
     {{"memory.memsw.max_usage_in_bytes"}}, {{0}}},
    {"memory.swap.failcnt", FIRST, true, "memory",
     {{"memory.memsw.failcnt"}}, {{"memory.swap.events", "max"}}},
    {"memory.kernel.limit", FIRST, true, "memory", {{"memory.kmem.limit_in_bytes"}}, {{0}}},
    {"memory.kernel.usage", FIRST, false, "memory", {{"memory.kmem.usage_in_bytes"}}, {{0}}},
    {"memory.kernel.max", FIRST, false, "memory", {{"memory.kmem.max_usage_in_bytes"}}, {{0}}},
    {"memory.kernel.failcnt", FIRST, true, "memory", {{"memory.kmem.failcnt"}}, {{0}}},
    {"memory.kernelTCP.limit", FIRST, true, "memory",
     {{"memory.kmem.tcp.limit_in_bytes"}}, {{0}}},
    {"memory.kernelTCP.usage", FIRST, false, "memory",
     {{"memory.kmem.tcp.usage_in_bytes"}}, {{0}}},
    {"memory.kernelTCP.max", FIRST, false, "memory",
     {{"memory.kmem.tcp.max_usage_in_bytes"}}, {{0}}},
    {"memory.kernelTCP.failcnt", FIRST, true, "memory", {{"memory.kmem.tcp.failcnt"}}, {{0}}},
    {"memory.raw", stats_write_map, false, "memory", {{"memory.stat"}}, {{"memory.stat"}}},
    PRESSURE("memory.psi", "memory.pressure"),

    /* Without the controller, count the members of the cgroup itself; of a threaded one its
     * threads. */
    {"pids.current", FIRST, false, "pids", {{"pids.current"}},
     {{"pids.current"}, {"cgroup.procs", .convert = stats_lines},
      {"cgroup.threads", .convert = stats_lines}}},
    {"pids.limit", FIRST, false, "pids",
     {{.setting = "pids.limit", .convert = stats_or_none}},
     {{.setting = "pids.limit", .convert = stats_or_none}}},

    BLKIO_COUNTED("ioServiceBytesRecursive", "io_service_bytes", "bytes"),
    BLKIO_COUNTED("ioServicedRecursive", "io_serviced", "ios"),
    BLKIO("ioQueueRecursive", "io_queued", "io_queued"),
    BLKIO("ioServiceTimeRecursive", "io_service_time", "io_service_time"),
    BLKIO("ioWaitTimeRecursive", "io_wait_time", "io_wait_time"),
    BLKIO("ioMergedRecursive", "io_merged", "io_merged"),
    BLKIO("ioTimeRecursive", "time", "time"),
    BLKIO("sectorsRecursive", "sectors", "sectors"),
    PRESSURE("blkio.psi", "io.pressure"),

    {"hugetlb", stats_write_hugetlb, true, "hugetlb", {{0}}, {{0}}},
    /* For decoders of callers: berth does not count these. */
    {"intel_rdt", stats_write_empty, true, NULL, {{0}}, {{0}}},
    {"network_interfaces", stats_write_null, true, NULL, {{0}}, {{0}}},
};
/* clang-format on */

/* Length of the common prefix of two paths that names objects. */
static size_t common_length(const char *a, const char *b)
{
    size_t common = 0;

    for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
        if (a[i] == '.')
            common = i + 1;
    return common;
}

/* Closes the objects around `from` and opens those around `to`. */
static void move(struct json *json, const char *from, const char *to)
{
    size_t common = common_length(from, to);
    char key[32];

    for (const char *at = from + common; (at = strchr(at, '.')) != NULL; at++)
        json_object_close(json);
    for (const char *at = to + common, *dot; (dot = strchr(at, '.')) != NULL; at = dot + 1) {
        memcpy(key, at, (size_t) (dot - at));
        key[dot - at] = '\0';
        json_key(json, key);
        json_object_open(json);
    }
}

/* Called after reading everything: a cgroup that still exists has existed all the time. */
static int check_there(const struct cgroup *cgroup, struct error *error)
{
    for (size_t i = 0; i < cgroup->n_places; i++)
        if (access(cgroup->places[i].path, F_OK) < 0)
            return error_set(error, ENODEV, "the container's cgroup %s is gone",
                             cgroup->places[i].path);
    return 0;
}

int cgroup_stats(const struct cgroup *cgroup, struct json *json, struct error *error)
{
    struct stats_writer writer = {
        .arena = json->text.arena, .cgroup = cgroup, .json = json, .error = error};
    const char *path = "";

    json_object_open(json);
    for (const struct stats_row *row = rows; row < rows + COUNT(rows); row++) {
        move(json, path, row->path);
        path = row->path;
        writer.row = row;
        writer.place = cgroup_place_with(cgroup, row->controller);
        writer.sources = writer.place != NULL && writer.place->hierarchy->v2 ? row->v2 : row->v1;
        TRY(row->write(&writer));
    }
    move(json, path, "");
    json_object_close(json);
    return check_there(cgroup, error);
}
