/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts in the machine's own instructions. The header of each architecture defines
 *
 *   arch_call6, arch_call3   a system call: what the kernel returns, a negative errno on failure
 *   arch_spawn               a system call that starts a process or thread on another stack, whose
 *                            end is a multiple of 16; there
 *                            the child calls run(argument), which must not return
 *   ARCH_CLONE               clone(2)'s arguments for that, in the order of the architecture
 *   arch_relax               in a loop that waits for another thread
 *   ARCH_START               the first instructions of a program: `_start` hands the untouched
 *                            stack (argc, argv, envp) to init_main
 */
#pragma once

#if defined(__x86_64__) && defined(__LP64__)
#include "berth/arch/x86_64.h"
#elif defined(__aarch64__) && defined(__LP64__)
#include "berth/arch/aarch64.h"
#elif defined(__riscv) && defined(__LP64__)
#include "berth/arch/riscv64.h"
#elif defined(__powerpc64__) && defined(_CALL_ELF) && _CALL_ELF == 2
#include "berth/arch/ppc64.h"
#elif defined(__s390x__)
#include "berth/arch/s390x.h"
#elif defined(__arm__) && defined(__ARM_EABI__)
#include "berth/arch/arm.h"
#elif defined(__i386__)
#include "berth/arch/i386.h"
#else
#error "berth's init has no start code for this architecture"
#endif
