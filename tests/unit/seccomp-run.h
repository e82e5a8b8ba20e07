/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles filters and runs them in an interpreter. */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/seccomp/seccomp.h"
#include "tap-error.h"
#include "tap.h"

struct program {
    struct sock_filter code[BPF_MAXINSNS];
    unsigned short length;
};

static inline bool compile(const struct spec_seccomp *seccomp, struct program *program)
{
    struct error error = {0};
    int fd = -1;

    if (seccomp_make_program(seccomp, NULL, &fd, &error) < 0) {
        printf("# %s\n", tap_error(&error));
        return false;
    }
    ssize_t size = fd_read_all(fd, program->code, sizeof(program->code));
    close(fd);
    program->length = (unsigned short) ((size_t) size / sizeof(program->code[0]));
    return size > 0;
}

/* bpf(4), as far as filters use it. *ret_steps is the number of instructions executed. */
static inline uint32_t run_counted(const struct program *program, const struct seccomp_data *data,
                                   size_t *ret_steps)
{
    uint32_t a = 0;

    *ret_steps = 0;
    for (size_t i = 0; i < program->length; i++) {
        const struct sock_filter *code = &program->code[i];

        ++*ret_steps;
        switch (code->code) {
        case BPF_LD | BPF_W | BPF_ABS:
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
        case BPF_RET | BPF_K:
            return code->k;
        default:
            printf("# instruction %zu: %#x is not understood\n", i, code->code);
            return UINT32_MAX;
        }
    }
    return UINT32_MAX;
}

static inline uint32_t run(const struct program *program, const struct seccomp_data *data)
{
    size_t steps;

    return run_counted(program, data, &steps);
}

/* Returns the answer for a call of the native architecture. */
static inline uint32_t answer(const struct program *program, int number, uint64_t first,
                              uint64_t second)
{
    struct seccomp_data data = {
        .nr = number, .arch = seccomp_arch_native(), .args = {first, second}};

    return run(program, &data);
}
