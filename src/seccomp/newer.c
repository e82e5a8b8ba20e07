/* SPDX-License-Identifier: Apache-2.0 */
#include "newer.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"

#define BLOCK_SIZE 8 /* instructions for one architecture */

/* The range of an architecture's system call numbers in which new calls get higher numbers. */
struct sequence {
    uint32_t token; /* libseccomp's number of the architecture */
    uint32_t audit; /* AUDIT_ARCH_*, as in struct seccomp_data */
    uint32_t first;
    uint32_t end;
    uint32_t apart_first; /* a block of numbers that was set aside and does not grow */
    uint32_t apart_end;
};

static const struct sequence peculiar[] = {
    /* Numbers with the x32 bit are left to what the program says about x32. */
    {SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, 0x40000000, 0, 0},
    /* Calls that differ from x86_64 have the numbers 512 to 547 (the kernel's syscall_64.tbl). */
    {SCMP_ARCH_X32, AUDIT_ARCH_X86_64, 0x40000000, 0x80000000, 0x40000200, 0x40000224},
    /* ARM's private calls, such as cacheflush, start at 0xf0000. */
    {SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0, 0xf0000, 0, 0},
};

static struct sequence sequence_of(uint32_t token)
{
    for (size_t i = 0; i < COUNT(peculiar); i++)
        if (peculiar[i].token == token)
            return peculiar[i];
    return (struct sequence){.token = token, .audit = token, .end = UINT32_MAX};
}

static bool is_in_sequence(const struct sequence *sequence, uint32_t number)
{
    return number >= sequence->first && number < sequence->end &&
           (number < sequence->apart_first || number >= sequence->apart_end);
}

/* Finds the highest number that the profile names. Returns false if it names none. */
static bool find_newest(const struct spec_seccomp *seccomp, const struct sequence *sequence,
                        uint32_t *ret_newest)
{
    bool found = false;

    *ret_newest = 0;
    for (size_t i = 0; i < seccomp->n_syscalls; i++) {
        for (size_t j = 0; j < seccomp->syscalls[i].n_names; j++) {
            int number =
                seccomp_syscall_resolve_name_arch(sequence->token, seccomp->syscalls[i].names[j]);

            /* A negative number is a call that the architecture does not have, or one of i386's
             * socket calls; none is newer than Linux 5.1. */
            if (number < 0 || !is_in_sequence(sequence, (uint32_t) number))
                continue;
            found = true;
            if ((uint32_t) number > *ret_newest)
                *ret_newest = (uint32_t) number;
        }
    }
    return found;
}

static size_t add_block(struct sock_filter *code, const struct sequence *sequence, uint32_t newest)
{
    const struct sock_filter block[BLOCK_SIZE] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, sequence->audit, 0, 6),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, 0, 4),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, sequence->end, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, sequence->apart_first, 0, 1),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, sequence->apart_end, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    };

    memcpy(code, block, sizeof(block));
    return BLOCK_SIZE;
}

static size_t add_architecture(struct sock_filter *code, const struct spec_seccomp *seccomp,
                               uint32_t token)
{
    struct sequence sequence = sequence_of(token);
    uint32_t newest;

    return find_newest(seccomp, &sequence, &newest) ? add_block(code, &sequence, newest) : 0;
}

/* Adds the code that checks the number, for each architecture of the filter. Returns the number of
 * instructions; 0: nothing to check. */
static size_t add_blocks(struct sock_filter *code, const struct spec_seccomp *seccomp)
{
    size_t size = add_architecture(code, seccomp, seccomp_arch_native());

    for (size_t i = 0; i < seccomp->n_architectures; i++) {
        uint32_t token = seccomp_architecture(seccomp->architectures[i]);

        if (token != seccomp_arch_native())
            size += add_architecture(code + size, seccomp, token);
    }
    return size;
}

static bool forbids(uint32_t action)
{
    switch (action & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_KILL_PROCESS:
    case SECCOMP_RET_KILL_THREAD:
    case SECCOMP_RET_TRAP:
        return true;
    case SECCOMP_RET_ERRNO:
        return (action & SECCOMP_RET_DATA) != ENOSYS;
    default:
        return false;
    }
}

void seccomp_answer_newer(struct arena *arena, const struct spec_seccomp *seccomp,
                          struct seccomp_program *program)
{
    uint32_t action = seccomp_default_action(seccomp);
    size_t length = program->size / sizeof(struct sock_filter);
    size_t most = length + (seccomp->n_architectures + 1) * BLOCK_SIZE + 1;
    struct sock_filter *code = ARENA_ARRAY(arena, most, struct sock_filter);
    size_t added = forbids(action) ? add_blocks(code + length, seccomp) : 0;

    if (added == 0)
        return;
    memcpy(code, program->bytes, program->size);
    code[length + added++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, action);
    for (size_t i = 0; i < length; i++)
        if (code[i].code == (BPF_RET | BPF_K) && code[i].k == action)
            code[i] = (struct sock_filter) BPF_STMT(BPF_JMP | BPF_JA, (uint32_t) (length - i - 1));
    *program = (struct seccomp_program){(const char *) code,
                                        (length + added) * sizeof(struct sock_filter)};
}
