/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics from cgroups of plain files: what is read from where, what is left out, and what is
 * rejected. */
#include "berth/cgroup/stats.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/json.h"
#include "cgroup-scene.h"
#include "tap-error.h"
#include "tap.h"

static int stats(struct scene *scene)
{
    struct json json;

    scene->error = (struct error){0};
    json_start(&json, &scene->arena, false);
    int result = cgroup_stats(&scene->cgroup, &json, &scene->error);
    scene->json = json.text.bytes;
    return result;
}

static void has(const struct scene *scene, const char *part)
{
    if (!tap_ok(strstr(scene->json, part) != NULL, "the statistics have %s", part))
        printf("# in: %s\n", scene->json);
}

static void lacks(const struct scene *scene, const char *part)
{
    if (!tap_ok(strstr(scene->json, part) == NULL, "the statistics lack %s", part))
        printf("# in: %s\n", scene->json);
}

/* Checks the errno and text of an error. */
static void fails(struct scene *scene, int number, const char *words, const char *name)
{
    int result = stats(scene);

    if (!tap_ok(result == -number && scene->error.number == number &&
                    strstr(tap_error(&scene->error), words) != NULL,
                "%s", name))
        printf("# %d: %s\n", result, tap_error(&scene->error));
}

#define NO_FLAGS                                                                                   \
    "\"cpu_exclusive\":0,\"mem_hardwall\":0,\"mem_exclusive\":0,\"memory_migrate\":0,"             \
    "\"memory_spread_page\":0,\"memory_spread_slab\":0,\"memory_pressure\":0,"                     \
    "\"sched_load_balance\":0,\"sched_relax_domain_level\":0"
#define NOTHING                                                                                    \
    "{\"cpu\":{\"usage\":{\"kernel\":0,\"user\":0},\"throttling\":{}},"                            \
    "\"cpuset\":{" NO_FLAGS "},\"memory\":{\"usage\":{\"limit\":0,\"failcnt\":0},"                 \
    "\"swap\":{\"limit\":0,\"failcnt\":0},\"kernel\":{\"limit\":0,\"failcnt\":0},"                 \
    "\"kernelTCP\":{\"limit\":0,\"failcnt\":0}},\"pids\":{},\"blkio\":{},\"hugetlb\":{},"          \
    "\"intel_rdt\":{},\"network_interfaces\":null}"

static void test_nothing(void)
{
    static const char *const *const layouts[] = {v1, v2, hybrid, other};

    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        struct scene scene;

        scene_open(&scene, layouts[i]);
        tap_ok(stats(&scene) == 0, "missing files are no error: %s", tap_error(&scene.error));
        tap_text(scene.json, NOTHING,
                 "without files the statistics are those that runc always has");
        scene_close(&scene);
    }
}

static void test_v1_cpu(void)
{
    struct scene scene;

    scene_open(&scene, v1);
    put(&scene, "cpu,cpuacct/c/cpuacct.usage", "123456789\n");
    put(&scene, "cpu,cpuacct/c/cpuacct.usage_percpu", "100 0 23 \n");
    put(&scene, "cpu,cpuacct/c/cpuacct.usage_all", "cpu user system\n0 1 2\n1 0 0\n2 3 4\n");
    put(&scene, "cpu,cpuacct/c/cpuacct.stat", "user 3\nsystem 70000\n");
    put(&scene, "cpu,cpuacct/c/cpu.stat",
        "nr_periods 5\nnr_throttled 0\nthrottled_time 777\nnr_bursts 1\n");
    tap_ok(stats(&scene) == 0, "statistics of v1 cpu: %s", tap_error(&scene.error));
    has(&scene,
        "{\"cpu\":{\"usage\":{\"total\":123456789,\"percpu\":[100,0,23],\"percpu_kernel\":[2,0,4],"
        "\"percpu_user\":[1,0,3],\"kernel\":700000000000,\"user\":30000000},"
        "\"throttling\":{\"periods\":5,\"throttledTime\":777}},");
    put(&scene, "cpu,cpuacct/c/cpuacct.usage_sys", "11\n");
    put(&scene, "cpu,cpuacct/c/cpuacct.usage_all", "cpu user\n0 1\n");
    stats(&scene);
    has(&scene, "\"percpu\":[100,0,23],\"percpu_user\":[1],");
    scene_close(&scene);
}

