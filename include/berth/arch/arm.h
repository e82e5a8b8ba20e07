/* SPDX-License-Identifier: Apache-2.0 */
/* See arch.h; 32 bits, EABI. r7 has the number of the call, and may be the compiler's frame
 * pointer: it is kept in r8 meanwhile. */
#pragma once

/* clang-format off */
#define ARCH_CLONE(flags, stack, pidfd) {(long) (flags), (long) (stack), (long) (pidfd)}
/* clang-format on */

static inline long arch_call6(long number, long a, long b, long c, long d, long e, long f)
{
    register long ip __asm__("ip") = number;
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    register long r3 __asm__("r3") = d;
    register long r4 __asm__("r4") = e;
    register long r5 __asm__("r5") = f;

    __asm__ volatile("mov r8, r7\n\t"
                     "mov r7, ip\n\t"
                     "svc #0\n\t"
                     "mov r7, r8"
                     : "+r"(r0)
                     : "r"(ip), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5)
                     : "r8", "memory");
    return r0;
}

static inline long arch_call3(long number, long a, long b, long c)
{
    register long ip __asm__("ip") = number;
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;

    __asm__ volatile("mov r8, r7\n\t"
                     "mov r7, ip\n\t"
                     "svc #0\n\t"
                     "mov r7, r8"
                     : "+r"(r0)
                     : "r"(ip), "r"(r1), "r"(r2)
                     : "r8", "memory");
    return r0;
}

static inline long arch_spawn(long number, const long arguments[3], void (*run)(void *),
                              void *argument)
{
    register long ip __asm__("ip") = number;
    register long r0 __asm__("r0") = arguments[0];
    register long r1 __asm__("r1") = arguments[1];
    register long r2 __asm__("r2") = arguments[2];
    register void (*r5)(void *) __asm__("r5") = run;
    register void *r6 __asm__("r6") = argument;

    __asm__ volatile("mov r8, r7\n\t"
                     "mov r7, ip\n\t"
                     "svc #0\n\t"
                     "mov r7, r8\n\t"
                     "cmp r0, #0\n\t"
                     "bne 1f\n\t"
                     "mov r0, r6\n\t"
                     "blx r5\n\t"
                     "udf #0\n"
                     "1:"
                     : "+r"(r0)
                     : "r"(ip), "r"(r1), "r"(r2), "r"(r5), "r"(r6)
                     : "r8", "lr", "memory", "cc");
    return r0;
}

static inline void arch_relax(void)
{
    __asm__ volatile("yield" ::: "memory");
}

#define ARCH_START                                                                                 \
    __asm__(".text\n"                                                                              \
            ".arm\n"                                                                               \
            ".balign 4\n"                                                                          \
            ".global _start\n"                                                                     \
            ".type _start, %function\n"                                                            \
            "_start:\n"                                                                            \
            "    mov fp, #0\n"                                                                     \
            "    mov lr, #0\n"                                                                     \
            "    mov r0, sp\n"                                                                     \
            "    bic sp, sp, #15\n"                                                                \
            "    blx init_main\n"                                                                  \
            "    udf #0\n"                                                                         \
            ".size _start, . - _start\n")
