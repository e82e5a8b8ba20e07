/* SPDX-License-Identifier: Apache-2.0 */
/* Names of system calls: for a number, and those that look like typos, for `check`. */
#include <limits.h>
#include <seccomp.h>
#include <stdlib.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/finding.h"
#include "berth/base/similar.h"
#include "berth/base/text.h"
#include "berth/seccomp/seccomp.h"

#define X32_BIT 0x40000000U
#define NUMBER_MAX 600 /* of suggested calls; Linux 7.0 ends at 472 */

/* System calls of Linux 5.14 to 7.0, which an older libseccomp does not know. */
/* clang-format off */
static const char *const newer[] = {
    "quotactl_fd", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
    "memfd_secret", "process_mrelease", "futex_waitv", "set_mempolicy_home_node",
    "cachestat", "fchmodat2", "map_shadow_stack", "futex_wake", "futex_wait", "futex_requeue",
    "statmount", "listmount", "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules",
    "mseal", "uretprobe", "setxattrat", "getxattrat", "listxattrat", "removexattrat",
    "open_tree_attr", "file_getattr", "file_setattr", "uprobe", "listns", "rseq_slice_yield",
    "riscv_hwprobe", "riscv_flush_icache",
};
/* clang-format on */

/* libseccomp's numbers of architectures are the kernel's, but for x32, whose system calls the
 * kernel reports as x86_64's with a bit set. No call has a number above INT_MAX. */
static uint32_t token_of(uint32_t machine, uint64_t number)
{
    const bool is_x32 = machine == SCMP_ARCH_X86_64 && number <= INT_MAX && (number & X32_BIT) != 0;

    return is_x32 ? SCMP_ARCH_X32 : machine;
}

enum spec_seccomp_arch seccomp_architecture_of(uint32_t machine, uint64_t number)
{
    const uint32_t token = token_of(machine, number);

    for (int arch = SPEC_SECCOMP_ARCH_NONE + 1; spec_seccomp_arch_names[arch] != NULL; arch++)
        if (seccomp_architecture((enum spec_seccomp_arch) arch) == token)
            return (enum spec_seccomp_arch) arch;
    return SPEC_SECCOMP_ARCH_NONE;
}

const char *seccomp_name_of(struct arena *arena, uint32_t machine, uint64_t number)
{
    char *known = number > INT_MAX
                      ? NULL
                      : seccomp_syscall_resolve_num_arch(token_of(machine, number), (int) number);
    const char *name = known == NULL ? NULL : arena_string(arena, known);

    free(known);
    return name;
}

static bool is_known(const char *name)
{
    for (size_t i = 0; i < COUNT(newer); i++)
        if (text_equal(newer[i], name))
            return true;
    return seccomp_syscall_resolve_name(name) != __NR_SCMP_ERROR;
}

static const char *suggest(struct arena *arena, const char *name)
{
    struct similar similar = {.word = name};

    for (size_t i = 0; i < COUNT(newer); i++)
        similar_offer(&similar, newer[i]);
    for (int number = 0; number < NUMBER_MAX; number++) {
        char *known = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);

        if (known != NULL)
            similar_offer(&similar, arena_string(arena, known));
        free(known);
    }
    return similar.best != NULL ? arena_printf(arena, "did you mean %s?", similar.best) : "";
}

void seccomp_find_unknown(const struct spec_seccomp *seccomp, struct findings *findings)
{
    struct arena *arena = findings->arena;

    for (size_t i = 0; i < seccomp->n_syscalls; i++) {
        const struct spec_syscall *syscall = &seccomp->syscalls[i];

        for (size_t j = 0; j < syscall->n_names; j++) {
            if (is_known(syscall->names[j]))
                continue;
            const struct finding finding = {
                .severity = FINDING_WARNING,
                .path = arena_printf(arena, "linux.seccomp.syscalls[%zu].names[%zu]", i, j),
                .cause = arena_printf(
                    arena, "no known kernel has the system call \"%s\", and it is ignored",
                    syscall->names[j]),
                .hint = suggest(arena, syscall->names[j]),
            };
            findings_add(findings, &finding);
        }
    }
}
