/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about the calling process and the kernel. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

struct sys_caller {
    bool in_user_namespace; /* not the initial one */
    uint64_t permitted;     /* capabilities: bit n is number n */
    uint64_t bounding;
    uint64_t ignored_signals; /* signal n is bit n - 1 */
    unsigned personality;     /* as personality(2) has it */
    unsigned securebits;
};

/* Returns 0 or a negative errno. */
int sys_probe_caller(struct sys_caller *ret_caller);

/* Does this process live in a user namespace that is not the initial one? 1, 0, or a negative errno
 * when that is not known. */
int sys_in_user_namespace(void);

/* Does the network namespace of this process belong to its user namespace? A process that is in the
 * initial one owns all. */
bool sys_owns_network(void);

/* Is it what a system call returns that the kernel does not have (ENOSYS) or a seccomp filter
 * refuses (mostly EPERM)? */
static inline bool sys_is_refusal(int result)
{
    return result == -ENOSYS || result == -EPERM;
}

/* Who refuses a system call that berth needs, in words: a seccomp filter, if there is one, else the
 * kernel. */
const char *sys_refusal(void);

/* Does the kernel, and what confines the caller, know the system call? It is made with arguments
 * that it refuses. */
bool sys_has_call(long number);

/* The first of the system calls for mounts without a place that is refused, or NULL. */
const char *sys_probe_mount_calls(void);

/* What seccomp(2) says of the filter's flags: 0 or a negative errno. */
int sys_probe_seccomp_flags(uint64_t flags);

/* CLONE_INTO_CGROUP (Linux 5.7), id-mapped mounts (5.12): 0 or a negative errno; -EPERM: the caller
 * may not ask. */
int sys_probe_clone_into_cgroup(void);
int sys_probe_idmapped_mounts(void);

/* The type of the namespace file `path` as CLONE_NEW*, 0 when it is none (NS_GET_NSTYPE). */
unsigned sys_namespace_type(const char *path);

/* The file below /proc that takes a profile of AppArmor's for execve(2) (aa_change_onexec(2));
 * NULL: AppArmor is not active. */
const char *sys_apparmor_file(void);

/* Is SELinux active: is selinuxfs mounted at its usual place? */
bool sys_has_selinux(void);
