/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Included before each file that clang's analyzer reads, for it cannot see: what a failed call
 * leaves in errno is not 0, who makes an error returns a negative number, and a system call writes
 * to what it gets a pointer to. The functions of src/base/error.c are macros here.
 */
#pragma once

#if __STDC_HOSTED__

#include <errno.h>

#include "berth/base/error.h"

static inline int *facts_errno(void)
{
    int *number = __errno_location();

    if (*number <= 0)
        __builtin_unreachable();
    return number;
}
#undef errno
#define errno (*facts_errno())

static inline int facts_negative(int result)
{
    if (result >= 0)
        __builtin_unreachable();
    return result;
}
#define error_set(...) facts_negative(error_set(__VA_ARGS__))
#define error_at(...) facts_negative(error_at(__VA_ARGS__))
#define error_errno(...) facts_negative(error_errno(__VA_ARGS__))
#define error_errno_at(...) facts_negative(error_errno_at(__VA_ARGS__))
#define error_prefix(...) facts_negative(error_prefix(__VA_ARGS__))
#define error_cause(...) facts_negative(error_cause(__VA_ARGS__))
#define error_set_path(...) facts_negative(error_set_path(__VA_ARGS__))
#define error_set_file(...) facts_negative(error_set_file(__VA_ARGS__))
#define error_hint(...) facts_negative(error_hint(__VA_ARGS__))

#else

#include "berth/arch/arch.h"

long facts_call(long number, ...);
#define arch_call3 facts_call
#define arch_call6 facts_call

#endif
