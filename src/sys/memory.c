/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/memory.h"

#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/auxv.h>

/* The kernel gives arguments and environment at most a quarter of such a stack. */
#define STACK_LARGE ((size_t) 1024 * 1024)

/* The C library reads RLIMIT_STACK before main: it has the size of the stack at hand, and no system
 * call is needed. It takes an unlimited stack for one of 2 MiB or more. The name of the program is
 * the uppermost thing on the stack. */
size_t sys_stack_left(void)
{
    uintptr_t top = getauxval(AT_EXECFN), here = (uintptr_t) __builtin_frame_address(0);
    size_t size = SIZE_MAX;
#ifdef __GLIBC__ /* musl's default is a number of its own */
    pthread_attr_t attributes;

    if (top == 0 || pthread_getattr_default_np(&attributes) != 0)
        return SIZE_MAX;
    pthread_attr_getstacksize(&attributes, &size);
    pthread_attr_destroy(&attributes);
#endif
    if (size >= STACK_LARGE)
        return SIZE_MAX;
    return size > top - here ? size - (top - here) : 0;
}

void sys_keep_heap(int step)
{
#ifdef __GLIBC__ /* musl has no such settings */
    mallopt(M_TOP_PAD, step);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
#else
    (void) step;
#endif
}
