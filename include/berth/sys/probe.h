/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about the calling process and the kernel. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

struct sys_caller {
    bool in_user_namespace; /* in another than the initial one */
    uint64_t permitted;     /* capability n is bit n */
    uint64_t bounding;
    uint64_t ignored_signals; /* signal n is bit n - 1 */
    unsigned personality;     /* as returned by personality(2) */
    unsigned securebits;
};

/* Returns 0 or a negative errno. */
int sys_probe_caller(struct sys_caller *ret_caller);

/* Returns 1 if this process is in a user namespace other than the initial one, 0 if not, or a
 * negative errno if that is unknown. */
int sys_in_user_namespace(void);

/* Returns whether this process's user namespace owns its network namespace. Processes in the
 * initial user namespace need not ask: they are privileged over every network namespace. */
bool sys_owns_network(void);

/* Returns whether a system call's result means that the kernel does not have it (ENOSYS) or that a
 * seccomp filter refuses it (usually EPERM). */
static inline bool sys_is_refusal(int result)
{
    return result == -ENOSYS || result == -EPERM;
}

/* Returns a message that says what refuses a system call that berth needs: a seccomp filter, if
 * there is one, else the kernel. */
const char *sys_refusal(void);

/* Returns whether the system call exists and no seccomp filter refuses it. Calls it with invalid
 * arguments. */
bool sys_has_call(long number);

/* Returns the name of the first system call for detached mounts that is refused, or NULL. */
const char *sys_probe_mount_calls(void);

/* Asks seccomp(2) whether it supports the filter flags. Returns 0 or a negative errno. */
int sys_probe_seccomp_flags(uint64_t flags);

/* Returns whether the kernel is of this version or newer, as uname(2) tells. */
bool sys_kernel_is(unsigned major, unsigned minor);

/* Probe for CLONE_INTO_CGROUP (Linux 5.7) and idmapped mounts (Linux 5.12). Return 0 or a negative
 * errno; -EPERM: the caller may not ask. */
int sys_probe_clone_into_cgroup(void);
int sys_probe_idmapped_mounts(void);

/* Returns the type of the namespace file `path` as CLONE_NEW* (NS_GET_NSTYPE), or 0 if it is not
 * one. */
unsigned sys_namespace_type(const char *path);

/* Returns the file below /proc that sets the AppArmor profile for the next execve(2)
 * (aa_change_onexec(2)), or NULL if AppArmor is not active. */
const char *sys_apparmor_file(void);

/* Returns the version of Landlock's ABI, as landlock_create_ruleset(2) does; 0 if the kernel has no
 * Landlock; or a negative errno. */
int sys_probe_landlock(void);

/* Returns whether SELinux is active: selinuxfs is mounted at /sys/fs/selinux. */
bool sys_has_selinux(void);