static void test_v1_cpuset(void)
{
    struct scene scene;

    scene_open(&scene, v1);
    put(&scene, "cpuset/c/cpuset.cpus", "0-3,7\n");
    put(&scene, "cpuset/c/cpuset.mems", "0\n");
    put(&scene, "cpuset/c/cpuset.cpu_exclusive", "1\n");
    put(&scene, "cpuset/c/cpuset.sched_relax_domain_level", "-1\n");
    tap_ok(stats(&scene) == 0, "statistics of v1 cpuset: %s", tap_error(&scene.error));
    has(&scene,
        "\"cpuset\":{\"cpus\":[0,1,2,3,7],\"cpu_exclusive\":1,\"mems\":[0],\"mem_hardwall\":0,");
    has(&scene, "\"sched_relax_domain_level\":-1}");
    put(&scene, "cpuset/c/cpuset.cpus", "\n");
    stats(&scene);
    has(&scene, "\"cpuset\":{\"cpu_exclusive\":1,");
    scene_close(&scene);
}

static void test_v1_memory(void)
{
    struct scene scene;

    scene_open(&scene, v1);
    put(&scene, "memory/c/memory.limit_in_bytes", "9223372036854771712\n");
    put(&scene, "memory/c/memory.usage_in_bytes", "4096\n");
    put(&scene, "memory/c/memory.max_usage_in_bytes", "8192\n");
    put(&scene, "memory/c/memory.failcnt", "3\n");
    put(&scene, "memory/c/memory.memsw.limit_in_bytes", "64\n");
    put(&scene, "memory/c/memory.memsw.usage_in_bytes", "32\n");
    put(&scene, "memory/c/memory.memsw.max_usage_in_bytes", "48\n");
    put(&scene, "memory/c/memory.kmem.usage_in_bytes", "0\n");
    put(&scene, "memory/c/memory.kmem.tcp.failcnt", "9\n");
    put(&scene, "memory/c/memory.stat", "cache 12\nrss -4096\ntotal_cache 18446744073709551615\n");
    put(&scene, "pids/c/pids.current", "2\n");
    put(&scene, "pids/c/pids.max", "max\n");
    tap_ok(stats(&scene) == 0, "statistics of v1 memory: %s", tap_error(&scene.error));
    has(&scene, "\"memory\":{\"cache\":12,\"usage\":{\"limit\":9223372036854771712,\"usage\":4096,"
                "\"max\":8192,"
                "\"failcnt\":3},\"swap\":{\"limit\":64,\"usage\":32,\"max\":48,\"failcnt\":0},"
                "\"kernel\":{\"limit\":0,\"failcnt\":0},\"kernelTCP\":{\"limit\":0,\"failcnt\":9},"
                "\"raw\":{\"cache\":12,\"rss\":0,\"total_cache\":18446744073709551615}},"
                "\"pids\":{\"current\":2},");
    put(&scene, "pids/c/pids.max", "50\n");
    stats(&scene);
    has(&scene, "\"pids\":{\"current\":2,\"limit\":50},");
    scene_close(&scene);
}

