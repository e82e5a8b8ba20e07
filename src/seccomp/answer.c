/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluates a filter without loading it: the part of classic BPF (bpf(4)) that seccomp filters
 * use. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/seccomp/seccomp.h"

/* Only the system call number and the architecture are known. Returns -EAGAIN for a program that
 * reads anything else or uses an unknown instruction. */
static int run(const struct seccomp_code *program, const struct seccomp_data *data,
               uint32_t *ret_answer)
{
    uint32_t a = 0;

    for (size_t i = 0; i < program->length; i++) {
        const struct sock_filter *code = &program->code[i];

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

int seccomp_read_code(struct arena *arena, int memfd, struct seccomp_code *ret_program)
{
    struct stat info;

    if (fstat(memfd, &info) < 0)
        return -errno;
    size_t length = (size_t) info.st_size / sizeof(struct sock_filter);
    struct sock_filter *code = ARENA_ARRAY(arena, length + 1, struct sock_filter);
    ssize_t size = pread(memfd, code, length * sizeof(*code), 0);
    if (size < 0)
        return -errno;
    *ret_program = (struct seccomp_code){code, (size_t) size / sizeof(*code)};
    return 0;
}

int seccomp_answer(const struct seccomp_code *program, long number, uint32_t *ret_answer)
{
    struct seccomp_data data = {.nr = (int) number, .arch = seccomp_arch_native()};

    return run(program, &data, ret_answer);
}

bool seccomp_forbids(const struct seccomp_code *program, long number)
{
    uint32_t answer;

    if (seccomp_answer(program, number, &answer) < 0)
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

bool seccomp_allows(const struct seccomp_code *program, long number)
{
    uint32_t answer;

    if (seccomp_answer(program, number, &answer) < 0)
        return false;
    answer &= SECCOMP_RET_ACTION_FULL;
    return answer == SECCOMP_RET_ALLOW || answer == SECCOMP_RET_LOG;
}
