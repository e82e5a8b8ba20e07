/* SPDX-License-Identifier: Apache-2.0 */
/* See arch.h. */
#pragma once

/* clang-format off */
#define ARCH_CLONE(flags, stack, pidfd) {(long) (flags), (long) (stack), (long) (pidfd)}
/* clang-format on */

static inline long arch_call6(long number, long a, long b, long c, long d, long e, long f)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;

    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
    return a0;
}

static inline long arch_call3(long number, long a, long b, long c)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;

    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
}

static inline long arch_spawn(long number, const long arguments[3], void (*run)(void *),
                              void *argument)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = arguments[0];
    register long a1 __asm__("a1") = arguments[1];
    register long a2 __asm__("a2") = arguments[2];
    register void (*a5)(void *) __asm__("a5") = run;
    register void *a6 __asm__("a6") = argument;

    __asm__ volatile("ecall\n\t"
                     "bnez a0, 1f\n\t"
                     "li s0, 0\n\t"
                     "mv a0, a6\n\t"
                     "jalr a5\n\t"
                     "ebreak\n"
                     "1:"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a5), "r"(a6)
                     : "ra", "memory");
    return a0;
}

/* A hint that every processor takes: `pause`, for assemblers that do not know the word. */
static inline void arch_relax(void)
{
    __asm__ volatile(".4byte 0x0100000f");
}

/* The linker addresses data by gp. */
#define ARCH_START                                                                                 \
    __asm__(".text\n"                                                                              \
            ".global _start\n"                                                                     \
            ".type _start, @function\n"                                                            \
            "_start:\n"                                                                            \
            "    .option push\n"                                                                   \
            "    .option norelax\n"                                                                \
            "    lla gp, __global_pointer$\n"                                                      \
            "    .option pop\n"                                                                    \
            "    li s0, 0\n"                                                                       \
            "    li ra, 0\n"                                                                       \
            "    mv a0, sp\n"                                                                      \
            "    andi sp, sp, -16\n"                                                               \
            "    jal init_main\n"                                                                  \
            "    ebreak\n"                                                                         \
            ".size _start, . - _start\n")