static void test_v1_devices(void)
{
    struct scene scene;

    scene_open(&scene, v1);
    put(&scene, "blkio/c/blkio.bfq.io_service_bytes_recursive", "Total 0\n");
    put(&scene, "blkio/c/blkio.throttle.io_service_bytes_recursive",
        "8:0 Read 4096\n8:0 Write 0\n8:0 Total 4096\nTotal 4096\n");
    put(&scene, "blkio/c/blkio.throttle.io_service_bytes", "8:0 Read 1\nTotal 1\n");
    put(&scene, "blkio/c/blkio.time_recursive", "8:16 5\n0:3 6\n");
    put(&scene, "hugetlb/c/hugetlb.2MB.usage_in_bytes", "1\n");
    put(&scene, "hugetlb/c/hugetlb.2MB.rsvd.usage_in_bytes", "2097152\n");
    put(&scene, "hugetlb/c/hugetlb.2MB.rsvd.max_usage_in_bytes", "4194304\n");
    put(&scene, "hugetlb/c/hugetlb.2MB.rsvd.failcnt", "7\n");
    put(&scene, "hugetlb/c/hugetlb.1GB.usage_in_bytes", "0\n");
    tap_ok(stats(&scene) == 0, "statistics of v1 devices: %s", tap_error(&scene.error));
    has(&scene,
        "\"blkio\":{\"ioServiceBytesRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":4096},"
        "{\"major\":8,\"op\":\"Write\"},{\"major\":8,\"op\":\"Total\",\"value\":4096}],"
        "\"ioTimeRecursive\":[{\"major\":8,\"minor\":16,\"value\":5},{\"minor\":3,\"value\":6}]}");
    has(&scene, "\"hugetlb\":{\"1GB\":{\"failcnt\":0},"
                "\"2MB\":{\"usage\":2097152,\"max\":4194304,\"failcnt\":7}},");
    put(&scene, "blkio/c/blkio.bfq.io_service_bytes_recursive", "8:0 Read 9\nTotal 9\n");
    stats(&scene);
    has(&scene, "\"ioServiceBytesRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":9}]");
    scene_close(&scene);
}

static void put_v2(struct scene *scene)
{
    put(scene, "unified/c/cpu.stat",
        "usage_usec 1000\nuser_usec 600\nsystem_usec 400\nnr_periods 4\nnr_throttled 2\n"
        "throttled_usec 3\n");
    put(scene, "unified/c/cpuset.cpus", "\n");
    put(scene, "unified/c/cpuset.cpus.effective", "1\n");
    put(scene, "unified/c/cpuset.mems.effective", "0-1\n");
    put(scene, "unified/c/memory.max", "max\n");
    put(scene, "unified/c/memory.current", "4096\n");
    put(scene, "unified/c/memory.peak", "8192\n");
    put(scene, "unified/c/memory.events", "low 0\nhigh 0\nmax 6\noom 1\noom_kill 1\n");
    put(scene, "unified/c/memory.stat", "anon 1\nfile 2\nfile_mapped 3\n");
    put(scene, "unified/c/pids.current", "3\n");
    put(scene, "unified/c/pids.max", "20\n");
    put(scene, "unified/c/hugetlb.2MB.current", "0\n");
    put(scene, "unified/c/hugetlb.2MB.rsvd.current", "5\n");
    put(scene, "unified/c/hugetlb.2MB.events", "max 8\n");
}

static void test_v2(void)
{
    struct scene scene;

    scene_open(&scene, v2);
    put_v2(&scene);
    tap_ok(stats(&scene) == 0, "statistics of v2: %s", tap_error(&scene.error));
    has(&scene, "{\"cpu\":{\"usage\":{\"total\":1000000,\"kernel\":400000,\"user\":600000},"
                "\"throttling\":{\"periods\":4,\"throttledPeriods\":2,\"throttledTime\":3000}},");
    has(&scene, "\"cpuset\":{\"cpus\":[1],\"cpu_exclusive\":0,\"mems\":[0,1],");
    has(&scene,
        "\"memory\":{\"cache\":2,\"usage\":{\"limit\":18446744073709551615,\"usage\":4096,\"max\":"
        "8192,"
        "\"failcnt\":6},\"swap\":{\"limit\":18446744073709551615,\"usage\":4096,\"failcnt\":0},");
    has(&scene, "\"raw\":{\"anon\":1,\"file\":2,\"file_mapped\":3}}");
    has(&scene, "\"pids\":{\"current\":3,\"limit\":20},");
    has(&scene, "\"hugetlb\":{\"2MB\":{\"usage\":5,\"failcnt\":8}},");

    put(&scene, "unified/c/memory.max", "1000\n");
    put(&scene, "unified/c/memory.swap.max", "24\n");
    put(&scene, "unified/c/memory.swap.current", "4\n");
    put(&scene, "unified/c/memory.swap.events", "high 0\nmax 2\nfail 0\n");
    stats(&scene);
    has(&scene, "\"swap\":{\"limit\":1024,\"usage\":4100,\"failcnt\":2},");
    put(&scene, "unified/c/memory.swap.max", "max\n");
    stats(&scene);
    has(&scene, "\"usage\":{\"limit\":1000,\"usage\":4096,");
    has(&scene, "\"swap\":{\"limit\":18446744073709551615,");
    put(&scene, "unified/c/cpu.stat", "usage_usec 18446744073709551615\n");
    stats(&scene);
    has(&scene, "\"usage\":{\"total\":18446744073709551615,\"kernel\":0,");
    scene_close(&scene);
}

