/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that differs between the architectures: the system call instruction, the program's first
 * instructions and a thread's. `_start` hands the untouched stack (argc, argv, envp) to init_main.
 *
 * start_thread is clone(2) with a stack (`stack`: its end, 16-aligned) on which the child calls `run`, which must not return.
 * start_relax is for loops that wait for another thread.
 */
#pragma once

#if defined(__x86_64__)

static inline long start_call6(long number, long a, long b, long c, long d, long e, long f)
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

static inline long start_call3(long number, long a, long b, long c)
{
    long ret;

    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return ret;
}

static inline long start_thread(long number, unsigned long flags, void *stack, void (*run)(void *),
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
                     : "a"(number), "D"(flags), "S"(stack), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory", "cc");
    return ret;
}

static inline void start_relax(void)
{
    __asm__ volatile("pause");
}

#define START_CODE                                                                                 \
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

#elif defined(__aarch64__)

static inline long start_call6(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;

    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

static inline long start_call3(long number, long a, long b, long c)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;

    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}

static inline long start_thread(long number, unsigned long flags, void *stack, void (*run)(void *),
                                void *argument)
{
    register long x8 __asm__("x8") = number;
    register unsigned long x0 __asm__("x0") = flags;
    register void *x1 __asm__("x1") = stack;
    register void (*x5)(void *) __asm__("x5") = run;
    register void *x6 __asm__("x6") = argument;

    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x6\n\t"
                     "blr x5\n\t"
                     "brk #1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x5), "r"(x6)
                     : "x30", "memory", "cc");
    return (long) x0;
}

static inline void start_relax(void)
{
    __asm__ volatile("yield");
}

#define START_CODE                                                                                 \
    __asm__(".text\n"                                                                              \
            ".global _start\n"                                                                     \
            ".type _start, %function\n"                                                            \
            "_start:\n"                                                                            \
            "    mov x29, #0\n"                                                                    \
            "    mov x30, #0\n"                                                                    \
            "    mov x0, sp\n"                                                                     \
            "    and sp, x0, #-16\n"                                                               \
            "    bl init_main\n"                                                                   \
            "    brk #1\n"                                                                         \
            ".size _start, . - _start\n")

#else
#error "berth's init has no start code for this architecture"
#endif
