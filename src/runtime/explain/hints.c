/* SPDX-License-Identifier: Apache-2.0 */
/* Hints for failed steps: a table by operation and errno. The functions look at the host only after
 * a failure, or for `check`. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/text.h"
#include "berth/plan/operands.h"
#include "berth/plan/plan.h"
#include "berth/sys/probe.h"
#include "explain.h"
#include "program.h"
#include "rootfs-view.h"
#include "state/host-facts.h"

struct failed {
    struct arena *arena;
    const struct plan_header *plan;
    const struct plan_step *step;
    int number;
    int64_t value; /* of the failure message */
};

static const char *text_of(const struct failed *failed, struct plan_text text)
{
    return plan_text(failed->plan, text);
}

/* --- namespaces ------------------------------------------------------------------------------- */

static const char *of_namespace_file(const struct failed *failed)
{
    const char *name = host_namespace_name(sys_namespace_type(text_of(
        failed, failed->step->op == PLAN_OPEN_NAMESPACE ? failed->step->open_namespace.path
                                                        : failed->step->join_namespace.path)));

    return name == NULL ? "the file is not a namespace"
                        : arena_printf(failed->arena, "the file is a %s namespace", name);
}

static const char *of_namespace_limit(const struct failed *failed)
{
    const char *limit = host_namespace_limit(failed->arena, plan_step_namespaces(failed->step));

    if (limit != NULL)
        return arena_printf(failed->arena, "%s is 0: raise it with sysctl, as root", limit);
    return arena_printf(failed->arena,
                        "the limit of namespaces is reached, or they are nested 32 deep: see "
                        "%s in sysctl",
                        host_namespace_limits(failed->arena, plan_step_namespaces(failed->step)));
}

static const char *of_user_namespace(const struct failed *failed)
{
    const char *ban = host_userns_ban(failed->arena);

    return ban != NULL
               ? ban
               : "the caller is confined by a seccomp filter, a security module or a chroot";
}

/* Returns the limit of the cgroups that the process was put into, or NULL. */
static const char *limit_of_cgroups(const struct failed *failed)
{
    const char *limit = NULL;

    for (const struct plan_step *step = plan_steps(failed->plan);
         step < failed->step && limit == NULL; step++) {
        const char *file = step->op == PLAN_PUT_FILE ? text_of(failed, step->put_file.file) : "";
        const char *name = strrchr(file, '/');

        if (name != NULL && (text_equal(name, "/tasks") || text_equal(name, "/cgroup.procs")))
            limit = host_full_pids_cgroup(failed->arena,
                                          arena_copy(failed->arena, file, (size_t) (name - file)));
    }
    return limit;
}

static const char *of_processes(const struct failed *failed)
{
    const char *limit = limit_of_cgroups(failed);

    if (limit == NULL)
        limit = host_process_limit(failed->arena);
    return limit == NULL ? "too many processes: see pids.max of the caller's cgroups, RLIMIT_NPROC "
                           "and kernel.threads-max"
                         : arena_printf(failed->arena, "too many processes: %s", limit);
}

static const char *of_full_root(const struct failed *failed)
{
    (void) failed;
    return "no room in the directory of --root: delete stopped containers, or use another";
}

/* --- mounts ----------------------------------------------------------------------------------- */

/* Returns whether the plan creates or joins a namespace of this type. */
static bool has_namespace(const struct failed *failed, uint64_t flag)
{
    for (uint32_t i = 0; i < failed->plan->step_count; i++)
        if ((plan_step_namespaces(&plan_steps(failed->plan)[i]) & flag) != 0)
            return true;
    return false;
}

