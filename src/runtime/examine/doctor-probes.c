/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/bus/bus.h"
#include "berth/init/image.h"
#include "berth/seccomp/seccomp.h"
#include "berth/sys/bpf.h"
#include "berth/sys/memfd.h"
#include "berth/sys/process.h"
#include "doctor.h"
#include "launch/subid.h"
#include "state/host-facts.h"

#define MANAGER_TIMEOUT_MS 3000

static void set_state(struct runtime_fact *fact, bool is_there)
{
    fact->state = is_there ? RUNTIME_FACT_YES : RUNTIME_FACT_NO;
}

/* Sets the state from the result of a sys_probe_* function. */
static void set_result(struct runtime_fact *fact, int result)
{
    set_state(fact, result == 0);
    if (result == -EPERM)
        fact->state = RUNTIME_FACT_UNKNOWN;
}

/* --- the kernel ------------------------------------------------------------------------------- */

#define OLDEST_KERNEL "4.18"

void doctor_version(const struct doctor *doctor, struct runtime_fact *fact)
{
    struct utsname system;

    uname(&system);
    fact->value = arena_printf(doctor->arena, "%s, %s (the oldest that works: " OLDEST_KERNEL ")",
                               system.release, system.machine);
}

void doctor_call(const struct doctor *doctor, struct runtime_fact *fact)
{
    bool is_there = sys_has_call(doctor->row->number);

    set_state(fact, is_there);
    fact->value = is_there ? "" : sys_refusal();
}

void doctor_clone_into_cgroup(const struct doctor *doctor, struct runtime_fact *fact)
{
    (void) doctor;
    set_result(fact, sys_probe_clone_into_cgroup());
}

void doctor_idmapped_mounts(const struct doctor *doctor, struct runtime_fact *fact)
{
    (void) doctor;
    set_result(fact, sys_probe_idmapped_mounts());
}

void doctor_memfd(const struct doctor *doctor, struct runtime_fact *fact)
{
    int64_t level = host_read_number(doctor->row->subject, 0);

    fact->value = arena_printf(doctor->arena, "vm.memfd_noexec is %lld", (long long) level);
    size_t size;
    const void *bytes = init_image(&size);
    AUTO_FD image = sys_open_image("berth-init", bytes, size, BERTH_INIT_PATH);
    set_state(fact, image >= 0);
}

void doctor_namespace(const struct doctor *doctor, struct runtime_fact *fact)
{
    const char *file = host_namespace_file(doctor->row->subject);

    set_state(fact, access(arena_printf(doctor->arena, "/proc/self/ns/%s", file), F_OK) == 0);
}

void doctor_number(const struct doctor *doctor, struct runtime_fact *fact)
{
    const char *text = host_read_text(doctor->arena, doctor->row->subject);

    fact->value = text == NULL ? "" : text;
    set_state(fact, host_read_number(doctor->row->subject, INT64_MAX) >= doctor->row->number);
}

void doctor_file(const struct doctor *doctor, struct runtime_fact *fact)
{
    set_state(fact, access(doctor->row->subject, R_OK) == 0);
}

/* Lists the names in a directory. Without any name the feature is missing. */
void doctor_directory(const struct doctor *doctor, struct runtime_fact *fact)
{
    struct text names = {.arena = doctor->arena};
    DIR *dir = opendir(doctor->row->subject);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            text_addf(&names, "%s%s", names.size > 0 ? ", " : "", entry->d_name);
    if (dir != NULL)
        closedir(dir);
    fact->value = names.size > 0 ? names.bytes : "";
    set_state(fact, names.size > 0);
}

void doctor_file_system(const struct doctor *doctor, struct runtime_fact *fact)
{
    set_state(fact, host_has_file_system(doctor->arena, doctor->row->subject));
}

void doctor_whole(const struct doctor *doctor, struct runtime_fact *fact)
{
    const char *over = host_find_overmount(doctor->arena, doctor->row->subject);

    set_state(fact, over == NULL);
    if (over != NULL)
        fact->value = arena_printf(doctor->arena, "%s hides a part", over);
}

/* --- users ------------------------------------------------------------------------------------ */

