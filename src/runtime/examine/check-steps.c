/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/cgroup/setting.h"
#include "berth/plan/operands.h"
#include "berth/seccomp/seccomp.h"
#include "berth/spec/check.h"
#include "berth/sys/probe.h"
#include "check.h"
#include "explain/explain.h"
#include "explain/program.h"
#include "launch/filter.h"
#include "launch/subid.h"
#include "state/host-facts.h"

/* Checks one step before it is carried out. Returns a positive errno, or 0. A check that finds more
 * than one error collects them itself. */
typedef int preflight(struct check *check, const struct plan_step *step);

/* Returns whether the caller has the capability in the initial user namespace. It keeps it until it
 * enters the container's user namespace. */
static bool has_right(const struct check *check, int capability)
{
    return !check->transaction->host.in_user_namespace &&
           (check->transaction->host.permitted_capabilities >> capability & 1) != 0;
}

/* --- cgroups, ids, seccomp: their own layers check them --------------------------------------- */

/* A container without its own cgroup has been checked before the plan was built. */
static int preflight_limits(struct check *check, const struct plan_step *step)
{
    struct transaction *transaction = check->transaction;

    (void) step;
    error_collect(check->error, cgroup_check(check->arena, &transaction->cgroup,
                                             transaction_resources(transaction), check->error));
    return 0;
}

static int preflight_cgroup(struct check *check, const struct plan_step *step)
{
    const struct cgroup *cgroup = &check->transaction->cgroup;

    (void) step;
    for (size_t i = 0; i < cgroup->n_places; i++) {
        char *path = arena_string(check->arena, cgroup->places[i].path);

        if (cgroup->places[i].exists || cgroup->places[i].is_systemds)
            continue;
        while (access(path, F_OK) < 0 && strrchr(path, '/') > path)
            *strrchr(path, '/') = '\0';
        int result = file_access(AT_FDCWD, path, W_OK);
        if (result < 0)
            return -result;
    }
    return 0;
}

static int preflight_id_maps(struct check *check, const struct plan_step *step)
{
    (void) step;
    subid_check(check->arena, check->transaction->config->linux,
                check->transaction->host.privileged, check->error);
    return 0;
}

static int preflight_filter(struct check *check, const struct plan_step *step)
{
    struct seccomp_code program;
    AUTO_FD fd = -1;

    (void) step;
    error_collect(check->error, filter_make(check->transaction->config, NULL, &fd, check->error));
    if (fd >= 0) {
        TRY(seccomp_read_code(check->arena, fd, &program));
        const char *barred = filter_bars_exit(&program);

        error_collect(check->error,
                      filter_check_program(check->transaction->config, &program, check->error));
        if (barred != NULL)
            log_warning_at(filter_place(check->transaction->config), "%s", barred);
    }
    return 0;
}

static int preflight_filter_flags(struct check *check, const struct plan_step *step)
{
    (void) check;
    return -sys_probe_seccomp_flags(step->load_seccomp.flags);
}

/* --- namespaces ------------------------------------------------------------------------------- */

static int preflight_new_namespaces(struct check *check, const struct plan_step *step)
{
    return host_namespace_limit(check->arena, plan_step_namespaces(step)) != NULL ? ENOSPC : 0;
}

static int preflight_unshare(struct check *check, const struct plan_step *step)
{
    if (preflight_new_namespaces(check, step) != 0)
        return ENOSPC;
    return (step->unshare.namespaces & CLONE_NEWUSER) != 0 &&
                   !check->transaction->host.privileged && host_userns_ban(check->arena) != NULL
               ? EPERM
               : 0;
}

static int preflight_joined_namespace(struct check *check, const struct plan_step *step)
{
    const char *path = plan_text(check->plan, step->open_namespace.path);
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return errno;
    return sys_namespace_type(path) != step->open_namespace.type ? EINVAL : 0;
}

/* --- mounts ----------------------------------------------------------------------------------- */

/* Returns the host ID of the container's root, or UINT32_MAX if it has no user namespace. */
static uint32_t id_of_root(const struct spec_id_mapping *mappings, size_t count)
{
    uint32_t id = UINT32_MAX;

    spec_host_id(mappings, count, 0, &id);
    return id;
}

static int preflight_root(struct check *check, const struct plan_step *step)
{
    const struct spec_linux *config = check->transaction->config->linux;
    const char *path = plan_text(check->plan, step->open_root.path);

    if (config == NULL || config->n_uid_mappings == 0 || path == NULL)
        return 0;
    const struct host_user root = {
        .uid = id_of_root(config->uid_mappings, config->n_uid_mappings),
        .gid = id_of_root(config->gid_mappings, config->n_gid_mappings),
        .maps = config,
    };
    return root.uid != 0 && root.uid != UINT32_MAX &&
                   host_closed_directory(check->arena, path, &root) != NULL
               ? EACCES
               : 0;
}

/* Returns whether the source does not exist yet: a cgroup is mounted after it has been created. A
 * step without a place in the config is berth's own, unless it mounts a device. */