static const char *of_hidden(const struct failed *failed, const char *type, const char *path)
{
    const char *over = host_find_overmount(failed->arena, type);

    if (over == NULL)
        return arena_printf(failed->arena,
                            "a user namespace may mount %s only if all of %s is visible outside: "
                            "bind %s instead: \"type\": \"none\", \"source\": \"%s\", \"options\": "
                            "[\"rbind\"]",
                            type, path, path, path);
    return arena_printf(failed->arena,
                        "%s hides part of %s here, so no user namespace may mount %s: unmount "
                        "it, have the outer container not mask it, or bind %s instead: \"type\": "
                        "\"none\", \"source\": \"%s\", \"options\": [\"rbind\"]",
                        over, path, type, path, path);
}

static const char *of_forbidden_mount(const struct failed *failed)
{
    const char *type = plan_step_file_system(failed->plan, failed->step);

    if (text_equal(type, "proc")) {
        if (!has_namespace(failed, CLONE_NEWPID))
            return "a user namespace needs a pid namespace of its own to mount proc";
        return of_hidden(failed, "proc", "/proc");
    }
    if (text_equal(type, "sysfs"))
        return of_hidden(failed, "sysfs", "/sys");
    if (text_equal(type, "mqueue"))
        return "a user namespace needs an ipc namespace of its own to mount mqueue";
    if (text_starts_with(type, "cgroup"))
        return "a user namespace needs a cgroup namespace of its own to mount cgroup2: add "
               "{\"type\": \"cgroup\"}";
    if (host_lets_userns_mount(type))
        return "mounts need CAP_SYS_ADMIN in the user namespace that owns the mount namespace: the "
               "container needs a mount namespace of its own";
    return arena_printf(failed->arena,
                        "root of a user namespace may not mount %s: mount it on the host and bind "
                        "it",
                        type);
}

static const char *of_links(const struct failed *failed)
{
    return failed->step->open_target.no_symlinks
               ? "proc and sysfs must not be mounted through a symbolic link"
               : "the symbolic links there form a loop";
}

/* Names the first missing component of the source. */
static const char *of_missing_source(const struct failed *failed)
{
    char *path = text_path_clean(failed->arena, text_of(failed, failed->step->open_tree.path));
    const char *name = "";

    if (text_starts_with(path, "/proc/self/") || text_starts_with(path, "/proc/thread-self/"))
        return "/proc/self is the process that opens it, which is berth: name the file itself";
    while (strrchr(path, '/') > path && access(path, F_OK) < 0) {
        char *last = strrchr(path, '/');

        name = last + 1;
        *last = '\0';
    }
    if (access(path, F_OK) < 0)
        return arena_printf(failed->arena,
                            "there is no %s on the host, and sources are not created", path);
    if (name[0] == '\0')
        return "it did not exist a moment ago";
    return arena_printf(failed->arena,
                        "there is %s on the host, but no %s in it, and sources are not created",
                        path, name);
}

/* Root of the user namespace is an ordinary user on the host. */
static const char *of_closed_root(const struct failed *failed)
{
    uid_t uid = geteuid() == 0 ? UINT32_MAX : geteuid();
    const struct host_user root = {uid, uid, NULL};
    const char *directory =
        host_closed_directory(failed->arena, text_of(failed, failed->step->open_root.path), &root);

    return directory == NULL ? NULL
                             : arena_printf(failed->arena,
                                            "root of the user namespace may not search %s: add "
                                            "execute permission, as by chmod o+x",
                                            directory);
}

static const char *of_unreachable_source(const struct failed *failed)
{
    return arena_printf(
        failed->arena,
        "user %u must be able to reach it: each directory on the way needs execute permission",
        geteuid());
}

/* --- the rest --------------------------------------------------------------------------------- */

