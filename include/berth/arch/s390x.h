/* SPDX-License-Identifier: Apache-2.0 */
/* See arch.h. A function saves registers into the 160 bytes above its caller's stack pointer
 * (r15). */
#pragma once

/* clang-format off */
#define ARCH_CLONE(flags, stack, pidfd) {(long) (stack), (long) (flags), (long) (pidfd)}
/* clang-format on */

static inline long arch_call6(long number, long a, long b, long c, long d, long e, long f)
{
    register long r1 __asm__("r1") = number;
    register long r2 __asm__("r2") = a;
    register long r3 __asm__("r3") = b;
    register long r4 __asm__("r4") = c;
    register long r5 __asm__("r5") = d;
    register long r6 __asm__("r6") = e;
    register long r7 __asm__("r7") = f;

    __asm__ volatile("svc 0"
                     : "+d"(r2)
                     : "d"(r1), "d"(r3), "d"(r4), "d"(r5), "d"(r6), "d"(r7)
                     : "cc", "memory");
    return r2;
}

static inline long arch_call3(long number, long a, long b, long c)
{
    register long r1 __asm__("r1") = number;
    register long r2 __asm__("r2") = a;
    register long r3 __asm__("r3") = b;
    register long r4 __asm__("r4") = c;

    __asm__ volatile("svc 0" : "+d"(r2) : "d"(r1), "d"(r3), "d"(r4) : "cc", "memory");
    return r2;
}

static inline long arch_spawn(long number, const long arguments[3], void (*run)(void *),
                              void *argument)
{
    register long r1 __asm__("r1") = number;
    register long r2 __asm__("r2") = arguments[0];
    register long r3 __asm__("r3") = arguments[1];
    register long r4 __asm__("r4") = arguments[2];
    register void (*r8)(void *) __asm__("r8") = run;
    register void *r9 __asm__("r9") = argument;

    __asm__ volatile("svc 0\n\t"
                     "ltgr %%r2, %%r2\n\t"
                     "jne 1f\n\t"
                     "aghi %%r15, -160\n\t"
                     "xc 0(8, %%r15), 0(%%r15)\n\t"
                     "lgr %%r2, %%r9\n\t"
                     "basr %%r14, %%r8\n\t"
                     "j .+2\n"
                     "1:"
                     : "+d"(r2)
                     : "d"(r1), "d"(r3), "d"(r4), "d"(r8), "d"(r9)
                     : "r14", "cc", "memory");
    return r2;
}

static inline void arch_relax(void)
{
    __asm__ volatile("" ::: "memory");
}

#define ARCH_START                                                                                 \
    __asm__(".text\n"                                                                              \
            ".global _start\n"                                                                     \
            ".type _start, @function\n"                                                            \
            "_start:\n"                                                                            \
            "    lgr %r2, %r15\n"                                                                  \
            "    aghi %r15, -160\n"                                                                \
            "    xc 0(8, %r15), 0(%r15)\n"                                                         \
            "    brasl %r14, init_main\n"                                                          \
            "    j .+2\n"                                                                          \
            ".size _start, . - _start\n")
