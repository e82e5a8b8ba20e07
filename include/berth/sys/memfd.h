/* SPDX-License-Identifier: Apache-2.0 */
/* Files in memory: memfd_create(2). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Creates a sealed memfd (F_SEAL_*) with `size` bytes, its offset at the start; executable if
 * `executable` is set. Where memfd_create(2) is refused, creates an unnamed file in a directory
 * such as /run instead. Returns a descriptor or a negative errno: -EACCES if vm.memfd_noexec
 * forbids an executable memfd. */
int sys_memfd_sealed(const char *name, const void *bytes, size_t size, bool executable);

/* Creates an empty, writable memfd. Returns a descriptor or a negative errno. */
int sys_memfd_empty(const char *name);

/* Opens the program `path` for execveat(2), if possible through a private read-only mount, so that
 * the container cannot write to the file through /proc/self/exe. Returns a descriptor or a negative
 * errno. */
int sys_open_program(const char *path);

/* Opens a program for execveat(2): a memfd with its bytes or, if vm.memfd_noexec forbids that, the
 * file `path` or an unnamed file. Returns a descriptor or a negative errno. */
int sys_open_image(const char *name, const void *bytes, size_t size, const char *path);
