/* SPDX-License-Identifier: Apache-2.0 */
#include "host-facts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/cgroup/probe.h"
#include "berth/spec/check.h"
#include "berth/sys/probe.h"

const char *host_read_text(struct arena *arena, const char *path)
{
    char *text;
    size_t size;

    if (file_read(arena, AT_FDCWD, path, &text, &size) < 0)
        return NULL;
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\0'))
        text[--size] = '\0';
    return text;
}

int64_t host_read_number(const char *path, int64_t absent)
{
    AUTO_ARENA arena = {0};
    const char *text = host_read_text(&arena, path);

    return text == NULL ? absent : strtoll(text, NULL, 10);
}

/* --- file systems ----------------------------------------------------------------------------- */

static bool has_line_ending(const char *lines, const char *ending)
{
    size_t length = strlen(ending);

    for (const char *at = lines; length > 0 && (at = strstr(at, ending)) != NULL; at++)
        if (at > lines && at[-1] == '\t' && (at[length] == '\n' || at[length] == '\0'))
            return true;
    return false;
}

/* The kernel's name of "fuse.sshfs" is "fuse". */
static const char *kernels_name(struct arena *arena, const char *type)
{
    return arena_copy(arena, type, strcspn(type, "."));
}

bool host_has_file_system(struct arena *arena, const char *type)
{
    const char *name = kernels_name(arena, type);
    const char *known = host_read_text(arena, "/proc/filesystems");
    struct utsname system;

    if (known == NULL || has_line_ending(known, name))
        return true;
    uname(&system);
    const char *modules =
        host_read_text(arena, arena_printf(arena, "/lib/modules/%s/modules.alias", system.release));
    return modules != NULL && strstr(modules, arena_printf(arena, "alias fs-%s ", name)) != NULL;
}

bool host_lets_userns_mount(const char *type)
{
    static const char *const types[] = {"proc",    "sysfs",  "tmpfs",  "ramfs",
                                        "devpts",  "mqueue", "cgroup", "cgroup2",
                                        "overlay", "fuse",   "bpf",    "binfmt_misc"};
    size_t length = strcspn(type, ".");

    for (size_t i = 0; i < COUNT(types); i++)
        if (strlen(types[i]) == length && strncmp(types[i], type, length) == 0)
            return true;
    return false;
}

/* --- what is mounted over proc and sysfs ------------------------------------------------------ */

/* Directories that the kernel keeps empty as mount points: mounts on them hide nothing. */
static const struct {
    const char *type;
    const char *path; /* below the mount */
} mount_points[] = {
    {"proc", "/sys/fs/binfmt_misc"},   {"proc", "/fs/nfsd"},
    {"sysfs", "/fs/cgroup"},           {"sysfs", "/fs/bpf"},
    {"sysfs", "/fs/pstore"},           {"sysfs", "/fs/selinux"},
    {"sysfs", "/fs/smackfs"},          {"sysfs", "/fs/resctrl"},
    {"sysfs", "/fs/fuse/connections"}, {"sysfs", "/kernel/debug"},
    {"sysfs", "/kernel/config"},       {"sysfs", "/kernel/tracing"},
    {"sysfs", "/kernel/security"},     {"sysfs", "/firmware/efi/efivars"},
};

static bool is_mount_point(const char *type, const char *path)
{
    for (size_t i = 0; i < COUNT(mount_points); i++)
        if (text_equal(mount_points[i].type, type) && text_equal(mount_points[i].path, path))
            return true;
    return false;
}

/* A line of /proc/self/mountinfo: proc_pid_mountinfo(5). */
struct mount_line {
    const char *id;
    const char *parent;
    const char *root;
    const char *path;
    const char *rest; /* contains "- TYPE SOURCE ..." */
};

struct mount_lines {
    struct mount_line *item;
    size_t count;
    size_t room;
};

