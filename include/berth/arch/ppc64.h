/* SPDX-License-Identifier: Apache-2.0 */
/* See arch.h; the ELFv2 ABI. The kernel sets summary overflow and gives a positive errno where a
 * call has failed. */
#pragma once

/* clang-format off */
#define ARCH_CLONE(flags, stack, pidfd) {(long) (flags), (long) (stack), (long) (pidfd)}
/* clang-format on */

static inline long arch_call6(long number, long a, long b, long c, long d, long e, long f)
{
    register long r0 __asm__("r0") = number;
    register long r3 __asm__("r3") = a;
    register long r4 __asm__("r4") = b;
    register long r5 __asm__("r5") = c;
    register long r6 __asm__("r6") = d;
    register long r7 __asm__("r7") = e;
    register long r8 __asm__("r8") = f;

    __asm__ volatile("sc\n\t"
                     "bns+ 1f\n\t"
                     "neg 3, 3\n"
                     "1:"
                     : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8)
                     :
                     : "r9", "r10", "r11", "r12", "ctr", "xer", "cr0", "memory");
    return r3;
}

static inline long arch_call3(long number, long a, long b, long c)
{
    return arch_call6(number, a, b, c, 0, 0, 0);
}

/* A function looks for its table of addresses by r12, and saves into the frame of its caller. */
static inline long arch_spawn(long number, const long arguments[3], void (*run)(void *),
                              void *argument)
{
    register long r0 __asm__("r0") = number;
    register long r3 __asm__("r3") = arguments[0];
    register long r4 __asm__("r4") = arguments[1];
    register long r5 __asm__("r5") = arguments[2];
    register void (*r28)(void *) __asm__("r28") = run;
    register void *r29 __asm__("r29") = argument;

    __asm__ volatile("sc\n\t"
                     "bso 2f\n\t"
                     "cmpdi 3, 0\n\t"
                     "bne 1f\n\t"
                     "li 0, 0\n\t"
                     "stdu 0, -48(1)\n\t"
                     "mr 3, 29\n\t"
                     "mr 12, 28\n\t"
                     "mtctr 12\n\t"
                     "bctrl\n\t"
                     "trap\n"
                     "2:\n\t"
                     "neg 3, 3\n"
                     "1:"
                     : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5)
                     : "r"(r28), "r"(r29)
                     : "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "ctr", "xer", "cr0",
                       "memory");
    return r3;
}

/* Gives way to the processor's other threads for a moment. */
static inline void arch_relax(void)
{
    __asm__ volatile("or 1, 1, 1\n\tor 2, 2, 2" ::: "memory");
}

/* The kernel gives the address of _start in r12, of which the table of addresses (r2) is made. */
#define ARCH_START                                                                                 \
    __asm__(".text\n"                                                                              \
            ".global _start\n"                                                                     \
            ".type _start, @function\n"                                                            \
            "_start:\n"                                                                            \
            "    addis 2, 12, .TOC. - _start@ha\n"                                                 \
            "    addi 2, 2, .TOC. - _start@l\n"                                                    \
            "    .localentry _start, . - _start\n"                                                 \
            "    mr 3, 1\n"                                                                        \
            "    clrrdi 1, 1, 4\n"                                                                 \
            "    li 0, 0\n"                                                                        \
            "    stdu 0, -48(1)\n"                                                                 \
            "    bl init_main\n"                                                                   \
            "    nop\n"                                                                            \
            "    trap\n"                                                                           \
            ".size _start, . - _start\n")