void doctor_caller(const struct doctor *doctor, struct runtime_fact *fact)
{
    bool has_rights = (doctor->caller.permitted >> CAP_SYS_ADMIN & 1) != 0;

    fact->value =
        arena_printf(doctor->arena, "uid %u%s%s", geteuid(), has_rights ? ", CAP_SYS_ADMIN" : "",
                     doctor->caller.in_user_namespace ? ", in a user namespace" : "");
}

void doctor_user_namespaces(const struct doctor *doctor, struct runtime_fact *fact)
{
    const char *ban = host_userns_ban(doctor->arena);

    set_state(fact, ban == NULL);
    if (ban != NULL)
        fact->hint = ban;
}

void doctor_subids(const struct doctor *doctor, struct runtime_fact *fact)
{
    struct text ranges = {.arena = doctor->arena};
    uint64_t count = subid_list(doctor->row->number != 0, &ranges);

    fact->value = count > 0 ? ranges.bytes : "";
    set_state(fact, count > 0);
    if (count == 0 && geteuid() == 0 && !doctor->caller.in_user_namespace) {
        fact->state = RUNTIME_FACT_YES;
        fact->value = "root needs none";
    }
}

void doctor_id_helper(const struct doctor *doctor, struct runtime_fact *fact)
{
    const char *why;

    set_state(fact, subid_has_helper(doctor->arena, doctor->row->number != 0, &why));
    if (why != NULL)
        fact->hint = why;
}

/* --- cgroups ---------------------------------------------------------------------------------- */

void doctor_layout(const struct doctor *doctor, struct runtime_fact *fact)
{
    static const char *const names[] = {
        [CGROUP_NONE] = "", [CGROUP_V1] = "v1", [CGROUP_HYBRID] = "v1 and v2", [CGROUP_V2] = "v2"};

    fact->value = names[doctor->cgroups.layout];
    set_state(fact, doctor->cgroups.layout != CGROUP_NONE);
}

static bool may_write(const char *path)
{
    return file_access(AT_FDCWD, path, W_OK) == 0;
}

/* Returns whether the caller can create cgroups below its own. */
static bool is_delegated(struct arena *arena, const struct cgroup_hierarchy *hierarchy)
{
    const char *own = cgroup_own_path(arena, hierarchy);

    return own != NULL && may_write(own) && may_write(text_path_join(arena, own, "cgroup.procs"));
}

void doctor_hierarchy(const struct doctor *doctor, const struct cgroup_hierarchy *hierarchy,
                      struct runtime_fact *fact)
{
    struct arena *arena = doctor->arena;
    bool is_free = may_write(hierarchy->mount_point), is_own = is_delegated(arena, hierarchy);

    *fact = (struct runtime_fact){
        .group = "cgroups",
        .name = arena_printf(arena, "hierarchy %s", hierarchy->mount_point),
        .state = is_free || is_own ? RUNTIME_FACT_YES : RUNTIME_FACT_LIMITED,
        .value = is_free  ? "cgroups can be made everywhere"
                 : is_own ? arena_printf(arena, "%s is delegated to the caller",
                                         cgroup_own_path(arena, hierarchy))
                          : "nothing of it is delegated to the caller",
        .meaning = is_free || is_own ? "" : "containers have no cgroup of their own here",
        .hint =
            is_free || is_own
                ? ""
                : "have one delegated, for example by systemd-run --user --scope -p Delegate=yes",
    };
}

/* On v2 the caller can enable the controllers of the cgroup it can write to: the root or its
 * own. */
static bool has_v2_controller(const struct doctor *doctor, const struct cgroup_hierarchy *v2,
                              const char *controller)
{
    const char *own = v2->own == NULL || may_write(v2->mount_point) ? "" : v2->own;
    const char *path = arena_printf(doctor->arena, "%s%s/cgroup.controllers", v2->mount_point, own);
    const char *names = host_read_text(doctor->arena, path);
    size_t length = strlen(controller);

    for (const char *at = names; at != NULL && *at != '\0'; at += strcspn(at, " ")) {
        at += strspn(at, " ");
        if (strcspn(at, " ") == length && strncmp(at, controller, length) == 0)
            return true;
    }
    return false;
}

