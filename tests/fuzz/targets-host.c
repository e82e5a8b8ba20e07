/* SPDX-License-Identifier: Apache-2.0 */
/* The targets for what checks, limits, events and checkpoints read: kernel files, criu, the
 * container's socket. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/cgroup/oom.h"
#include "berth/cgroup/place.h"
#include "berth/cgroup/signal.h"
#include "berth/rdt/rdt.h"
#include "berth/spec/check.h"
#include "berth/spec/load.h"
#include "berth/spec/read.h"
#include "berth/sys/process.h"
#include "criu/container.h"
#include "criu/criu.h"
#include "input.h"
#include "launch/notify.h"
#include "launch/subid.h"
#include "resources/systemd-settings.h"
#include "state/host-facts.h"

/* Host facts for check, doctor and error messages. */
void fuzz_look(struct arena *arena, const char *bytes, size_t size)
{
    (void) bytes;
    (void) size;
    host_has_file_system(arena, "ext4");
    host_find_overmount(arena, "proc");
    host_read_number("/proc/sys/fs/nr_open", 0);
    host_has_lsm(arena, "apparmor");
    host_has_apparmor_profile(arena, "profile");
    host_userns_ban(arena);
    host_namespace_limits(arena, CLONE_NEWPID | CLONE_NEWNET);
    host_process_limit(arena);
}

/* /proc/self/uid_map and gid_map, which the mappings of config.json are checked against. */
void fuzz_own_map(struct arena *arena, const char *bytes, size_t size)
{
    static const struct spec_id_mapping mapping = {.container_id = 0, .host_id = 1000, .size = 10};
    const struct spec_linux config = {.uid_mappings = &mapping,
                                      .n_uid_mappings = 1,
                                      .gid_mappings = &mapping,
                                      .n_gid_mappings = 1};
    struct error error = {0};

    (void) bytes;
    (void) size;
    fuzz_expect(subid_check(arena, &config, true, &error), &error);
}

/* /proc/PID/status */
void fuzz_status(struct arena *arena, const char *bytes, size_t size)
{
    (void) arena;
    (void) bytes;
    (void) size;
    sys_process_inner_pid(getpid());
    sys_process_namespace_is_procfs();
}

/* schemata of a class of resctrl, and the mountinfo that says where it is */
void fuzz_rdt(struct arena *arena, const char *bytes, size_t size)
{
    struct spec_intel_rdt config = {0};
    const struct rdt_request request = {.config = &config, .id = "c"};
    struct error error = {0};
    struct rdt rdt;

    (void) bytes;
    (void) size;
    fuzz_expect(rdt_plan(arena, "", &request, &rdt, &error), &error);
    error = (struct error){0};
    fuzz_expect(rdt_read(arena, "/class", &config, &error), &error);
}

/* --- cgroups ---------------------------------------------------------------------------------- */

/* cgroup.procs. Signal 0 only tests whether the listed processes exist. */
void fuzz_processes(struct arena *arena, const char *bytes, size_t size)
{
    const char *path = input_directory();
    const struct cgroup_record record = {.paths = &path, .n_paths = 1};
    struct error error = {0};
    pid_t *pids;
    size_t count;
    int result = cgroup_list_processes(arena, &record, &pids, &count, &error);

    (void) bytes;
    (void) size;
    fuzz_expect(result, &error);
    for (size_t i = 0; result == 0 && i < count; i++)
        fuzz_require(pids[i] > 0);
    error = (struct error){0};
    fuzz_expect(cgroup_signal(&record, 0, &error), &error);
}

