/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about the calling process and the kernel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sys_caller {
    bool in_user_namespace; /* not the initial one */
    uint64_t permitted;     /* capabilities: bit n is number n */
    uint64_t bounding;
};

/* Returns 0 or a negative errno. */
int sys_probe_caller(struct sys_caller *ret_caller);

/* Does this process live in a user namespace that is not the initial one? */
bool sys_in_user_namespace(void);

/* The type of the namespace file `path` as CLONE_NEW*, 0 when it is none (NS_GET_NSTYPE). */
unsigned sys_namespace_type(const char *path);

/* The file below /proc that takes a profile of AppArmor's for execve(2) (aa_change_onexec(2)); NULL: AppArmor is not active. */
const char *sys_apparmor_file(void);

/* Is SELinux active: is selinuxfs mounted at its usual place? */
bool sys_has_selinux(void);