static struct mount_lines read_mounts(struct arena *arena)
{
    const char *text = host_read_text(arena, "/proc/self/mountinfo");
    char *lines = arena_string(arena, text != NULL ? text : "");
    struct mount_lines mounts = {0};

    for (char *line; (line = strsep(&lines, "\n")) != NULL;) {
        struct mount_line mount = {0};

        mount.id = strsep(&line, " ");
        mount.parent = strsep(&line, " ");
        strsep(&line, " ");
        mount.root = strsep(&line, " ");
        mount.path = strsep(&line, " ");
        mount.rest = line;
        if (line == NULL)
            continue;
        mounts.item =
            arena_grow(arena, mounts.item, mounts.count, &mounts.room, sizeof(*mounts.item));
        mounts.item[mounts.count++] = mount;
    }
    return mounts;
}

/* Returns the first mount on this one that hides a part of it, or NULL. */
static const char *mount_over(const struct mount_lines *mounts, const struct mount_line *mount,
                              const char *type)
{
    size_t length = strlen(mount->path);

    for (size_t i = 0; i < mounts->count; i++) {
        const struct mount_line *over = &mounts->item[i];

        if (!text_equal(over->parent, mount->id) || strncmp(over->path, mount->path, length) != 0)
            continue;
        if (!is_mount_point(type, over->path + length))
            return over->path;
    }
    return NULL;
}

/* One mount without hidden parts, anywhere, is enough. */
const char *host_find_overmount(struct arena *arena, const char *type)
{
    struct mount_lines mounts = read_mounts(arena);
    const char *ending = arena_printf(arena, "- %s ", type);
    const char *found = NULL;

    for (size_t i = 0; i < mounts.count; i++) {
        const struct mount_line *mount = &mounts.item[i];

        if (!text_equal(mount->root, "/") || strstr(mount->rest, ending) == NULL)
            continue;
        const char *over = mount_over(&mounts, mount, type);
        if (over == NULL)
            return NULL;
        found = found == NULL ? over : found;
    }
    return found;
}

/* --- rights ----------------------------------------------------------------------------------- */

bool host_has_lsm(struct arena *arena, const char *name)
{
    const char *active = host_read_text(arena, "/sys/kernel/security/lsm");

    if (active != NULL)
        return strstr(active, name) != NULL;
    if (text_equal(name, "selinux"))
        return access("/sys/fs/selinux/enforce", F_OK) == 0;
    const char *enabled =
        host_read_text(arena, arena_printf(arena, "/sys/module/%s/parameters/enabled", name));
    return enabled != NULL && enabled[0] == 'Y';
}

bool host_has_apparmor_profile(struct arena *arena, const char *profile)
{
    const char *profiles = host_read_text(arena, "/sys/kernel/security/apparmor/profiles");

    return profiles == NULL || text_equal(profile, "unconfined") ||
           strstr(profiles, arena_printf(arena, "%s (", profile)) != NULL;
}

#define SYSCTL "/proc/sys/kernel/"

const char *host_userns_ban(struct arena *arena)
{
    const char *label = host_read_text(arena, "/proc/self/attr/current");
    const char *limit = host_namespace_limit(arena, CLONE_NEWUSER);

    if (limit != NULL)
        return arena_printf(arena, "%s is 0: raise it with sysctl, as root", limit);
    if (host_read_number(SYSCTL "unprivileged_userns_clone", 1) == 0)
        return "kernel.unprivileged_userns_clone is 0: sysctl kernel.unprivileged_userns_clone=1, "
               "as root";
    if (host_read_number(SYSCTL "apparmor_restrict_unprivileged_userns", 0) == 1 && label != NULL &&
        text_starts_with(label, "unconfined"))
        return "kernel.apparmor_restrict_unprivileged_userns is 1: give berth an AppArmor profile "
               "with \"userns,\", or set it to 0, as root";
    return NULL;
}

/* --- namespaces ------------------------------------------------------------------------------- */

