/* SPDX-License-Identifier: Apache-2.0 */
/* The targets: the table at the end has one row for each reader of the host. */
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/json.h"
#include "berth/cgroup/losses.h"
#include "berth/cgroup/place.h"
#include "berth/cgroup/stats.h"
#include "berth/seccomp/seccomp.h"
#include "berth/sys/idmap.h"
#include "berth/sys/link.h"
#include "berth/sys/probe.h"
#include "berth/sys/process.h"
#include "cache.h"
#include "criu/container.h"
#include "explain/kernel-log.h"
#include "explain/program.h"
#include "explain/rootfs-view.h"
#include "input.h"
#include "launch/mounts.h"
#include "launch/subid.h"
#include "resources/devices.h"
#include "schema.h"
#include "systemd/properties.h"

/* --- the kernel's network --------------------------------------------------------------------- */

static void fuzz_netlink_link(struct arena *arena, const char *bytes, size_t size)
{
    struct sys_link link;

    (void) arena;
    (void) bytes;
    (void) size;
    if (sys_link_find(-1, "eth0", &link) == 0)
        fuzz_require(strlen(link.name) < sizeof(link.name));
}

static void fuzz_netlink_addresses(struct arena *arena, const char *bytes, size_t size)
{
    const struct sys_link link = {.index = 2, .name = "eth0"};
    struct text messages = {.arena = arena};

    (void) bytes;
    (void) size;
    if (sys_link_save_addresses(-1, 1, &messages) == 0)
        sys_link_restore_addresses(-1, &link, &messages, true);
}

static void fuzz_netlink_routes(struct arena *arena, const char *bytes, size_t size)
{
    const struct sys_link link = {.index = 2, .name = "eth0"};
    struct text messages = {.arena = arena};

    (void) bytes;
    (void) size;
    if (sys_link_save_routes(-1, 1, &messages) == 0)
        sys_link_restore_routes(-1, &link, &messages);
}

/* --- files of the kernel ---------------------------------------------------------------------- */

static void fuzz_id_map(struct arena *arena, const char *bytes, size_t size)
{
    struct sys_caller caller;
    uint32_t outside;

    (void) arena;
    (void) bytes;
    (void) size;
    sys_idmap_find(1, false, 1000, &outside);
    sys_in_user_namespace();
    sys_probe_caller(&caller);
}

static void fuzz_process_stat(struct arena *arena, const char *bytes, size_t size)
{
    uint64_t ticks;

    (void) arena;
    (void) bytes;
    (void) size;
    sys_process_start_time(getpid(), &ticks);
}

static void fuzz_mountinfo(struct arena *arena, const char *bytes, size_t size)
{
    const char *const *paths;
    struct error error = {0};

    size_t count;

    mounts_count(arena_copy(arena, bytes, size), "/a b");
    fuzz_expect(mounts_count_on_host(arena, "/a b", &count, &error), &error);
    error = (struct error){0};
    fuzz_expect(mounts_of_kernel(arena, &paths, &error), &error);
}

/* A record of the kernel's log. */
static void fuzz_kernel_log(struct arena *arena, const char *bytes, size_t size)
{
    const char *text = arena_copy(arena, bytes, size);
    struct kernel_log_seccomp seccomp;
    struct kernel_log_oom oom;

    if (kernel_log_parse_oom(arena, text, &oom) ||
        kernel_log_parse_oom_group(arena, text, &oom.cgroup))
        fuzz_require(strlen(oom.cgroup) < size);
    kernel_log_parse_oom_victim(text, &oom.pid);
    if (kernel_log_parse_seccomp(text, &seccomp))
        seccomp_name_of(arena, seccomp.machine, seccomp.call);
}

/* The counters of a cgroup, in the order in which src/cgroup/processes/losses.c reads them. */
static void fuzz_losses(struct arena *arena, const char *bytes, size_t size)
{
    static const char *const paths[] = {"/"};
    const struct cgroup_record record = {.paths = paths, .n_paths = 1};
    struct cgroup_losses losses;
    struct error error = {0};

    (void) bytes;
    (void) size;
    fuzz_expect(cgroup_read_losses(arena, &record, &losses, &error), &error);
}

