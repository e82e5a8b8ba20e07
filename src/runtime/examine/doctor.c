/* SPDX-License-Identifier: Apache-2.0 */
/* The host features that `doctor` probes. */
#include "doctor.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/text.h"

#define STAGED                                                                                     \
    "mounts are made on a stage: none that are idmapped, shared, or in a running container"
#define NEWER(version) "use Linux " version " or later; in a container, have its filter allow it"
#define RECONFIGURE(option) "use a kernel with " option
#define DETAIL RUNTIME_FACT_DETAIL
#define FOR_ALL RUNTIME_FACT_FOR_ALL
#define FOR_ROOTLESS RUNTIME_FACT_FOR_ROOTLESS
#define LIMIT RUNTIME_FACT_LIMIT
#define WAIT_KILLABLE_RECV (1UL << 5) /* since Linux 5.19: older headers lack it */

/* clang-format off */
static const struct doctor_row rows[] = {
    {"kernel", "version", doctor_version, NULL, 0, "", "", DETAIL},
    {"kernel", "openat2", doctor_call, NULL, SYS_openat2,
     "paths of containers are resolved step by step; " STAGED, NEWER("5.6"), DETAIL},
    {"kernel", "open_tree", doctor_call, NULL, SYS_open_tree, STAGED, NEWER("5.2"), DETAIL},
    {"kernel", "move_mount", doctor_call, NULL, SYS_move_mount, STAGED, NEWER("5.2"), DETAIL},
    {"kernel", "fsopen", doctor_call, NULL, SYS_fsopen, STAGED, NEWER("5.2"), DETAIL},
    {"kernel", "fsconfig", doctor_call, NULL, SYS_fsconfig, STAGED, NEWER("5.2"), DETAIL},
    {"kernel", "fsmount", doctor_call, NULL, SYS_fsmount, STAGED, NEWER("5.2"), DETAIL},
    {"kernel", "mount_setattr", doctor_call, NULL, SYS_mount_setattr, STAGED, NEWER("5.12"),
     DETAIL},
    {"kernel", "id-mapped mounts", doctor_idmapped_mounts, NULL, 0,
     "mounts[].uidMappings and idmap are refused", NEWER("5.12"), DETAIL},
    {"kernel", "pidfd_open", doctor_call, NULL, SYS_pidfd_open,
     "directories in /proc take the place of pidfds, and restore is refused", NEWER("5.3"), DETAIL},
    {"kernel", "pidfd_send_signal", doctor_call, NULL, SYS_pidfd_send_signal,
     "processes are signalled by their numbers", NEWER("5.1"), DETAIL},
    {"kernel", "clone3", doctor_call, NULL, SYS_clone3,
     "clone is used, which cannot start in a cgroup", NEWER("5.3"), DETAIL},
    {"kernel", "CLONE_INTO_CGROUP", doctor_clone_into_cgroup, NULL, 0,
     "a container cannot start in a cgroup of version 2", NEWER("5.7"), DETAIL},
    {"kernel", "statx", doctor_call, NULL, SYS_statx, "newfstatat is used", NEWER("4.11"), DETAIL},
    {"kernel", "faccessat2", doctor_call, NULL, SYS_faccessat2, "faccessat is used", NEWER("5.8"),
     DETAIL},
    {"kernel", "memfd_create", doctor_call, NULL, SYS_memfd_create,
     "files without a name in /dev/shm, /run or /tmp are used", NEWER("3.17"), DETAIL},
    {"kernel", "execveat", doctor_call, NULL, SYS_execveat,
     "the init is executed through /proc/self/fd", NEWER("3.19"), DETAIL},
    {"kernel", "close_range", doctor_call, NULL, SYS_close_range,
     "descriptors are closed one by one", NEWER("5.11"), DETAIL},
    {"kernel", "programs in memory", doctor_memfd, "/proc/sys/vm/memfd_noexec", 0,
     "the init cannot be executed: neither from memory, nor as an installed file, nor from /run "
     "or /tmp",
     "meson install -C build, or sysctl vm.memfd_noexec=1, as root", FOR_ALL},
    {"kernel", "session keyrings", doctor_call, NULL, SYS_keyctl,
     "containers share the caller's keyring",
     "use --no-new-keyring, or " RECONFIGURE("CONFIG_KEYS"), DETAIL},

    {"namespaces", "pid", doctor_namespace, "pid", 0, "linux.namespaces cannot have it",
     RECONFIGURE("CONFIG_PID_NS"), DETAIL},
    {"namespaces", "network", doctor_namespace, "network", 0, "linux.namespaces cannot have it",
     RECONFIGURE("CONFIG_NET_NS"), DETAIL},
    {"namespaces", "mount", doctor_namespace, "mount", 0, "linux.namespaces cannot have it",
     "use another kernel", DETAIL},
    {"namespaces", "ipc", doctor_namespace, "ipc", 0, "linux.namespaces cannot have it",
     RECONFIGURE("CONFIG_IPC_NS"), DETAIL},
    {"namespaces", "uts", doctor_namespace, "uts", 0, "linux.namespaces cannot have it",
     RECONFIGURE("CONFIG_UTS_NS"), DETAIL},
    {"namespaces", "user", doctor_namespace, "user", 0,
     "linux.namespaces cannot have it, and unprivileged users cannot run containers",
     RECONFIGURE("CONFIG_USER_NS"), FOR_ROOTLESS},
    {"namespaces", "cgroup", doctor_namespace, "cgroup", 0, "linux.namespaces cannot have it",
     RECONFIGURE("CONFIG_CGROUPS"), DETAIL},
    {"namespaces", "time", doctor_namespace, "time", 0,
     "linux.namespaces and linux.timeOffsets cannot have it",
     RECONFIGURE("CONFIG_TIME_NS, Linux 5.6"), DETAIL},

    {"users", "caller", doctor_caller, NULL, 0, "", "", DETAIL},
    {"users", "user namespaces for other users", doctor_user_namespaces, NULL, 0,
     "only root can run containers", "", FOR_ROOTLESS},
    {"users", "limit of user namespaces", doctor_number, "/proc/sys/user/max_user_namespaces", 1,
     "none can be made", "sysctl user.max_user_namespaces=10000, as root", FOR_ROOTLESS},
    {"users", "ids in /etc/subuid", doctor_subids, NULL, 0, "a user can map only their own ID",
     "usermod --add-subuids 100000-165535 USER, as root", DETAIL},
    {"users", "ids in /etc/subgid", doctor_subids, NULL, 1, "a user can map only their own ID",
     "usermod --add-subgids 100000-165535 USER, as root", DETAIL},
    {"users", "newuidmap", doctor_id_helper, NULL, 0, "a user can map only their own ID", "",
     DETAIL},
    {"users", "newgidmap", doctor_id_helper, NULL, 1, "a user can map only their own ID", "",
     DETAIL},

    {"cgroups", "layout", doctor_layout, NULL, 0,
     "containers have no cgroups: no limits, no statistics, no pause",
     "mount cgroup2 on /sys/fs/cgroup", DETAIL},
    {"cgroups", "cpu", doctor_controller, "cpu", 0, "linux.resources.cpu is refused", "", LIMIT},
    {"cgroups", "cpuset", doctor_controller, "cpuset", 0,
     "linux.resources.cpu.cpus and mems are refused", "", LIMIT},
    {"cgroups", "memory", doctor_controller, "memory", 0, "linux.resources.memory is refused", "",
     LIMIT},
    {"cgroups", "pids", doctor_controller, "pids", 0, "linux.resources.pids is refused", "", LIMIT},
    {"cgroups", "io", doctor_controller, "blkio", 0, "linux.resources.blockIO is refused", "",
     LIMIT},
    {"cgroups", "hugetlb", doctor_controller, "hugetlb", 0,
     "linux.resources.hugepageLimits is refused", "", LIMIT},
    {"cgroups", "rdma", doctor_controller, "rdma", 0, "linux.resources.rdma is refused", "", LIMIT},
    {"cgroups", "devices", doctor_controller, "devices", 0, "linux.resources.devices is refused",
     "", LIMIT},
    {"cgroups", "net_cls", doctor_controller, "net_cls", 1,
     "linux.resources.network.classID is refused", "", LIMIT},
    {"cgroups", "net_prio", doctor_controller, "net_prio", 1,
     "linux.resources.network.priorities is refused", "", LIMIT},
    {"cgroups", "device programs (bpf)", doctor_device_programs, NULL, 0,
     "on cgroup v2 linux.resources.devices is refused", RECONFIGURE("CONFIG_CGROUP_BPF"), DETAIL},
    {"cgroups", "systemd", doctor_manager, NULL, 0, "--systemd-cgroup is refused",
     "boot with systemd, or use cgroupfs (the default)", DETAIL},
    {"cgroups", "systemd of the user", doctor_manager, NULL, 1,
     "--systemd-cgroup is refused to unprivileged users",
     "log in through PAM (pam_systemd), or loginctl enable-linger USER", DETAIL},

    {"security", "seccomp", doctor_seccomp_actions, "/proc/sys/kernel/seccomp/actions_avail", 0,
     "linux.seccomp is refused", RECONFIGURE("CONFIG_SECCOMP_FILTER"), DETAIL},
    {"security", "libseccomp", doctor_seccomp_library, NULL, 0, "", "", DETAIL},
    {"security", "seccomp: LOG", doctor_seccomp_flag, NULL, SECCOMP_FILTER_FLAG_LOG,
     "the flag SECCOMP_FILTER_FLAG_LOG is refused", NEWER("4.14"), DETAIL},
    {"security", "seccomp: notification", doctor_seccomp_flag, NULL,
     SECCOMP_FILTER_FLAG_NEW_LISTENER, "SCMP_ACT_NOTIFY is refused", NEWER("5.0"), DETAIL},
    {"security", "seccomp: WAIT_KILLABLE_RECV", doctor_seccomp_flag, NULL,
     WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_NEW_LISTENER,
     "the flag SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is refused", NEWER("5.19"), DETAIL},
    {"security", "Landlock", doctor_landlock, NULL, 0,
     "the annotation run.berth.landlock restricts nothing, or is refused",
     "boot with lsm=landlock,... where the kernel has it (Linux 5.13)", DETAIL},
    {"security", "core scheduling", doctor_core_scheduling, NULL, 0,
     "the annotation run.berth.core-scheduling is refused", "", DETAIL},
    {"security", "AppArmor", doctor_lsm, "apparmor", 0, "process.apparmorProfile is refused",
     "boot with lsm=...,apparmor where the kernel has it", DETAIL},
    {"security", "SELinux", doctor_lsm, "selinux", 0,
     "process.selinuxLabel and linux.mountLabel are refused",
     "boot with lsm=...,selinux where the kernel has it", DETAIL},

    {"file systems", "proc", doctor_file, "/proc/self/status", 0,
     "no container can be run, and what this report takes from /proc is missing",
     "mount -t proc proc /proc, as root", FOR_ALL},
    {"file systems", "overlay", doctor_file_system, "overlay", 0,
     "engines have to copy images (vfs)", RECONFIGURE("CONFIG_OVERLAY_FS"), DETAIL},
    {"file systems", "fuse", doctor_file_system, "fuse", 0, "fuse-overlayfs does not work",
     RECONFIGURE("CONFIG_FUSE_FS"), DETAIL},
    {"file systems", "/dev/fuse", doctor_file, "/dev/fuse", 0, "fuse-overlayfs does not work",
     "modprobe fuse, as root", DETAIL},
    {"file systems", "mqueue", doctor_file_system, "mqueue", 0, "default configurations mount it",
     RECONFIGURE("CONFIG_POSIX_MQUEUE"), DETAIL},
    {"file systems", "proc is whole", doctor_whole, "proc", 0, "no user namespace may mount proc",
     "unmount what hides parts of it, have the outer container not mask it, or bind /proc", DETAIL},
    {"file systems", "sysfs is whole", doctor_whole, "sysfs", 0,
     "no user namespace may mount sysfs",
     "unmount what hides parts of it, have the outer container not mask it, or bind /sys", DETAIL},

    {"programs", "criu", doctor_criu, NULL, 0, "checkpoint and restore fail",
     "install it: the package criu; see https://criu.org/Packages", DETAIL},

    {"resources", "hugepages", doctor_directory, "/sys/kernel/mm/hugepages", 0,
     "linux.resources.hugepageLimits is refused", RECONFIGURE("CONFIG_HUGETLBFS"), DETAIL},
    {"resources", "rdma devices", doctor_directory, "/sys/class/infiniband", 0,
     "linux.resources.rdma has nothing to limit", "", DETAIL},
    {"resources", "resctrl", doctor_file, "/sys/fs/resctrl/schemata", 0,
     "linux.intelRdt is refused",
     "mount -t resctrl resctrl /sys/fs/resctrl, on a processor that has it", DETAIL},
    {"resources", "most open files", doctor_number, "/proc/sys/fs/nr_open", 1024,
     "RLIMIT_NOFILE cannot be set higher", "sysctl fs.nr_open=1048576, as root", DETAIL},
    {"resources", "most process ids", doctor_number, "/proc/sys/kernel/pid_max", 1024,
     "few processes can be made", "sysctl kernel.pid_max=4194304, as root", DETAIL},
};
/* clang-format on */

