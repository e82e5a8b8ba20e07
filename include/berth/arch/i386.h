/* SPDX-License-Identifier: Apache-2.0 */
/* See arch.h. */
#pragma once

/* clang-format off */
#define ARCH_CLONE(flags, stack, pidfd) {(long) (flags), (long) (stack), (long) (pidfd)}
/* clang-format on */

/* The sixth argument is in ebp, which may be the compiler's frame pointer: nothing else may be
 * looked for by it meanwhile. */
static inline long arch_call6(long number, long a, long b, long c, long d, long e, long f)
{
    const long ends[2] = {number, f};
    long ret;

    __asm__ volatile("push %%ebp\n\t"
                     "mov 4(%%eax), %%ebp\n\t"
                     "mov (%%eax), %%eax\n\t"
                     "int $0x80\n\t"
                     "pop %%ebp"
                     : "=a"(ret)
                     : "a"(ends), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory");
    return ret;
}

static inline long arch_call3(long number, long a, long b, long c)
{
    long ret;

    __asm__ volatile("int $0x80" : "=a"(ret) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return ret;
}

static inline long arch_spawn(long number, const long arguments[3], void (*run)(void *),
                              void *argument)
{
    long ret;

    __asm__ volatile("int $0x80\n\t"
                     "test %%eax, %%eax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "sub $12, %%esp\n\t"
                     "push %%edi\n\t"
                     "call *%%esi\n\t"
                     "ud2\n"
                     "1:"
                     : "=a"(ret)
                     : "a"(number), "b"(arguments[0]), "c"(arguments[1]), "d"(arguments[2]),
                       "S"(run), "D"(argument)
                     : "memory", "cc");
    return ret;
}

static inline void arch_relax(void)
{
    __asm__ volatile("pause");
}

#define ARCH_START                                                                                 \
    __asm__(".text\n"                                                                              \
            ".global _start\n"                                                                     \
            ".type _start, @function\n"                                                            \
            "_start:\n"                                                                            \
            "    xor %ebp, %ebp\n"                                                                 \
            "    mov %esp, %eax\n"                                                                 \
            "    and $-16, %esp\n"                                                                 \
            "    sub $12, %esp\n"                                                                  \
            "    push %eax\n"                                                                      \
            "    call init_main\n"                                                                 \
            "    hlt\n"                                                                            \
            ".size _start, . - _start\n")