/* /proc/self/cgroup, /proc/self/mountinfo, and those of a container's process. */
static void fuzz_cgroups(struct arena *arena, const char *bytes, size_t size)
{
    const struct cgroup_owner owner = {1, "c"};
    struct cgroup_host host = {0};
    struct error error = {0};
    int result = cgroup_probe(arena, "", &host, &error);

    (void) bytes;
    (void) size;
    fuzz_expect(result, &error);
    if (result < 0)
        return;
    struct cgroup_record record = cgroup_record_of(arena, &host, &owner);
    for (size_t i = 0; i < record.n_paths; i++)
        fuzz_require(record.paths[i][0] == '/');
    const struct cgroup_hierarchy unified = {
        .name = "", .mount_point = input_directory(), .own = "/", .v2 = true};
    struct cgroup_place place = {.hierarchy = &unified, .path = unified.mount_point};
    struct cgroup cgroup = {.places = &place, .n_places = 1};
    cgroup_use_leaf(arena, &cgroup, 1, false);
}

/* The files of one cgroup, in the order in which src/cgroup/stats/stats.c reads them. */
static void stats(struct arena *arena, bool v2)
{
    static const char *const controllers[] = {"cpu",   "cpuacct", "cpuset", "memory", "pids",
                                              "blkio", "hugetlb", "rdma",   NULL};
    const struct cgroup_hierarchy hierarchy = {.name = v2 ? "" : "all",
                                               .mount_point = "/",
                                               .own = "/",
                                               .v2 = v2,
                                               .controllers = controllers,
                                               .n_controllers = v2 ? 0 : 8};
    struct cgroup_place place = {.hierarchy = &hierarchy, .path = "/"};
    const struct cgroup_host host = {
        .layout = v2 ? CGROUP_V2 : CGROUP_V1, .hierarchies = &hierarchy, .n_hierarchies = 1};
    const struct cgroup cgroup = {.host = &host, .places = &place, .n_places = 1};
    struct error error = {0};
    struct json json;

    json_start(&json, arena, false);
    fuzz_expect(cgroup_stats(&cgroup, &json, &error), &error);
}

static void fuzz_stats_v1(struct arena *arena, const char *bytes, size_t size)
{
    (void) bytes;
    (void) size;
    stats(arena, false);
}

static void fuzz_stats_v2(struct arena *arena, const char *bytes, size_t size)
{
    (void) bytes;
    (void) size;
    stats(arena, true);
}

/* /proc/devices */
static void fuzz_devices(struct arena *arena, const char *bytes, size_t size)
{
    static const struct cgroup_device_rule rules[] = {
        {.field = "devices",
         .type = 'a',
         .major = CGROUP_DEVICE_ANY,
         .minor = CGROUP_DEVICE_ANY,
         .access = CGROUP_DEVICE_ALL},
        {.field = "devices[0]",
         .allow = true,
         .type = 'c',
         .major = 5,
         .minor = CGROUP_DEVICE_ANY,
         .access = CGROUP_DEVICE_ALL},
        {.field = "devices[1]",
         .allow = true,
         .type = 'b',
         .major = 8,
         .minor = 1,
         .access = CGROUP_DEVICE_ALL},
        {.field = "devices[2]", .type = 'c', .major = 136, .minor = 1, .access = CGROUP_DEVICE_ALL},
    };
    struct cgroup_properties properties = {.arena = arena};

    cgroup_add_device_properties(&properties, rules, sizeof(rules) / sizeof(rules[0]),
                                 arena_copy(arena, bytes, size));
}

static void fuzz_schemata(struct arena *arena, const char *bytes, size_t size)
{
    const char *wanted = input_part(NULL);
    const char *current = input_part(NULL);

    (void) arena;
    (void) bytes;
    (void) size;
    if (current != NULL)
        schema_is_in(wanted, current);
}

/* --- other files ------------------------------------------------------------------------------ */

/* /etc/passwd and /etc/subuid */
static void fuzz_subids(struct arena *arena, const char *bytes, size_t size)
{
    struct text text = {.arena = arena};

    (void) bytes;
    (void) size;
    subid_list(false, &text);
    subid_list(true, &text);
}

/* The only file of a directory, whose key is known: a modified file must not be accepted as a
 * program. */
static void fuzz_seccomp_cache(struct arena *arena, const char *bytes, size_t size)
{
    static int dir = -1;
    struct text key = {.arena = arena};
    struct seccomp_program program = {"12345678", 8};

    (void) bytes;
    (void) size;
    text_add(&key, "key");
    if (dir < 0) {
        dir = seccomp_cache_open(input_directory());
        fuzz_require(dir >= 0);
        seccomp_cache_keep(dir, &key, &program);
    }
    if (seccomp_cache_take(dir, &key, &program))
        fuzz_require(program.size % 8 == 0);
}

/* An ELF file or a script, and what it needs. */
static void fuzz_program(struct arena *arena, const char *bytes, size_t size)
{
    struct rootfs_view tree = {.arena = arena, .root = ""};

    (void) bytes;
    (void) size;
    program_look_at(&tree, "/bin/sh");
}

