/* SPDX-License-Identifier: Apache-2.0 */
/* What a filter says, without loading it: bpf(4), as far as filters use it. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/fd.h"
#include "berth/seccomp/seccomp.h"

/* The number and the architecture alone are known: what looks at more, or is not understood, depends. */
static int run(const struct sock_filter *program, size_t length, const struct seccomp_data *data, uint32_t *ret_answer)
{
    uint32_t a = 0;

    for (size_t i = 0; i < length; i++) {
        const struct sock_filter *code = &program[i];

        switch (code->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (code->k > offsetof(struct seccomp_data, arch))
                return -EAGAIN;
            memcpy(&a, (const char *) data + code->k, sizeof(a));
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= code->k;
            break;
        case BPF_JMP | BPF_JA:
            i += code->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            i += a == code->k ? code->jt : code->jf;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            i += a > code->k ? code->jt : code->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            i += a >= code->k ? code->jt : code->jf;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            i += (a & code->k) != 0 ? code->jt : code->jf;
            break;
        case BPF_RET | BPF_K:
            *ret_answer = code->k;
            return 0;
        default:
            return -EAGAIN;
        }
    }
    return -EAGAIN;
}

int seccomp_answer(int memfd, long number, uint32_t *ret_answer)
{
    AUTO_ARENA arena = {0};
    struct seccomp_data data = {.nr = (int) number, .arch = seccomp_arch_native()};
    struct sock_filter *program = ARENA_ARRAY(&arena, BPF_MAXINSNS, struct sock_filter);
    ssize_t size = pread(memfd, program, BPF_MAXINSNS * sizeof(*program), 0);

    if (size < 0)
        return -errno;
    return run(program, (size_t) size / sizeof(*program), &data, ret_answer);
}

bool seccomp_forbids(int memfd, long number)
{
    uint32_t answer;

    if (seccomp_answer(memfd, number, &answer) < 0)
        return false;
    switch (answer & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_KILL_PROCESS:
    case SECCOMP_RET_KILL_THREAD:
    case SECCOMP_RET_TRAP:
    case SECCOMP_RET_ERRNO:
        return true;
    default:
        return false;
    }
}

bool seccomp_allows(int memfd, long number)
{
    uint32_t answer;

    if (seccomp_answer(memfd, number, &answer) < 0)
        return false;
    answer &= SECCOMP_RET_ACTION_FULL;
    return answer == SECCOMP_RET_ALLOW || answer == SECCOMP_RET_LOG;
}
