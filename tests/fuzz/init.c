/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the freestanding init reads: the plan, the container's passwd file, /proc/self/status.
 * meson.build compiles init's files for a program with a libc, where init's memcpy has another
 * name.
 */
#include "init.h"

/* The program starts at the libc's entry point. */
#undef ARCH_START
#define ARCH_START _Static_assert(1, "")
/* Init finds the plan on another descriptor here. */
#define PLAN_FD_PLAN plan_fd

static int plan_fd;

#include "run.c"

#include "input.h"
#include "path.h"

#define STATUS_ROOM ((size_t) 1 << 20) /* more than init_verify reads */

/* from the C library */
int memfd_create(const char *name, unsigned flags);
/* From arena.h, which needs the C library's headers. */
void *arena_alloc(struct arena *arena, size_t size);

int __wrap_path_openat2(int dir, const char *path, const struct open_how *how);

static int memfd_of(const char *bytes, size_t size)
{
    int fd = memfd_create("fuzz", 1);

    fuzz_require(fd >= 0);
    fuzz_require(size == 0 || sys_write(fd, bytes, size) == (long) size);
    fuzz_require(sys_lseek(fd, 0, SYS_SEEK_SET) == 0);
    return fd;
}

/* The descriptor that the next open returns. */
static int opened;

int __wrap_path_openat2(int dir, const char *path, const struct open_how *how)
{
    (void) dir;
    (void) path;
    (void) how;
    return opened;
}

/* All steps of an accepted plan must lie within these bytes. */
bool fuzz_init_takes_plan(const char *bytes, size_t size)
{
    const struct plan_header *plan;

    plan_fd = memfd_of(bytes, size);
    plan = map_plan();
    if (plan == NULL) {
        sys_close(plan_fd);
        return false;
    }
    fuzz_require(plan->size <= size && plan->steps <= size);
    fuzz_require(plan->step_count <= (size - plan->steps) / sizeof(struct plan_step));
    own_actor(plan);
    sys_munmap((void *) (uintptr_t) plan, size);
    return true;
}

/* The home directory must be an absolute path, whatever the file contains. */
void fuzz_init_passwd(struct arena *arena, const char *bytes, size_t size)
{
    const struct plan_step step = {.find_home = {.uid = 1000}};
    struct init *init = arena_alloc(arena, sizeof(*init));

    opened = memfd_of(bytes, size);
    fuzz_require(init_find_home(init, &step) == 0);
    fuzz_require(init_begins(init->home, "HOME=/"));
}

/* The input is "EXPECTED" and the file. */
void fuzz_init_status(struct arena *arena, const char *bytes, size_t size)
{
    struct plan_header *plan;
    struct plan_step step = {.verify = {.expected = {{sizeof(*plan)}, 1}}};
    struct init *init = arena_alloc(arena, sizeof(*init));
    char *expected = input_part(&size);
    int result;

    (void) bytes;
    if (expected == NULL)
        return;
    plan = arena_alloc(arena, sizeof(*plan) + size + 1);
    memcpy((char *) plan + sizeof(*plan), expected, size);
    init->plan = plan;
    expected = input_part(&size);
    opened = memfd_of(expected, expected == NULL ? 0 : size);
    init->slot[PLAN_SLOT_STATUS] = opened;
    init->status = arena_alloc(arena, STATUS_ROOM);
    result = init_verify(init, &step);
    sys_close(opened);
    fuzz_require(result == 0 || result == -ENOTRECOVERABLE || result == -EIO);
}