/* row->number 1: cgroup v2 has no equivalent. */
void doctor_controller(const struct doctor *doctor, struct runtime_fact *fact)
{
    const struct cgroup_hierarchy *hierarchy =
        cgroup_find_hierarchy(&doctor->cgroups, doctor->row->subject);
    const char *name = text_equal(doctor->row->subject, "blkio") ? "io" : doctor->row->subject;

    fact->state = RUNTIME_FACT_NO;
    fact->hint = doctor->row->number == 1
                     ? "only v1 has it: mount its hierarchy"
                     : "use a kernel that has it, and no v1 hierarchy that holds it";
    if (hierarchy == NULL)
        return;
    fact->value =
        arena_printf(doctor->arena, "%s, %s", hierarchy->v2 ? "v2" : "v1", hierarchy->mount_point);
    bool may_use = may_write(hierarchy->mount_point) || is_delegated(doctor->arena, hierarchy);
    /* v2 has no devices controller: BPF programs take its place. */
    bool is_there = !hierarchy->v2 || text_equal(doctor->row->subject, "devices") ||
                    has_v2_controller(doctor, hierarchy, name);

    set_state(fact, may_use && is_there);
    if (!is_there)
        fact->value = "";
    if (!may_use && hierarchy->v2)
        fact->hint = "have it delegated to you: systemctl edit user@.service, [Service] "
                     "Delegate=cpu cpuset io memory pids, as root";
    else if (!may_use)
        fact->hint = "have root give you a cgroup of your own there";
}

void doctor_device_programs(const struct doctor *doctor, struct runtime_fact *fact)
{
    static const struct bpf_insn allow[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
        {.code = BPF_JMP | BPF_EXIT},
    };
    AUTO_FD fd = sys_bpf_load_devices(allow, COUNT(allow));

    (void) doctor;
    set_state(fact, fd >= 0);
    if (fd == -EPERM) {
        fact->state = RUNTIME_FACT_LIMITED;
        fact->hint = "they need CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN, outside user "
                     "namespaces";
    }
}

/* row->number 1: the user's service manager. */
void doctor_manager(const struct doctor *doctor, struct runtime_fact *fact)
{
    const struct bus_options options = {.user = doctor->row->number == 1,
                                        .timeout_ms = MANAGER_TIMEOUT_MS};
    AUTO_BUS bus = {0};
    struct bus_manager manager;
    struct error error = {0};
    int result = bus_open(doctor->arena, &options, &bus, &error);

    if (result == 0)
        result = bus_read_manager(&bus, &manager, &error);
    set_state(fact, result == 0);
    fact->value = result == 0 ? arena_printf(doctor->arena, "version %u", manager.version)
                              : error_text(doctor->arena, &error);
}

/* --- security --------------------------------------------------------------------------------- */

void doctor_seccomp_actions(const struct doctor *doctor, struct runtime_fact *fact)
{
    const char *actions = host_read_text(doctor->arena, doctor->row->subject);

    fact->value = actions == NULL ? "" : actions;
    set_state(fact, actions != NULL);
}

void doctor_seccomp_library(const struct doctor *doctor, struct runtime_fact *fact)
{
    fact->value = arena_printf(doctor->arena, "%s, level %u", seccomp_library(doctor->arena),
                               seccomp_level());
}

void doctor_seccomp_flag(const struct doctor *doctor, struct runtime_fact *fact)
{
    set_state(fact, sys_probe_seccomp_flags((uint64_t) doctor->row->number) == 0);
}

void doctor_landlock(const struct doctor *doctor, struct runtime_fact *fact)
{
    int abi = sys_probe_landlock();

    set_state(fact, abi > 0);
    if (abi > 0)
        fact->value = arena_printf(doctor->arena, "ABI %d", abi);
    else if (abi < 0)
        fact->hint = sys_refusal();
}

void doctor_core_scheduling(const struct doctor *doctor, struct runtime_fact *fact)
{
    uint64_t cookie;
    int result = sys_core_cookie(0, &cookie);

    (void) doctor;
    set_result(fact, result);
    if (result < 0)
        fact->hint = host_core_scheduling_hint(-result);
}

void doctor_lsm(const struct doctor *doctor, struct runtime_fact *fact)
{
    set_state(fact, host_has_lsm(doctor->arena, doctor->row->subject));
}