static const char *of_rlimit(const struct failed *failed)
{
    const struct plan_wire_SET_RLIMIT *limit = &failed->step->set_rlimit;
    int64_t most = host_read_number("/proc/sys/fs/nr_open", INT64_MAX);
    struct rlimit present;

    if (limit->resource == RLIMIT_NOFILE && limit->hard > (uint64_t) most)
        return arena_printf(failed->arena,
                            "fs.nr_open is %lld: lower the limit, or raise fs.nr_open",
                            (long long) most);
    if (getrlimit((int) limit->resource, &present) < 0)
        return NULL;
    return arena_printf(failed->arena,
                        "the caller's own hard limit is %llu, and only CAP_SYS_RESOURCE in the "
                        "initial user namespace raises it: lower the limit, or raise the caller's",
                        (unsigned long long) present.rlim_max);
}

static const char *of_hook(const struct failed *failed)
{
    struct rootfs_view host = {.arena = failed->arena, .root = ""};
    const struct plan_step *steps = plan_steps(failed->plan);

    for (const struct plan_step *step = steps; step < failed->step; step++)
        if (step->op == PLAN_PIVOT_ROOT)
            host = rootfs_view_of_plan(failed->arena, failed->plan);
    struct program program =
        program_look_at(&host, text_of(failed, failed->step->run_hook.program));
    return program.number == failed->number ? program.hint : NULL;
}

static bool is_sysctl(const struct failed *failed)
{
    return text_starts_with(text_of(failed, failed->step->put_file.file), "sys/");
}

static const char *of_missing_file(const struct failed *failed)
{
    if (text_equal(text_of(failed, failed->step->put_file.file), "self/attr/apparmor/exec"))
        return "no profile with this name is loaded";
    return is_sysctl(failed)
               ? "this kernel has no such parameter, or the module that provides it is not loaded"
               : NULL;
}

static const char *of_refused_file(const struct failed *failed)
{
    if (is_sysctl(failed))
        return "only root of the user namespace that owns its namespace may set it";
    return text_starts_with(text_of(failed, failed->step->put_file.file), "/sys/fs/cgroup/")
               ? "the caller may not move processes to this cgroup: see --cgroup-manager"
               : NULL;
}

static const char *of_bad_value(const struct failed *failed)
{
    const char *file = text_of(failed, failed->step->put_file.file);

    if (text_equal(file, "self/attr/exec") || text_equal(file, "self/attr/keycreate"))
        return "the host's policy does not know this label";
    return is_sysctl(failed) ? "the kernel does not accept this value: see proc_sys(5)" : NULL;
}

/* The IDs are those inside the container's user namespace. */
static const char *of_unmapped_id(const struct failed *failed)
{
    if (failed->value == PLAN_USER_GROUPS)
        return "process.user.additionalGids: the user namespace does not map one of these groups, "
               "or there are more than 65536";
    bool is_group = failed->value == PLAN_USER_GID;
    return arena_printf(failed->arena, "the user namespace does not map %s %u",
                        is_group ? "group" : "user",
                        is_group ? failed->step->set_user.gid : failed->step->set_user.uid);
}

static const char *of_refused_user(const struct failed *failed)
{
    return failed->value == PLAN_USER_GROUPS
               ? "the caller's supplementary groups would be kept: setgroups(2) needs CAP_SETGID"
               : "changing the user or group needs CAP_SETUID and CAP_SETGID";
}

static const char *of_verification(const struct failed *failed)
{
    const char *expected = text_of(failed, failed->step->verify.expected.first);

    for (int64_t i = 1; i < failed->value; i++)
        expected += strlen(expected) + 1;
    return arena_printf(failed->arena,
                        "/proc/self/status does not say \"%s\": whatever confines berth pretends "
                        "that system calls succeed",
                        expected);
}

static const char *of_scheduler(const struct failed *failed)
{
    if (failed->step->set_scheduler.policy == SCHED_DEADLINE)
        return "SCHED_DEADLINE needs CAP_SYS_NICE outside a user namespace, and all processors: "
               "linux.resources.cpu.cpus must not leave any out";
    return "a higher priority than the caller's needs CAP_SYS_NICE outside a user namespace; a "
           "real-time policy may also need "
           "linux.resources.cpu.realtimeRuntime";
}

