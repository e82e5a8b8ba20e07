/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/sys/idmap.h"

/* SYS_landlock_create_ruleset and LANDLOCK_CREATE_RULESET_VERSION: headers before Linux 5.13 lack
 * them. */
#define LANDLOCK_CREATE_RULESET 444
#define LANDLOCK_VERSION 1U

int sys_in_user_namespace(void)
{
    struct sys_id_range range;
    char map[128];

    AUTO_FD fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno; /* a kernel without user namespaces */
    ssize_t size = fd_read_all(fd, map, sizeof(map) - 1);
    if (size < 0)
        return (int) size;
    map[size] = '\0';
    return !sys_idmap_parse(map, &range) || range.inside != 0 || range.outside != 0 ||
           range.count != UINT32_MAX;
}

bool sys_owns_network(void)
{
    struct stat own, owner;
    AUTO_FD network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    AUTO_FD user = network < 0 ? -1 : ioctl(network, NS_GET_USERNS);

    return user >= 0 && fstat(user, &owner) == 0 && stat("/proc/self/ns/user", &own) == 0 &&
           own.st_ino == owner.st_ino && own.st_dev == owner.st_dev;
}

static int read_set(const char *status, const char *name, uint64_t *ret_set)
{
    const char *line = strstr(status, name);
    char *end;

    if (line == NULL)
        return -EIO;
    line += strlen(name);
    *ret_set = strtoull(line, &end, 16);
    return end > line ? 0 : -EIO;
}

/* Reads one file instead of calling prctl(2) and sigaction(2) for each capability and signal. */
static int read_sets(struct sys_caller *ret_caller)
{
    AUTO_ARENA arena = {0};
    char *status;

    TRY(file_read(&arena, AT_FDCWD, "/proc/self/status", &status, NULL));
    TRY(read_set(status, "\nSigIgn:", &ret_caller->ignored_signals));
    TRY(read_set(status, "\nCapPrm:", &ret_caller->permitted));
    return read_set(status, "\nCapBnd:", &ret_caller->bounding);
}

/* Falls back to /proc, because LockPersonality= of a systemd service blocks even
 * personality(0xffffffff). */
static int read_personality(unsigned *ret_personality)
{
    char digits[16], *end;
    int value = personality(0xffffffff);

    *ret_personality = (unsigned) value;
    if (value >= 0)
        return 0;
    AUTO_FD fd = open("/proc/self/personality", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t size = fd_read_all(fd, digits, sizeof(digits) - 1);
    if (size < 0)
        return (int) size;
    digits[size] = '\0';
    *ret_personality = (unsigned) strtoul(digits, &end, 16);
    return end > digits ? 0 : -EIO;
}

int sys_probe_caller(struct sys_caller *ret_caller)
{
    TRY(read_sets(ret_caller));
    int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
    if (bits < 0)
        return -errno;
    ret_caller->securebits = (unsigned) bits;
    TRY(read_personality(&ret_caller->personality));
    int inside = sys_in_user_namespace();
    TRY(inside);
    ret_caller->in_user_namespace = inside;
    return 0;
}

unsigned sys_namespace_type(const char *path)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    int type = fd < 0 ? -1 : ioctl(fd, NS_GET_NSTYPE);

    return type < 0 ? 0 : (unsigned) type;
}

static bool has_apparmor(void)
{
    char enabled = 'N';
    AUTO_FD fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && fd_read_all(fd, &enabled, 1) == 1)
        return enabled == 'Y';
    return access("/sys/kernel/security/apparmor", F_OK) == 0;
}

/* Since Linux 5.1 AppArmor has its own directory; attr/exec belongs to the first LSM. */
const char *sys_apparmor_file(void)
{
    if (!has_apparmor())
        return NULL;
    return access("/proc/self/attr/apparmor/exec", F_OK) == 0 ? "self/attr/apparmor/exec"
                                                              : "self/attr/exec";
}

bool sys_has_selinux(void)
{
    struct statfs system;

    return statfs("/sys/fs/selinux", &system) == 0 && (uint32_t) system.f_type == SELINUX_MAGIC;
}

int sys_probe_landlock(void)
{
    long abi = syscall(LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION);

    if (abi >= 0)
        return (int) abi;
    /* EOPNOTSUPP: it is disabled by the kernel's parameter lsm= */
    return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
}

static bool is_filtered(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
}

/* Returns whether the kernel itself answers EPERM when all arguments are -1: only these calls do,
 * to a caller without CAP_SYS_ADMIN. Otherwise EPERM comes from a seccomp filter. */
static bool may_say_eperm(long number)
{
    struct sys_caller caller;

    return (number == SYS_fsopen || number == SYS_fsmount || number == SYS_move_mount) &&
           read_sets(&caller) == 0 && (caller.permitted >> CAP_SYS_ADMIN & 1) == 0;
}

bool sys_has_call(long number)
{
    if (syscall(number, -1, -1, -1, -1, -1, -1) >= 0 || !sys_is_refusal(-errno))
        return true;
    return errno == EPERM && may_say_eperm(number);
}

const char *sys_probe_mount_calls(void)
{
    static const struct {
        const char *name;
        long number;
    } calls[] = {
        {"mount_setattr", SYS_mount_setattr},
        {"openat2", SYS_openat2},
        {"open_tree", SYS_open_tree},
        {"move_mount", SYS_move_mount},
        {"fsopen", SYS_fsopen},
        {"fsconfig", SYS_fsconfig},
        {"fsmount", SYS_fsmount},
    };

    /* Without a seccomp filter, a kernel that has the newest call has all of them. */
    size_t count = is_filtered() ? COUNT(calls) : 1;
    for (size_t i = 0; i < count; i++)
        if (!sys_has_call(calls[i].number))
            return calls[i].name;
    return NULL;
}

const char *sys_refusal(void)
{
    return is_filtered() ? "a seccomp filter around this process refuses it: have the outer "
                           "container or the service allow it"
                         : "this kernel does not have it";
}

/* Passes no filter: a kernel that knows the flags goes on to read the filter and fails with
 * EFAULT. */
int sys_probe_seccomp_flags(uint64_t flags)
{
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) == 0 || errno == EFAULT)
        return 0;
    return -errno;
}

bool sys_kernel_is(unsigned major, unsigned minor)
{
    struct utsname system;
    uint64_t found[2] = {0};

    uname(&system);
    const char *at = system.release;
    if (!text_next_u64(&at, &found[0]) || *at++ != '.' || !text_next_u64(&at, &found[1]))
        return false;
    return found[0] > major || (found[0] == major && found[1] >= minor);
}

/* No descriptor has this number, so the call always fails; the errno tells whether the kernel knows
 * the flag. */
#define NO_DESCRIPTOR INT_MAX

int sys_probe_clone_into_cgroup(void)
{
    struct clone_args args = {
        .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = NO_DESCRIPTOR};

    syscall(SYS_clone3, &args, sizeof(args));
    return errno == EBADF ? 0 : -errno;
}

int sys_probe_idmapped_mounts(void)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = NO_DESCRIPTOR};

    syscall(SYS_mount_setattr, -1, "", AT_EMPTY_PATH, &attributes, sizeof(attributes));
    return errno == EBADF ? 0 : -errno;
}