static void fuzz_ps(struct arena *arena, const char *bytes, size_t size)
{
    static const pid_t pids[] = {1, 4321};
    const struct runtime_processes processes = {pids, 2};
    struct text text = {.arena = arena};
    struct error error = {0};

    (void) bytes;
    (void) size;
    fuzz_expect(runtime_show_processes(&processes, NULL, &text, &error), &error);
}

/* --- other programs --------------------------------------------------------------------------- */

static void fuzz_criu(struct arena *arena, const char *bytes, size_t size)
{
    struct criu_answer answer;
    int result = criu_read_answer(arena, bytes, size, &answer);

    fuzz_require(result == 0 || result == -EPROTO);
}

/* descriptors.json of an image. */
static void fuzz_criu_notes(struct arena *arena, const char *bytes, size_t size)
{
    struct error error = {0};
    struct criu criu = criu_of(arena, "restore", "log", &error);
    struct text options = {.arena = arena};

    (void) bytes;
    (void) size;
    criu_inherit_descriptors(&criu, -1, &options);
}

/* A helper that has ended and cannot be waited for: only its output is left. */
static struct bus bus_of(struct arena *arena)
{
    return (struct bus){.arena = arena,
                        .options = {.timeout_ms = 1000},
                        .address = "unix:path=/fuzz",
                        .is_direct = true,
                        .helper = 1,
                        .pidfd = -1,
                        .socket = -1};
}

static void fuzz_bus_manager(struct arena *arena, const char *bytes, size_t size)
{
    struct bus bus = bus_of(arena);
    struct bus_manager manager;
    struct error error = {0};

    (void) bytes;
    (void) size;
    fuzz_expect(bus_read_manager(&bus, &manager, &error), &error);
}

static void fuzz_bus_unit(struct arena *arena, const char *bytes, size_t size)
{
    struct bus bus = bus_of(arena);
    struct error error = {0};

    (void) bytes;
    (void) size;
    /* A missing unit is an error of the manager, but not of bus_stop_unit. */
    fuzz_require(bus_stop_unit(&bus, "berth-c.scope", &error) == 0 || error.number != 0);
}

const struct fuzz_row fuzz_rows[] = {
    {"annotation", fuzz_annotation},
    {"bus-manager", fuzz_bus_manager},
    {"bus-unit", fuzz_bus_unit},
    {"cgroups", fuzz_cgroups},
    {"choice", fuzz_choice},
    {"config", fuzz_config},
    {"criu", fuzz_criu},
    {"criu-descriptors", fuzz_criu_descriptors},
    {"criu-log", fuzz_criu_log},
    {"criu-mounts", fuzz_criu_mounts},
    {"criu-notes", fuzz_criu_notes},
    {"criu-talk", fuzz_criu_talk},
    {"devices", fuzz_devices},
    {"duration", fuzz_duration},
    {"id-map", fuzz_id_map},
    {"init-passwd", fuzz_init_passwd},
    {"init-status", fuzz_init_status},
    {"kernel-log", fuzz_kernel_log},
    {"locate", fuzz_locate},
    {"look", fuzz_look},
    {"losses", fuzz_losses},
    {"messages", fuzz_messages},
    {"mountinfo", fuzz_mountinfo},
    {"mounts", fuzz_mounts},
    {"netlink-addresses", fuzz_netlink_addresses},
    {"netlink-link", fuzz_netlink_link},
    {"netlink-routes", fuzz_netlink_routes},
    {"notify", fuzz_notify},
    {"oom", fuzz_oom},
    {"operands", fuzz_operands},
    {"own-map", fuzz_own_map},
    {"plan", fuzz_plan},
    {"process", fuzz_process},
    {"process-stat", fuzz_process_stat},
    {"processes", fuzz_processes},
    {"program", fuzz_program},
    {"ps", fuzz_ps},
    {"rdt", fuzz_rdt},
    {"record", fuzz_record},
    {"recording", fuzz_recording},
    {"resources", fuzz_resources},
    {"schemata", fuzz_schemata},
    {"seccomp-cache", fuzz_seccomp_cache},
    {"settings", fuzz_settings},
    {"signal", fuzz_signal},
    {"stats-v1", fuzz_stats_v1},
    {"stats-v2", fuzz_stats_v2},
    {"status", fuzz_status},
    {"subids", fuzz_subids},
    {"trace-context", fuzz_trace_context},
    {"unit", fuzz_unit},
    {"user", fuzz_user},
};
const size_t fuzz_n_rows = sizeof(fuzz_rows) / sizeof(fuzz_rows[0]);