static const char *of_landlock(const struct failed *failed)
{
    for (const struct plan_step *step = plan_steps(failed->plan); step < failed->step; step++)
        if (step->op == PLAN_MAKE_RULESET && step->make_ruleset.files != 0)
            return "annotations[\"run.berth.landlock\"] must allow execute and read_file for it, "
                   "and for the interpreter or loader that it names";
    return NULL;
}

/* Known hints: the first matching row counts. */
static const struct {
    enum plan_op op;
    int number;
    const char *hint;
    const char *(*look)(const struct failed *failed);
} hints[] = {
    {PLAN_MAKE_MOUNT, EPERM, NULL, of_forbidden_mount},
    {PLAN_MOUNT_OVER, EPERM, NULL, of_forbidden_mount},
    {PLAN_MAKE_MOUNT, ENODEV, "the kernel does not support this file system", NULL},
    {PLAN_MOUNT_OVER, ENODEV, "the kernel does not support this file system", NULL},
    {PLAN_MAKE_MOUNT, EINVAL,
     "the file system rejects one of the options: see its page in "
     "section 5 of the manual, and dmesg",
     NULL},
    {PLAN_OPEN_ROOT, EACCES, NULL, of_closed_root},
    {PLAN_OPEN_TREE, ENOENT, NULL, of_missing_source},
    {PLAN_OPEN_TREE, EACCES, NULL, of_unreachable_source},
    {PLAN_OPEN_TARGET, EROFS,
     "it does not exist and cannot be created: create it in the root file system beforehand", NULL},
    {PLAN_OPEN_TARGET, ELOOP, NULL, of_links},
    {PLAN_OPEN_TARGET, EOPNOTSUPP,
     "inside /proc only these can be mounted on: cpuinfo, diskstats, loadavg, meminfo, slabinfo, "
     "stat, "
     "swaps, uptime, "
     "sys/kernel/ns_last_pid and sys/crypto/fips_enabled",
     NULL},
    {PLAN_ATTACH_MOUNT, EBUSY, "a mount cannot cover the root file system of a running container",
     NULL},
    {PLAN_MOUNT_OVER, EBUSY, "a mount cannot cover the root file system of a running container",
     NULL},
    {PLAN_ATTACH_MOUNT, ESTALE, "the container keeps moving it", NULL},
    {PLAN_VERIFY_NAMESPACES, EXDEV,
     "the container was created inside a chroot, so this would lead out of it: create it outside",
     NULL},
    {PLAN_FIND_MOUNT, EINVAL, "nothing is mounted there", NULL},
    {PLAN_FIND_MOUNT, EBUSY, "it is the container's root file system", NULL},
    {PLAN_FIND_MOUNT, ELOOP, "part of the path is a symbolic link: give the path that it leads to",
     NULL},
    {PLAN_UNMOUNT, EINVAL,
     "it is locked to the mounts around it, and a user namespace may not separate them", NULL},
    {PLAN_MAKE_CWD, EROFS,
     "it does not exist and cannot be created: create it in the root file system beforehand", NULL},
    {PLAN_MAKE_NODE, EPERM,
     "device nodes need CAP_MKNOD outside a user namespace: bind the host's "
     "device with a mount",
     NULL},
    {PLAN_LAUNCH, EPERM,
     "new namespaces need CAP_SYS_ADMIN or a user namespace; a seccomp filter around berth may "
     "refuse clone(2) and clone3(2), too",
     NULL},
    {PLAN_LAUNCH, EAGAIN, NULL, of_processes},
    {PLAN_LAUNCH, ENOSPC, NULL, of_namespace_limit},
    {PLAN_LAUNCH, EBUSY,
     "the parent cgroup enables controllers for its children, so it cannot hold processes: see "
     "linux.cgroupsPath",
     NULL},
    {PLAN_SAVE_STATE, ENOSPC, NULL, of_full_root},
    {PLAN_RECORD_INIT, ENOSPC, NULL, of_full_root},
    {PLAN_COMMIT, ENOSPC, NULL, of_full_root},
    {PLAN_CLONE_INIT, EAGAIN, NULL, of_processes},
    {PLAN_CLONE_INIT, ENOSPC, NULL, of_namespace_limit},
    {PLAN_UNSHARE, ENOSPC, NULL, of_namespace_limit},
    {PLAN_UNSHARE, EPERM, NULL, of_user_namespace},
    {PLAN_UNSHARE, EINVAL, "the kernel does not have namespaces of this type", NULL},
    {PLAN_OPEN_NAMESPACE, EINVAL, NULL, of_namespace_file},
    {PLAN_JOIN_NAMESPACE, EINVAL, NULL, of_namespace_file},
    {PLAN_MAP_IDS, EPERM,
     "unprivileged users may map their own id and those in /etc/subuid and /etc/subgid", NULL},
    {PLAN_MAKE_CGROUP, EROFS,
     "cgroups are mounted read-only, as in a container: mount them read-write, or use "
     "--cgroup-manager=disabled",
     NULL},
    {PLAN_MAKE_CGROUP, EACCES,
     "have a cgroup delegated, for example by systemd-run --user --scope -p "
     "Delegate=yes, or use --cgroup-manager=disabled",
     NULL},
    {PLAN_PUT_FILE, ENOENT, NULL, of_missing_file},
    {PLAN_PUT_FILE, EACCES, NULL, of_refused_file},
    {PLAN_PUT_FILE, EPERM, NULL, of_refused_file},
    {PLAN_PUT_FILE, EINVAL, NULL, of_bad_value},
    {PLAN_PUT_FILE, ERANGE, "the clock would be before zero or too far ahead", NULL},
    {PLAN_SET_RLIMIT, EPERM, NULL, of_rlimit},
    {PLAN_SET_OOM_SCORE, EACCES, "a lower value than the caller's needs CAP_SYS_RESOURCE", NULL},
    {PLAN_SET_HOSTNAME, EPERM, "the container needs a uts namespace of its own", NULL},
    {PLAN_SET_PROPAGATION, EINVAL,
     "/ is not a mount point here, as in a chroot: mount --rbind DIR DIR before chroot DIR makes "
     "it one",
     NULL},
    {PLAN_PIN_NAMESPACE, EPERM,
     "a mount in the state directory takes CAP_SYS_ADMIN in the user namespace that owns the "
     "caller's mount namespace: make one with unshare --mount, or run berth as the host's root",
     NULL},
    {PLAN_PIVOT_ROOT, EINVAL,
     "the host's root is the initramfs, which pivot_root(2) cannot leave: use --no-pivot", NULL},
    {PLAN_LOAD_SECCOMP, EINVAL, "the kernel does not know the filter's flags or actions", NULL},
    {PLAN_MAP_MOUNT, EINVAL,
     "the file system cannot be mapped: idmapped mounts need Linux 5.12 and a file system that "
     "allows them",
     NULL},
    {PLAN_MAP_MOUNT, ENOSYS, "idmapped mounts need Linux 5.12", NULL},
    {PLAN_MAP_MOUNT, EPERM,
     "the mount has a mapping already, or its file system belongs to another user namespace", NULL},
    {PLAN_MAKE_ID_MAP, EINVAL, "a range is empty, overlaps another or exceeds the largest id",
     NULL},
    {PLAN_MAKE_ID_MAP, EPERM, "the caller's own user namespace does not have all these ids", NULL},
    {PLAN_MOVE_NET_DEVICE, EEXIST,
     "the container already has a device with that name; a name such as \"eth%d\" gets a free "
     "number",
     NULL},
    {PLAN_MOVE_NET_DEVICE, EINVAL,
     "the kernel does not let some devices leave their network namespace", NULL},
    {PLAN_MOVE_NET_DEVICE, EACCES, "IPv6 is disabled there, and the device has an IPv6 address",
     NULL},
    {PLAN_MOVE_NET_DEVICE, EPERM,
     "moving a device needs CAP_NET_ADMIN on both sides and CAP_SYS_ADMIN in the container's "
     "network namespace",
     NULL},
    {PLAN_FIND_HOME, EACCES, "/etc/passwd cannot be read: set HOME in process.env", NULL},
    {PLAN_SET_CORE_COOKIE, ESTALE,
     "whatever confines berth pretends that system calls succeed, or the container with the cookie "
     "has ended or changed it meanwhile",
     NULL},
    {PLAN_SET_SCHEDULER, EPERM, NULL, of_scheduler},
    {PLAN_CLEAR_SECUREBITS, EPERM,
     "SECBIT_NO_SETUID_FIXUP is locked, or the caller lacks CAP_SETPCAP: processes that give up "
     "root would keep their capabilities",
     NULL},
    {PLAN_SET_USER, EINVAL, NULL, of_unmapped_id},
    {PLAN_SET_USER, EPERM, NULL, of_refused_user},
    {PLAN_BECOME_ROOT, EPERM, NULL, of_refused_user},
    {PLAN_VERIFY, ENOTRECOVERABLE, NULL, of_verification},
    {PLAN_SET_SCHEDULER, EBUSY, "the processors do not have that much time left for deadline tasks",
     NULL},
    {PLAN_SET_SCHEDULER, EINVAL,
     "the kernel does not accept these values together; see sched_setattr(2)", NULL},
    {PLAN_SET_SCHEDULER, EOPNOTSUPP, "the kernel is built without utilization clamping", NULL},
    {PLAN_SET_IO_PRIORITY, EPERM,
     "the class IOPRIO_CLASS_RT needs CAP_SYS_NICE outside a user namespace", NULL},
    {PLAN_SET_MEMORY_POLICY, EINVAL,
     "the kernel does not know the mode or the flags, or has no such nodes, or "
     "linux.resources.cpu.mems has none of them",
     NULL},
    {PLAN_SET_MEMORY_POLICY, ENOSYS, "the kernel is built without memory policies", NULL},
    {PLAN_SET_PERSONALITY, EINVAL, "this machine cannot run 32-bit programs", NULL},
    {PLAN_CONNECT_AGENT, ECONNREFUSED, "no agent listens there", NULL},
    {PLAN_CONNECT_AGENT, EPROTOTYPE, "the agent's socket must be a stream socket", NULL},
    {PLAN_LOAD_SECCOMP, EBUSY, "berth itself runs under a filter with a listener", NULL},
    {PLAN_LOAD_SECCOMP, EAGAIN,
     "handing over the listener needs a thread: see linux.resources.pids and RLIMIT_NPROC", NULL},
    {PLAN_EXECUTE, ENOENT, "the file exists, but not the interpreter or loader that it names",
     NULL},
    {PLAN_EXECUTE, EACCES, NULL, of_landlock},
    {PLAN_MAKE_RULESET, EINVAL, "the kernel's Landlock does not know one of these rights", NULL},
    {PLAN_RUN_HOOK, ENOENT, NULL, of_hook},
    {PLAN_RUN_HOOK, EACCES, NULL, of_hook},
    {PLAN_RUN_HOOK, ENOEXEC, NULL, of_hook},
};

const char *explain_hint(struct arena *arena, const struct plan_header *plan,
                         const struct failure *failure)
{
    const struct plan_step *step = &plan_steps(plan)[failure->step];
    const struct failed failed = {arena, plan, step, failure->number, failure->value};

    for (size_t i = 0; i < COUNT(hints); i++)
        if (hints[i].op == step->op && hints[i].number == failure->number)
            return hints[i].look == NULL ? hints[i].hint : hints[i].look(&failed);
    return NULL;
}