static bool is_made_later(const struct check *check, const struct plan_step *step, const char *path)
{
    const struct plan_host *host = &check->transaction->host;

    for (size_t i = 0; i < host->n_hierarchies; i++)
        if (text_equal(host->hierarchies[i].path, path))
            return true;
    return step->place.at == 0 && !text_starts_with(path, "/dev/");
}

static int preflight_source(struct check *check, const struct plan_step *step)
{
    const char *path = plan_text(check->plan, step->open_tree.path);
    const int flags = step->open_tree.nofollow ? AT_SYMLINK_NOFOLLOW : 0;
    struct rootfs_view_place place;
    struct stat info;

    if (is_made_later(check, step, path) || fstatat(AT_FDCWD, path, &info, flags) == 0)
        return 0;
    int number = errno;
    int found = rootfs_view_find_source(&check->view, step, path, &place);
    return found == 0 || found == ROOTFS_VIEW_UNSEEN ? 0 : number;
}

static bool has_namespace(const struct check *check, enum spec_namespace_type type)
{
    return spec_find_namespace(check->transaction->config, type) != NULL;
}

/* In a user namespace, the kernel mounts proc and sysfs only with a PID or network namespace of its
 * own, and only if nothing hides a part of the host's. If the caller is in a user namespace
 * already, berth cannot tell. */
static bool is_refused(const struct check *check, const char *type)
{
    bool is_proc = text_equal(type, "proc");

    if (!has_namespace(check, SPEC_NAMESPACE_TYPE_USER) || (!is_proc && !text_equal(type, "sysfs")))
        return false;
    return !has_namespace(check, is_proc ? SPEC_NAMESPACE_TYPE_PID : SPEC_NAMESPACE_TYPE_NETWORK) ||
           host_find_overmount(check->arena, type) != NULL;
}

static int preflight_mount(struct check *check, const struct plan_step *step)
{
    const char *type = plan_step_file_system(check->plan, step);
    bool is_confined = check->transaction->host.in_user_namespace ||
                       has_namespace(check, SPEC_NAMESPACE_TYPE_USER);

    if (step->op == PLAN_MOUNT_OVER && (step->mount_over.flags & MS_REMOUNT) != 0)
        return 0;
    if (!host_has_file_system(check->arena, type))
        return ENODEV;
    if (is_confined && !host_lets_userns_mount(type))
        return EPERM;
    return is_refused(check, type) ? EPERM : 0;
}

static bool is_read_only(const struct rootfs_view_place *place)
{
    AUTO_ARENA arena = {0};
    char *path = arena_string(&arena, place->host);
    struct statvfs info;

    while (access(path, F_OK) < 0 && strrchr(path, '/') > path)
        *strrchr(path, '/') = '\0';
    return (place->attributes & MOUNT_ATTR_RDONLY) != 0 ||
           (statvfs(path, &info) == 0 && (info.f_flag & ST_RDONLY) != 0);
}

/* Returns whether the target has to be a directory. PLAN_TARGET_LIKE_MOUNT: as the source of the
 * mount in its slot. */
static bool wants_directory(const struct check *check, const struct plan_step *step)
{
    struct stat info;

    if (step->open_target.kind != PLAN_TARGET_LIKE_MOUNT)
        return step->open_target.kind == PLAN_TARGET_DIRECTORY;
    const char *source = check->view.contents[step->open_target.like].path;
    return source == NULL || stat(source, &info) < 0 || S_ISDIR(info.st_mode);
}

static int preflight_target(struct check *check, const struct plan_step *step)
{
    const char *path = plan_text(check->plan, step->open_target.path);
    struct rootfs_view_place place;
    struct stat info;
    int result = rootfs_view_find(&check->view, path, &place);

    if (result == ROOTFS_VIEW_UNSEEN)
        return 0;
    if (result < 0 && result != -ENOENT)
        return -result;
    if (step->open_target.no_symlinks &&
        !text_starts_with(text_path_clean(check->arena, path), place.path))
        return ELOOP;
    if (result == -ENOENT)
        return is_read_only(&place) ? EROFS : 0;
    if (stat(place.host, &info) < 0)
        return 0;
    if (wants_directory(check, step) != (S_ISDIR(info.st_mode) != 0) &&
        (step->open_target.kind == PLAN_TARGET_DIRECTORY ||
         check->view.contents[step->open_target.like].path != NULL))
        return S_ISDIR(info.st_mode) ? EISDIR : ENOTDIR;
    return 0;
}

static int preflight_missing_cwd(struct check *check, const struct plan_step *step)
{
    struct rootfs_view_place place;

    return rootfs_view_find(&check->view, plan_text(check->plan, step->make_cwd.path), &place) ==
                       -ENOENT &&
                   is_read_only(&place)
               ? EROFS
               : 0;
}

static int preflight_cwd(struct check *check, const struct plan_step *step)
{
    struct rootfs_view_place place;
    struct stat info;
    int result = rootfs_view_find(&check->view, plan_text(check->plan, step->set_cwd.path), &place);

    if (result == ROOTFS_VIEW_UNSEEN || result == -ENOENT)
        return 0;
    if (result < 0)
        return -result;
    return stat(place.host, &info) == 0 && !S_ISDIR(info.st_mode) ? ENOTDIR : 0;
}