const char *host_namespace_name(uint64_t type)
{
    for (size_t i = 0; i < SPEC_NAMESPACE_KINDS; i++)
        if (spec_namespace_kinds[i].flag == type)
            return spec_namespace_type_names[spec_namespace_kinds[i].type];
    return NULL;
}

const char *host_namespace_file(const char *name)
{
    for (size_t i = 0; i < SPEC_NAMESPACE_KINDS; i++)
        if (text_equal(spec_namespace_type_names[spec_namespace_kinds[i].type], name))
            return spec_namespace_kinds[i].file;
    return NULL;
}

/* Reads the link /proc/PID/ns/FILE. Returns 0, -ENOENT or another negative errno. */
static int read_namespace(struct arena *arena, const char *path, const char **ret_name)
{
    char name[64]; /* "cgroup:[4026531835]" */
    ssize_t size = readlink(path, name, sizeof(name));

    if (size < 0)
        return -errno;
    *ret_name = arena_copy(arena, name, (size_t) size);
    return 0;
}

int host_read_namespaces(struct arena *arena, pid_t pid, struct plan_namespaces *ret_namespaces,
                         struct error *error)
{
    struct text_list names = {.arena = arena};

    *ret_namespaces = (struct plan_namespaces){0};
    for (size_t i = 0; i < SPEC_NAMESPACE_KINDS; i++) {
        const char *path = arena_printf(arena, "/proc/%d/ns/%s", pid, spec_namespace_kinds[i].file);
        const char *own = arena_printf(arena, "/proc/self/ns/%s", spec_namespace_kinds[i].file);
        const char *theirs = "", *ours = "";

        int own_result = read_namespace(arena, own, &ours);
        int result = read_namespace(arena, path, &theirs);
        if (own_result == -ENOENT && result == -ENOENT)
            continue; /* the kernel lacks this type */
        if (own_result < 0)
            return error_errno(error, -own_result, "look at the namespace %s", own);
        if (result < 0)
            return error_errno(error, -result, "look at the namespace %s", path);
        text_list_add(&names, theirs);
        if (!text_equal(theirs, ours))
            ret_namespaces->foreign |= spec_namespace_kinds[i].flag;
    }
    ret_namespaces->names = (const char *const *) names.item;
    ret_namespaces->n_names = names.count;
    return 0;
}

/* Adds the type of the caller's namespace that `path` leads to, if any. A missing `path` leads to
 * none. A type that the kernel lacks is no error. */
static int add_own_namespace(const char *path, uint64_t *types)
{
    char file[sizeof("/proc/self/ns/cgroup")];
    struct stat joined, own;

    if (stat(path, &joined) < 0)
        return errno == ENOENT ? 0 : -errno;
    for (size_t i = 0; i < SPEC_NAMESPACE_KINDS; i++) {
        snprintf(file, sizeof(file), "/proc/self/ns/%s", spec_namespace_kinds[i].file);
        if (stat(file, &own) < 0) {
            if (errno != ENOENT)
                return -errno;
        } else if (own.st_dev == joined.st_dev && own.st_ino == joined.st_ino) {
            *types |= spec_namespace_kinds[i].flag;
        }
    }
    return 0;
}

int host_find_own_namespaces(const struct spec_linux *config, uint64_t *ret_types,
                             struct error *error)
{
    *ret_types = 0;
    for (size_t i = 0; i < config->n_namespaces; i++) {
        const char *path = config->namespaces[i].path;

        TRY_ERRNO_AT(path == NULL ? 0 : add_own_namespace(path, ret_types), error,
                     JSON_PATH("linux.namespaces[%zu].path", i),
                     "compare %s with the caller's namespaces", path);
    }
    return 0;
}