static void probe_row(struct doctor *doctor, const struct doctor_row *row,
                      struct runtime_fact *ret_fact)
{
    *ret_fact = (struct runtime_fact){.group = row->group,
                                      .name = row->name,
                                      .role = row->role,
                                      .value = "",
                                      .meaning = row->meaning,
                                      .hint = row->hint};
    doctor->row = row;
    row->probe(doctor, ret_fact);
    if (ret_fact->state == RUNTIME_FACT_YES)
        ret_fact->meaning = ret_fact->hint = "";
}

void runtime_examine_host(struct arena *arena, bool only_needed, struct runtime_fact **ret_facts,
                          size_t *ret_count)
{
    struct doctor doctor = {.arena = arena};
    struct error ignored = {0};

    sys_probe_caller(&doctor.caller);
    if (!only_needed && cgroup_probe(arena, "", &doctor.cgroups, &ignored) < 0)
        doctor.cgroups = (struct cgroup_host){0};
    struct runtime_fact *facts =
        ARENA_ARRAY(arena, COUNT(rows) + doctor.cgroups.n_hierarchies, struct runtime_fact);
    *ret_count = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (only_needed && rows[i].role != RUNTIME_FACT_FOR_ALL)
            continue;
        probe_row(&doctor, &rows[i], &facts[(*ret_count)++]);
        if (rows[i].probe != doctor_layout)
            continue;
        for (size_t j = 0; j < doctor.cgroups.n_hierarchies; j++)
            doctor_hierarchy(&doctor, &doctor.cgroups.hierarchies[j], &facts[(*ret_count)++]);
    }
    *ret_facts = facts;
}