static void test_v2_devices(void)
{
    struct scene scene;

    scene_open(&scene, v2);
    put(&scene, "unified/c/io.stat",
        "8:0 rbytes=1 wbytes=0 rios=3 wios=4 dbytes=5 dios=6 cost.usage=9 =3\n"
        "(unknown) rbytes=7\n8:16 \n253:1 rbytes=8\n");
    put(&scene, "unified/c/io.pressure",
        "some avg10=1.50 avg60=0.00 avg300=100.00 total=12\nfull avg10=0.00 avg60=0.01 avg300=0.00 "
        "total=3\n");
    put(&scene, "unified/c/cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
    tap_ok(stats(&scene) == 0, "statistics of v2 devices: %s", tap_error(&scene.error));
    has(&scene,
        "\"blkio\":{\"ioServiceBytesRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":1},"
        "{\"major\":8,\"op\":\"Write\"},{\"major\":8,\"op\":\"Discard\",\"value\":5},"
        "{\"major\":253,\"minor\":1,\"op\":\"Read\",\"value\":8}],"
        "\"ioServicedRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":3},"
        "{\"major\":8,\"op\":\"Write\",\"value\":4},{\"major\":8,\"op\":\"Discard\",\"value\":6}],"
        "\"psi\":{\"some\":{\"avg10\":1.50,\"avg60\":0.00,\"avg300\":100.00,\"total\":12},"
        "\"full\":{\"avg10\":0.00,\"avg60\":0.01,\"avg300\":0.00,\"total\":3}}},");
    has(&scene, "\"throttling\":{},\"psi\":{\"some\":{\"avg10\":0.00,\"avg60\":0.00,\"avg300\":0."
                "00,\"total\":1},"
                "\"full\":{\"avg10\":0,\"avg60\":0,\"avg300\":0,\"total\":0}}},");
    scene_close(&scene);
}

/* v2 provides the statistics of controllers that no v1 hierarchy has, and it counts processes
 * itself. */
static void test_hybrid(void)
{
    struct scene scene;

    scene_open(&scene, hybrid);
    put_v2(&scene);
    put(&scene, "cpuacct/c/cpuacct.usage", "5\n");
    put(&scene, "memory/c/memory.usage_in_bytes", "6\n");
    put(&scene, "unified/c/memory.pressure", "some avg10=0.00 total=0\n");
    tap_ok(stats(&scene) == 0, "statistics of a hybrid layout: %s", tap_error(&scene.error));
    has(&scene, "{\"total\":5,\"kernel\":0,\"user\":0},\"throttling\":{\"periods\":4,");
    has(&scene, "\"usage\":{\"limit\":0,\"usage\":6,\"failcnt\":0}");
    has(&scene, "\"psi\":{\"some\":{\"avg10\":0.00,\"avg60\":0,");
    has(&scene, "\"pids\":{},");
    has(&scene, "\"hugetlb\":{\"2MB\":{\"usage\":5,\"failcnt\":8}},");
    lacks(&scene, "18446744073709551615");
    scene_close(&scene);

    scene_open(&scene, v2);
    put(&scene, "unified/c/cgroup.procs", "10\n11\n12\n");
    stats(&scene);
    has(&scene, "\"pids\":{\"current\":3},");
    put(&scene, "unified/c/cgroup.procs", "");
    stats(&scene);
    has(&scene, "\"pids\":{},");
    scene_close(&scene);
}

