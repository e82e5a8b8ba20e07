/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/seccomp/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/memfd.h"
#include "cache.h"
#include "compile.h"
#include "newer.h"

static int compile(struct arena *arena, const struct spec_seccomp *seccomp,
                   struct seccomp_program *ret_program, struct error *error)
{
    AUTO_FD fd = sys_memfd_empty("seccomp");

    if (fd < 0)
        return error_errno_at(error, "linux.seccomp", -fd, "make a memfd");
    TRY(seccomp_compile(seccomp, fd, error));
    off_t size = lseek(fd, 0, SEEK_END);
    if (size < 0)
        return error_errno_at(error, "linux.seccomp", errno, "read the compiled filter");
    char *bytes = arena_alloc(arena, (size_t) size);
    if (pread(fd, bytes, (size_t) size, 0) != size)
        return error_at(error, "linux.seccomp", EIO, "read the compiled filter");
    struct seccomp_program program = {bytes, (size_t) size};
    seccomp_answer_newer(arena, seccomp, &program);
    if (program.size > BPF_MAXINSNS * sizeof(struct sock_filter))
        return error_at(error, "linux.seccomp", E2BIG,
                        "the filter has %zu instructions, the kernel accepts %d",
                        program.size / sizeof(struct sock_filter), BPF_MAXINSNS);
    *ret_program = program;
    return 0;
}

int seccomp_make_program(const struct spec_seccomp *seccomp, const char *cache_dir, int *ret_memfd,
                         struct error *error)
{
    AUTO_ARENA arena = {0};
    struct text key = {.arena = &arena};
    struct seccomp_program program;

    AUTO_FD dir = seccomp_cache_open(cache_dir);
    if (dir >= 0)
        seccomp_write_key(seccomp, &key);
    if (dir < 0 || !seccomp_cache_take(dir, &key, &program)) {
        TRY(compile(&arena, seccomp, &program, error));
        if (dir >= 0)
            seccomp_cache_keep(dir, &key, &program);
    }
    int fd = sys_memfd_sealed("seccomp", program.bytes, program.size, false);
    if (fd < 0)
        return error_errno_at(error, "linux.seccomp", -fd, "make a memfd");
    *ret_memfd = fd;
    return 0;
}
