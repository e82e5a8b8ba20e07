/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden tests of the plan builder, without root: every NAME.json is planned on a made-up host and
 * compared with NAME.plan, and every plan is checked to be sound. `golden DIR --update` writes the
 * .plan files anew.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/tap-error.h"
#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/plan/build.h"
#include "berth/plan/check.h"
#include "berth/plan/plan.h"
#include "berth/plan/print.h"
#include "berth/spec/config.h"
#include "berth/spec/read.h"

static const struct plan_hierarchy hybrid[] = {
    {"cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/berth/c1", "cpu,cpuacct",
     "/sys/fs/cgroup/cpu,cpuacct/berth/c1/tasks", false, false},
    {"memory", "/sys/fs/cgroup/memory/berth/c1", "memory", "/sys/fs/cgroup/memory/berth/c1/tasks",
     false, false},
    {"unified", "/sys/fs/cgroup/unified/berth/c1", "",
     "/sys/fs/cgroup/unified/berth/c1/cgroup.procs", true, true},
};
static const struct plan_hierarchy unified[] = {
    {"", "/sys/fs/cgroup/berth/c1", "", "/sys/fs/cgroup/berth/c1/cgroup.procs", true, true},
};
static const struct plan_hierarchy delegated[] = {
    {"", "/sys/fs/cgroup/berth/c1", "", "/sys/fs/cgroup/berth/c1/cgroup.procs", true, true,
     .delegated = "/sys/fs/cgroup/berth/c1/payload"},
};
static const struct plan_hierarchy callers[] = {
    {.name = "memory", .path = "/sys/fs/cgroup/memory/user", .options = "memory"}};
static const struct plan_link links[] = {{"cpu", "cpu,cpuacct"}, {"cpuacct", "cpu,cpuacct"}};

/* The start of a file's name tells on which host it is planned. */
static struct plan_host host_of(const char *name)
{
    struct plan_host host = {
        .privileged = strncmp(name, "rootless", 8) != 0,
        .bounding_capabilities = 0x1ffffffffff,
        .permitted_capabilities = 0x1ffffffffff,
        .landlock_abi = strstr(name, "abi-3") != NULL ? 3 : 7,
    };

    if (strstr(name, "cookie-of") != NULL)
        host.shared_cookie = (struct plan_cookie){"other", 77, 0x1234};

    host.can_make_devices = host.privileged;
    if (strncmp(name, "v2-rdt", 6) == 0)
        host.rdt_class = "/sys/fs/resctrl/c1";
    static const char *const kernel_mounts[] = {"/sys", "/proc", NULL};
    host.kernel_mounts = strstr(name, "no-pivot") != NULL ? kernel_mounts : NULL;
    host.makes_rdt = strstr(name, "rdt-made") != NULL;
    host.waits_killable = strncmp(name, "run", 3) == 0;
    host.has_kernel_core = strstr(name, "kernel-core") != NULL;
    host.has_selinux = strncmp(name, "labels", 6) == 0;
    host.apparmor_file = host.has_selinux ? "self/attr/apparmor/exec" : NULL;
    host.shown = callers;
    host.n_shown = 1;
    if (!host.privileged)
        return host;
    host.confines_devices = true;
    host.cgroups_need_process = strncmp(name, "systemd", 7) == 0;
    bool is_v2 = host.cgroups_need_process || strncmp(name, "v2", 2) == 0;
    host.hierarchies = !is_v2 ? hybrid : strstr(name, "delegated") != NULL ? delegated : unified;
    host.n_hierarchies = is_v2 ? 1 : 3;
    host.shown = host.hierarchies;
    host.n_shown = host.n_hierarchies;
    host.cgroup_links = links;
    host.n_cgroup_links = host.hierarchies == hybrid ? 2 : 0;
    return host;
}

static int plan_of(struct arena *arena, const char *dir, const char *name, struct text *text,
                   struct error *error)
{
    const struct plan_host host = host_of(name);
    bool is_add = strstr(name, "add-mounts") != NULL,
         is_remove = strstr(name, "remove-mounts") != NULL;
    bool is_exec = strncmp(name, "exec", 4) == 0;
    bool joins = is_exec || is_add || is_remove;
    uint64_t foreign = !joins ? 0
                       : strstr(name, "shared") != NULL
                           ? CLONE_NEWUTS
                           : CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                                 CLONE_NEWNS | (strstr(name, "user") != NULL ? CLONE_NEWUSER : 0);
    static const char *const names[] = {"net:[1]", "mnt:[2]"};
    const struct plan_request request = {
        .host = &host,
        .namespaces = {foreign, names, 2, "7/root", 8, 9},
        .id = "c1",
        .bundle = "/bundle",
        .rootfs = "/bundle/rootfs",
        .fault_step = PLAN_NONE,
        .run = is_exec || strstr(name, "run") != NULL,
        .no_pivot = strstr(name, "no-pivot") != NULL,
        .record_seccomp = strstr(name, "record") != NULL ? "recording.json" : NULL,
    };
    const struct spec_config *config;
    const struct plan_header *plan;
    char *bytes;
    size_t size;

    if (file_read(arena, AT_FDCWD, text_path_join(arena, dir, name), &bytes, &size) < 0)
        return error_set(error, 1, "cannot read the config");
    TRY(spec_read_config(arena, bytes, size, &config, error));
    if (is_exec)
        TRY(plan_build_exec(arena, config, &request, &plan, error));
    else if (is_add)
        TRY(plan_build_mounts(arena, config, &request, &plan, error));
    else if (is_remove)
        TRY(plan_build_unmounts(arena, config, &request, &plan, error));
    else
        TRY(plan_build(arena, config, &request, &plan, error));
    TRY(plan_check(plan, plan->size, error));
    plan_print(plan, text);
    return 0;
}

static int test_one(const char *dir, const char *name, int update)
{
    AUTO_ARENA arena = {0};
    struct text text = {.arena = &arena};
    struct error error = {0};
    char *golden = arena_printf(&arena, "%s/%.*s.plan", dir, (int) strlen(name) - 5, name);
    char *expected = NULL;

    if (plan_of(&arena, dir, name, &text, &error) < 0)
        text_addf(&text, "error: %s\n", tap_error(&error));
    if (update)
        return file_replace(AT_FDCWD, golden, text.bytes, text.size, 0644);
    if (file_read(&arena, AT_FDCWD, golden, &expected, NULL) == 0 &&
        strcmp(expected, text.bytes) == 0)
        return 0;
    printf("%s: the plan is not the golden one; it is now:\n%s", name, text.bytes);
    return -1;
}

int main(int argc, char **argv)
{
    DIR *dir = opendir(argv[1]);
    int failed = 0;
    int passed = 0;

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        size_t length = strlen(entry->d_name);

        if (length < 6 || strcmp(entry->d_name + length - 5, ".json") != 0)
            continue;
        if (test_one(argv[1], entry->d_name, argc > 2) < 0)
            failed++;
        else
            passed++;
    }
    closedir(dir);
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