static void test_malformed(void)
{
    static const struct {
        const char *file;
        const char *text;
        const char *shown;
    } cases[] = {
        {"cpu.stat", "usage_usec 12x\n", "12x"},
        {"cpu.stat", "usage_usec \n", "\"\""},
        {"cpu.stat", "usage_usec 1 2\n", "1 2"},
        {"memory.current", "\n", "\"\""},
        {"memory.current", "lots\n", "lots"},
        {"memory.current", "18446744073709551616\n", "18446744073709551616"},
        {"memory.current", "-\n", "\"-\""},
        {"memory.current", "1\n2\n", "\"1\""},
        {"memory.stat", "anon 1\nfile\n", "\"file\""},
        {"memory.stat", "anon 1\n 5\n", "\" 5\""},
        {"memory.stat", "anon 1\n\nfile 2\n", "\"\""},
        {"memory.stat", "anon one\n", "anon one"},
        {"cpuset.cpus.effective", "0-\n", "0-"},
        {"cpuset.cpus.effective", "3-1\n", "3-1"},
        {"cpuset.cpus.effective", "0,,1\n", "0,,1"},
        {"cpuset.cpus.effective", "0-18446744073709551615\n", "0-1844"},
        {"cpuset.cpus.effective", "65536\n", "65536"},
        {"cpuset.cpus.effective", "a\n", "a"},
        {"io.stat", "8:0 rbytes=x\n", "8:0 rbytes=x"},
        {"io.stat", "8:b rbytes=1\n", "8:b rbytes=1"},
        {"io.pressure", "some avg10=1.2.3 total=1\n", "avg10=1.2.3"},
        {"io.pressure", "some avg10=01 total=1\n", "avg10=01"},
        {"io.pressure", "full avg10=}\n", "avg10=}"},
        {"io.pressure", "some avg10=1.\n", "avg10=1."},
        {"hugetlb.2MB.current", "much\n", "much"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene scene;

        scene_open(&scene, v2);
        put(&scene, arena_printf(&scene.arena, "unified/c/%s", cases[i].file), cases[i].text);
        fails(&scene, EBADMSG, arena_printf(&scene.arena, "/unified/c/%s: ", cases[i].file),
              arena_printf(&scene.arena, "malformed %s", cases[i].file));
        tap_ok(strstr(tap_error(&scene.error), cases[i].shown) != NULL,
               "the error shows the malformed text: %s", tap_error(&scene.error));
        scene_close(&scene);
    }
}

static void test_malformed_v1(void)
{
    static const struct {
        const char *file;
        const char *text;
    } cases[] = {
        {"cpu,cpuacct/c/cpuacct.usage_all", "cpu user system\n0 1 2\n1 5\n"},
        {"cpu,cpuacct/c/cpuacct.usage_all", "cpu user system\n0 1 x\n"},
        {"cpu,cpuacct/c/cpuacct.usage_percpu", "1 two 3\n"},
        {"cpu,cpuacct/c/cpuacct.stat", "user x\nsystem 1\n"},
        {"cpuset/c/cpuset.sched_relax_domain_level", "high\n"},
        {"blkio/c/blkio.throttle.io_serviced", "8:0\n"},
        {"blkio/c/blkio.throttle.io_serviced", "8 Read 1\n"},
        {"blkio/c/blkio.throttle.io_serviced", "8:0 Read\n"},
        {"blkio/c/blkio.throttle.io_serviced", "8:0 Read one\n"},
        {"hugetlb/c/hugetlb.2MB.usage_in_bytes", "\n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene scene;

        scene_open(&scene, v1);
        put(&scene, cases[i].file, cases[i].text);
        fails(&scene, EBADMSG, cases[i].file, "malformed");
        scene_close(&scene);
    }
}

static void test_gone(void)
{
    struct scene scene;

    scene_open(&scene, hybrid);
    rmdir(at(&scene, "pids/c"));
    fails(&scene, ENODEV, "/pids/c is gone", "one that is gone");
    scene_close(&scene);

    scene_open(&scene, v2);
    file_remove_tree(AT_FDCWD, scene.root);
    fails(&scene, ENODEV, "/unified/c is gone", "all are gone");
    scene_close(&scene);

    scene_open(&scene, v2);
    mkdir(at(&scene, "unified/c/memory.current"), 0755);
    fails(&scene, EISDIR, "/unified/c/memory.current: is a directory", "what cannot be read");
    scene_close(&scene);
}

int main(void)
{
    test_nothing();
    test_v1_cpu();
    test_v1_cpuset();
    test_v1_memory();
    test_v1_devices();
    test_v2();
    test_v2_devices();
    test_hybrid();
    test_malformed();
    test_malformed_v1();
    test_gone();
    return tap_end();
}