static int preflight_allowed_path(struct check *check, const struct plan_step *step)
{
    struct rootfs_view_place place;
    int result =
        rootfs_view_find(&check->view, plan_text(check->plan, step->allow_path.path), &place);

    return result == ROOTFS_VIEW_UNSEEN ? 0 : -result;
}

/* --- files and limits of the kernel ----------------------------------------------------------- */

/* Sysctls of one network device exist only in the network namespace that has the device. */
static bool is_of_device(const char *path)
{
    const char *name = strstr(path, "/conf/");

    name = name != NULL ? name + strlen("/conf/") : strstr(path, "/neigh/");
    return name != NULL && !text_starts_with(name, "all/") && !text_starts_with(name, "default/");
}

static int preflight_file(struct check *check, const struct plan_step *step)
{
    const char *path = plan_text(check->plan, step->put_file.file);

    if (!text_starts_with(path, "sys/") || is_of_device(path))
        return 0;
    return access(text_path_join(check->arena, "/proc", path), F_OK) < 0 ? errno : 0;
}

static int preflight_limit(struct check *check, const struct plan_step *step)
{
    struct rlimit present;

    if (step->set_rlimit.resource == RLIMIT_NOFILE &&
        step->set_rlimit.hard > (uint64_t) host_read_number("/proc/sys/fs/nr_open", INT64_MAX))
        return EPERM;
    if (getrlimit((int) step->set_rlimit.resource, &present) < 0 ||
        step->set_rlimit.hard <= present.rlim_max)
        return 0;
    /* Init sets the limit: in a user namespace its CAP_SYS_RESOURCE does not count. */
    return has_right(check, CAP_SYS_RESOURCE) && !has_namespace(check, SPEC_NAMESPACE_TYPE_USER)
               ? 0
               : EPERM;
}

/* An unprivileged process cannot go below oom_score_adj_min, which is 0 unless a privileged process
 * has changed it. */
static int preflight_oom_score(struct check *check, const struct plan_step *step)
{
    int64_t score = step->set_oom_score.score;

    return score < 0 && score < host_read_number("/proc/self/oom_score_adj", 0) &&
                   !has_right(check, CAP_SYS_RESOURCE)
               ? EACCES
               : 0;
}

/* --- programs --------------------------------------------------------------------------------- */

static int preflight_hook(struct check *check, const struct plan_step *step)
{
    return program_look_at(check->has_pivoted ? &check->view : &check->host,
                           plan_text(check->plan, step->run_hook.program))
        .number;
}

static int preflight_program(struct check *check, const struct plan_step *step)
{
    (void) step;
    return program_look(check->arena, check->plan).number;
}

static preflight *const preflights[PLAN_OPS] = {
    [PLAN_MAKE_CGROUP] = preflight_cgroup,
    [PLAN_LIMIT_CGROUP] = preflight_limits,
    [PLAN_LAUNCH] = preflight_new_namespaces,
    [PLAN_CLONE_INIT] = preflight_new_namespaces,
    [PLAN_UNSHARE] = preflight_unshare,
    [PLAN_MAP_IDS] = preflight_id_maps,
    [PLAN_OPEN_NAMESPACE] = preflight_joined_namespace,
    [PLAN_OPEN_ROOT] = preflight_root,
    [PLAN_OPEN_TREE] = preflight_source,
    [PLAN_MAKE_MOUNT] = preflight_mount,
    [PLAN_MOUNT_OVER] = preflight_mount,
    [PLAN_OPEN_TARGET] = preflight_target,
    [PLAN_PUT_FILE] = preflight_file,
    [PLAN_RUN_HOOK] = preflight_hook,
    [PLAN_SET_RLIMIT] = preflight_limit,
    [PLAN_SET_OOM_SCORE] = preflight_oom_score,
    [PLAN_COMPILE_SECCOMP] = preflight_filter,
    [PLAN_LOAD_SECCOMP] = preflight_filter_flags,
    [PLAN_MAKE_CWD] = preflight_missing_cwd,
    [PLAN_SET_CWD] = preflight_cwd,
    [PLAN_ALLOW_PATH] = preflight_allowed_path,
    [PLAN_FIND_PROGRAM] = preflight_program,
};

void check_steps(struct check *check)
{
    for (uint32_t i = 0; i < check->plan->step_count; i++) {
        const struct plan_step *step = &plan_steps(check->plan)[i];
        int number = preflights[step->op] == NULL ? 0 : preflights[step->op](check, step);
        const struct failure failure = {(int) i, number, 0, -1};

        if (number > 0)
            error_collect(check->error,
                          explain_failure(check->arena, check->plan, &failure, check->error));
        rootfs_view_apply(&check->view, check->plan, step);
        check->has_pivoted |= step->op == PLAN_PIVOT_ROOT;
    }
}
