/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/* Returns how much the stack of the main thread can still grow, in bytes; SIZE_MAX if that is not
 * known. */
size_t sys_stack_left(void);

/* Lets the heap grow in steps of so many bytes and never shrink, where the C library can do it. */
void sys_keep_heap(int step);
