/* SPDX-License-Identifier: Apache-2.0 */
/* The listener of a seccomp filter: seccomp_unotify(2). */
#pragma once

#include <stdint.h>

/* A system call that waits for an answer. */
struct sys_notice {
    uint64_t id;
    uint32_t architecture; /* AUDIT_ARCH_* */
    uint32_t number;
};

/* Receives the next notice; poll(2) tells with POLLIN that there is one. Returns 0 or a negative
 * errno: -ENOENT or -EINTR if the call does not wait any more. */
int sys_listener_receive(int listener, struct sys_notice *ret_notice);

/* Lets the kernel carry the call out. Returns 0 or a negative errno: -ENOENT if the call does not
 * wait any more. */
int sys_listener_continue(int listener, uint64_t id);
