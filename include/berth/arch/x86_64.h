/* SPDX-License-Identifier: Apache-2.0 */
/* See arch.h. */
#pragma once

/* clang-format off */
#define ARCH_CLONE(flags, stack, pidfd) {(long) (flags), (long) (stack), (long) (pidfd)}
/* clang-format on */

static inline long arch_call6(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long ret;

    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return ret;
}

static inline long arch_call3(long number, long a, long b, long c)
{
    long ret;

    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return ret;
}

static inline long arch_spawn(long number, const long arguments[3], void (*run)(void *),
                              void *argument)
{
    register void (*r8)(void *) __asm__("r8") = run;
    register void *r9 __asm__("r9") = argument;
    long ret;

    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r9, %%rdi\n\t"
                     "call *%%r8\n\t"
                     "ud2\n"
                     "1:"
                     : "=a"(ret)
                     : "a"(number), "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]),
                       "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory", "cc");
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
            "    mov %rsp, %rdi\n"                                                                 \
            "    and $-16, %rsp\n"                                                                 \
            "    call init_main\n"                                                                 \
            "    hlt\n"                                                                            \
            ".size _start, . - _start\n")