/* memory.events */
void fuzz_oom(struct arena *arena, const char *bytes, size_t size)
{
    const struct cgroup_hierarchy hierarchy = {
        .name = "", .mount_point = "/", .own = "/", .v2 = true};
    struct cgroup_place place = {.hierarchy = &hierarchy, .path = input_directory()};
    const struct cgroup cgroup = {.places = &place, .n_places = 1};
    AUTO_CGROUP_OOM oom = {.fd = -1};
    struct error error = {0};
    int fd = open(text_path_join(arena, place.path, "memory.events"),
                  O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    (void) bytes;
    (void) size;
    fuzz_require(fd >= 0);
    close(fd);
    int result = cgroup_oom_open(&cgroup, &oom, &error);
    fuzz_expect(result, &error);
    if (result == 0)
        cgroup_oom_take(&oom);
}

static void compile(struct arena *arena, const struct spec_resources *resources, bool v2)
{
    static const char *const controllers[] = {"cpu",     "cpuset",   "memory", "pids",
                                              "blkio",   "hugetlb",  "rdma",   "devices",
                                              "net_cls", "net_prio", NULL};
    const struct cgroup_hierarchy hierarchy = {.name = v2 ? "" : "all",
                                               .mount_point = input_directory(),
                                               .own = "/",
                                               .v2 = v2,
                                               .controllers = controllers,
                                               .n_controllers = v2 ? 0 : 10};
    struct cgroup_place place = {.hierarchy = &hierarchy, .path = input_directory()};
    const struct cgroup_host host = {
        .layout = v2 ? CGROUP_V2 : CGROUP_V1, .hierarchies = &hierarchy, .n_hierarchies = 1};
    const struct cgroup cgroup = {.host = &host, .places = &place, .n_places = 1};
    struct cgroup_properties properties = {.arena = arena};
    struct error error = {0};
    struct cgroup_compiler compiler = {
        .arena = arena, .cgroup = &cgroup, .resources = resources, .error = &error};
    int result = cgroup_compile_settings(&compiler);

    fuzz_expect(result, &error);
    if (result < 0)
        return;
    result = cgroup_compile_devices(&compiler);
    fuzz_expect(result, &error);
    if (result < 0)
        return;
    cgroup_order(&compiler);
    cgroup_suit_systemd(&compiler.writes);
    cgroup_add_settings(&properties, &compiler.writes, 252);
    fuzz_expect(cgroup_check(arena, &cgroup, resources, &error), &error);
}

/* linux.resources, and the controllers of a v2 cgroup. */
void fuzz_settings(struct arena *arena, const char *bytes, size_t size)
{
    const struct spec_resources *resources;
    struct error error = {0};
    const char *document = input_part(&size);

    (void) bytes;
    if (document == NULL ||
        spec_read_resources(arena, NULL, &(struct spec_text){document, size}, &resources, &error) <
            0 ||
        spec_check_resources(resources, &error) < 0)
        return;
    compile(arena, resources, true);
    compile(arena, resources, false);
}

/* --- a datagram from the container ------------------------------------------------------------ */

void fuzz_notify(struct arena *arena, const char *bytes, size_t size)
{
    (void) arena;
    (void) bytes;
    (void) size;
    setenv("NOTIFY_SOCKET", "/nonexistent/notify", true);
    notify_forward(-1, 1);
}

/* --- criu ------------------------------------------------------------------------------------- */

static struct criu criu_with(struct arena *arena, int socket, struct error *error)
{
    struct criu criu = criu_of(arena, "checkpoint", "dump.log", error);

    criu.work_dir = "/nonexistent";
    criu.socket = socket;
    criu.signals = -1;
    criu.status_fd = -1;
    return criu;
}

/* criu's messages, up to the last one. */
void fuzz_criu_talk(struct arena *arena, const char *bytes, size_t size)
{
    struct error error = {0};
    struct criu criu = criu_with(arena, -1, &error);
    struct criu_answer answer;

    (void) bytes;
    (void) size;
    fuzz_expect(criu_until(&criu, NULL, &answer, NULL), &error);
}

/* criu's log after its end. */
void fuzz_criu_log(struct arena *arena, const char *bytes, size_t size)
{
    struct error error = {0};
    struct criu criu = criu_with(arena, INPUT_ENDED, &error);
    struct criu_answer answer;
    int passed;

    (void) bytes;
    (void) size;
    fuzz_require(criu_hear(&criu, &answer, &passed) < 0);
    fuzz_require(error.used > 0);
}

/* mountinfo of the container's process and of the caller. */
void fuzz_criu_mounts(struct arena *arena, const char *bytes, size_t size)
{
    static const char config[] =
        "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"mounts\":[{\"destination\":\"/"
        "p\",\"type\":\"proc\"},"
        "{\"destination\":\"/etc\",\"source\":\"/etc\",\"options\":[\"rbind\"]},"
        "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\"}],"
        "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":0,\"gid\":0}},"
        "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}";
    struct error error = {0};
    struct criu_container container = {.arena = arena, .bundle = "/", .rootfs = "/", .pid = 1};
    struct text options = {.arena = arena};

    (void) bytes;
    (void) size;
    fuzz_require(spec_load_config(arena, config, sizeof(config) - 1, &container.config, &error) ==
                 0);
    fuzz_expect(criu_put_mounts(&container, &options, &error), &error);
}

/* fdinfo and mountinfo of the container's process, for each of its three descriptors. */
void fuzz_criu_descriptors(struct arena *arena, const char *bytes, size_t size)
{
    struct error error = {0};
    const struct criu_container container = {
        .arena = arena, .bundle = "/", .rootfs = "/", .pid = getpid()};
    struct text options = {.arena = arena};
    int dir = open(input_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void) bytes;
    (void) size;
    fuzz_require(dir >= 0);
    fuzz_expect(criu_note_descriptors(&container, dir, &options, &error), &error);
    close(dir);
}