const char *host_namespace_limit(struct arena *arena, uint64_t types)
{
    for (size_t i = 0; i < SPEC_NAMESPACE_KINDS; i++) {
        const char *path =
            arena_printf(arena, "/proc/sys/user/max_%s_namespaces", spec_namespace_kinds[i].file);

        if ((types & spec_namespace_kinds[i].flag) != 0 && host_read_number(path, 1) == 0)
            return arena_printf(arena, "user.max_%s_namespaces", spec_namespace_kinds[i].file);
    }
    return NULL;
}

const char *host_namespace_limits(struct arena *arena, uint64_t types)
{
    struct text names = {.arena = arena};

    for (size_t i = 0; i < SPEC_NAMESPACE_KINDS; i++)
        if ((types & spec_namespace_kinds[i].flag) != 0)
            text_addf(&names, "%suser.max_%s_namespaces", names.size > 0 ? " and " : "",
                      spec_namespace_kinds[i].file);
    return names.size > 0 ? names.bytes : "those of user namespaces";
}

/* --- processes -------------------------------------------------------------------------------- */

const char *host_full_pids_cgroup(struct arena *arena, const char *directory)
{
    char *path = arena_string(arena, directory);
    char *slash = path;

    /* Only cgroups have this file, and the root cgroup has no pids.max. */
    while (slash != NULL && access(text_path_join(arena, path, "cgroup.procs"), F_OK) == 0) {
        const char *most = host_read_text(arena, text_path_join(arena, path, "pids.max"));
        int64_t now = host_read_number(text_path_join(arena, path, "pids.current"), 0);

        if (most != NULL && !text_equal(most, "max") && now >= strtoll(most, NULL, 10))
            return arena_printf(arena, "pids.max of the cgroup %s is %s", path, most);
        slash = strrchr(path, '/');
        if (slash != NULL)
            *slash = '\0';
    }
    return NULL;
}

const char *host_process_limit(struct arena *arena)
{
    struct error ignored = {0};
    struct cgroup_host host;
    struct rlimit limit;

    if (cgroup_probe(arena, "", &host, &ignored) == 0) {
        const struct cgroup_hierarchy *pids = cgroup_find_hierarchy(&host, "pids");
        const char *full =
            pids == NULL || pids->own == NULL
                ? NULL
                : host_full_pids_cgroup(arena,
                                        arena_printf(arena, "%s%s", pids->mount_point, pids->own));

        if (full != NULL)
            return full;
    }
    if (getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        return arena_printf(arena, "RLIMIT_NPROC is %llu", (unsigned long long) limit.rlim_cur);
    return NULL;
}

/* --- directories ------------------------------------------------------------------------------ */

/* Root of a user namespace has all rights to files whose owner and group are mapped in it. */
static bool may_pass(const char *path, const struct host_user *user)
{
    const struct spec_linux *maps = user->maps;
    struct stat info;

    if (stat(path, &info) < 0 || !S_ISDIR(info.st_mode))
        return true;
    if (maps != NULL && spec_maps_host_id(maps->uid_mappings, maps->n_uid_mappings, info.st_uid) &&
        spec_maps_host_id(maps->gid_mappings, maps->n_gid_mappings, info.st_gid))
        return true;
    if (info.st_uid == user->uid)
        return (info.st_mode & S_IXUSR) != 0;
    return (info.st_mode & (info.st_gid == user->gid ? S_IXGRP : S_IXOTH)) != 0;
}

const char *host_closed_directory(struct arena *arena, const char *path,
                                  const struct host_user *user)
{
    for (size_t i = 1; i <= strlen(path); i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        const char *above = arena_copy(arena, path, i);

        if (!may_pass(above, user))
            return above;
    }
    return NULL;
}

const char *host_core_scheduling_hint(int number)
{
    if (number == EINVAL)
        return "use a kernel with CONFIG_SCHED_CORE (Linux 5.14)";
    if (number == ENODEV)
        return "no core of this machine runs several threads, so that none is shared: remove the "
               "annotation, or switch SMT on in /sys/devices/system/cpu/smt/control";
    return number == EPERM ? sys_refusal() : "";
}
