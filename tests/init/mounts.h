/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of init's handlers. They run in the test's own process, each test in a child with its
 * own mount namespace, where /mnt is a tmpfs. /mnt/root is the container's root (open as
 * PLAN_SLOT_ROOT). No container may touch /mnt/host: at the end it must still hold only the file
 * "canary" and the directory "keep". The kernel's headers replace most of the libc's: see sys.h.
 */
#pragma once

/* Included first, and compiled with -ffreestanding: otherwise the kernel's <linux/stat.h> leaves
 * its definitions to the libc. */
#include "berth/plan/operands.h"
#include "init.h"

#include <stdio.h>
#include <string.h>

#define ROOT "/mnt/root"
#define HOST "/mnt/host"

/* A step to carry out. Slot 0 means no slot. */
struct test_call {
    init_handler *handler;
    enum plan_op op;
    int makes;
    uint64_t uses;
    union { /* .open_tree = {.path = "/data"} */
#define PLAN_OP(NAME, member, name, actors, words, operands) struct plan_given_##NAME member;
#include "berth/plan/ops.def"
#undef PLAN_OP
    };
};

/* The operations, by the names of their operand members. */
enum test_op {
#define PLAN_OP(NAME, member, name, actors, words, operands) TEST_OP_##member = PLAN_##NAME,
#include "berth/plan/ops.def"
#undef PLAN_OP
};

struct test_case {
    const char *name;
    void (*run)(struct init *init);
};

/* Carries out the step. Returns the handler's result. */
int test_call(struct init *init, const struct test_call *call);
#define CALL(init, member, ...)                                                                    \
    test_call(init, &(struct test_call){.handler = init_##member,                                  \
                                        .op = (enum plan_op) TEST_OP_##member,                     \
                                        __VA_ARGS__})

/* Runs the cases. Returns the exit status for main. Skips them unless run as root. */
int test_run(const struct test_case *cases, size_t n);

/* Records a failure unless `found` equals `wanted`. */
void test_expect(long found, long wanted, const char *what, const char *file, int line);
#define EXPECT(found, wanted)                                                                      \
    test_expect((long) (found), (long) (wanted), #found, __FILE__, __LINE__)

/* --- the tree; these functions end the test if they fail -------------------------------------- */

void make_directory(const char *path);
void make_file(const char *path, const char *content);
void make_link(const char *target, const char *path);
void make_special(const char *path, unsigned mode, unsigned device);
void make_tmpfs(const char *path);

/* Return what is at the path, without following links. Mode 0 means nothing. */
struct statx look(const char *path);
unsigned mode_at(const char *path);
uint64_t mount_at(const char *path);
bool has_content(const char *path, const char *content);
int count_entries(const char *path);
bool is_open_on(int fd, const char *path); /* the same file on the same mount */

/* Runs `act` in a child. Returns its exit status, or -1. */
int in_child(void (*act)(struct init *init), struct init *init);
