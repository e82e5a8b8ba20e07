/* SPDX-License-Identifier: Apache-2.0 */
/* Files in memory: memfd_create(2). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A memfd with `size` bytes that nobody can change any more (F_SEAL_*), read from its start;
 * `executable`: it may be executed. -EACCES where vm.memfd_noexec forbids that. Where
 * memfd_create(2) is refused it is a file without a name, in a directory such as /run. Returns a
 * descriptor or a negative errno. */
int sys_memfd_sealed(const char *name, const void *bytes, size_t size, bool executable);

/* An empty memfd to write to. Returns a descriptor or a negative errno. */
int sys_memfd_empty(const char *name);

/* Opens the program `path` for execveat(2), where possible through a read-only mount of its own so
 * that the container cannot write to the file by way of /proc/self/exe. Returns a descriptor or a
 * negative errno. */
int sys_open_program(const char *path);

/* Opens a program for execveat(2): its bytes as a memfd, or, where vm.memfd_noexec forbids that,
 * the file `path`, or else a file without a name. Returns a descriptor or a negative errno. */
int sys_open_image(const char *name, const void *bytes, size_t size, const char *path);
